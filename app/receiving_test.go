package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

const (
	shopAddress  = "TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK"
	otherAddress = "TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx"
)

// at is an input as a signed-in merchant writes it.
func at(network, asset, address, label string) ReceivingInput {
	return ReceivingInput{
		Network: network, Asset: asset, Address: address, Label: label, By: Confirmation{Login: true},
	}
}

func (d *desk) receive(w merchant.Principal, in ReceivingInput) (ReceivingView, error) {
	a, _, err := d.accepts.Add(d.Context(), w, in, Once[ReceivingView]{})
	return a, err
}

// What is refused here would be money sent to nobody (rows C03, C05).
func TestReceivingAccountsAreChecked(t *testing.T) {
	d := openDesk(t, true)
	w := who(d.register("a@b.example"))
	for _, c := range []struct {
		in   ReceivingInput
		want *fault.Fault
	}{
		{at("ERC20", "USDT", shopAddress, ""), chain.ErrUnsupportedNetwork},
		{at("TRC20", "usdt", shopAddress, ""), chain.ErrUnsupportedAsset},
		{at("TRC20", "TRX", shopAddress, ""), chain.ErrUnsupportedAsset},
		{at("TRC20", "USDT", shopAddress+" ", ""), chain.ErrInvalidAddress},
		{at("TRC20", "USDT", chain.TronUSDT, ""), chain.ErrInvalidAddress},
		{at("TRC20", "USDT", tronUSDT.Contract, ""), chain.ErrInvalidAddress}, // this gateway's own
		{at("TRC20", "USDT", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ""), chain.ErrAddressChainMismatch},
	} {
		_, err := d.receive(w, c.in)
		d.fails(err, c.want)
	}
	if list, err := d.accepts.List(t.Context(), w); err != nil || len(list) > 0 {
		t.Errorf("kept %v, %v", list, err)
	}
}

// All ten methods are shown, and none is offered that no rail carries.
func TestMethodsAreHonest(t *testing.T) {
	for _, live := range []bool{false, true} {
		d := openDesk(t, live)
		w := who(d.register("a@b.example"))
		_, err := d.receive(w, at("TRC20", "USDT", shopAddress, ""))
		d.ok(err)
		methods, err := d.accepts.Methods(t.Context(), w)
		d.ok(err)
		if len(methods) != len(checkout.Methods()) {
			t.Fatalf("%d methods", len(methods))
		}
		for _, m := range methods {
			want := MethodState{Method: m.Method}
			switch m.Method {
			case checkout.USDT:
				want.Live, want.Test, want.Enabled = live, true, true
				want.Networks = []MethodNetwork{{chain.Tron, live, shopAddress}}
			case checkout.USDC, checkout.ETH, checkout.BNB:
				want.Test, want.Enabled = true, true
			}
			if diff := cmp.Diff(want, m); diff != "" {
				t.Error(diff)
			}
		}
	}
}

// A method is switched for one project; one that no rail carries stays off.
func TestMethodsAreSwitched(t *testing.T) {
	d := openDesk(t, false)
	w, other := who(d.register("a@b.example")), who(d.register("c@d.example"))
	turn := func(m checkout.Method, on bool) (MethodState, error) {
		s, _, err := d.accepts.Switch(t.Context(), w, MethodState{Method: m, Enabled: on}, Once[MethodState]{})
		return s, err
	}
	if s, err := turn(checkout.USDT, false); err != nil || s.Enabled {
		t.Errorf("switched off: %+v, %v", s, err)
	}
	methods, err := d.accepts.Methods(t.Context(), other)
	d.ok(err)
	if !methods[3].Enabled {
		t.Error("another project's method was switched off")
	}
	if s, err := turn(checkout.USDT, true); err != nil || !s.Enabled {
		t.Errorf("switched on: %+v, %v", s, err)
	}
	_, err = turn(checkout.BTC, true)
	d.fails(err, checkout.ErrUnsupportedMethod)
	if s, err := turn(checkout.BTC, false); err != nil || s.Enabled {
		t.Errorf("off stays off: %+v, %v", s, err)
	}
}
