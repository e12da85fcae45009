package app

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// named gives a payment an identifier.
func (m *market) named(p Purchase, id string) Purchase {
	m.Helper()
	text, err := base64.StdEncoding.DecodeString(p.V2[0])
	m.ok(err)
	named := strings.TrimSuffix(string(text), "}") + `,"extensions":{"payment-identifier":{"info":{"id":"` + id + `"}}}}`
	p.V2 = []string{base64.StdEncoding.EncodeToString([]byte(named))}
	return p
}

// slowReads answer late: what everybody who asks at once is told is true no more when they act on it.
type slowReads struct{ ports.AuthorizationReads }

func (r slowReads) ByKey(
	ctx context.Context, k x402.ClaimKey,
) (ports.AuthorizationRow, *ports.AuthorizationAnswer, error) {
	row, kept, err := r.AuthorizationReads.ByKey(ctx, k)
	time.Sleep(10 * time.Millisecond)
	return row, kept, err
}

// rigged is the sandbox's network with faults that tests switch on.
type rigged struct {
	ports.TokenChain
	mu     sync.Mutex
	refuse error // what Check answers, if set
}

func (r *rigged) Check(ctx context.Context, v x402.Verified) (x402.Route, error) {
	r.mu.Lock()
	refuse := r.refuse
	r.mu.Unlock()
	if refuse != nil {
		return 0, refuse
	}
	return r.TokenChain.Check(ctx, v)
}
