package merchant

import (
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
)

var dawn = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func account(id string, at chain.Address, from, until time.Time) ReceivingAccount {
	return ReceivingAccount{
		ID: ReceivingID(id), MerchantID: "m", ProjectID: "p", Network: chain.Tron, Asset: "USDT", Address: at,
		CreatedAt: from, ActiveFrom: from, RemovedAt: until,
	}
}

// What was current lately makes the next one a change; what never was, or long ago, or elsewhere, does
// not.
func TestWhatMakesAChange(t *testing.T) {
	never := time.Time{}
	long, lately := dawn.Add(-changeMemory), dawn.Add(-changeMemory+time.Second)
	elsewhere := account("1", "A", long, never)
	elsewhere.Network = chain.Base
	otherCoin := account("1", "A", long, never)
	otherCoin.Asset = "USDC"
	for name, c := range map[string]struct {
		was     []ReceivingAccount
		guarded bool
		err     error
	}{
		"nothing":                  {nil, false, nil},
		"another is current":       {[]ReceivingAccount{account("1", "A", long, never)}, true, nil},
		"the same is current":      {[]ReceivingAccount{account("1", "B", long, never)}, false, ErrReceivingExists},
		"another was lately":       {[]ReceivingAccount{account("1", "A", long, lately)}, true, nil},
		"another was long ago":     {[]ReceivingAccount{account("1", "A", long.Add(-time.Hour), long)}, false, nil},
		"the same was lately":      {[]ReceivingAccount{account("1", "B", long, lately)}, false, nil},
		"another on another chain": {[]ReceivingAccount{elsewhere}, false, nil},
		"another of another coin":  {[]ReceivingAccount{otherCoin}, false, nil},
		"another ends now":         {[]ReceivingAccount{account("1", "A", long, dawn)}, true, nil},
		"another began and ended":  {[]ReceivingAccount{account("1", "A", lately, lately)}, true, nil},
		"a change was stopped":     {[]ReceivingAccount{account("1", "A", dawn.Add(time.Hour), dawn.Add(-time.Hour))}, false, nil},
		"a change waits": {[]ReceivingAccount{
			account("1", "C", long, dawn.Add(time.Hour)), account("2", "A", dawn.Add(time.Hour), never),
		}, false, ErrChangePending},
	} {
		got, err := Admit(c.was, account("9", "B", dawn, never), DefaultChangeWait(), dawn)
		if !errors.Is(err, c.err) || got.Guarded != c.guarded {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		from := dawn
		if c.guarded {
			from = dawn.Add(24 * time.Hour)
		}
		if err == nil && !got.Account.ActiveFrom.Equal(from) {
			t.Errorf("%s: from %s", name, got.Account.ActiveFrom)
		}
		if r := got.Replaced; r.ID != "" && (got.Account.Replaces != r.ID || !r.RemovedAt.Equal(from)) {
			t.Errorf("%s: replaces %+v", name, r)
		}
	}
}

// An account is what the clock says.
func TestAnAccountsState(t *testing.T) {
	a := account("1", "A", dawn, dawn.Add(time.Hour))
	for after, want := range map[time.Duration]ReceivingState{
		-1: ReceivingPending, 0: ReceivingCurrent, time.Hour - 1: ReceivingCurrent, time.Hour: ReceivingEnded,
	} {
		if got := a.State(dawn.Add(after)); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
	if got := account("1", "A", dawn.Add(time.Hour), dawn).State(dawn); got != ReceivingEnded {
		t.Errorf("a change that was stopped is %s", got)
	}
}

// The seal covers all that decides where money goes.
func TestTheSealCoversWhereMoneyGoes(t *testing.T) {
	a := account("1", "A", dawn, time.Time{})
	for name, change := range map[string]func(*ReceivingAccount){
		"id": func(a *ReceivingAccount) { a.ID = "2" }, "merchant": func(a *ReceivingAccount) { a.MerchantID = "n" },
		"project": func(a *ReceivingAccount) { a.ProjectID = "q" }, "network": func(a *ReceivingAccount) { a.Network = chain.Base },
		"asset": func(a *ReceivingAccount) { a.Asset = "USDC" }, "address": func(a *ReceivingAccount) { a.Address = "B" },
		"time": func(a *ReceivingAccount) { a.ActiveFrom = dawn.Add(time.Microsecond) },
	} {
		b := a
		if change(&b); a.SealText() == b.SealText() {
			t.Errorf("another %s has the same seal", name)
		}
	}
	b := a
	if b.Label, b.ActiveFrom = "cold", dawn.In(time.FixedZone("", 3600)); a.SealText() != b.SealText() {
		t.Error("a label or a time zone breaks the seal")
	}
}

// An address is its first merchant's until somebody proves it.
func TestWhoMayUseAnAddress(t *testing.T) {
	of := func(m ID, proven bool) ReceivingAccount { return ReceivingAccount{MerchantID: m, Proven: proven} }
	for name, c := range map[string]struct {
		at   []ReceivingAccount
		want bool
	}{
		"nobody":                 {nil, true},
		"he was first":           {[]ReceivingAccount{of("m", false), of("n", false)}, true},
		"another was first":      {[]ReceivingAccount{of("n", false), of("m", false)}, false},
		"he proved it":           {[]ReceivingAccount{of("n", false), of("m", true)}, true},
		"another proved it":      {[]ReceivingAccount{of("m", false), of("n", true)}, false},
		"both of them proved it": {[]ReceivingAccount{of("n", true), of("m", true)}, true},
	} {
		if got := MayUse(c.at, "m"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
