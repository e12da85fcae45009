package sandbox_test

import (
	"context"
	"math/big"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// wall is the clock of a synctest bubble.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

// scene is a sandbox chain over a store in memory, inside a bubble.
type scene struct {
	*testing.T
	store *memory.Store
	chain *sandbox.Chain
	to    chain.Address
}

func play(t *testing.T, story func(s *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		time.Sleep(123 * time.Millisecond) // blocks do not begin when tests do
		story(&scene{T: t, store: store, chain: sandbox.New(store, wall{}), to: portstest.Address()})
	})
}

func (s *scene) do(fn func(ctx context.Context, r ports.Repos) error) {
	s.Helper()
	if err := s.store.Do(s.Context(), fn); err != nil {
		s.Fatal(err)
	}
}

// usdt is a transfer of USDT mined now, not emitted.
func (s *scene) usdt(units string) ports.SandboxTransfer {
	t := portstest.Scripted(s.to, units, time.Now())
	t.Contract = sandbox.USDT.Contract
	return t
}

func (s *scene) emit(ts ...ports.SandboxTransfer) {
	s.Helper()
	s.do(func(ctx context.Context, r ports.Repos) error { return r.Sandbox.Emit(ctx, ts) })
}

func (s *scene) head() chain.Head {
	s.Helper()
	h, err := s.chain.Head(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return h
}

func (s *scene) watch() ports.Watch {
	return ports.Watch{Assets: []chain.Asset{sandbox.USDT}, Receivers: []chain.Address{s.to}}
}

func (s *scene) scan(from, to uint64) ports.Span {
	s.Helper()
	span, err := s.chain.Scan(s.Context(), from, to, s.watch())
	if err != nil {
		s.Fatal(err)
	}
	return span
}

func (s *scene) seen() []chain.Transfer {
	s.Helper()
	ts, err := s.chain.Seen(s.Context(), s.head(), s.watch())
	if err != nil {
		s.Fatal(err)
	}
	return ts
}

func (s *scene) lookup(id chain.TxID) []chain.Transfer {
	s.Helper()
	ts, err := s.chain.Lookup(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	return ts
}

func (s *scene) blockID(height uint64) string {
	s.Helper()
	id, err := s.chain.BlockID(s.Context(), height)
	if err != nil {
		s.Fatal(err)
	}
	return id
}

// untilFinal sleeps until a height is final.
func (s *scene) untilFinal(height uint64) {
	s.Helper()
	for s.head().Final < height {
		time.Sleep(sandbox.BlockPeriod)
	}
}

func (s *scene) same(got, want any) {
	s.Helper()
	units := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
	if d := cmp.Diff(want, got, units); d != "" {
		s.Fatalf("-want +got\n%s", d)
	}
}
