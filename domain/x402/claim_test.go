package x402

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// One authorization has one key, however it is spelled, in both versions, with whatever signature.
func TestKeyIsOfTheAuthorization(t *testing.T) {
	way := usdc(t)
	const want = "eip155:84532/0x036cbd53842c5426634e7929541ec2318f3dcf7e/" +
		"0x857b06519e91e3a54538791bdbb0e22373e36b66/" + specNonce
	capitals := specPayment()
	capitals.from, capitals.nonce = "0x"+strings.ToUpper(specPayer[2:]), "0x"+strings.ToUpper(specNonce[2:])
	unsigned := specPayment()
	unsigned.signature = "0x00"
	for _, p := range []payment{specPayment(), specPayment().v1(), capitals, unsigned} {
		if got := way.KeyOf(p.decode(t)).String(); got != want {
			t.Errorf("key %s, want %s", got, want)
		}
	}
	if got := specDue(t).Key().String(); got != want {
		t.Errorf("key of what is due %s, want %s", got, want)
	}
}

// Another network, token, payer or nonce is another claim; another value or window is not.
func TestKeysAreApart(t *testing.T) {
	way := usdc(t)
	keys := map[ClaimKey]bool{way.KeyOf(specPayment().decode(t)): true}
	add := func(r Requirements, change func(*payment)) {
		p := specPayment()
		change(&p)
		keys[r.KeyOf(p.decode(t))] = true
	}
	mainnet, euro := way, way
	mainnet.Token, euro.Token = token(t, 8453, usdcSepolia, "USDC"), token(t, sepolia, usdcBase, "USDC")
	add(mainnet, func(*payment) {})
	add(euro, func(*payment) {})
	add(way, func(p *payment) { p.from = payee })
	add(way, func(p *payment) { p.nonce = "0x" + strings.Repeat("ab", 32) })
	if len(keys) != 5 {
		t.Errorf("%d keys of 5 authorizations", len(keys))
	}
	add(way, func(p *payment) { p.value, p.validBefore, p.to = "1", "2", usdcBase })
	if len(keys) != 5 {
		t.Error("one nonce was given two keys")
	}
}

func asked() Request {
	return Request{
		MerchantID: "shop", SKU: "weather", Method: "GET", Target: "/v1/resource/weather?merchant=shop",
		Client: "203.0.113.7",
	}
}

// A claim is bound to all that the answer may depend on (the official servers bind nothing: a payment
// for one page opened another of the same price).
func TestBindingIsToWhatWasAsked(t *testing.T) {
	way, p := usdc(t), specPayment()
	first := way.BindingOf(p.decode(t), asked())
	same := p.v1()
	same.signature = "0x00"
	again := asked()
	again.Client = "198.51.100.9"
	if b := way.BindingOf(same.decode(t), again); !first.Same(b) || b == first {
		t.Error("the same payment for the same thing, by another client, is not the same binding but for the client")
	}
	for name, change := range map[string]func(*Request, *payment){
		"merchant":    func(r *Request, _ *payment) { r.MerchantID = "other" },
		"sku":         func(r *Request, _ *payment) { r.SKU = "slow" },
		"method":      func(r *Request, _ *payment) { r.Method = "POST" },
		"target":      func(r *Request, _ *payment) { r.Target += "&city=Kyoto" },
		"body":        func(r *Request, _ *payment) { r.Body = []byte("{}") },
		"value":       func(_ *Request, p *payment) { p.value = "1" },
		"validBefore": func(_ *Request, p *payment) { p.validBefore = "1740672155" },
		"payee":       func(_ *Request, p *payment) { p.to = usdcBase },
	} {
		r, other := asked(), p
		change(&r, &other)
		if first.Same(way.BindingOf(other.decode(t), r)) {
			t.Errorf("another %s is the same binding", name)
		}
	}
}

// No part of a request can be moved into its neighbour.
func TestFingerprintsAreOfTheParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) Request {
			return Request{
				Method: rapid.StringN(0, 3, -1).Draw(t, name+" method"),
				Target: rapid.StringN(0, 3, -1).Draw(t, name+" target"),
				Body:   rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, name+" body"),
			}
		}
		a, b := draw("a"), draw("b")
		equal := a.Method == b.Method && a.Target == b.Target && bytes.Equal(a.Body, b.Body)
		if (a.Fingerprint() == b.Fingerprint()) != equal {
			t.Fatalf("%+v, %+v", a, b)
		}
	})
	gap := strings.Repeat("\x00", 8) // as long as the length that is written before each part
	for _, c := range [][2]Request{
		{{Method: "GET", Target: "/a"}, {Method: "GET/", Target: "a"}},
		{{Target: "/a", Body: []byte(gap + "b")}, {Target: "/a" + gap, Body: []byte("b")}},
	} {
		if c[0].Fingerprint() == c[1].Fingerprint() {
			t.Errorf("a part of %q moved into its neighbour", c[0])
		}
	}
}
