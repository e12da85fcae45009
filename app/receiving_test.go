package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

const (
	shopAddress  = "TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK"
	otherAddress = "TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx"
)

func (d *desk) receive(w merchant.Principal, in ReceivingInput) (merchant.ReceivingAccount, error) {
	a, _, err := d.accepts.Add(d.Context(), w, in, Once[merchant.ReceivingAccount]{})
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
		{ReceivingInput{"ERC20", "USDT", shopAddress, ""}, chain.ErrUnsupportedNetwork},
		{ReceivingInput{"TRC20", "usdt", shopAddress, ""}, chain.ErrUnsupportedAsset},
		{ReceivingInput{"TRC20", "TRX", shopAddress, ""}, chain.ErrUnsupportedAsset},
		{ReceivingInput{"TRC20", "USDT", shopAddress + " ", ""}, chain.ErrInvalidAddress},
		{ReceivingInput{"TRC20", "USDT", chain.TronUSDT, ""}, chain.ErrInvalidAddress},
		{ReceivingInput{"TRC20", "USDT", tronUSDT.Contract, ""}, chain.ErrInvalidAddress}, // this gateway's own
		{ReceivingInput{"TRC20", "USDT", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ""}, chain.ErrAddressChainMismatch},
	} {
		_, err := d.receive(w, c.in)
		d.fails(err, c.want)
	}
	if list, err := d.accepts.List(t.Context(), w); err != nil || len(list) > 0 {
		t.Errorf("kept %v, %v", list, err)
	}
}

// One account is current; a new address replaces it, the same one is refused, removing leaves none.
func TestAReceivingAccountsLife(t *testing.T) {
	d := openDesk(t, true)
	w, other := who(d.register("a@b.example")), who(d.register("c@d.example"))
	first, err := d.receive(w, ReceivingInput{"TRC20", "USDT", shopAddress, "cold wallet"})
	d.ok(err)
	if first.Network != chain.Tron || first.MerchantID != w.Merchant || first.ProjectID != w.Project {
		t.Errorf("account %+v", first)
	}
	_, err = d.receive(w, ReceivingInput{"TRON", "USDT", shopAddress, ""})
	d.fails(err, merchant.ErrReceivingExists)
	second, err := d.receive(w, ReceivingInput{"TRC20", "USDT", otherAddress, ""})
	d.ok(err)

	second.Label = "hot wallet"
	relabelled, _, err := d.accepts.Relabel(t.Context(), w, second, Once[merchant.ReceivingAccount]{})
	d.ok(err)
	if relabelled != second {
		t.Errorf("relabelled %+v, want %+v", relabelled, second)
	}
	_, _, err = d.accepts.Relabel(t.Context(), other, second, Once[merchant.ReceivingAccount]{})
	d.fails(err, ports.ErrNotFound)
	_, _, err = d.accepts.Remove(t.Context(), other, second.ID, Once[struct{}]{})
	d.fails(err, ports.ErrNotFound)
	if list, err := d.accepts.List(t.Context(), w); err != nil || len(list) != 1 || list[0] != second {
		t.Errorf("current: %+v, %v", list, err)
	}
	_, _, err = d.accepts.Remove(t.Context(), w, second.ID, Once[struct{}]{})
	d.ok(err)
	if list, err := d.accepts.List(t.Context(), w); err != nil || len(list) != 0 {
		t.Errorf("after removing: %+v, %v", list, err)
	}
}

// All ten methods are shown, and none is offered that no rail carries.
func TestMethodsAreHonest(t *testing.T) {
	for _, live := range []bool{false, true} {
		d := openDesk(t, live)
		w := who(d.register("a@b.example"))
		_, err := d.receive(w, ReceivingInput{"TRC20", "USDT", shopAddress, ""})
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
