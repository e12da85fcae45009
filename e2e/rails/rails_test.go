package rails

import (
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// However the second endpoint lies or fails, a large payment waits, and is settled once when it agrees,
// though two processes ask at the same time. A small payment beside it waits for nobody.
func TestALargePaymentIsProvenByTwoEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		trick func(checkout.Snapshot) anviltest.Trick
		want  ports.Reason
	}{
		"it tells another amount": {func(s checkout.Snapshot) anviltest.Trick {
			more := new(big.Int).Add(s.Intent.Units, big.NewInt(1))
			return anviltest.Replace("eth_getTransactionReceipt", word(s.Intent.Units), word(more))
		}, ports.SourcesDiffer},
		"it knows no such transaction": {func(checkout.Snapshot) anviltest.Trick {
			return anviltest.Instead("eth_getTransactionReceipt", "null")
		}, ports.SourcesDiffer},
		"it is down": {func(checkout.Snapshot) anviltest.Trick {
			return anviltest.Body(503, "no")
		}, ports.AwaitingSource},
		"it is behind": {func(checkout.Snapshot) anviltest.Trick { return anviltest.Behind(1) }, ports.AwaitingSource},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			one, other := s.process(), s.process()
			one.tick()
			large, to := s.asked(2)
			small, at := s.asked(1)
			s.proxies[1].Play(c.trick(large))
			s.pay(large, to)
			s.pay(small, at)
			one.tick()
			s.is(small.ID, checkout.Settled)
			s.is(large.ID, checkout.Processing)
			for range 2 {
				other.corroborate()
				if row := s.row(large.ID); row.Disposition != ports.Held || row.Reason != c.want || s.booked() != 1 {
					t.Fatalf("recorded %+v, booked %d", row, s.booked())
				}
			}

			s.proxies[1].Play(nil)
			s.clock.by += time.Hour // whoever gave the endpoint up tries it again
			var both sync.WaitGroup
			for _, p := range []*process{one, other, one, other} {
				both.Go(func() {
					if err := p.settlement.Corroborate(t.Context(), network); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
			one.tick()
			s.is(large.ID, checkout.Settled)
			if row := s.row(large.ID); row.Disposition != ports.Settled || row.Reason != ports.NoReason || s.booked() != 2 {
				t.Errorf("recorded %+v, booked %d", row, s.booked())
			}
		})
	}
}

// The watched endpoint answers no logs, which no single endpoint's answers give away. The night finds
// what it hid, at the other endpoint, although the process that began is gone in the middle and two
// others go on side by side.
func TestTheNightFindsWhatTheWatchedEndpointHid(t *testing.T) {
	s := open(t)
	s.proxies[0].Play(anviltest.Instead("eth_getLogs", "[]"))
	first := s.process()
	first.tick()
	hidden, to := s.asked(1)
	s.node.Mine(120)
	s.pay(hidden, to)
	first.tick()
	s.is(hidden.ID, checkout.Awaiting)

	s.ok(first.rescanner.Tick(t.Context(), network))
	begun, err := first.rescanner.Latest(t.Context(), network)
	s.ok(err)
	if begun.Next <= begun.From || !begun.FinishedAt.IsZero() || begun.Host == "" || !begun.Second {
		t.Fatalf("after one turn %+v", begun)
	}
	s.is(hidden.ID, checkout.Awaiting)

	s.proxies[1].Play(anviltest.Body(503, "no"))
	two := []*process{s.process(), s.process()}
	s.clock.by += app.RescanPace
	if err := two[0].rescanner.Tick(t.Context(), network); err == nil {
		t.Error("a dead endpoint was read")
	}
	if now, err := first.rescanner.Latest(t.Context(), network); err != nil || now != begun {
		t.Fatalf("without reading it came to %+v, %v", now, err)
	}
	s.proxies[1].Play(nil)
	s.clock.by += time.Minute
	var last ports.Rescan
	for range 20 {
		var both sync.WaitGroup
		for _, p := range two {
			both.Go(func() {
				if err := p.rescanner.Tick(t.Context(), network); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		s.clock.by += app.RescanPace
		if last, err = first.rescanner.Latest(t.Context(), network); err != nil || !last.FinishedAt.IsZero() {
			break
		}
	}
	s.ok(err)
	if !last.StartedAt.Equal(begun.StartedAt) || last.FinishedAt.IsZero() || last.Found != 1 || last.Missing != 0 {
		t.Fatalf("rescan %+v", last)
	}
	s.is(hidden.ID, checkout.Settled)
	if s.booked() != 1 || s.row(hidden.ID).Disposition != ports.Settled {
		t.Errorf("booked %d, recorded %+v", s.booked(), s.row(hidden.ID))
	}
}
