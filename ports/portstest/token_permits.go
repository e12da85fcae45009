package portstest

import (
	"testing"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

func permitSettled(t *testing.T, s tokenScene) {
	for _, by := range []x402.Method{x402.Permit2, x402.Permit2UpTo} {
		v := s.pay(s.Permitting(by))
		s.check(v, x402.RouteKey)
		same(t, s.fate(v).Used, false)
		tx := s.sign(v, x402.RouteKey)
		same(t, tx.Key, v.Due().Key())
		s.settled(tx, v)
		f := s.fate(v)
		if !f.Used || f.TxID != tx.TxID || f.UsedFinal {
			t.Fatalf("%s: fate %+v, settled by %s", by, f, tx.TxID)
		}
		s.Finalize()
		same(t, s.fate(v).UsedFinal, true)
		same(t, s.fate(s.pay(s.Permitting(by))).Used, false)
	}
}

func permitPartly(t *testing.T, s tokenScene) {
	whole := s.pay(s.Permitting(x402.Permit2UpTo))
	v, err := whole.Using(x402.Uint(1_234))
	ok(t, err)
	tx := s.sign(v, x402.RouteKey)
	s.settled(tx, v)
	same(t, s.fate(v).TxID, tx.TxID)
	r, err := s.Chain.Receipt(t.Context(), tx.TxID)
	ok(t, err)
	_, err = x402.Prove(whole.Due(), r.Receipt, 1)
	isRefusal(t, err, x402.ReasonNotObserved)
	s.refuses(whole, x402.ReasonUsed) // the rest is nobody's
}

func permitForbidden(_ *testing.T, s tokenScene) {
	for _, by := range []x402.Method{x402.Permit2, x402.Permit2UpTo} {
		s.refuses(s.pay(s.Forbidding(by)), x402.ReasonAllowance)
	}
}

func permitUsedBefore(_ *testing.T, s tokenScene) {
	v := s.pay(s.Permitting(x402.Permit2))
	s.settled(s.sign(v, x402.RouteKey), v)
	s.refuses(v, x402.ReasonUsed)
}

func permitForeign(t *testing.T, s tokenScene) {
	account := s.Relay.Accounts()[0]
	for _, by := range []x402.Method{x402.Permit2, x402.Permit2UpTo} {
		v := s.pay(s.Permitting(by))
		fees := s.sign(v, x402.RouteKey).Fees
		for name, change := range map[string]func(*x402.Due, *ports.AuthorizationOrder){
			"a foreign contract":      func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.Spender[0]++ },
			"the token itself":        func(d *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.Spender = d.Asset },
			"another witness":         func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.To[0]++ },
			"another token":           func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.Token[0]++ },
			"a token not listed":      func(d *x402.Due, o *ports.AuthorizationOrder) { d.Asset[0]++; o.Authorization.Token = d.Asset },
			"more than was permitted": func(d *x402.Due, _ *ports.AuthorizationOrder) { d.Value = x402.Uint(1 << 40) },
			"nothing":                 func(d *x402.Due, _ *ports.AuthorizationOrder) { d.Value = x402.Uint256{} },
			"the other method":        func(d *x402.Due, _ *ports.AuthorizationOrder) { d.Method = x402.Permit2 + x402.Permit2UpTo - by },
			"a wallet yet to come":    func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Route = x402.RouteFactory },
			"an allowance not brought": func(_ *x402.Due, o *ports.AuthorizationOrder) {
				o.Route, o.Allowance = x402.RouteSponsored, nil
			},
			"another facilitator": func(_ *x402.Due, o *ports.AuthorizationOrder) { o.Authorization.Facilitator = EVMAccount() },
		} {
			d, o := v.Due(), ports.OrderOf(v, x402.RouteKey)
			change(&d, &o)
			if _, err := s.Relay.Sign(account, 0, d, o, fees); err == nil {
				t.Errorf("%s: signed for %s", by, name)
			}
		}
	}
}

func permitAlike(t *testing.T, s tokenScene) {
	p, price := s.Permitting(x402.Permit2)
	first, second := s.pay(p, price), s.pay(p, price)
	tx := s.sign(first, x402.RouteKey)
	s.settled(tx, first)
	r, err := s.Chain.Receipt(t.Context(), tx.TxID)
	ok(t, err)
	_, err = x402.Prove(second.Due(), r.Receipt, 1)
	isRefusal(t, err, x402.ReasonNotObserved)
	same(t, s.fate(second).Used, false)
	s.settled(s.sign(second, x402.RouteKey), second)
}
