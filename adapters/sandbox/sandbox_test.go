package sandbox_test

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// Given a payment, then it is seen at once, and final in the block it was seen in.
func TestPaymentIsSeenAndBecomesFinal(t *testing.T) {
	play(t, func(s *scene) {
		before := s.head()
		pay := s.usdt("9990100")
		s.emit(pay)
		want := chain.Transfer{
			Network: chain.Sandbox, TxID: pay.TxID, Asset: sandbox.USDT, From: pay.From, To: pay.To,
			Units: big.NewInt(9_990_100), Height: before.Latest, BlockID: s.blockID(before.Latest),
			BlockTime: pay.MinedAt.Truncate(sandbox.BlockPeriod).UTC(),
		}
		s.same(s.seen(), []chain.Transfer{want})
		s.same(s.lookup(pay.TxID), []chain.Transfer{want})
		s.same(s.scan(before.Final-10, before.Final).Transfers, []chain.Transfer(nil))

		s.untilFinal(want.Height)
		s.same(s.seen(), []chain.Transfer(nil))
		head := s.head()
		s.same(head, chain.Head{
			Network: chain.Sandbox, Latest: want.Height + 4, Final: want.Height,
			FinalID: want.BlockID, FinalTime: want.BlockTime,
		})
		s.same(s.scan(before.Final+1, head.Final), ports.Span{
			From: before.Final + 1, To: head.Final, ParentID: before.FinalID, ToID: head.FinalID, ToTime: head.FinalTime,
			Transfers: []chain.Transfer{want},
		})
		s.same(s.lookup(pay.TxID), []chain.Transfer{want})
	})
}

// A chain that is only as good as its process would forget a payment in the middle of a restart.
func TestRestartChangesNothing(t *testing.T) {
	play(t, func(s *scene) {
		start := s.head()
		pay := s.usdt("9990100")
		s.emit(pay)
		time.Sleep(sandbox.BlockPeriod)
		seen, id := s.seen(), s.blockID(start.Latest)

		s.chain = sandbox.New(s.store, wall{})
		s.same(s.seen(), seen)
		s.same(s.blockID(start.Latest), id)
		s.untilFinal(start.Latest)
		s.same(s.scan(start.Final+1, s.head().Final).Transfers, seen)
	})
}

// A reorg takes its transaction away and changes every block from its height on, none below.
func TestReorgChangesHistoryFromItsHeight(t *testing.T) {
	play(t, func(s *scene) {
		start := s.head()
		undone, kept := s.usdt("1"), s.usdt("2")
		s.emit(undone)
		time.Sleep(2 * sandbox.BlockPeriod)
		kept.MinedAt = time.Now()
		s.emit(kept)
		height := start.Latest
		s.untilFinal(height + 4)
		below, at, above := s.blockID(height-1), s.blockID(height), s.blockID(height+1)
		if below == at || at == above {
			s.Fatal("two blocks share an id")
		}
		s.do(func(ctx context.Context, r ports.Repos) error {
			return r.Sandbox.Reorg(ctx, undone.TxID, ports.SandboxReorg{At: time.Now(), Height: height})
		})
		s.same(s.blockID(height-1), below)
		if s.blockID(height) == at || s.blockID(height+1) == above {
			s.Fatal("a block that was replaced kept its id")
		}
		s.same(s.lookup(undone.TxID), []chain.Transfer(nil))
		span := s.scan(start.Final+1, s.head().Final)
		if len(span.Transfers) != 1 || span.Transfers[0].TxID != kept.TxID {
			s.Fatalf("after the reorg: %+v", span.Transfers)
		}
		s.same(span.Transfers[0].BlockID, s.blockID(height+2))
		s.same(span.ToID, s.blockID(span.To))
		if h := s.head(); h.FinalID != s.blockID(h.Final) {
			s.Fatal("the head is of another history than its block")
		}
	})
}

// A reorg that is scripted for later has not happened yet.
func TestReorgHappensAtItsTime(t *testing.T) {
	play(t, func(s *scene) {
		height := s.head().Latest
		id := s.blockID(height)
		s.do(func(ctx context.Context, r ports.Repos) error {
			at := time.Now().Add(time.Second)
			return r.Sandbox.Reorg(ctx, portstest.TxID(), ports.SandboxReorg{At: at, Height: height})
		})
		s.same(s.blockID(height), id)
		time.Sleep(time.Second)
		if s.blockID(height) == id {
			s.Fatal("the reorg did not happen")
		}
	})
}

// In an outage every question is refused; afterwards nothing is missing. Trouble with webhooks is
// no trouble of the chain.
func TestOutageHidesNothingForGood(t *testing.T) {
	play(t, func(s *scene) {
		start := s.head()
		pay := s.usdt("1")
		s.emit(pay)
		s.do(func(ctx context.Context, r ports.Repos) error {
			now := time.Now()
			for kind, length := range map[string]time.Duration{"node": time.Minute, "webhook": time.Hour} {
				err := r.Sandbox.Trouble(
					ctx, ports.SandboxTrouble{Kind: kind, From: now, Until: now.Add(length)},
				)
				if err != nil {
					return err
				}
			}
			return nil
		})
		ctx := s.Context()
		for question, ask := range map[string]func() error{
			"head": func() error { _, err := s.chain.Head(ctx); return err },
			"scan": func() error {
				_, err := s.chain.Scan(ctx, start.Final, start.Final, s.watch())
				return err
			},
			"seen":     func() error { _, err := s.chain.Seen(ctx, start, s.watch()); return err },
			"block id": func() error { _, err := s.chain.BlockID(ctx, start.Final); return err },
			"lookup":   func() error { _, err := s.chain.Lookup(ctx, pay.TxID); return err },
		} {
			if err := ask(); !errors.Is(err, ports.ErrChainUnavailable) {
				s.Errorf("%s in an outage: %v", question, err)
			}
		}
		time.Sleep(time.Minute)
		span := s.scan(start.Final+1, s.head().Final)
		if len(span.Transfers) != 1 || span.Transfers[0].TxID != pay.TxID {
			s.Fatalf("after the outage: %+v", span.Transfers)
		}
	})
}

// What is not the watched token, not to a watched receiver, not a positive amount or not mined yet
// is not reported.
func TestOnlyRealPaymentsAreReported(t *testing.T) {
	play(t, func(s *scene) {
		start := s.head()
		real, fake, elsewhere, later := s.usdt("1"), s.usdt("1"), s.usdt("1"), s.usdt("1")
		fake.Contract = string(chain.SandboxAddress("a token called USDT"))
		elsewhere.To = portstest.Address()
		later.MinedAt = time.Now().Add(time.Minute)
		zero, negative, nonsense := s.usdt("0"), s.usdt("-1"), s.usdt("1e6")
		s.emit(real, fake, elsewhere, later, zero, negative, nonsense)
		for _, hidden := range []ports.SandboxTransfer{fake, later, zero, negative, nonsense} {
			s.same(s.lookup(hidden.TxID), []chain.Transfer(nil))
		}
		s.same(len(s.lookup(elsewhere.TxID)), 1)
		if got := s.seen(); len(got) != 1 || got[0].TxID != real.TxID {
			s.Fatalf("seen: %+v", got)
		}
		s.untilFinal(start.Latest)
		got := s.scan(start.Final+1, s.head().Final).Transfers
		if len(got) != 1 || got[0].TxID != real.TxID {
			s.Fatalf("scanned: %+v", got)
		}
		time.Sleep(time.Minute)
		s.same(len(s.scan(start.Final+1, s.head().Final).Transfers), 2)

		none := ports.Watch{Receivers: []chain.Address{s.to}}
		span, err := s.chain.Scan(s.Context(), start.Final+1, s.head().Final, none)
		if err != nil || len(span.Transfers) != 0 {
			s.Fatalf("nothing is watched: %+v, %v", span.Transfers, err)
		}
	})
}

// Transfers come in the order of the chain: by height, then by index.
func TestTransfersComeInOrder(t *testing.T) {
	play(t, func(s *scene) {
		start := s.head()
		second, first, third := s.usdt("2"), s.usdt("1"), s.usdt("3")
		first.TxID, first.Index, second.Index = second.TxID, 0, 1
		third.MinedAt = third.MinedAt.Add(sandbox.BlockPeriod)
		s.emit(third, second, first)
		s.untilFinal(start.Latest + 1)
		var units []string
		for _, t := range s.scan(start.Final+1, s.head().Final).Transfers {
			units = append(units, t.Units.String())
		}
		s.same(strings.Join(units, " "), "1 2 3")
	})
}

// A range that is not there is an error, never an empty answer.
func TestScanNeverAnswersAHole(t *testing.T) {
	play(t, func(s *scene) {
		h := s.head()
		for name, c := range map[string]struct {
			from, to uint64
			want     error
		}{
			"not final":    {h.Final, h.Final + 1, nil},
			"not there":    {h.Latest + 1, h.Latest + 1, nil},
			"backwards":    {h.Final, h.Final - 1, nil},
			"too wide":     {h.Final - ports.MaxScanSpan, h.Final, ports.ErrSpanTooWide},
			"not near too": {0, h.Final, ports.ErrSpanTooWide},
		} {
			_, err := s.chain.Scan(s.Context(), c.from, c.to, s.watch())
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				s.Errorf("%s: error %v", name, err)
			}
		}
		s.scan(h.Final-ports.MaxScanSpan+1, h.Final)
		if _, err := s.chain.BlockID(s.Context(), h.Latest+1); err == nil {
			s.Error("a block that does not exist has an id")
		}
		_, err := s.chain.Seen(s.Context(), chain.Head{}, s.watch())
		if !errors.Is(err, ports.ErrSpanTooWide) {
			s.Errorf("seen since for ever: %v", err)
		}
	})
}
