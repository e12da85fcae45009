package checkout

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

var (
	start = time.Date(2026, 7, 1, 18, 0, 0, 0, time.UTC)
	token = chain.Asset{Network: chain.Tron, Symbol: "USDT", Contract: chain.TronUSDT, Decimals: 6}
)

func open(t *testing.T) *Session {
	t.Helper()
	due, err := money.Parse(money.USDT, "50")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(Snapshot{
		ID: "s", MerchantID: "m", ProjectID: "p", Mode: merchant.Live, Due: due, ExpiresAt: start.Add(time.Hour),
	}, start)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func intent() Intent {
	return Intent{
		ID: "i", SessionID: "s", Method: USDT, Asset: token, Address: "T", Units: big.NewInt(50_013_400),
		CreatedAt: start, ExpiresAt: start.Add(time.Hour), HoldUntil: start.Add(25 * time.Hour),
	}
}

func paid(at time.Time, units int64) chain.Transfer {
	return chain.Transfer{
		Network: chain.Tron, TxID: "aa", Asset: token, From: "F", To: "T", Units: big.NewInt(units), Height: 7, BlockTime: at,
	}
}

func final(t *testing.T, tr chain.Transfer) chain.Confirmed {
	t.Helper()
	c, err := chain.Confirm(tr, chain.Head{Network: chain.Tron, Latest: 30, Final: 10})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Time is the block's: a payment in time is in time however late it becomes final.
func TestJudgeGoesByBlockTime(t *testing.T) {
	end := start.Add(time.Hour)
	for name, c := range map[string]struct {
		at   time.Time
		late merchant.LatePolicy
		want Verdict
	}{
		"long before the intent": {start.Add(-clockSkew - 1), merchant.LateAccept, TooEarly},
		"within clock skew":      {start.Add(-clockSkew), merchant.LateAccept, Pays},
		"at the deadline":        {end, merchant.LateHold, Pays},
		"after it, accepted":     {end.Add(1), merchant.LateAccept, PaysLate},
		"after it, held":         {end.Add(1), merchant.LateHold, Hold},
		"end of the window":      {end.Add(merchant.LateWindow), merchant.LateAccept, PaysLate},
		"after the window":       {end.Add(merchant.LateWindow + 1), merchant.LateAccept, Hold},
	} {
		s := open(t)
		must(t, s.Issue(intent(), start))
		if got := Judge(s, intent(), paid(c.at, 50_013_400), c.late); got != c.want {
			t.Errorf("%s: verdict %d, want %d", name, got, c.want)
		}
	}
}

// Settling takes the exact amount of the intent and nothing near it.
func TestSettleRefusesAnotherAmount(t *testing.T) {
	for _, units := range []int64{50_013_399, 50_013_401, 50_000_000} {
		s := open(t)
		must(t, s.Issue(intent(), start))
		if err := s.Credit(final(t, paid(start, units)), intent(), false, "1", start); err == nil {
			t.Errorf("%d units settled an intent of 50013400", units)
		}
		if s.Status() != Awaiting {
			t.Errorf("a refused transfer moved the session to %s", s.Status())
		}
	}
}

// A second transfer does not settle a settled session again.
func TestSettledOnce(t *testing.T) {
	s := open(t)
	must(t, s.Issue(intent(), start))
	must(t, s.Credit(final(t, paid(start, 50_013_400)), intent(), false, "1", start))
	if err := s.Credit(final(t, paid(start, 50_013_400)), intent(), false, "2", start); err == nil {
		t.Error("settled twice")
	}
	if Judge(s, intent(), paid(start, 50_013_400), merchant.LateAccept) != Duplicate {
		t.Error("a second payment is not called a duplicate")
	}
}

// After a reversal the session can be paid again, and only once more.
func TestReversedSessionCanBePaidAgain(t *testing.T) {
	s := open(t)
	must(t, s.Issue(intent(), start))
	must(t, s.Credit(final(t, paid(start, 50_013_400)), intent(), false, "1", start))
	later := start.Add(2 * time.Hour)
	was, err := s.Reverse(paid(start, 50_013_400), later, time.Hour)
	if err != nil || !was.Reopened || was.Demoted != nil || s.Status() != Awaiting {
		t.Fatalf("reverse: %v, %v, %s", was, err, s.Status())
	}
	if !s.Intent().ExpiresAt.Equal(later.Add(time.Hour)) {
		t.Errorf("payable until %s", s.Intent().ExpiresAt)
	}
	must(t, s.Credit(final(t, paid(later, 50_013_400)), *s.Intent(), false, "2", later))
}

// Choosing the same method again changes nothing; a payer must not get a fresh deadline or a
// second amount by reloading.
func TestSameMethodIsTheSameIntent(t *testing.T) {
	s := open(t)
	must(t, s.Issue(intent(), start))
	again, err := s.CanIssue(USDT, "", start.Add(time.Minute))
	if err != nil || again == nil || again.ID != "i" {
		t.Errorf("second choice: %v, %v", again, err)
	}
	if _, err := s.CanIssue(USDT, "", start.Add(time.Hour)); !errors.Is(err, ErrExpired) {
		t.Errorf("at the deadline: %v", err)
	}
}

// The same coin on another network is another choice, until a payment is in sight.
func TestAnotherNetworkIsAnotherIntent(t *testing.T) {
	s := open(t)
	must(t, s.Issue(intent(), start))
	if again, err := s.CanIssue(USDT, chain.Tron, start); err != nil || again == nil {
		t.Errorf("the same network: %v, %v", again, err)
	}
	if other, err := s.CanIssue(USDT, chain.BSC, start); err != nil || other != nil {
		t.Errorf("another network: %v, %v", other, err)
	}
	nowhere := intent()
	nowhere.ID, nowhere.Method, nowhere.Asset.Network = "k", USDC, ""
	if err := s.Issue(nowhere, start); err == nil {
		t.Error("an intent on no network is issued")
	}
	bsc := intent()
	bsc.ID, bsc.Asset = "j", chain.BSC.Tokens()[0]
	must(t, s.Issue(bsc, start))
	if s.Intent().ID != "j" {
		t.Errorf("current intent %s", s.Intent().ID)
	}
	if _, err := s.See(start); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CanIssue(USDT, chain.Tron, start); !errors.Is(err, ErrPaymentInProgress) {
		t.Errorf("another network after a sighting: %v", err)
	}
	if same, err := s.CanIssue(USDT, "", start); err != nil || same == nil || same.ID != "j" {
		t.Errorf("no network named after a sighting: %v, %v", same, err)
	}
}

// However finely a coin divides, nobody is asked for more places than people type: six of a dollar,
// eight of a coin worth thousands of them, so that its suffix stays below a cent or so too.
func TestAmountsArePayableInFewPlaces(t *testing.T) {
	two := token
	two.Decimals = 2
	test := chain.Sandbox.Tokens()
	for _, c := range []struct {
		asset  chain.Asset
		places int
		want   string // base units of 1,234,500 of the last place, and 67 more
	}{
		{token, 6, "1234567"},
		{chain.BSC.Tokens()[0], 6, "1234567000000000000"},
		{chain.BSC.Tokens()[2], 8, "12345670000000000"},
		{chain.Ethereum.Tokens()[2], 8, "12345670000000000"},
		{test[0], 6, "1234567"},
		{test[2], 8, "12345670000000000"},
		{test[3], 8, "12345670000000000"},
		{two, 2, "1234567"},
	} {
		base := Whole(big.NewInt(1_234_500), c.asset)
		got := Payable(base, 67, c.asset)
		if got.String() != c.want || Places(c.asset) != c.places {
			t.Errorf("%+v: %s of %d places", c.asset, got, Places(c.asset))
		}
		if s, ok := SuffixOf(base, got, c.asset); !ok || s != 67 {
			t.Errorf("%+v: suffix %d, %v", c.asset, s, ok)
		}
		if c.places < int(c.asset.Decimals) {
			if s, ok := SuffixOf(base, got.Add(got, big.NewInt(1)), c.asset); ok {
				t.Errorf("%+v: a dust unit more is suffix %d", c.asset, s)
			}
		}
	}
}

// A transfer in sight outlives the deadline and forbids cancelling.
func TestSeenPaymentIsNeitherExpiredNorCancelled(t *testing.T) {
	s := open(t)
	must(t, s.Issue(intent(), start))
	if changed, err := s.See(start); err != nil || !changed {
		t.Fatal(changed, err)
	}
	must(t, s.Lapse(start.Add(2*time.Hour)))
	if err := s.Cancel(start); !errors.Is(err, ErrPaymentInProgress) || s.Status() != Processing {
		t.Errorf("cancel of a seen payment: %v, %s", err, s.Status())
	}
}

// All 9,999 suffixes are drawn before the amount is refused, the 99 short ones first.
func TestEverySuffixIsDrawnOnceShortOnesFirst(t *testing.T) {
	taken := map[Suffix]bool{}
	for i := range MaxSuffix {
		s, ok := DrawSuffix(taken, func(n int) int { return (i * 7919) % n })
		if !ok || taken[s] || s < 1 || s > MaxSuffix {
			t.Fatalf("draw %d: %d, %v", i, s, ok)
		}
		if short := s%shortStep == 0; short != (i < 99) {
			t.Fatalf("draw %d is %d", i, s)
		}
		taken[s] = true
		if got, ok := SuffixOf(big.NewInt(50_000_000), Payable(big.NewInt(50_000_000), s, token), token); !ok || got != s {
			t.Fatalf("suffix %d reads back as %d", s, got)
		}
	}
	if s, ok := DrawSuffix(taken, func(int) int { return 0 }); ok {
		t.Errorf("drew %d when all are taken", s)
	}
}
