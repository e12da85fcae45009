package portstest

import (
	"errors"
	"math/big"
	"testing"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

func relayDeterministic(t *testing.T, s tokenScene) {
	v := s.pay(s.Rich(), s.Price())
	tx, account := s.sign(v, x402.RouteKey), s.Relay.Accounts()[0]
	sign := func(nonce uint64, f ports.RelayFees) ports.RelayTransaction {
		t.Helper()
		out, err := s.Relay.Sign(account, nonce, v.Due(), ports.OrderOf(v, x402.RouteKey), f)
		ok(t, err)
		return out
	}
	same(t, sign(tx.Nonce, tx.Fees), tx)
	for name, other := range map[string]ports.RelayTransaction{
		"another nonce": sign(tx.Nonce+1, tx.Fees),
		"another fee":   sign(tx.Nonce, higher(tx.Fees)),
	} {
		if other.TxID == tx.TxID || string(other.Raw) == string(tx.Raw) {
			t.Errorf("%s makes the same transaction", name)
		}
	}
}

// higher are fees of one wei more.
func higher(f ports.RelayFees) ports.RelayFees {
	f.MaxFee = new(big.Int).Add(f.MaxFee, big.NewInt(1))
	return f
}

// unsigned fails the test if a transaction was signed.
func unsigned(t *testing.T, what string, tx ports.RelayTransaction, err error) {
	t.Helper()
	if err == nil || len(tx.Raw) != 0 {
		t.Errorf("%s: signed %+v, error %v", what, tx, err)
	}
}

func relayForeign(t *testing.T, s tokenScene) {
	v := s.pay(s.Rich(), s.Price())
	tx := s.sign(v, x402.RouteKey)
	for name, change := range map[string]func(d *x402.Due, o *ports.AuthorizationOrder){
		"a foreign token":      func(d *x402.Due, _ *ports.AuthorizationOrder) { d.Asset[0]++ },
		"no token":             func(d *x402.Due, _ *ports.AuthorizationOrder) { d.Asset = x402.Address{} },
		"another network":      func(d *x402.Due, _ *ports.AuthorizationOrder) { d.Network++ },
		"another payee":        func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.To[0]++ },
		"another payer":        func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.From[0]++ },
		"another value":        func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.Value = x402.Uint(1) },
		"another nonce":        func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.Nonce[0]++ },
		"another deadline":     func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.ValidBefore = x402.Uint(9) },
		"no route":             func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Route = 0 },
		"a key without a code": func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Route = x402.RouteFactory },
	} {
		d, o := v.Due(), ports.OrderOf(v, x402.RouteKey)
		change(&d, &o)
		got, err := s.Relay.Sign(tx.Account, tx.Nonce, d, o, tx.Fees)
		unsigned(t, name, got, err)
	}
	stranger := account()
	got, err := s.Relay.Sign(stranger, tx.Nonce, v.Due(), ports.OrderOf(v, x402.RouteKey), tx.Fees)
	unsigned(t, "a stranger's account", got, err)
	got, err = s.Relay.Fill(stranger, tx.Nonce, tx.Fees)
	unsigned(t, "a stranger's gap", got, err)
}

func relayFees(t *testing.T, s tokenScene) {
	v := s.pay(s.Rich(), s.Price())
	tx := s.sign(v, x402.RouteKey)
	enough := new(big.Int).Lsh(big.NewInt(1), 80)
	for name, change := range map[string]func(f *ports.RelayFees){
		"a fee beyond any cap":   func(f *ports.RelayFees) { f.MaxFee, f.Tip = enough, enough },
		"gas beyond any cap":     func(f *ports.RelayFees) { f.Gas = 1 << 40 },
		"a tip above the fee":    func(f *ports.RelayFees) { f.Tip = higher(*f).MaxFee },
		"no fee":                 func(f *ports.RelayFees) { f.MaxFee = nil },
		"no tip":                 func(f *ports.RelayFees) { f.Tip = nil },
		"a fee less than none":   func(f *ports.RelayFees) { f.MaxFee = big.NewInt(-1) },
		"a tip that is negative": func(f *ports.RelayFees) { f.Tip = big.NewInt(-1) },
	} {
		f := tx.Fees
		change(&f)
		got, err := s.Relay.Sign(tx.Account, tx.Nonce, v.Due(), ports.OrderOf(v, x402.RouteKey), f)
		unsigned(t, name, got, err)
		got, err = s.Relay.Fill(tx.Account, tx.Nonce, f)
		unsigned(t, name+", for a gap", got, err)
	}
}

func relayFill(t *testing.T, s tokenScene) {
	v := s.pay(s.Rich(), s.Price())
	tx := s.sign(v, x402.RouteKey)
	fill, err := s.Relay.Fill(tx.Account, tx.Nonce, tx.Fees)
	ok(t, err)
	same(t, fill.Key, x402.ClaimKey{})
	same(t, fill.Nonce, tx.Nonce)
	again, err := s.Relay.Fill(tx.Account, tx.Nonce, tx.Fees)
	ok(t, err)
	same(t, again, fill)
	s.send(fill)
	s.Grow(1)
	next, _, err := s.Relay.Standing(t.Context(), tx.Account)
	ok(t, err)
	same(t, next, tx.Nonce+1)
	r, err := s.Chain.Receipt(t.Context(), fill.TxID)
	ok(t, err)
	same(t, r.Receipt.Succeeded, true)
	same(t, len(r.Receipt.Logs), 0)
}

func relayQuote(t *testing.T, s tokenScene) {
	v, account := s.pay(s.Rich(), s.Price()), s.Relay.Accounts()[0]
	order := ports.OrderOf(v, x402.RouteKey)
	f, err := s.Relay.Quote(t.Context(), account, v.Due(), order)
	ok(t, err)
	if f.Gas < 21_000 || f.MaxFee.Sign() <= 0 || f.Tip.Sign() < 0 || f.Tip.Cmp(f.MaxFee) > 0 ||
		f.ExpectedPrice.Sign() <= 0 || f.ExpectedPrice.Cmp(f.MaxFee) > 0 || f.Ceiling().Sign() <= 0 {
		t.Fatalf("fees %+v", f)
	}
	s.settled(s.sign(v, x402.RouteKey), v)
	_, err = s.Relay.Quote(t.Context(), account, v.Due(), order)
	isRefusal(t, err, x402.ReasonUsed, x402.ReasonSimulation)
}

func relayRaise(t *testing.T, s tokenScene) {
	f := s.sign(s.pay(s.Rich(), s.Price()), x402.RouteKey).Fees
	atLeast := func(was, is *big.Int, what string) {
		t.Helper()
		const tenth = 10
		if new(big.Int).Mul(is, big.NewInt(tenth)).Cmp(new(big.Int).Mul(was, big.NewInt(tenth+1))) < 0 {
			t.Fatalf("%s was raised from %s to %s", what, was, is)
		}
	}
	const rounds = 500 // a tenth more so often is beyond any cap
	for range rounds {
		more, err := s.Relay.Raise(t.Context(), f)
		if errors.Is(err, ports.ErrFeesTooHigh) {
			return
		}
		ok(t, err)
		atLeast(f.MaxFee, more.MaxFee, "the fee")
		atLeast(f.Tip, more.Tip, "the tip")
		same(t, more.Gas, f.Gas)
		f = more
	}
	t.Fatalf("fees were raised to %s, and no cap ended it", f.MaxFee)
}
