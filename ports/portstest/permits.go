package portstest

import (
	"testing"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

func permitsWhole(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for _, by := range []x402.Method{x402.Permit2, x402.Permit2UpTo} {
		for _, status := range x402.Statuses() {
			a := shop.AddAuthorization(t, status, permitted(by))
			sameAuthorization(t, stored(t, w, keyOf(a)), a)
			same(t, keyOf(a).Asset, x402.Permit2Contract)
		}
	}
	settled := shop.AddAuthorization(t, x402.Settled, permitted(x402.Permit2UpTo), using)
	sameAuthorization(t, stored(t, w, keyOf(settled)), settled)
}

func permitsRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	first := shop.AddAuthorization(t, x402.Claimed, permitted(x402.Permit2))
	was := first.Settlement.Snapshot().Due
	alike := func(change func(*x402.Due)) ports.AuthorizationRow {
		return shop.Authorization(t, x402.Claimed, func(s *x402.Snapshot, a *ports.AuthorizationRow) {
			s.Due.Payer, s.Due.Nonce = was.Payer, was.Nonce
			permitted(x402.Permit2)(s, a)
			change(&s.Due)
		})
	}
	isTaken(t, claimOf(t, w, alike(func(d *x402.Due) { d.Asset = EVMAccount() })), "")
	isTaken(t, claimOf(t, w, shop.Authorization(t, x402.Claimed, func(s *x402.Snapshot, a *ports.AuthorizationRow) {
		s.Due.Payer, s.Due.Nonce = was.Payer, was.Nonce
		permitted(x402.Permit2UpTo)(s, a)
	})), "")
	for _, apart := range []func(*x402.Due){
		func(d *x402.Due) { d.Nonce[31]++ }, // another bit of its word
		func(d *x402.Due) { d.Nonce[30]++ }, // another word
		func(d *x402.Due) { d.Network++ },
	} {
		ok(t, claimOf(t, w, alike(apart)))
	}
	// The token takes its own nonces.
	ok(t, claimOf(t, w, shop.Authorization(t, x402.Claimed, func(s *x402.Snapshot, _ *ports.AuthorizationRow) {
		s.Due.Payer, s.Due.Nonce = was.Payer, was.Nonce
	})))
	sameAuthorization(t, stored(t, w, keyOf(first)), first)
}

func permitsUsed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.AddAuthorization(t, x402.Claimed, permitted(x402.Permit2UpTo))
	used := signed(t, a).Settlement.Snapshot()
	using(&used, nil)
	price, err := money.FromMinor(money.USDT, used.Due.Value.Big())
	ok(t, err)
	next := withSettlement(t, a, used)
	next.Price = price
	ok(t, save(t, w, x402.Claimed, next))
	sameAuthorization(t, stored(t, w, keyOf(a)), next)
	for _, change := range []func(*x402.Due){
		func(d *x402.Due) { d.Most = x402.Uint(20_000) },
		func(d *x402.Due) { d.PayTo = EVMAccount() },
		func(d *x402.Due) { d.Asset = EVMAccount() },
		func(d *x402.Due) { d.Method, d.Value, d.Most = x402.Permit2, d.Most, x402.Uint256{} },
	} {
		other := next.Settlement.Snapshot()
		change(&other.Due)
		isFault(t, save(t, w, x402.Signed, withSettlement(t, next, other)), ports.ErrOtherOrder)
	}
	for name, change := range map[string]func(*ports.AuthorizationOrder){
		"more than was permitted": func(o *ports.AuthorizationOrder) { o.Authorization.Value = x402.Uint(20_000) },
		"another token":           func(o *ports.AuthorizationOrder) { o.Authorization.Token = EVMAccount() },
		"a foreign contract":      func(o *ports.AuthorizationOrder) { o.Authorization.Spender = EVMAccount() },
		"another method":          func(o *ports.AuthorizationOrder) { o.Authorization.Method = x402.Permit2 },
		"nobody who settles":      func(o *ports.AuthorizationOrder) { o.Authorization.Facilitator = x402.Address{} },
	} {
		other := next
		change(&other.Order)
		if err := save(t, w, x402.Signed, other); err == nil {
			t.Errorf("an order of %s is kept", name)
		}
	}
	sameAuthorization(t, stored(t, w, keyOf(a)), next)
}

func permitsOwning(t *testing.T, w World) {
	shop := OpenShop(t, w)
	exact := shop.AddAuthorization(t, x402.Broadcast, permitted(x402.Permit2))
	part := shop.AddAuthorization(t, x402.Broadcast, permitted(x402.Permit2UpTo), using)
	whole := moving(part)
	whole.Units = part.Settlement.Snapshot().Due.Most.Big()
	foreign := moving(exact)
	foreign.Asset.Contract = string(chain.EVMAddress(x402.Permit2Contract))
	keyExact, keyPart := keyOf(exact), keyOf(part)
	owning(t, w, []chain.Transfer{moving(exact), moving(part), whole, foreign}, &keyExact, &keyPart, nil, nil)
}
