package native_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports/portstest"
)

// challenged is the challenge of version 2 as it was sent.
func (x specExchange) challenged() []byte {
	x.t.Helper()
	text, err := base64.StdEncoding.DecodeString(x.Header().Get(x402.HeaderRequiredV2))
	if err != nil || !json.Valid(text) {
		x.t.Fatalf("challenge %q: %v", text, err)
	}
	return text
}

// A wallet that has paid signs in and gets what it paid for, with no payment and no receipt of one; a second
// request with its signature is asked to pay and told why.
func TestWalletsThatHavePaidSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		at := s.sold(strings.Replace(weather, `"content"`, `"discoverable":true,"tags":["sky"],"content"`, 1))
		asked := s.send("GET", at, "").want(402, "payment_required")
		if !strings.Contains(asked.Body.String(), `"outputSchema":{"input":{"type":"http","method":"GET"`) {
			t.Errorf("catalogs of version 1 are told %s", asked.Body)
		}
		for _, extension := range []string{
			x402.ExtensionPaymentID, x402.ExtensionDiscovery, x402.ExtensionSignIn, x402.ExtensionStatements,
		} {
			if !strings.Contains(string(asked.challenged()), `"`+extension+`":{"info":`) {
				t.Errorf("%s is not declared", extension)
			}
		}
		payer := portstest.NewTokenPayer()
		way := asked.required()
		payTo, _ := x402.ParseAddress(way.PayTo)
		units, _ := x402.ParseUint(way.Amount)
		paid := base64.StdEncoding.EncodeToString(payer.Sign(portstest.TokenPrice{
			Token: sandbox.USDC, Name: "USDC", Version: "2", Units: units, PayTo: payTo,
		}, s.clock.Now()))
		signIn := payer.SignIn(t, asked.challenged())
		s.send("GET", at, "", x402.HeaderSignIn, signIn).want(402)
		s.send("GET", at, "", x402.HeaderPaymentV2, paid).want(200)
		again := s.send("GET", at, "", x402.HeaderSignIn, signIn).want(200)
		if again.Body.String() != "sunny" || again.Header().Get(x402.HeaderResponseV2) != "" ||
			again.Header().Get("Cache-Control") != "private" {
			t.Errorf("came back to %q with %v", again.Body, again.Header())
		}
		for _, value := range []string{signIn, "?", ""} {
			refused := s.send("GET", at, "", x402.HeaderSignIn, value).want(402)
			if refused.text("reason") != "invalid_sign_in" || !json.Valid(refused.challenged()) {
				t.Errorf("%q: %s", value, refused.Body)
			}
		}
	})
}

// A payment-identifier that is none is the program's to mend: 400, and nothing is taken.
func TestPaymentIdentifiersThatAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		at := s.sold(weather)
		text, err := base64.StdEncoding.DecodeString(s.signed(s.send("GET", at, "").want(402).required()))
		if err != nil {
			t.Fatal(err)
		}
		with := func(id string) string {
			return base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(text), `{"x402Version"`,
				`{"extensions":{"payment-identifier":{"info":{"required":false,"id":"`+id+`"}}},"x402Version"`, 1)))
		}
		refused := s.send("GET", at, "", x402.HeaderPaymentV2, with("short")).want(400)
		if refused.text("reason") != "invalid_payment_identifier" {
			t.Errorf("%s", refused.Body)
		}
		s.send("GET", at, "", x402.HeaderPaymentV2, with("order-0000000000001")).want(200)
		s.send("GET", at, "", x402.HeaderPaymentV2, with("order-0000000000001")).want(200)
	})
}
