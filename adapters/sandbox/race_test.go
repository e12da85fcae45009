package sandbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// follow reads final blocks as a watcher does until ctx ends, and answers how often each
// transaction was found.
func (s *scene) follow(ctx context.Context) map[chain.TxID]int {
	found := make(map[chain.TxID]int)
	read := s.head().Final
	for ctx.Err() == nil {
		if final := s.head().Final; final > read {
			for _, t := range s.scan(read+1, final).Transfers {
				found[t.TxID]++
			}
			read = final
		}
		time.Sleep(sandbox.BlockPeriod)
	}
	return found
}

// Somebody who is slow between taking the time and committing must not slip a payment into a block
// that was read as final: it would be lost.
func TestSlowPaymentsAreNotLost(t *testing.T) {
	for name, slow := range map[string]func(s *scene, pay ports.SandboxTransfer){
		"slow to begin": func(s *scene, pay ports.SandboxTransfer) {
			time.Sleep(10 * time.Second)
			s.emit(pay)
		},
		"slow to commit": func(s *scene, pay ports.SandboxTransfer) {
			s.do(func(ctx context.Context, r ports.Repos) error {
				err := r.Sandbox.Emit(ctx, []ports.SandboxTransfer{pay})
				time.Sleep(10 * time.Second)
				return err
			})
		},
		"slow to emit": func(s *scene, pay ports.SandboxTransfer) {
			s.do(func(ctx context.Context, r ports.Repos) error {
				time.Sleep(10 * time.Second)
				return r.Sandbox.Emit(ctx, []ports.SandboxTransfer{pay})
			})
		},
		"with a clock that is behind": func(s *scene, pay ports.SandboxTransfer) {
			pay.MinedAt = pay.MinedAt.Add(-time.Hour)
			s.emit(pay)
		},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *scene) {
				ctx, stop := context.WithTimeout(s.Context(), time.Minute)
				defer stop()
				found := make(chan map[chain.TxID]int)
				go func() { found <- s.follow(ctx) }()
				time.Sleep(5 * time.Second)
				pay := s.usdt("1")
				slow(s, pay)
				if n := (<-found)[pay.TxID]; n != 1 {
					s.Fatalf("the payment was found %d times", n)
				}
			})
		})
	}
}

// shaken is a store on which somebody scripts a reorg right after each of the first few readings.
type shaken struct {
	ports.SandboxReads
	s      *scene
	id     chain.TxID
	height uint64
	reorgs int
}

func (x *shaken) Mined(
	ctx context.Context, from, to time.Time, at []chain.Address,
) ([]ports.SandboxTransfer, error) {
	found, err := x.SandboxReads.Mined(ctx, from, to, at)
	if x.reorgs > 0 {
		x.reorgs--
		x.s.do(func(ctx context.Context, r ports.Repos) error {
			return r.Sandbox.Reorg(ctx, x.id, ports.SandboxReorg{At: time.Now(), Height: x.height})
		})
	}
	return found, err
}

// An answer is of one history: never the transfers of before a reorg under the ids of after it.
func TestAnswersAreOfOneHistory(t *testing.T) {
	for reorgs, want := range map[int]error{1: nil, 2: nil, 3: ports.ErrChainUnavailable} {
		play(t, func(s *scene) {
			start, pay := s.head(), s.usdt("1")
			s.emit(pay, s.usdt("2"))
			s.untilFinal(start.Latest)
			s.chain = sandbox.New(&shaken{s.store, s, pay.TxID, start.Latest, reorgs}, wall{})
			span, err := s.chain.Scan(s.Context(), start.Latest, start.Latest, s.watch())
			if !errors.Is(err, want) {
				s.Fatalf("%d reorgs: error %v, want %v", reorgs, err, want)
			}
			if err == nil && (len(span.Transfers) != 1 || span.ToID != s.blockID(start.Latest)) {
				s.Fatalf("%d reorgs: %+v", reorgs, span)
			}
		})
	}
}

// The sandbox token cannot be mistaken for one worth money, nor its contract for an account.
func TestTokenIsWorthNothing(t *testing.T) {
	c := sandbox.New(nil, wall{})
	for _, a := range c.Assets() {
		if _, err := chain.ParseTronAddress(a.Contract); err == nil {
			t.Errorf("the sandbox contract of %s is an address of the Tron network", a.Symbol)
		}
		if !a.IsNative() && a.Contract[0] != 'S' || a.Contract == portstest.USDT.Contract {
			t.Errorf("contract %s", a.Contract)
		}
	}
	if c.Network() != chain.Sandbox || len(c.Assets()) != 4 || c.Assets()[0] != sandbox.USDT ||
		c.Assets()[1].Symbol != "USDC" {
		t.Errorf("chain %s of %v", c.Network(), c.Assets())
	}
}
