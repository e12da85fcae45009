package app

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// kiosk is where a report is sold, to wallets that sign as the official client does: what they signed is
// kept with package x402.
type kiosk struct {
	*testing.T
	*Paywall
	shop   portstest.Shop
	clock  *postClock
	offer  x402.Offer
	report resource.Snapshot
	payer  x402.Address
	header string
}

func openKiosk(t *testing.T) *kiosk {
	t.Helper()
	store := memory.New(memory.Restless())
	c := &kiosk{T: t, clock: &postClock{}}
	c.clock.set(time.Date(2026, 11, 21, 14, 1, 0, 0, time.UTC)) // a minute after the challenge was made
	core := Core{Work: store, Clock: c.clock, IDs: digitIDs{draws: new([]int)}, Vault: deskVault{}}
	c.Paywall = &Paywall{
		Core: core, Reads: store.Authorizations(),
		Attestations: Attestations{Core: core, Signer: portstest.Pen{}, Issuer: "https://api.example.com"},
	}
	c.shop = portstest.OpenShop(t, portstest.World{Work: store, Authorizations: store.Authorizations()})
	c.report = resource.Snapshot{
		MerchantID: c.shop.ID(), SKU: "report", Mode: merchant.Test, Content: resource.Content{Kind: resource.File},
	}
	text, err := os.ReadFile(filepath.Join("..", "domain", "x402", "testdata", "extensions-clients.json"))
	c.ok(err)
	var signed struct {
		Payer    string
		SignedIn map[string]string
	}
	c.ok(json.Unmarshal(text, &signed))
	c.payer, _ = x402.ParseAddress(signed.Payer)
	c.header = signed.SignedIn["whole"]
	c.offer = c.sells("https://api.example.com/v1/resource/report?merchant=m1&lang=%3Cen%3E")
	return c
}

func (c *kiosk) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// sells makes an offer on Base Sepolia.
func (c *kiosk) sells(url string) x402.Offer {
	c.Helper()
	usdc, _ := x402.ParseAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
	token, err := x402.NewToken(84532, usdc, "USDC", "2")
	c.ok(err)
	o, err := x402.NewOffer(x402.Resource{URL: url, MIMEType: "application/pdf"}, x402.Requirements{
		Token: token, Amount: x402.Uint(10_000), PayTo: portstest.EVMAccount(), Timeout: time.Minute,
	})
	c.ok(err)
	return o
}

// paid records a settlement of a payer for a SKU.
func (c *kiosk) paid(sku string, payer x402.Address) {
	c.shop.AddAuthorization(c.T, x402.Settled, func(s *x402.Snapshot, _ *ports.AuthorizationRow) {
		s.Binding.SKU, s.Due.Payer = sku, payer
	})
}

func (c *kiosk) readmit(r resource.Snapshot) error {
	said, err := c.admits(c.Context(), c.offer, r, []string{c.header})
	if !said {
		c.Error("nothing was said")
	}
	return err
}

func (c *kiosk) refused(err error, saying string) {
	c.Helper()
	var refusal *x402.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != x402.ReasonSignIn || !strings.Contains(refusal.Detail, saying) {
		c.Errorf("want a refusal that says %q, got %v", saying, err)
	}
}

// Who has paid is given again what he paid for, once for each signature, and nothing else.
func TestWhoHasPaidIsReadmittedOnce(t *testing.T) {
	c := openKiosk(t)
	c.paid("another", c.payer)
	c.paid("report", portstest.EVMAccount())
	c.refused(c.readmit(c.report), "has not paid")
	c.paid("report", c.payer)
	made := c.report
	made.Content = resource.Content{Kind: resource.Upstream}
	c.refused(c.readmit(made), "each time")
	c.ok(c.readmit(c.report)) // what was refused has not used the signature up
	c.refused(c.readmit(c.report), "before")
	c.clock.set(c.clock.Now().Add(x402.SignInFor))
	c.refused(c.readmit(c.report), "too old")
	said, err := c.admits(t.Context(), c.offer, c.report, nil)
	if said || err != nil {
		t.Errorf("a request that says nothing: %t, %v", said, err)
	}
}

// Of many who present one signature at once one is let in.
func TestOneSignatureAdmitsOneRequest(t *testing.T) {
	c := openKiosk(t)
	c.paid("report", c.payer)
	const visitors = 16
	errs := make([]error, visitors)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = c.readmit(c.report) })
	}
	all.Wait()
	in := 0
	for _, err := range errs {
		if err == nil {
			in++
			continue
		}
		c.refused(err, "before")
	}
	if in != 1 {
		t.Errorf("%d of %d were let in", in, visitors)
	}
}

// A signature for another seller, or one that only a contract could vouch for, opens nothing.
func TestStrangersAreNotReadmitted(t *testing.T) {
	c := openKiosk(t)
	c.paid("report", c.payer)
	c.offer = c.sells("https://elsewhere.example/v1/resource/report?merchant=m1&lang=%3Cen%3E")
	c.refused(c.readmit(c.report), "elsewhere.example")
	c.offer = openKiosk(t).offer
	honest, victim := c.header, portstest.EVMAccount()
	c.paid("report", victim)
	c.header = claiming(t, honest, victim)
	c.refused(c.readmit(c.report), "not by the key")
	c.header = "?"
	c.refused(c.readmit(c.report), "base64")
}

// claiming is a sign-in whose address was exchanged for another's.
func claiming(t *testing.T, header string, who x402.Address) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(header)
	if err != nil {
		t.Fatal(err)
	}
	var said map[string]any
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	said["address"] = who.String()
	if text, err = json.Marshal(said); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

// What an offer declares is what follows from the resource.
func TestOffersDeclareWhatHolds(t *testing.T) {
	c := openKiosk(t)
	says := func(o x402.Offer, r resource.Snapshot) map[string]json.RawMessage {
		t.Helper()
		o, err := c.declare(o, r)
		c.ok(err)
		result, err := c.asking(o, r).Challenge(nil).ToolResult()
		c.ok(err)
		var got struct {
			StructuredContent struct{ Extensions map[string]json.RawMessage }
		}
		c.ok(json.Unmarshal(result, &got))
		return got.StructuredContent.Extensions
	}
	listed, made := c.report, c.report
	listed.Terms.Discoverable = true
	made.Content = resource.Content{Kind: resource.Upstream}
	for name, want := range map[string]struct {
		r    resource.Snapshot
		keys []string
	}{
		"stored": {c.report, []string{x402.ExtensionPaymentID, x402.ExtensionSignIn, x402.ExtensionStatements}},
		"listed": {listed, []string{
			x402.ExtensionPaymentID, x402.ExtensionDiscovery, x402.ExtensionSignIn, x402.ExtensionStatements,
		}},
		"made": {made, []string{x402.ExtensionPaymentID, x402.ExtensionStatements}},
	} {
		got := says(c.offer, want.r)
		for _, key := range want.keys {
			if got[key] == nil {
				t.Errorf("%s: %s is not declared", name, key)
			}
		}
		if len(got) != len(want.keys) {
			t.Errorf("%s: %d extensions, want %d", name, len(got), len(want.keys))
		}
	}
	one, two := says(c.offer, c.report), says(c.offer, c.report)
	if string(one[x402.ExtensionSignIn]) == string(two[x402.ExtensionSignIn]) {
		t.Error("two challenges ask with one nonce")
	}
	if string(one[x402.ExtensionStatements]) != string(two[x402.ExtensionStatements]) {
		t.Error("one moment's offers are signed in two ways")
	}
	c.Attestations.Issuer = "https://example.com/pay"
	if got := says(c.offer, made); got[x402.ExtensionStatements] != nil {
		t.Error("a gateway without a DID signs offers")
	}
}

func TestOutputsAreNamedForCatalogs(t *testing.T) {
	for mime, want := range map[string]string{
		"": "", "application/json": "json", "application/json; charset=utf-8": "json", "application/ld+json": "json",
		"text/csv": "text", "application/pdf": "binary", "image/png": "binary",
	} {
		if got := outputOf(mime); got != want {
			t.Errorf("%s is %q, want %q", mime, got, want)
		}
	}
}
