package app

import (
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/sha3"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports/portstest"
)

// wallet signs as wallets of EVM networks and of TRON do.
type wallet struct{ portstest.TokenPayer }

func (w wallet) sign(preamble, text string) string {
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte(preamble + strconv.Itoa(len(text)) + text))
	return "0x" + hex.EncodeToString(w.Raw(x402.Hash(h.Sum(nil))))
}

// An address belongs to whoever registered it first, until somebody proves that it is his (T17).
func TestAnAddressHasOneOwner(t *testing.T) {
	const tronSays, evmSays = "\x19TRON Signed Message:\n", "\x19Ethereum Signed Message:\n"
	w := wallet{portstest.PayerNamed("the owner")}
	for _, n := range []struct {
		network, asset, preamble string
		at                       chain.Address
	}{{"TRC20", "USDT", tronSays, chain.TronAddress(w.Account)}, {"BASE", "USDC", evmSays, chain.EVMAddress(w.Account)}} {
		d := openDesk(t, true)
		d.accepts.Rails.Chains[chain.Base] = carrier{network: chain.Base}
		mallory, owner := who(d.register("m@b.example")), who(d.register("a@b.example"))
		in := at(n.network, n.asset, string(n.at), "")
		_, err := d.receive(mallory, in)
		d.ok(err)
		_, err = d.receive(owner, in)
		d.fails(err, merchant.ErrAddressInUse)

		challenge := func(who merchant.Principal) string {
			c, _, err := d.accepts.Challenge(t.Context(), who, in, Once[Challenge]{})
			d.ok(err)
			return c.Text
		}
		text := challenge(owner)
		signed := func(signature string) ReceivingInput {
			in := in
			in.Signature = signature
			return in
		}
		stranger := wallet{portstest.PayerNamed("somebody else")}
		for _, wrong := range []string{
			"0x", "zz", stranger.sign(n.preamble, text), w.sign(n.preamble, challenge(mallory)),
			w.sign("\x19Some Signed Message:\n", text), strings.Repeat("00", 65),
		} {
			_, err = d.receive(owner, signed(wrong))
			d.fails(err, merchant.ErrInvalidSignature)
		}
		proof := w.sign(n.preamble, text)
		d.clock.set(d.clock.Now().Add(48 * time.Hour))
		_, err = d.receive(owner, signed(proof))
		d.fails(err, merchant.ErrInvalidSignature) // too old
		proof = w.sign(n.preamble, challenge(owner))
		d.clock.set(d.clock.Now().Add(12 * time.Hour))
		added, err := d.receive(owner, signed(proof))
		d.ok(err)
		if !added.Proven || added.State != merchant.ReceivingCurrent {
			t.Errorf("added %+v", added)
		}
		// Who did not prove it has it no more, and does not get it back.
		if list, err := d.accepts.List(t.Context(), mallory); err != nil || len(list) != 0 {
			t.Errorf("the other still has %+v, %v", list, err)
		}
		_, err = d.receive(mallory, in)
		d.fails(err, merchant.ErrAddressInUse)
	}
}

// Of two merchants who register an address at once one is first.
func TestOneMerchantIsFirst(t *testing.T) {
	d := openDesk(t, true)
	whos := []merchant.Principal{who(d.register("m@b.example")), who(d.register("a@b.example"))}
	errs := make([]error, len(whos))
	var all sync.WaitGroup
	for i, w := range whos {
		all.Go(func() { _, errs[i] = d.receive(w, at("TRC20", "USDT", shopAddress, "")) })
	}
	all.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Errorf("got %v", errs)
	}
	d.fails(errors.Join(errs...), merchant.ErrAddressInUse)
}
