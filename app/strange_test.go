package app

import (
	"context"
	"errors"
	"math/big"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// dusty is a chain whose strangers are answered by a function.
type dusty struct {
	ports.Chain
	strange func(ctx context.Context, from, to uint64) (ports.Strange, error)
}

// Strange implements ports.Strangers.
func (d dusty) Strange(ctx context.Context, from, to uint64, _ ports.Watch) (ports.Strange, error) {
	return d.strange(ctx, from, to)
}

// While strangers cannot be listed, or nobody answers at all, payments are read, settled and booked
// as ever: in a look by itself, and by a watcher that runs.
func TestStrangersNeverStopTheReading(t *testing.T) {
	for name, strange := range map[string]func(ctx context.Context, from, to uint64) (ports.Strange, error){
		"fails": func(context.Context, uint64, uint64) (ports.Strange, error) {
			return ports.Strange{}, errors.New("no strangers today")
		},
		"is refused": func(context.Context, uint64, uint64) (ports.Strange, error) {
			return ports.Strange{}, ports.ErrSpanTooWide
		},
		"hangs": func(ctx context.Context, _, _ uint64) (ports.Strange, error) {
			<-ctx.Done()
			return ports.Strange{}, ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := openStage(t)
				clock := wallClock{time.Now()}
				s.checkout.Core.Clock, s.settlement.Core.Clock, s.sandbox.Core.Clock = clock, clock, clock
				simulated := sandbox.New(s.store, clock)
				var looks atomic.Int64
				s.settlement.Rails.Chains[chain.Sandbox] = dusty{
					simulated, func(ctx context.Context, from, to uint64) (ports.Strange, error) {
						looks.Add(1)
						return strange(ctx, from, to)
					},
				}
				s.ok(s.settlement.Tick(t.Context(), chain.Sandbox))
				session := s.asked()
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() {
					_, err := s.settlement.Watch(ctx, chain.Sandbox, sandbox.BlockPeriod)
					done <- err
				}()
				s.play(session.ID, ScenarioExact)
				time.Sleep(5 * time.Second)
				s.is(session.ID, checkout.Settled)
				cancel()
				s.ok(<-done)
				watched := looks.Load()
				time.Sleep(5 * time.Second)
				s.ok(s.settlement.Tick(t.Context(), chain.Sandbox))
				if watched == 0 || looks.Load() == watched {
					t.Errorf("nobody looked: %d times while watching, %d in all", watched, looks.Load())
				}
			})
		})
	}
}

// wallClock runs with the time of a synctest bubble, from the time of the fixtures on.
type wallClock struct{ began time.Time }

func (c wallClock) Now() time.Time { return portstest.Epoch.Add(time.Since(c.began)) }

// What could not be looked through is looked through later, together with what came since, and in
// ranges no chain refuses for their width.
func TestStrangersAreCaughtUpWith(t *testing.T) {
	s := openStage(t)
	var asked [][2]uint64
	fails := true
	x := strangersOf(s.settlement, dusty{s.chain, func(_ context.Context, from, to uint64) (ports.Strange, error) {
		asked = append(asked, [2]uint64{from, to})
		if fails {
			return ports.Strange{}, errors.New("no strangers today")
		}
		return ports.Strange{}, nil
	}}, s.settlement.Log)
	watch := ports.Watch{Receivers: []chain.Address{portstest.Address()}}
	look := func(want ...uint64) {
		t.Helper()
		asked = nil
		err := x.look(t.Context())
		if (err != nil) != (fails && len(want) > 0) {
			t.Fatal(err)
		}
		if len(want) == 0 && asked == nil || len(asked) == 1 && len(want) == 2 && asked[0] == [2]uint64{want[0], want[1]} {
			return
		}
		t.Fatalf("asked for %v, want %v", asked, want)
	}
	look()
	x.follow(10, 20, ports.Watch{}) // nobody is watched
	look()
	x.follow(10, 20, watch)
	look(10, 20)
	x.follow(21, 30, watch)
	look(10, 30)
	x.follow(31, 9000, watch)
	look(9001-ports.MaxScanSpan, 9000)
	fails = false
	look(9001-ports.MaxScanSpan, 9000)
	look()
	x.follow(8000, 8100, watch) // history changed, and is read again
	look(8000, 8100)
}

// A storm of dust, over many looks, costs the store a bounded number of rows; payers are told nothing
// of it, merchants how much there was.
func TestAStormOfDustIsCounted(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	const looks, each = 10, 60
	for range looks {
		for range each {
			s.sends(s.scripted(*session.Intent, 0))
		}
		s.pass(5 * time.Second)
	}
	a := s.why(session.ID, owner).Attempts[0]
	if len(a.Findings) != ports.IgnoredPerDay || a.Ignored != looks*each-ports.IgnoredPerDay || !a.Cut {
		t.Errorf("%d events are told, %d more, cut %t", len(a.Findings), a.Ignored, a.Cut)
	}
	if a := s.why(session.ID, payer).Attempts[0]; len(a.Findings) != 0 || a.Ignored != 0 {
		t.Errorf("the payer is told of %d and %d", len(a.Findings), a.Ignored)
	}
	keep := Housekeeping{Core: s.checkout.Core}
	s.clock.set(s.clock.Now().Add(keptIgnored + 25*time.Hour))
	s.ok(keep.Prune(t.Context()))
	_, more, err := s.store.Ignored(t.Context(), ports.ArrivalQuery{
		At: session.Intent.Address, On: []chain.Network{chain.Sandbox}, Until: s.clock.Now(), Limit: 10,
	})
	if err != nil || more != 0 {
		t.Errorf("%d events are remembered after their time, %v", more, err)
	}
}

// known is a chain that has one transaction.
type known struct {
	ports.Chain
	network chain.Network
	found   []chain.Transfer
	told    ports.Inspection
	asked   int
}

func (k *known) Network() chain.Network { return k.network }

func (k *known) Assets() []chain.Asset { return k.network.Tokens() }

func (k *known) Head(context.Context) (chain.Head, error) {
	return chain.Head{Network: k.network, Latest: 100, Final: 50, FinalTime: portstest.Epoch}, nil
}

func (k *known) Lookup(context.Context, chain.TxID) ([]chain.Transfer, error) {
	k.asked++
	return k.found, nil
}

func (k *known) Inspect(context.Context, chain.TxID) (ports.Inspection, error) { return k.told, nil }

// hanging is a chain that does not answer.
type hanging struct{ *known }

func (h hanging) Lookup(ctx context.Context, _ chain.TxID) ([]chain.Transfer, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A named transaction that pays nothing is told apart: it failed, it moves something else, or it is on
// another network of the same addresses, where it is recorded for the merchant. A network that does
// not answer holds nobody up.
func TestANamedTransactionThatPaysNothingIsToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStage(t)
		at := chain.Address("0x9858EfFD232B4033E47d90003D41EC34EcaEda94")
		tokens := chain.Base.Tokens()
		_, intent := s.liveAsk(tokens[0], at)
		base, bsc := &known{network: chain.Base}, &known{network: chain.BSC}
		tron := &known{network: chain.Tron}
		s.settlement.Rails.Chains[chain.Base], s.settlement.Rails.Chains[chain.BSC] = base, bsc
		s.settlement.Rails.Chains[chain.Tron] = tron
		s.settlement.Rails.Chains[chain.Ethereum] = hanging{&known{network: chain.Ethereum}}
		transfer := func(a chain.Asset, to chain.Address) chain.Transfer {
			return chain.Transfer{
				Network: a.Network, TxID: portstest.TxID(), Asset: a, From: portstest.Address(), To: to,
				Units: big.NewInt(7), Height: 40, BlockID: portstest.BlockID(40), BlockTime: intent.CreatedAt.Add(time.Minute),
			}
		}
		strange := func(because ports.IgnoredReason, to chain.Address) ports.Inspection {
			return ports.Inspection{Known: true, Strange: []ports.IgnoredTransfer{{To: to, Reason: because, Contract: "0xfake"}}}
		}
		elsewhere := transfer(chain.BSC.Tokens()[0], at)
		for name, c := range map[string]struct {
			told       ports.Inspection
			base, bsc  []chain.Transfer
			want       Outcome
			contract   string
			askedOther int
		}{
			"unknown":                        {want: OutcomeUnknown, askedOther: 1},
			"failed":                         {told: ports.Inspection{Known: true, Failed: true}, want: OutcomeUnsuccessful},
			"something else":                 {told: ports.Inspection{Known: true}, want: OutcomeNoTransfer},
			"a fake coin":                    {told: strange(ports.ForeignToken, at), want: OutcomeForeignToken, contract: "0xfake"},
			"nothing of it":                  {told: strange(ports.ZeroValue, at), want: OutcomeZeroValue},
			"a fake coin to somebody else":   {told: strange(ports.ForeignToken, "0x00"), want: OutcomeNoTransfer},
			"on another network":             {bsc: []chain.Transfer{elsewhere}, want: OutcomeOtherNetwork, askedOther: 1},
			"on another network to somebody": {bsc: []chain.Transfer{transfer(chain.BSC.Tokens()[0], "0x00")}, want: OutcomeOtherAddress, askedOther: 1},
			"to somebody else":               {base: []chain.Transfer{transfer(tokens[0], "0x00")}, want: OutcomeOtherAddress},
		} {
			base.told, base.found, bsc.found, bsc.asked = c.told, c.base, c.bsc, 0
			before := time.Now()
			got, err := s.settlement.Prove(t.Context(), intent.SessionID, string(portstest.TxID()))
			s.ok(err)
			if got.Outcome != c.want || got.Contract != c.contract || bsc.asked != c.askedOther || tron.asked != 0 {
				t.Errorf("%s: %+v, want %s; the other network was asked %d times", name, got, c.want, bsc.asked)
			}
			if took := time.Since(before); took > elsewhereTimeout {
				t.Errorf("%s: it took %v", name, took)
			}
		}
		var queue ports.QueuePage
		s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
			queue, err = r.Transfers.Queue(ctx, ports.QueueQuery{Project: s.shop.Project.ID, Mode: merchant.Live, Limit: 9})
			return err
		}))
		if len(queue.Rows) != 1 || queue.Rows[0].Transfer.TxID != elsewhere.TxID || queue.Rows[0].Disposition != ports.Unmatched {
			t.Errorf("the merchant's queue is %+v", queue.Rows)
		}
		x := s.why(intent.SessionID, payer)
		if len(x.Attempts[0].Findings) != 0 {
			t.Errorf("7 units elsewhere concern the payer: %+v", x.Attempts[0].Findings)
		}
		x = s.why(intent.SessionID, owner)
		if f := x.Attempts[0].Findings; len(f) != 1 || f[0].Reason != ReasonOtherNetwork || f[0].Network != chain.BSC {
			t.Errorf("the merchant is told %+v", f)
		}
	})
}

// liveAsk records a session that asks for an asset at an address.
func (s *stage) liveAsk(a chain.Asset, at chain.Address) (*checkout.Session, checkout.Intent) {
	s.t.Helper()
	session := s.shop.AddSession(s.t, s.clock.Now())
	intent := portstest.MakeIntent(session, at, 9_990_100)
	intent.Asset = a
	s.ok(session.Issue(intent, intent.CreatedAt))
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Reserve(ctx, intent); err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	}))
	return session, intent
}
