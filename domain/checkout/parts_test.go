package checkout

import (
	"errors"
	"math/big"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// own is an intent of 100 units at an address of its own, of which tolerance may be missing.
func own(tolerance int64) Intent {
	i := intent()
	i.Units, i.Terms = big.NewInt(100), Terms{Matching: Dedicated, Sources: 1}
	if tolerance > 0 {
		i.Terms.Tolerance = big.NewInt(tolerance)
	}
	return i
}

// part is a transfer told apart by a number.
func part(n int, at time.Time, units int64) chain.Transfer {
	t := paid(at, units)
	t.TxID = chain.TxID(strconv.Itoa(n))
	return t
}

func asked(t *testing.T, i Intent) *Session {
	t.Helper()
	s := open(t)
	must(t, s.Issue(i, start))
	return s
}

func credit(t *testing.T, s *Session, i Intent, tr chain.Transfer) {
	t.Helper()
	must(t, s.Credit(final(t, tr), i, false, "1", start))
}

func wantPaid(t *testing.T, s *Session, status Status, paid int64, parts int) {
	t.Helper()
	v := s.Snapshot()
	if v.Status != status || v.Received().Int64() != paid || v.Parts != parts {
		t.Fatalf("%s with %v in %d parts, want %s with %d in %d", v.Status, v.Paid, v.Parts, status, paid, parts)
	}
	if _, err := Restore(v); err != nil {
		t.Fatal(err)
	}
}

// Every amount at an address of its own counts; tolerance decides when it is enough, at a shared address
// nothing does but the exact amount.
func TestWhatIsEnough(t *testing.T) {
	shared := intent()
	shared.Units, shared.Terms = big.NewInt(100), Terms{Matching: Shared, Tolerance: big.NewInt(5)}
	for name, c := range map[string]struct {
		intent Intent
		units  int64
		want   Verdict
	}{
		"exact":                          {own(0), 100, Pays},
		"over":                           {own(0), 170, Pays},
		"one unit short":                 {own(0), 99, Part},
		"dust":                           {own(0), 1, Part},
		"short by the tolerance":         {own(5), 95, Pays},
		"short by more":                  {own(5), 94, Part},
		"exact at a shared address":      {shared, 100, Pays},
		"in tolerance at a shared place": {shared, 95, Part},
	} {
		s := asked(t, c.intent)
		tr := paid(start, c.units)
		if got := Judge(s, c.intent, tr, merchant.LateAccept); got != c.want {
			t.Errorf("%s: verdict %d, want %d", name, got, c.want)
		}
		err := s.Credit(final(t, tr), c.intent, false, "1", start)
		if near := c.intent.Terms.Matching == Shared && c.units != 100; (err != nil) != near {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Parts add up to the last unit, whatever is shown of the amount; the last one is the receipt.
func TestPartsAddUp(t *testing.T) {
	i := own(0)
	s := asked(t, i)
	credit(t, s, i, part(1, start, 30))
	wantPaid(t, s, Awaiting, 30, 1)
	if v := s.Snapshot(); v.Rest().Int64() != 70 || v.Over().Sign() != 0 || !v.Partly() {
		t.Errorf("rest %v, over %v", v.Rest(), v.Over())
	}
	if _, err := s.See(start); err != nil {
		t.Fatal(err)
	}
	credit(t, s, i, part(2, start, 30))
	wantPaid(t, s, Awaiting, 60, 2)
	credit(t, s, i, part(3, start, 45))
	wantPaid(t, s, Settled, 105, 3)
	v := s.Snapshot()
	if v.Receipt.TxID != "3" || v.Rest().Sign() != 0 || v.Over().Int64() != 5 || v.Partly() {
		t.Errorf("receipt %+v, rest %v, over %v", v.Receipt, v.Rest(), v.Over())
	}
	if err := s.Credit(final(t, part(4, start, 1)), i, false, "1", start); err == nil {
		t.Error("a settled session is credited again")
	}
}

// Six decimals are shown of an amount that has eighteen: what is due is due to the last of them.
func TestTheRestIsExactHoweverFineTheAsset(t *testing.T) {
	i := own(0)
	i.Units, _ = new(big.Int).SetString("50000000000000000000", 10)
	s := asked(t, i)
	most := paid(start, 1)
	most.Units, _ = new(big.Int).SetString("49999999999999999999", 10)
	if got := Judge(s, i, most, merchant.LateAccept); got != Part {
		t.Fatalf("one of 10^18 short is verdict %d", got)
	}
	credit(t, s, i, most)
	if rest := s.Snapshot().Rest(); rest.Int64() != 1 {
		t.Errorf("rest %v", rest)
	}
}

// Once a part is there, nothing about the payment is changed but by more of it.
func TestAPartlyPaidSessionStaysAsItIs(t *testing.T) {
	i := own(0)
	s := asked(t, i)
	other := own(0)
	other.ID, other.Asset = "j", chain.BSC.Tokens()[0]
	must(t, s.Issue(other, start))
	credit(t, s, i, part(1, start, 30)) // to the one he was told first
	if s.Intent().ID != i.ID {
		t.Errorf("intent %s is current", s.Intent().ID)
	}
	if same, err := s.CanIssue(USDT, chain.Tron, start); err != nil || same == nil {
		t.Errorf("the same: %v, %v", same, err)
	}
	if _, err := s.CanIssue(USDT, chain.BSC, start); !errors.Is(err, ErrPartlyPaid) {
		t.Errorf("another network: %v", err)
	}
	if err := s.Cancel(start); !errors.Is(err, ErrPartlyPaid) {
		t.Errorf("cancel: %v", err)
	}
	elsewhere := part(2, start, 100)
	elsewhere.Network, elsewhere.Asset = chain.BSC, other.Asset
	if got := Judge(s, other, elsewhere, merchant.LateAccept); got != Hold {
		t.Errorf("a part in another asset is verdict %d", got)
	}
	c, err := chain.Confirm(elsewhere, chain.Head{Network: chain.BSC, Latest: 30, Final: 10})
	must(t, err)
	if err := s.Credit(c, other, false, "2", start); err == nil {
		t.Error("amounts of two assets are added")
	}
	wantPaid(t, s, Awaiting, 30, 1)
}

// Each part is in time or late by its own block.
func TestLatePartsFollowTheLatePolicy(t *testing.T) {
	i := own(0)
	s := asked(t, i)
	credit(t, s, i, part(1, start, 30))
	end := start.Add(time.Hour)
	must(t, s.Lapse(end))
	must(t, s.AwaitDecision())
	wantPaid(t, s, Expired, 30, 1)
	for name, c := range map[string]struct {
		at    time.Time
		units int64
		late  merchant.LatePolicy
		want  Verdict
	}{
		"in time, found late":      {end, 10, merchant.LateHold, Part},
		"the rest, in time":        {end, 70, merchant.LateHold, Pays},
		"late, held":               {end.Add(1), 10, merchant.LateHold, Hold},
		"the rest late, held":      {end.Add(1), 70, merchant.LateHold, Hold},
		"late, accepted":           {end.Add(1), 10, merchant.LateAccept, Part},
		"the rest late, accepted":  {end.Add(1), 70, merchant.LateAccept, PaysLate},
		"after the window":         {end.Add(merchant.LateWindow + 1), 70, merchant.LateAccept, Hold},
		"of a time before the ask": {start.Add(-time.Hour), 70, merchant.LateAccept, TooEarly},
	} {
		if got := Judge(s, i, paid(c.at, c.units), c.late); got != c.want {
			t.Errorf("%s: verdict %d, want %d", name, got, c.want)
		}
	}
	must(t, s.Credit(final(t, part(2, end.Add(1), 70)), i, true, "2", end.Add(time.Minute)))
	wantPaid(t, s, Settled, 100, 2)
	if v := s.Snapshot(); !v.Receipt.Late || v.UnderpaidHeld {
		t.Errorf("settled late: %+v", v)
	}
	if err := s.AwaitDecision(); err == nil {
		t.Error("a paid session waits for a decision")
	}
}

// Dust cannot make a session book without end; what completes it is taken all the same.
func TestPartsAreBounded(t *testing.T) {
	i := own(0)
	s := asked(t, i)
	for n := range MaxParts - 1 {
		credit(t, s, i, part(n, start, 1))
	}
	if got := Judge(s, i, paid(start, 1), merchant.LateAccept); got != Hold {
		t.Errorf("part %d is verdict %d", MaxParts, got)
	}
	if got := Judge(s, i, paid(start, 100), merchant.LateAccept); got != Pays {
		t.Errorf("the rest is verdict %d", got)
	}
}

// A reversal takes out what it took in; the transfer that had completed the payment becomes a part.
func TestReversedPartsReopenWhatTheyLeaveShort(t *testing.T) {
	i := own(0)
	s := asked(t, i)
	first, second := part(1, start, 30), part(2, start, 90)
	credit(t, s, i, first)
	credit(t, s, i, second)
	wantPaid(t, s, Settled, 120, 2)
	later := start.Add(2 * time.Hour)
	undone, err := s.Reverse(first, later, time.Hour)
	if err != nil || !undone.Reopened || undone.Demoted == nil || undone.Demoted.TxID != "2" {
		t.Fatalf("%+v, %v", undone, err)
	}
	wantPaid(t, s, Awaiting, 90, 1)
	if now := s.Intent(); !now.ExpiresAt.Equal(later.Add(time.Hour)) || !now.HoldUntil.Equal(now.ExpiresAt.Add(merchant.AddressRest)) {
		t.Errorf("payable until %s, held until %s", now.ExpiresAt, now.HoldUntil)
	}
	credit(t, s, *s.Intent(), part(3, later, 100))
	wantPaid(t, s, Settled, 190, 2)
	undone, err = s.Reverse(second, later, time.Hour) // covered without it
	if err != nil || undone.Reopened || undone.Demoted != nil {
		t.Fatalf("%+v, %v", undone, err)
	}
	wantPaid(t, s, Settled, 100, 1)
	if _, err := s.Reverse(part(9, later, 500), later, time.Hour); err == nil {
		t.Error("more is taken out than came in")
	}
}

// A snapshot that no life leads to is refused.
func TestImpossiblePartsAreNotRestored(t *testing.T) {
	i := own(0)
	for name, change := range map[string]func(*Snapshot){
		"units without parts":      func(s *Snapshot) { s.Paid = big.NewInt(1) },
		"parts without units":      func(s *Snapshot) { s.Parts = 1 },
		"negative units":           func(s *Snapshot) { s.Paid, s.Parts = big.NewInt(-1), 1 },
		"covered and not settled":  func(s *Snapshot) { s.Paid, s.Parts = big.NewInt(100), 1 },
		"a decision about nothing": func(s *Snapshot) { s.Status, s.UnderpaidHeld = Expired, true },
		"cancelled with parts":     func(s *Snapshot) { s.Status, s.Paid, s.Parts = Cancelled, big.NewInt(1), 1 },
		"settled by nothing":       func(s *Snapshot) { s.Status, s.Receipt = Settled, &Receipt{} },
		"decided and undecided": func(s *Snapshot) {
			s.Status, s.Paid, s.Parts, s.UnderpaidHeld, s.PartsClosed = Expired, big.NewInt(1), 1, true, true
		},
	} {
		v := asked(t, i).Snapshot()
		change(&v)
		if _, err := Restore(v); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
}

// life is a session and what a keeper of all its transfers knows.
type life struct {
	s    *Session
	i    Intent
	live map[int]chain.Transfer // booked and not undone
}

// For any sequence of transfers, reversals and returns: what is paid is the sum of the live parts, the
// session is settled if and only if that covers what is due, and every one of its states can be stored.
func TestPaidIsTheSumOfLiveParts(t *testing.T) {
	due, err := money.Parse(money.USDT, "50")
	must(t, err)
	rapid.Check(t, func(t *rapid.T) {
		s, err := Open(Snapshot{
			ID: "s", MerchantID: "m", ProjectID: "p", Mode: merchant.Live, Due: due, ExpiresAt: start.Add(time.Hour),
		}, start)
		if err != nil {
			t.Fatal(err)
		}
		l := &life{s: s, i: own(rapid.Int64Range(0, 9).Draw(t, "tolerance")), live: map[int]chain.Transfer{}}
		if err := s.Issue(l.i, start); err != nil {
			t.Fatal(err)
		}
		for n := range rapid.IntRange(1, 60).Draw(t, "steps") {
			l.step(t, n)
			l.check(t)
		}
	})
}

func (l *life) step(t *rapid.T, n int) {
	now := start.Add(time.Duration(n) * time.Minute)
	switch rapid.IntRange(0, 3).Draw(t, "what") {
	case 0: // a reversal
		if len(l.live) == 0 {
			return
		}
		numbers := make([]int, 0, len(l.live))
		for k := range 100 {
			if _, ok := l.live[k]; ok {
				numbers = append(numbers, k)
			}
		}
		k := rapid.SampledFrom(numbers).Draw(t, "undone")
		if _, err := l.s.Reverse(l.live[k], now, time.Hour); err != nil {
			t.Fatal(err)
		}
		delete(l.live, k)
	case 1: // the deadline
		if st := l.s.Status(); !now.Before(l.s.Snapshot().ExpiresAt) && (st == Awaiting || st == Processing) {
			if err := l.s.Lapse(now); err != nil {
				t.Fatal(err)
			}
		}
	default:
		tr := part(n, now, rapid.Int64Range(1, 60).Draw(t, "units"))
		was := l.s.Snapshot()
		switch Judge(l.s, *was.Intent, tr, merchant.LateAccept) {
		case Pays, PaysLate, Part:
			c, err := chain.Confirm(tr, chain.Head{Network: chain.Tron, Latest: 30, Final: 10})
			if err != nil {
				t.Fatal(err)
			}
			if err := l.s.Credit(c, *was.Intent, false, "1", now); err != nil {
				t.Fatal(err)
			}
			l.live[n] = tr
		case Duplicate:
			if was.Status != Settled {
				t.Fatalf("a duplicate while %s", was.Status)
			}
		case Hold, TooEarly:
		}
	}
}

func (l *life) check(t *rapid.T) {
	sum := new(big.Int)
	for _, tr := range l.live {
		sum.Add(sum, tr.Units)
	}
	v := l.s.Snapshot()
	if v.Received().Cmp(sum) != 0 || v.Parts != len(l.live) {
		t.Fatalf("%v in %d parts are paid, %v in %d live", v.Paid, v.Parts, sum, len(l.live))
	}
	enough := new(big.Int).Set(l.i.Units)
	if l.i.Terms.Tolerance != nil {
		enough.Sub(enough, l.i.Terms.Tolerance)
	}
	if (v.Status == Settled) != (sum.Cmp(enough) >= 0) {
		t.Fatalf("%s with %v of %v", v.Status, sum, enough)
	}
	if v.Receipt != nil {
		found := false
		for _, tr := range l.live {
			found = found || tr.TxID == v.Receipt.TxID
		}
		if !found {
			t.Fatalf("the receipt %s is not live", v.Receipt.TxID)
		}
	}
	if _, err := Restore(v); err != nil {
		t.Fatal(err)
	}
}
