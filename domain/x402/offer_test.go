package x402

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/chain"
)

// An offer that could not be paid, or paid to nobody, is not made.
func TestOffersThatAreRefused(t *testing.T) {
	good := usdc(t)
	page := Resource{URL: "https://shop.example/a"}
	for name, c := range map[string]struct {
		r    Resource
		ways func(r Requirements) []Requirements
	}{
		"relative URL":     {Resource{URL: "/a"}, one},
		"no host":          {Resource{URL: "https:///a"}, one},
		"another protocol": {Resource{URL: "ftp://shop.example/a"}, one},
		"no URL":           {Resource{}, one},
		"long URL":         {Resource{URL: page.URL + strings.Repeat("a", maxURLBytes)}, one},
		"long description": {Resource{URL: page.URL, Description: strings.Repeat("a", maxTextBytes+1)}, one},
		"broken MIME type": {Resource{URL: page.URL, MIMEType: "\xff"}, one},
		"no way to pay":    {page, func(Requirements) []Requirements { return nil }},
		"one way twice":    {page, func(r Requirements) []Requirements { return []Requirements{r, r} }},
		"free":             {page, func(r Requirements) []Requirements { r.Amount = Uint256{}; return one(r) }},
		"pays nobody":      {page, func(r Requirements) []Requirements { r.PayTo = Address{}; return one(r) }},
		"pays the token":   {page, func(r Requirements) []Requirements { r.PayTo = r.Token.Contract(); return one(r) }},
		"no token":         {page, func(r Requirements) []Requirements { r.Token = Token{}; return one(r) }},
		"no time":          {page, func(r Requirements) []Requirements { r.Timeout = 9 * time.Second; return one(r) }},
		"too much time":    {page, func(r Requirements) []Requirements { r.Timeout = time.Hour + time.Second; return one(r) }},
		"a fraction":       {page, func(r Requirements) []Requirements { r.Timeout += time.Millisecond; return one(r) }},
		"too many to choose": {page, func(r Requirements) []Requirements {
			var out []Requirements
			for n := range Network(maxAccepts + 1) {
				r.Token = token(t, n+1, usdcSepolia, "USDC")
				out = append(out, r)
			}
			return out
		}},
	} {
		if _, err := NewOffer(c.r, c.ways(good)...); !errors.Is(err, ErrOffer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (Offer{}).Choose(specPayment().decode(t)); err == nil {
		t.Error("an offer of nothing was taken")
	}
	for name, c := range map[string]struct {
		n             Network
		contract      Address
		name, version string
	}{
		"network": {0, Address{1}, "USDC", "2"}, "contract": {1, Address{}, "USDC", "2"},
		"name": {1, Address{1}, "", "2"}, "version": {1, Address{1}, "USDC", ""}, "text": {1, Address{1}, "\xff", "2"},
	} {
		if _, err := NewToken(c.n, c.contract, c.name, c.version); !errors.Is(err, ErrToken) {
			t.Errorf("a token without %s: %v", name, err)
		}
	}
}

func one(r Requirements) []Requirements { return []Requirements{r} }

// What strict version 1 clients refuse a whole challenge over.
func TestChallengeForVersion1(t *testing.T) {
	unknown, second := usdc(t), usdc(t)
	unknown.Token = token(t, 42161, usdcSepolia, "USD Coin")
	second.Token = token(t, sepolia, usdcBase, "Euro")
	type challenge struct {
		X402Version int
		Error       string
		Message     string
		Reason      string
		Accepts     []map[string]any
	}
	for _, c := range []struct {
		offer Offer
		want  int
	}{{offerOf(t, unknown, usdc(t), second), 1}, {offerOf(t, unknown), 0}} {
		var got challenge
		if err := json.Unmarshal(c.offer.Challenge(nil).Body, &got); err != nil {
			t.Fatal(err)
		}
		if got.X402Version != 1 || got.Error != Asked || got.Accepts == nil || len(got.Accepts) != c.want {
			t.Fatalf("challenge %+v", got)
		}
		for _, way := range got.Accepts {
			if _, known := ParseNetwork(V1, way["network"].(string)); !known {
				t.Errorf("network %v", way["network"])
			}
			if _, has := way["outputSchema"]; has || way["mimeType"] == nil || way["description"] == nil {
				t.Errorf("way %v", way)
			}
		}
	}
}

// The answer to a refused payment says why, to each version in its words, and how to pay still.
func TestChallengeSaysWhy(t *testing.T) {
	c := offerOf(t, usdc(t)).Challenge(ReasonValue.Refuse("value must be exactly 10000"))
	required, err := base64.StdEncoding.DecodeString(c.Required)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]string{
		string(c.Body): {
			`"error":"invalid_exact_evm_payload_authorization_value"`, `"reason":"amount_mismatch"`,
			`"message":"value must be exactly 10000"`, `"maxAmountRequired":"10000"`,
		},
		string(required): {`"error":"invalid_exact_evm_payload_authorization_value_mismatch"`, `"amount":"10000"`},
	} {
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %s", text, part)
			}
		}
	}
}

// Whatever a shop calls its goods, clients read it as it was written, and a page that shows the answer
// finds no markup in it.
func TestTextIsWrittenAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		said := rapid.OneOf(rapid.String(), rapid.Just("<script>&\u2028\x7f\"\\")).Draw(t, "description")
		var w writer
		w.text(said)
		var got string
		if err := json.Unmarshal(w.out, &got); err != nil || got != said {
			t.Fatalf("%q became %s: %v", said, w.out, err)
		}
		if strings.ContainsAny(string(w.out), "<>&\u2028\u2029") {
			t.Fatalf("markup in %s", w.out)
		}
	})
}

func TestNetworksHaveNames(t *testing.T) {
	for _, c := range []struct {
		n      Network
		v1, v2 string
	}{
		{8453, "base", "eip155:8453"},
		{84532, "base-sepolia", "eip155:84532"},
		{137, "polygon", "eip155:137"},
		{43114, "avalanche", "eip155:43114"},
		{1, "", "eip155:1"},
		{0, "", ""},
	} {
		if c.n.Name(V1) != c.v1 || c.n.Name(V2) != c.v2 || c.n.String() != c.v2 || c.n.Name(0) != "" {
			t.Errorf("%d: %q, %q", c.n, c.n.Name(V1), c.n.Name(V2))
		}
		for v, name := range map[Version]string{V1: c.v1, V2: c.v2} {
			if got, ok := ParseNetwork(v, name); ok != (name != "") || ok && got != c.n {
				t.Errorf("%q is read as %d, %t", name, got, ok)
			}
		}
	}
	for _, name := range []string{
		"eip155:", "eip155:01", "eip155:-1", "eip155:1 ", "EIP155:1", "8453", "base",
		"eip155:18446744073709551616", "solana:mainnet",
	} {
		if n, ok := ParseNetwork(V2, name); ok {
			t.Errorf("%q is read as %d", name, n)
		}
	}
	if NetworkOf(chain.Base) != 8453 || NetworkOf(chain.Tron) != 0 {
		t.Error("networks are not those of the chains")
	}
}

func TestAddressesAreThoseOfChains(t *testing.T) {
	a, ok := AddressOf(chain.Address(payee))
	if !ok || a != address(t, payee) || a.String() != payee {
		t.Errorf("%s, %t", a, ok)
	}
	if _, ok := AddressOf(chain.Address(strings.ToLower(payee))); ok {
		t.Error("a chain's address without checksum")
	}
	if h, ok := ParseHash(specNonce); !ok || h.String() != specNonce {
		t.Errorf("%s, %t", h, ok)
	}
}
