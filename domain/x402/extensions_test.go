package x402

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// issuer signs as the gateway does; its key is known to everybody.
func issuer(t testing.TB) (Issuer, ed25519.PublicKey) {
	t.Helper()
	seed := sha256.Sum256([]byte("the gateway of these tests"))
	key := ed25519.NewKeyFromSeed(seed[:])
	did, err := DIDWeb("https://api.example.com")
	if err != nil {
		t.Fatal(err)
	}
	public, _ := key.Public().(ed25519.PublicKey)
	return Issuer{KeyID: did + "#1", Sign: func(m []byte) []byte { return ed25519.Sign(key, m) }}, public
}

// offeredAt is when the extended challenge was made.
var offeredAt = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)

// extendedOffer declares everything there is.
func extendedOffer(t testing.TB) Offer {
	t.Helper()
	o, err := NewOffer(Resource{
		URL:         "https://api.example.com/v1/resource/report?merchant=m1&lang=%3Cen%3E",
		Description: "A <report> & more", MIMEType: "application/json", ServiceName: "Reports Inc.", Tags: []string{"finance", "daily"},
	}, usdc(t))
	if err != nil {
		t.Fatal(err)
	}
	o, err = o.With(Extensions{
		PaymentID: PaymentIDRequired,
		Discovery: &Discovery{
			Method: "GET", RouteTemplate: "/v1/resource/:sku", Path: []Parameter{{"sku", "report"}},
			Query: []Parameter{{"merchant", "m1"}, {"lang", "<en>"}}, Output: "json",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	by, _ := issuer(t)
	ask := SignInAsk{Nonce: [SignInNonceBytes]byte{1, 2, 3, 15: 0xff}, At: offeredAt}
	return o.Sealed(by, offeredAt.Add(time.Minute)).Asking(ask)
}

// settledResponse is the answer to a payment of the extended offer.
func settledResponse(t testing.TB) Response {
	t.Helper()
	by, _ := issuer(t)
	r := Response{due: usdc(t).due(specPayment().decode(t).Authorization()), tx: Hash{0xab}, settledAt: offeredAt}
	return r.Receipted(by, "https://api.example.com/v1/resource/report?merchant=m1&lang=%3Cen%3E")
}

// official is what the official clients made of our challenge and our receipt (testdata/extensions.mjs).
type official struct {
	SignedAt  int64             `json:"signedAt"`
	Payer     string            `json:"payer"`
	Headers   map[string]string `json:"headers"`
	PaymentID string            `json:"paymentId"`
	SignedIn  map[string]string `json:"signedIn"` // without and with what may be left out
	Offer     map[string]any    `json:"offer"`    // as they read it once its signature held
	Receipt   map[string]any    `json:"receipt"`
	Discovery map[string]any    `json:"discovery"`
}

func officials(t testing.TB) (out official) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "extensions-clients.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// testdata/extensions.json is what extensions.mjs gives to the official clients. UPDATE=1 writes it anew.
func TestExtensionsAreWhatTheClientsWereGiven(t *testing.T) {
	c := extendedOffer(t).Challenge(nil)
	required, err := base64.StdEncoding.DecodeString(c.Required)
	if err != nil {
		t.Fatal(err)
	}
	_, public := issuer(t)
	_, receipt := settledResponse(t).Header(V2)
	got := string(c.Body) + "\n" + string(required) + "\n" + base64.RawURLEncoding.EncodeToString(public) + "\n" + receipt + "\n"
	path := filepath.Join("testdata", "extensions.json")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("challenge differs; UPDATE=1, then run testdata/extensions.mjs (-kept +made):\n%s", diff)
	}
}

// Clients of both versions pay a challenge with every extension; those of version 2 name their payment.
func TestOfficialClientsPayTheExtendedChallenge(t *testing.T) {
	made, offer := officials(t), extendedOffer(t)
	for version, name := range map[Version]string{V1: HeaderPaymentV1, V2: HeaderPaymentV2} {
		p, err := Decode(version, made.Headers[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v, err := offer.Verify(p, time.Unix(made.SignedAt, 0))
		if err != nil || v.Standing() != ByKey || v.Due().Payer.String() != made.Payer {
			t.Errorf("%s: %v of %s: %v", name, v.Standing(), v.Due().Payer, err)
		}
		if version == V2 && (p.PaymentID() != made.PaymentID || made.PaymentID == "") {
			t.Errorf("payment id %q, want %q", p.PaymentID(), made.PaymentID)
		}
	}
}

// What the official client verifies and reads of an offer, a receipt and what is to be listed.
func TestOfficialClientsReadTheStatements(t *testing.T) {
	made := officials(t)
	offer := map[string]any{
		"version": 1.0, "resourceUrl": "https://api.example.com/v1/resource/report?merchant=m1&lang=%3Cen%3E",
		"scheme": "exact", "network": "eip155:84532", "asset": usdcSepolia, "payTo": payee, "amount": "10000",
		"validUntil": float64(offeredAt.Unix() + 60),
	}
	receipt := map[string]any{
		"version": 1.0, "resourceUrl": offer["resourceUrl"], "network": "eip155:84532", "payer": specPayer,
		"issuedAt": float64(offeredAt.Unix()), "transaction": Hash{0xab}.String(),
	}
	if diff := cmp.Diff(offer, made.Offer); diff != "" {
		t.Errorf("offer: %s", diff)
	}
	if diff := cmp.Diff(receipt, made.Receipt); diff != "" {
		t.Errorf("receipt: %s", diff)
	}
	listed := map[string]any{
		"input": map[string]any{
			"type": "http", "method": "GET", "pathParams": map[string]any{"sku": "report"},
			"queryParams": map[string]any{"merchant": "m1", "lang": "<en>"},
		},
		"output": map[string]any{"type": "json"},
	}
	if diff := cmp.Diff(map[string]any{"valid": true, "v2": listed, "v1": map[string]any{"input": map[string]any{
		"type": "http", "method": "GET", "queryParams": map[string]any{"merchant": "m1", "lang": "<en>"},
	}}}, made.Discovery); diff != "" {
		t.Errorf("discovery: %s", diff)
	}
}

// A required identifier is offeredAt for before anything else is done, of those who can give one.
func TestARequiredPaymentID(t *testing.T) {
	for rule, want := range map[PaymentIDRule]Reason{0: 0, PaymentIDOptional: 0, PaymentIDRequired: ReasonPaymentID} {
		offer, err := offerOf(t, usdc(t)).With(Extensions{PaymentID: rule})
		if err != nil {
			t.Fatal(err)
		}
		_, err = offer.Choose(specPayment().decode(t))
		wants(t, err, want)
		_, err = offer.Verify(specPayment().decode(t), specNow)
		wants(t, err, want)
		_, err = offer.Verify(specPayment().v1().decode(t), specNow)
		wants(t, err, 0)
		named := extended(specPayment(), `{"payment-identifier":{"info":{"id":"0123456789abcdef"}}}`)
		_, err = offer.Verify(named.decode(t), specNow)
		wants(t, err, 0)
	}
	if _, err := offerOf(t, usdc(t)).With(Extensions{PaymentID: 9}); !errors.Is(err, ErrOffer) {
		t.Errorf("a rule that is none: %v", err)
	}
}

// Nothing is declared that was not offeredAt for, and what was said of one challenge is not in the next.
func TestExtensionsAreNotLeftBehind(t *testing.T) {
	offer := offerOf(t, usdc(t))
	if c := offer.Challenge(nil); strings.Contains(requiredJSON(t, c), "extensions") || strings.Contains(string(c.Body), "outputSchema") {
		t.Error("extensions that nobody offeredAt for")
	}
	with := offer.Asking(SignInAsk{At: offeredAt})
	if !strings.Contains(requiredJSON(t, with.Challenge(nil)), ExtensionSignIn) ||
		strings.Contains(requiredJSON(t, offer.Challenge(nil)), ExtensionSignIn) {
		t.Error("the question of one challenge is not that challenge's alone")
	}
}

func requiredJSON(t testing.TB, c Challenge) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(c.Required)
	if err != nil || !json.Valid(text) {
		t.Fatalf("%v: %s", err, text)
	}
	return string(text)
}

// Of many ways to pay as many are signed as clients can send back through a proxy; the first is.
func TestSignedOffersLeaveRoom(t *testing.T) {
	var ways []Requirements
	for n := range Network(maxAccepts) {
		way := usdc(t)
		way.Token = token(t, 8453+n, usdcBase, "USD Coin")
		ways = append(ways, way)
	}
	by, public := issuer(t)
	var got struct {
		Extensions map[string]struct {
			Info struct {
				Offers []struct {
					AcceptIndex       int
					Format, Signature string
				}
			}
		}
	}
	text := requiredJSON(t, offerOf(t, ways...).Sealed(by, offeredAt).Challenge(nil))
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	offers := got.Extensions[ExtensionStatements].Info.Offers
	if len(offers) == 0 || len(offers) == len(ways) || len(text) > maxSealedBytes {
		t.Fatalf("%d of %d offers are signed, in %d bytes", len(offers), len(ways), len(text))
	}
	for i, o := range offers {
		parts := strings.Split(o.Signature, ".")
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil || o.AcceptIndex != i || !ed25519.Verify(public, []byte(parts[0]+"."+parts[1]), signature) {
			t.Errorf("offer %d: %+v, %v", i, o, err)
		}
	}
}

// Who did not pay has no receipt.
func TestNoReceiptWithoutSuccess(t *testing.T) {
	by, _ := issuer(t)
	r := Response{due: usdc(t).due(specPayment().decode(t).Authorization()), refusal: ReasonFunds.Refuse("too little")}
	if text := string(r.Receipted(by, "https://api.example.com/a").Meta()); strings.Contains(text, "receipt") {
		t.Error(text)
	}
}

func TestDIDWeb(t *testing.T) {
	for base, want := range map[string]string{
		"https://pay.example.com":        "did:web:pay.example.com",
		"https://pay.example.com/":       "did:web:pay.example.com",
		"http://localhost:8080":          "did:web:localhost%3A8080",
		"https://example.com/shop/pay/":  "",
		"http://[::1]:8080":              "",
		"pay.example.com":                "",
		"https://u:p@pay.example.com":    "",
		"https://pay.example.com/?a=b":   "",
		"https://pay.example.com/#where": "",
	} {
		got, err := DIDWeb(base)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", base, got, err)
		}
	}
}

// What catalogs would drop, or be led astray by, is not declared.
func TestDiscoveriesThatAreRefused(t *testing.T) {
	good := Discovery{Method: "GET", Output: "json"}
	for name, change := range map[string]func(d *Discovery){
		"a method with a body": func(d *Discovery) { d.Method = "POST" },
		"no method":            func(d *Discovery) { d.Method = "" },
		"an odd answer":        func(d *Discovery) { d.Output = "html" },
		"no path":              func(d *Discovery) { d.RouteTemplate = "v1" },
		"a query":              func(d *Discovery) { d.RouteTemplate = "/v1?a=:b" },
		"a way up":             func(d *Discovery) { d.RouteTemplate = "/v1/../:sku" },
		"a hidden way up":      func(d *Discovery) { d.RouteTemplate = "/v1/%252e%252e/:sku" },
		"another host":         func(d *Discovery) { d.RouteTemplate = "/https%3A%2F%2Fevil" },
		"half an escape":       func(d *Discovery) { d.RouteTemplate = "/v1/%2" },
		"no name":              func(d *Discovery) { d.Query = []Parameter{{"", "x"}} },
		"one name twice":       func(d *Discovery) { d.Path = []Parameter{{"a", "x"}, {"a", "y"}} },
		"a long value":         func(d *Discovery) { d.Query = []Parameter{{"a", strings.Repeat("x", maxTextBytes)}} },
		"too many":             func(d *Discovery) { d.Query = make([]Parameter, maxParameters+1) },
	} {
		d := good
		change(&d)
		if _, err := offerOf(t, usdc(t)).With(Extensions{Discovery: &d}); !errors.Is(err, ErrOffer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, r := range []Resource{
		{ServiceName: strings.Repeat("a", 33)},
		{ServiceName: "é"},
		{Tags: []string{""}},
		{Tags: []string{"a\n"}},
		{Tags: []string{"1", "2", "3", "4", "5", "6"}},
	} {
		r.URL = "https://shop.example/a"
		if _, err := NewOffer(r, usdc(t)); !errors.Is(err, ErrOffer) {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
