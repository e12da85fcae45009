package sandbox_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func TestChainPromises(t *testing.T) {
	portstest.Chain(t, func(t *testing.T) portstest.ChainWorld {
		store, hand := memory.New(), &hand{now: portstest.Epoch}
		return portstest.ChainWorld{
			Chain:       sandbox.New(store, hand),
			ChainScript: &scripted{t: t, store: store, hand: hand, heights: map[chain.TxID]uint64{}},
		}
	})
}

// hand is a clock that is moved by hand.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// scripted is a sandbox chain over a store in memory, whose blocks come as the hand moves.
type scripted struct {
	t       *testing.T
	store   *memory.Store
	hand    *hand
	heights map[chain.TxID]uint64
}

func (s *scripted) Receiver() chain.Address { return portstest.Address() }

func (s *scripted) do(fn func(ctx context.Context, r ports.Repos) error) {
	s.t.Helper()
	if err := s.store.Do(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

// mine puts a transaction of a token into the next block.
func (s *scripted) mine(contract string, payments []portstest.Payment) chain.TxID {
	s.t.Helper()
	s.Grow(1)
	id := portstest.TxID()
	s.heights[id] = uint64(s.hand.Now().UnixMilli() / sandbox.BlockPeriod.Milliseconds())
	s.do(func(ctx context.Context, r ports.Repos) error {
		var script []ports.SandboxTransfer
		for i, p := range payments {
			one := portstest.Scripted(p.To, p.Units.String(), s.hand.Now())
			one.TxID, one.Index, one.Contract = id, uint32(i), contract
			script = append(script, one)
		}
		return r.Sandbox.Emit(ctx, script)
	})
	return id
}

func (s *scripted) Pay(payments ...portstest.Payment) chain.TxID {
	s.t.Helper()
	return s.mine(sandbox.USDT.Contract, payments)
}

func (s *scripted) PayFake(p portstest.Payment) chain.TxID {
	s.t.Helper()
	return s.mine(portstest.Fake.Contract, []portstest.Payment{p})
}

// Fail answers a transaction the chain does not have: nothing fails on it.
func (s *scripted) Fail(portstest.Payment) chain.TxID { return portstest.TxID() }

func (s *scripted) Grow(blocks uint64) {
	s.hand.move(time.Duration(blocks) * sandbox.BlockPeriod)
}

func (s *scripted) Undo(id chain.TxID) {
	s.t.Helper()
	s.do(func(ctx context.Context, r ports.Repos) error {
		reorg := ports.SandboxReorg{At: s.hand.Now(), Height: s.heights[id]}
		return r.Sandbox.Reorg(ctx, id, reorg)
	})
}

// outage is how long nodes are gone when they are cut off.
const outage = time.Minute

func (s *scripted) Cut(off bool) {
	s.t.Helper()
	if !off {
		s.hand.move(outage)
		return
	}
	s.do(func(ctx context.Context, r ports.Repos) error {
		now := s.hand.Now()
		return r.Sandbox.Trouble(ctx, ports.SandboxTrouble{Kind: "node", From: now, Until: now.Add(outage)})
	})
}
