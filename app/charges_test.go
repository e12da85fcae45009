package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func (markedVault) Digest(s keys.Secret) []byte {
	sum := sha256.Sum256([]byte("digest " + s.Reveal()))
	return sum[:]
}

type till struct {
	shop    portstest.Shop
	creds   Credentials
	charges Charges
}

func openTill(t *testing.T) till {
	t.Helper()
	store := memory.New(memory.Restless())
	shop := portstest.OpenShop(t, portstest.World{Work: store})
	core := Core{Work: store, Clock: fixedClock{portstest.Epoch}, Vault: markedVault{}}
	return till{
		shop:    shop,
		creds:   Credentials{Ring: store, Vault: markedVault{}, Clock: core.Clock},
		charges: Charges{Core: core, Books: store, Orders: store},
	}
}

func (h till) pair(t *testing.T, m merchant.Mode, secret string, revoked bool) keys.Pair {
	t.Helper()
	p := h.shop.MakePair(m)
	p.Digest = markedVault{}.Digest(keys.NewSecret(secret))
	if revoked {
		p.RevokedAt = portstest.Epoch
	}
	err := h.charges.Core.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Keys.AddPair(ctx, p); err != nil || !revoked {
			return err
		}
		return r.Keys.SavePair(ctx, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Whoever probes keys learns nothing: every bad pair is one fault, word for word.
func TestBadPairsCannotBeToldApart(t *testing.T) {
	h := openTill(t)
	good := h.pair(t, merchant.Test, "right", false)
	other := h.pair(t, merchant.Live, "other", false)
	gone := h.pair(t, merchant.Test, "gone", true)
	if owner, err := h.creds.Pair(t.Context(), good.PublicKey, keys.NewSecret("right")); err != nil || owner.Pair.ID != good.ID {
		t.Fatalf("matched pair: %v", err)
	}
	long := string(make([]byte, keys.MaxCredentialBytes+1))
	for name, c := range map[string][2]string{
		"unknown public key": {"pk_test_x", "right"},
		"wrong private key":  {good.PublicKey, "wrong"},
		"other pair's key":   {good.PublicKey, "other"},
		"swapped":            {"right", good.PublicKey},
		"other mode":         {other.PublicKey, "right"},
		"revoked":            {gone.PublicKey, "gone"},
		"empty":              {"", ""},
		"overlong":           {long, long},
	} {
		_, err := h.creds.Pair(t.Context(), c[0], keys.NewSecret(c[1]))
		if !errors.Is(err, keys.ErrPairInvalid) || err.Error() != keys.ErrPairInvalid.Error() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A charge is booked once per cause and its order number leads back to the very same hash.
func TestChargeIsBookedAndRepeatableByKey(t *testing.T) {
	h := openTill(t)
	pair := h.pair(t, merchant.Test, "right", false)
	amount, err := money.Parse(money.USD, "9.99")
	if err != nil {
		t.Fatal(err)
	}
	in := ChargeInput{Owner: ports.KeyOwner{Pair: pair}, Amount: amount, Description: "order #1024"}
	plain, _, err := h.charges.Charge(t.Context(), in, Once[ports.Booked]{})
	if err != nil || plain.Content != plain.Transaction.ContentHash() {
		t.Fatalf("charge: %v, %v", plain, err)
	}
	once := Once[ports.Booked]{Key: "k", Fingerprint: []byte("f"), Render: func(b ports.Booked) (ports.Answer, error) {
		return ports.Answer{Status: 200, Body: []byte(b.Transaction.OrderNo)}, nil
	}}
	first, _, err := h.charges.Charge(t.Context(), in, once)
	if err != nil || first.Transaction.OrderNo == plain.Transaction.OrderNo {
		t.Fatalf("second charge: %v, %v", first, err)
	}
	_, again, err := h.charges.Charge(t.Context(), in, once)
	if err != nil || again == nil || string(again.Body) != string(first.Transaction.OrderNo) {
		t.Errorf("repeated charge: %v, %v; want the answer of %s", again, err, first.Transaction.OrderNo)
	}
}

// A live charge has no payer, so it is refused unless the merchant asked to record such entries; it
// then never stands among money received.
func TestLiveChargeNeedsThePolicy(t *testing.T) {
	h := openTill(t)
	pair := h.pair(t, merchant.Live, "right", false)
	amount, err := money.Parse(money.USD, "9.99")
	if err != nil {
		t.Fatal(err)
	}
	in := ChargeInput{Owner: ports.KeyOwner{Pair: pair}, Amount: amount}
	if _, _, err := h.charges.Charge(t.Context(), in, Once[ports.Booked]{}); !errors.Is(err, checkout.ErrPaymentRejected) {
		t.Errorf("live charge: %v", err)
	}
	in.Owner.RecordedCharges = true
	booked, _, err := h.charges.Charge(t.Context(), in, Once[ports.Booked]{})
	if err != nil {
		t.Fatal(err)
	}
	if to := booked.Transaction.Postings[0].Destination; !strings.HasSuffix(string(to), ":recorded") {
		t.Errorf("recorded charge went to %s", to)
	}
}
