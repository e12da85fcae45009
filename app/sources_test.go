package app

import (
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/hdkey"
	"github.com/101pay/101pay/domain/merchant"
)

func (c *counter) sources() AddressSources {
	return AddressSources{Core: c.checkout.Core, Rails: c.checkout.Rails, Receiving: c.accepts}
}

func (c *counter) register(in SourceInput) (SourceState, error) {
	s, _, err := c.sources().Register(c.t.Context(), c.live(), in, Once[SourceState]{})
	return s, err
}

func (c *counter) confirm(id merchant.SourceID, first string) (SourceState, error) {
	s, _, err := c.sources().Confirm(c.t.Context(), c.live(), SourceConfirmation{
		ID: id, First: first, By: Confirmation{Login: true, Password: rightPassword},
	}, Once[SourceState]{})
	return s, err
}

func (c *counter) askedOn(network string) (checkout.Intent, error) {
	c.t.Helper()
	id, err := c.opened(c.live(), checkout.USDC)
	c.ok(err)
	s, err := c.checkout.Intent(c.t.Context(), id, Choice{Method: checkout.USDC, Network: network})
	if err != nil {
		return checkout.Intent{}, err
	}
	return *s.Intent, nil
}

// An account's key gives each payment its own address on every network of its family, and is never seen
// again; the merchant's own account is passed over.
func TestEachPaymentGetsAnAddressOfTheKey(t *testing.T) {
	c := openCounter(t, chain.Base, chain.Polygon)
	c.ok(c.receive("BASE", "USDC", evmAddress))
	source, err := c.register(SourceInput{Family: "evm", Xpub: evmXpub, Label: "ledger"})
	c.ok(err)
	if source.State != merchant.SourceUnconfirmed || len(source.First) != 3 || source.First[2] != thirdEVM {
		t.Fatalf("registered %+v", source)
	}
	shared, err := c.askedOn("BASE")
	c.ok(err)
	if shared.Address != evmAddress || shared.Terms.Matching != checkout.Shared {
		t.Errorf("an unconfirmed source is used: %+v", shared)
	}
	_, err = c.confirm(source.ID, otherEVM)
	c.refuses(err, merchant.ErrFirstAddress, "")
	_, _, err = c.sources().Confirm(t.Context(), c.live(),
		SourceConfirmation{ID: source.ID, First: evmAddress, By: Confirmation{Login: true}}, Once[SourceState]{})
	c.refuses(err, merchant.ErrPasswordRequired, "")
	pending, err := c.confirm(source.ID, evmAddress)
	c.ok(err)
	if want := c.clock.Now().Add(24 * time.Hour); pending.State != merchant.SourcePending || !pending.ActiveFrom.Equal(want) {
		t.Errorf("in place of another address: %s from %s", pending.State, pending.ActiveFrom)
	}
	if before, err := c.askedOn("BASE"); err != nil || before.Address != evmAddress {
		t.Errorf("before its time: %+v, %v", before, err)
	}
	c.clock.set(c.clock.Now().Add(24 * time.Hour))
	c.read(chain.Base, chain.Polygon)

	first, err := c.askedOn("BASE")
	c.ok(err)
	if first.Address != otherEVM || first.Terms.Matching != checkout.Dedicated || first.Payable() != "9.99" {
		t.Fatalf("first intent %+v", first) // 0/0 is the merchant's receiving account
	}
	second, err := c.askedOn("POLYGON")
	c.ok(err)
	if second.Address != thirdEVM {
		t.Errorf("second intent at %s", second.Address)
	}
	// The same session on another network of the family keeps its address.
	moved, err := c.checkout.Intent(t.Context(), first.SessionID, Choice{Method: checkout.USDC, Network: "POLYGON"})
	c.ok(err)
	if moved.Intent.Address != first.Address {
		t.Errorf("moved to %s", moved.Intent.Address)
	}
	c.refuses(c.receive("POLYGON", "USDC", thirdEVM), merchant.ErrAddressTaken, "")
	listed, err := c.sources().List(t.Context(), c.live())
	c.ok(err)
	if len(listed) != 1 || listed[0].Tally.Total != 2 || string(listed[0].Sealed) == evmXpub {
		t.Errorf("listed %+v", listed)
	}

	_, _, err = c.sources().Remove(t.Context(), c.live(), source.ID, Once[struct{}]{})
	c.ok(err)
	again, err := c.register(SourceInput{Family: "evm", Xpub: evmXpub})
	c.ok(err)
	_, err = c.confirm(again.ID, evmAddress)
	c.ok(err)
	c.clock.set(c.clock.Now().Add(24 * time.Hour))
	c.read(chain.Base, chain.Polygon)
	fresh, err := c.askedOn("BASE")
	c.ok(err)
	if fresh.Address == first.Address || fresh.Address == second.Address {
		t.Errorf("%s is given out again", fresh.Address)
	}
}

// What a merchant pastes by mistake is refused, and nothing of it is kept.
func TestWrongSourcesAreRefused(t *testing.T) {
	c := openCounter(t, chain.Base)
	for name, x := range map[string]struct {
		in   SourceInput
		want *fault.Fault
	}{
		"no family":     {SourceInput{Xpub: evmXpub}, merchant.ErrUnknownFamily},
		"neither":       {SourceInput{Family: "evm"}, merchant.ErrSourceKind},
		"both":          {SourceInput{Family: "evm", Xpub: evmXpub, Addresses: []string{otherEVM}}, merchant.ErrSourceKind},
		"a private key": {SourceInput{Family: "evm", Xpub: "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"}, hdkey.ErrPrivateKey},
		"a token":       {SourceInput{Family: "evm", Addresses: []string{chain.Base.Tokens()[0].Contract}}, chain.ErrInvalidAddress},
		"twice":         {SourceInput{Family: "evm", Addresses: []string{otherEVM, otherEVM}}, merchant.ErrAddressRepeated},
		"Tron's":        {SourceInput{Family: "evm", Addresses: []string{"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH"}}, chain.ErrAddressChainMismatch},
		"too many":      {SourceInput{Family: "evm", Addresses: make([]string, merchant.MaxPoolRequest+1)}, merchant.ErrSourceKind},
	} {
		_, err := c.register(x.in)
		if fault.From(err).Code != x.want.Code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if listed, err := c.sources().List(t.Context(), c.live()); err != nil || len(listed) != 0 {
		t.Errorf("kept %+v, %v", listed, err)
	}
}

// A pool that is used up refuses the next payer, in words for its owner, and says before that it is low.
func TestAPoolRunsOut(t *testing.T) {
	c := openCounter(t, chain.Base)
	source, err := c.register(SourceInput{Family: "evm", Addresses: []string{otherEVM}})
	c.ok(err)
	if !source.Low() {
		t.Error("a pool of one is not called low")
	}
	_, err = c.confirm(source.ID, otherEVM)
	c.ok(err)
	only, err := c.askedOn("BASE")
	c.ok(err)
	if only.Address != otherEVM {
		t.Errorf("paid at %s", only.Address)
	}
	_, err = c.askedOn("BASE")
	c.refuses(err, merchant.ErrAddressesExhausted, "")
	_, _, err = c.sources().Append(t.Context(), c.live(), source.ID, []string{thirdEVM}, Once[SourceState]{})
	c.ok(err)
	next, err := c.askedOn("BASE")
	c.ok(err)
	if next.Address != thirdEVM {
		t.Errorf("paid at %s", next.Address)
	}
}

// A project with a source tries its shop the way it will run.
func TestASourceMakesTestPaymentsDedicatedToo(t *testing.T) {
	c := openCounter(t, chain.Base)
	source, err := c.register(SourceInput{Family: "evm", Xpub: evmXpub})
	c.ok(err)
	_, err = c.confirm(source.ID, evmAddress)
	c.ok(err)
	if tried := c.asked(); tried.Intent.Terms.Matching != checkout.Dedicated || tried.Intent.Address[0] != 'S' {
		t.Errorf("tried at %+v", tried.Intent)
	}
	id, err := c.opened(c.live(), "")
	c.ok(err)
	_, err = c.checkout.Intent(t.Context(), id, Choice{Method: checkout.USDC, Dedicated: true})
	c.refuses(err, ErrDedicatedInTest, "")
}
