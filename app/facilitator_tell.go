package app

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// toldFor is how long it is remembered that a success was told: longer than anything is told after it was
// settled (x402.ReplayFor).
const toldFor = 24 * time.Hour

// That a success was told is kept in the place of an answer: who was told it, and the fingerprint of his
// Idempotency-Key.
const headerTold = "Told"

// told is what a server is told of a settlement of its own.
func (r *relaying) told(row ports.AuthorizationRow) Relayed {
	was := row.Settlement.Snapshot()
	if row.ID == "" || !was.Binding.Same(r.binding) {
		return Relayed{} // another merchant's, or of another resource
	}
	return Relayed{ID: row.ID, TxID: was.TxID}
}

// tell tells of a success: of many who ask one is told, and whoever repeats his Idempotency-Key. A caller
// who has gone is told nothing, so that he is told when he asks again. If it cannot be noted who was told,
// nobody is: the settlement is answered as pending, which is not an error of the payment's.
func (r *relaying) tell(caller, ctx context.Context, row ports.AuthorizationRow) (Relayed, error) {
	out := r.told(row)
	if caller.Err() != nil {
		return out, underway()
	}
	mine := r.s.Core.IDs.UUID()
	key := []byte{}
	if r.p.Repeat != "" {
		key = fingerprintOf(r.p.Repeat)
	}
	var ok bool
	err := r.s.Core.Work.Do(ctx, func(ctx context.Context, repos ports.Repos) error {
		ok = false
		now, err := repos.Authorizations.Load(ctx, r.key) // one at a time
		if err != nil {
			return err
		}
		if now.Settlement.Snapshot().Status != x402.Settled {
			return underway() // the chain has undone it meanwhile
		}
		before, err := repos.Authorizations.Answer(ctx, r.key)
		switch {
		case isNotFound(err):
		case err != nil:
			return err
		default:
			ok = len(key) > 0 && bytes.Equal(before.Body, key)
			return nil
		}
		ok = true
		return repos.Authorizations.Keep(ctx, r.key, ports.AuthorizationAnswer{
			Status: http.StatusOK, Headers: map[string]string{headerTold: mine}, Body: key,
			Expires: r.s.Relayer.now().Add(toldFor),
		})
	})
	if err != nil {
		r.warn(ctx, err)
		_, kept, lost := r.s.Reads.ByKey(ctx, r.key)
		if ok = lost == nil && kept != nil && kept.Headers[headerTold] == mine; !ok {
			return out, underway()
		}
	}
	if !ok {
		return out, x402.ReasonDuplicate.Refuse("this payment was settled, and its success was told before: " +
			"it pays for one answer")
	}
	return out, nil
}
