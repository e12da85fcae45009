package app

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func (s *stage) explainer() Explainer {
	return Explainer{
		Core: s.checkout.Core, Sessions: s.store, Reads: s.store, Rails: s.settlement.Rails,
	}
}

func (s *stage) why(id checkout.SessionID, to audience) Explanation {
	s.t.Helper()
	x, err := s.explainer().explain(s.t.Context(), id, to)
	s.ok(err)
	return x
}

// sends puts a transfer on the sandbox chain, now.
func (s *stage) sends(t ports.SandboxTransfer) chain.TxID {
	s.t.Helper()
	s.ok(s.store.Do(s.t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Emit(ctx, []ports.SandboxTransfer{t})
	}))
	return t.TxID
}

// scripted is a transfer of USDT to an intent's address.
func (s *stage) scripted(i checkout.Intent, units int64) ports.SandboxTransfer {
	t := portstest.Scripted(i.Address, big.NewInt(units).String(), s.clock.Now())
	t.Contract = i.Asset.Contract
	return t
}

// bait is an address that shows the ends of another.
func bait(a chain.Address) chain.Address {
	return a[:lookalikeEnds] + chain.Address(strings.Repeat("x", len(a)-2*lookalikeEnds)) + a[len(a)-lookalikeEnds:]
}

// Whatever comes to the address is told with its reason and its numbers, to the payer as far as it
// concerns him, and the first thing said is the one that helps.
func TestEveryReasonIsTold(t *testing.T) {
	type told struct {
		reason   Reason
		headline Headline
		hidden   bool // from the payer
		by       int64
		off      time.Duration
	}
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		comes func(s *stage, i checkout.Intent)
		want  told
	}{
		"nothing": {func(*stage, checkout.Intent) {}, told{headline: HeadlineNothing}},
		"the payment": {func(s *stage, i checkout.Intent) {
			s.sends(s.scripted(i, i.Units.Int64()))
		}, told{reason: ReasonPays, headline: HeadlinePaid}},
		"less": {func(s *stage, i checkout.Intent) {
			s.sends(s.scripted(i, i.Units.Int64()-100))
		}, told{reason: ReasonShort, headline: Headline(ReasonShort), by: 100}},
		"the bare amount": {func(s *stage, i checkout.Intent) {
			s.sends(s.scripted(i, 9_990_000))
		}, told{reason: ReasonShort, headline: Headline(ReasonShort), by: -1}},
		"more": {func(s *stage, i checkout.Intent) {
			s.sends(s.scripted(i, i.Units.Int64()+5))
		}, told{reason: ReasonOver, headline: Headline(ReasonOver), by: 5}},
		"something far from it": {func(s *stage, i checkout.Intent) {
			s.sends(s.scripted(i, 2*i.Units.Int64()))
		}, told{reason: ReasonOver, headline: HeadlineNothing, hidden: true, by: -1}},
		"another coin": {func(s *stage, i checkout.Intent) {
			other := s.scripted(i, i.Units.Int64())
			other.Contract = chain.Sandbox.Tokens()[1].Contract
			s.sends(other)
		}, told{reason: ReasonOtherToken, headline: Headline(ReasonOtherToken)}},
		"a fake coin": {func(s *stage, i checkout.Intent) {
			fake := s.scripted(i, i.Units.Int64())
			fake.Contract = portstest.Fake.Contract
			s.sends(fake)
		}, told{reason: ReasonForeignToken, headline: Headline(ReasonForeignToken)}},
		"nothing of the coin": {func(s *stage, i checkout.Intent) {
			s.sends(s.scripted(i, 0))
		}, told{reason: ReasonZeroValue, headline: HeadlineNothing, hidden: true}},
		"bait": {func(s *stage, i checkout.Intent) {
			zero := s.scripted(i, 0)
			zero.From = bait(i.Address)
			s.sends(zero)
		}, told{reason: ReasonLookalike, headline: HeadlineNothing, hidden: true}},
		"bait of real dust": {func(s *stage, i checkout.Intent) {
			dust := s.scripted(i, 1)
			dust.From = bait(i.Address)
			s.sends(dust)
		}, told{reason: ReasonLookalike, headline: HeadlineNothing, hidden: true, by: -1}},
		"the amount, after the deadline": {func(s *stage, i checkout.Intent) {
			s.policy(func(p *merchant.Policy) { p.Late = merchant.LateHold })
			s.clock.set(i.ExpiresAt.Add(3 * time.Minute))
			s.sends(s.scripted(i, i.Units.Int64()))
		}, told{reason: ReasonLate, headline: Headline(ReasonLate), off: 3 * time.Minute}},
		"the amount, after it was let go": {func(s *stage, i checkout.Intent) {
			s.pass(i.HoldUntil.Sub(s.clock.Now()) + time.Hour)
			s.ok(s.settlement.LetGo(s.t.Context()))
			s.sends(s.scripted(i, i.Units.Int64()))
		}, told{reason: ReasonLate, headline: Headline(ReasonLate), hidden: true, off: day + time.Hour}},
		"the amount, for a cancelled session": {func(s *stage, i checkout.Intent) {
			_, err := s.checkout.Cancel(s.t.Context(), s.who(), i.SessionID)
			s.ok(err)
			s.sends(s.scripted(i, i.Units.Int64()))
		}, told{reason: ReasonHeld, headline: Headline(ReasonHeld)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStage(t)
			session := s.asked()
			i := *session.Intent
			c.comes(s, i)
			s.pass(5 * time.Second)
			for who, x := range map[audience]Explanation{payer: s.why(session.ID, payer), owner: s.why(session.ID, owner)} {
				found := x.Attempts[0].Findings
				want := c.want.headline
				if c.want.hidden && who == payer {
					want = HeadlineNothing
					if x.Session.Status == checkout.Expired {
						want = HeadlineExpired
					}
				}
				if x.Headline != want {
					t.Errorf("%d reads %q, want %q", who, x.Headline, want)
				}
				if c.want.reason == "" || c.want.hidden && who == payer {
					if len(found) != 0 {
						t.Errorf("%d is told %+v", who, found)
					}
					continue
				}
				if len(found) != 1 || found[0].Reason != c.want.reason || !found[0].Final {
					t.Fatalf("%d is told %+v, want %s", who, found, c.want.reason)
				}
				f := found[0]
				if (f.From != "") != (who == owner) {
					t.Errorf("%d sees the sender %q", who, f.From)
				}
				if c.want.by > 0 && (f.By == nil || f.By.Int64() != c.want.by) || c.want.by == 0 && f.By != nil {
					t.Errorf("by %v, want %d", f.By, c.want.by)
				}
				if d := f.Off - c.want.off; d < -time.Second || d > time.Second {
					t.Errorf("off by %v, want %v", f.Off, c.want.off)
				}
			}
		})
	}
}

// What is on its way is told with its confirmations, whether it is going to pay or not; so are second
// payments, undone ones, and those older than the intent.
func TestWhatIsNotFinalIsTold(t *testing.T) {
	s := openStage(t)
	early := s.asked()
	s.sends(s.scripted(*early.Intent, 10_500_000))
	s.pass(5 * time.Second)
	s.clock.set(s.clock.Now().Add(2 * time.Minute))
	s.tick()
	session := s.asked()
	i := *session.Intent
	s.sends(s.scripted(i, i.Units.Int64()))
	s.sends(s.scripted(i, i.Units.Int64()-7))
	s.pass(time.Second)
	x := s.why(session.ID, payer)
	got := map[Reason]Finding{}
	for _, f := range x.Attempts[0].Findings {
		got[f.Reason] = f
	}
	if x.Headline != Headline(ReasonNotFinal) || x.About == nil || len(got) != 3 {
		t.Fatalf("%q, %+v", x.Headline, got)
	}
	for _, because := range []Reason{ReasonNotFinal, ReasonShort} {
		if f := got[because]; f.Final || f.Confirmations >= f.Needed || f.Needed != chain.Sandbox.FinalityDepth() {
			t.Errorf("%s: final %t, %d of %d", because, f.Final, f.Confirmations, f.Needed)
		}
	}
	if f := got[ReasonTooEarly]; !f.Final || f.Off < time.Minute {
		t.Errorf("too early: %+v", f)
	}
	s.pass(4 * time.Second)
	s.play(session.ID, ScenarioDuplicate)
	s.pass(10 * time.Second)
	reasons := func(x Explanation) (out []Reason) {
		for _, f := range x.Attempts[0].Findings {
			out = append(out, f.Reason)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	if x = s.why(session.ID, payer); x.Headline != HeadlinePaid || !slices.Equal(reasons(x), []Reason{ReasonDuplicate, ReasonPays}) {
		t.Errorf("paid: %q, %v", x.Headline, reasons(x))
	}
	s.play(session.ID, ScenarioReorg)
	s.pass(5 * time.Second)
	if x = s.why(session.ID, payer); !slices.Contains(reasons(x), ReasonReversed) {
		t.Errorf("undone: %q, %v", x.Headline, reasons(x))
	}
}

// A shared address gets the payments of many customers. One who asks about his is told nothing of
// theirs: neither what is theirs by its exact amount, seen or final, nor what is far from his amount,
// nor who sent anything. A merchant who shares an address with another is not told of the other's.
func TestStrangersPaymentsAreNotTold(t *testing.T) {
	s := openStage(t)
	mine, theirs := s.asked(), s.asked()
	secret := s.scripted(*theirs.Intent, theirs.Intent.Units.Int64())
	secret.To = mine.Intent.Address
	far := s.scripted(*mine.Intent, 77_000_000)
	if theirs.Intent.Address != mine.Intent.Address {
		t.Fatal("the two do not share an address")
	}
	s.sends(secret)
	s.sends(far)
	check := func(when string) {
		t.Helper()
		for _, a := range s.why(mine.ID, payer).Attempts {
			for _, f := range a.Findings {
				t.Errorf("%s: he is told of %s %s", when, f.Reason, f.TxID)
			}
		}
	}
	s.pass(time.Second)
	check("in sight")
	s.pass(5 * time.Second)
	s.is(theirs.ID, checkout.Settled)
	check("final")

	seen := map[chain.TxID]Reason{}
	for _, f := range s.why(mine.ID, owner).Attempts[0].Findings {
		seen[f.TxID] = f.Reason
	}
	if len(seen) != 2 || seen[secret.TxID] != ReasonOtherPayment || seen[far.TxID] != ReasonOver {
		t.Errorf("the merchant is told %v", seen)
	}

	other := portstest.OpenShop(t, portstest.World{Work: s.store})
	foreign := *mine.Intent
	row := ports.TransferRow{
		Transfer: portstest.Paying(foreign, 9), ProjectID: other.Project.ID, Disposition: ports.Unmatched,
		RecordedAt: s.clock.Now(),
	}
	row.Transfer.Units = new(big.Int).Sub(row.Transfer.Units, big.NewInt(1))
	row.Transfer.Asset = foreign.Asset
	s.ok(s.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		_, err := r.Transfers.Add(ctx, row)
		return err
	}))
	for who, x := range map[audience]Explanation{payer: s.why(mine.ID, payer), owner: s.why(mine.ID, owner)} {
		for _, f := range x.Attempts[0].Findings {
			if f.TxID == row.Transfer.TxID {
				t.Errorf("%d is told of another shop's transfer", who)
			}
		}
	}
	_, err := s.explainer().ExplainTo(t.Context(), merchant.Principal{
		Merchant: other.ID(), Project: other.Project.ID, Mode: merchant.Test,
	}, mine.ID)
	if !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("another merchant: %v", err)
	}
	if _, err := s.explainer().ExplainTo(t.Context(), s.who(), mine.ID); err != nil {
		t.Error(err)
	}
}

// It is told from which block to which the chain was read, and when nobody read it; a chain that is
// merely quiet, or a look that comes a little late, is no gap.
func TestTheReadingIsTold(t *testing.T) {
	s := openStage(t)
	for range 60 {
		s.pass(10 * time.Second)
	}
	session := s.asked()
	created := s.clock.Now()
	for range 30 {
		s.pass(10 * time.Second)
	}
	heightAt := func(at time.Time) uint64 { return uint64(at.UnixMilli() / sandbox.BlockPeriod.Milliseconds()) }
	scan := s.why(session.ID, payer).Attempts[0].Scan
	if !scan.OK || len(scan.Gaps) != 0 || scan.From == 0 || scan.From > heightAt(created) ||
		scan.From < heightAt(created.Add(-markEvery-time.Minute)) || scan.To < heightAt(s.clock.Now())-5 {
		t.Errorf("read %+v, asked in block %d", scan, heightAt(created))
	}

	away := s.clock.Now()
	s.clock.set(away.Add(7 * time.Minute))
	scan = s.why(session.ID, payer).Attempts[0].Scan
	if scan.OK || len(scan.Gaps) != 1 || !scan.Gaps[0].Ongoing || s.why(session.ID, payer).Headline != HeadlineUnread {
		t.Errorf("while nobody reads: %+v", scan)
	}
	s.tick()
	scan = s.why(session.ID, payer).Attempts[0].Scan
	if !scan.OK || len(scan.Gaps) != 1 || scan.Gaps[0].Ongoing || scan.Gaps[0].From.Sub(away).Abs() > heartbeat ||
		!scan.Gaps[0].Until.Equal(s.clock.Now()) {
		t.Errorf("afterwards: %+v, away since %v", scan, away)
	}
	later := s.asked()
	if scan = s.why(later.ID, payer).Attempts[0].Scan; len(scan.Gaps) > 1 || len(scan.Gaps) == 1 && scan.Gaps[0].Until.Before(later.Intent.CreatedAt) {
		t.Errorf("a later payment is told of %+v", scan.Gaps)
	}
}

// Before anything is asked for there is nothing to explain but that.
func TestWithoutAMethodThereIsNothingToExplain(t *testing.T) {
	s := openStage(t)
	session := s.shop.AddSession(t, s.clock.Now())
	if x := s.why(session.ID(), payer); x.Headline != HeadlineChoose || len(x.Attempts) != 0 {
		t.Errorf("%q, %+v", x.Headline, x.Attempts)
	}
}
