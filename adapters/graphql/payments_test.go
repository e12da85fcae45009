package graphql_test

import (
	"context"
	"sync"
	"testing"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// lists notes what pages of sessions were read without.
type lists struct {
	ports.SessionReads

	mu      sync.Mutex
	without []ports.SessionParts // guarded by mu: the fields of a query are resolved at the same time
}

func (l *lists) List(ctx context.Context, q ports.SessionQuery) (ports.SessionPage, error) {
	l.mu.Lock()
	l.without = append(l.without, q.Without)
	l.mu.Unlock()
	return l.SessionReads.List(ctx, q)
}

// The database is asked for what the query shows, and for nothing else.
func TestPaymentsAreReadWithoutWhatNobodyAskedFor(t *testing.T) {
	w := open(t)
	s, read := w.shop("ann"), &lists{SessionReads: w.store}
	w.api.Checkout.Sessions = read
	w.mount()
	w.asked(s.as(member.Owner), `query($p: ID!) {
		few: payments(project: $p, mode: TEST, first: 3) { nodes { id status } }
		more: payments(project: $p, mode: TEST, first: 3) { nodes { id } edges { node { intent { rate { price } } } } }
		more: payments(project: $p, mode: TEST, first: 3) { nodes { metadata { key } } }
	}`, map[string]any{"p": s.ids["project"]})
	want := map[ports.SessionParts]int{
		ports.EverySessionPart: 1, ports.EverySessionPart &^ (ports.SessionRates | ports.SessionMetadata): 1,
	}
	for _, without := range read.without {
		want[without]--
	}
	for without, missing := range want {
		if missing != 0 {
			t.Errorf("without %05b: %d reads are missing", without, missing)
		}
	}
}
