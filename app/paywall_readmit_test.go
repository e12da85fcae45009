package app

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports/portstest"
)

// required is the challenge of a sale as version 2 has it.
func (m *market) required(s Sale) []byte {
	m.Helper()
	if s.Challenge == nil {
		m.Fatalf("no challenge: %d, %v", s.Status(), s.Fault)
	}
	text, err := base64.StdEncoding.DecodeString(s.Challenge.Required)
	m.ok(err)
	return text
}

// signsIn is a request for a resource by somebody who says who he is, without a payment.
func (m *market) signsIn(sku string, who portstest.TokenPayer) Purchase {
	m.Helper()
	p := m.wants(sku)
	p.SignIn = []string{who.SignIn(m, m.required(m.buy(p, http.StatusPaymentRequired)))}
	return p
}

// A wallet that has paid is given what it paid for again, from anywhere and without a payment; what its
// answer is worth, and whose it is, does not change what the book says.
func TestAWalletThatHasPaidComesBack(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		m.sells("climate", "10000")
		payer := portstest.NewTokenPayer()
		before := m.buy(m.signsIn("weather", payer), http.StatusPaymentRequired)
		if before.Fault == nil || before.Fault.Code != "invalid_sign_in" || before.Answer != nil {
			m.Errorf("before the payment: %+v", before)
		}
		p := m.wants("weather")
		p.V2 = []string{base64.StdEncoding.EncodeToString(payer.Sign(m.asks("weather"), time.Now()))}
		m.gets(m.buy(p, http.StatusOK), forecast)
		time.Sleep(24 * time.Hour) // the stored answer is long gone

		again := m.signsIn("weather", payer)
		again.Client = "198.51.100.9"
		sale := m.buy(again, http.StatusOK)
		if string(sale.Answer.Body) != forecast || sale.Response != nil || sale.Challenge != nil {
			m.Errorf("came back to %+v", sale)
		}
		if twice := m.buy(again, http.StatusPaymentRequired); twice.Answer != nil {
			m.Error("one signature opened twice")
		}
		m.buy(m.signsIn("climate", payer), http.StatusPaymentRequired)
		m.buy(m.signsIn("weather", portstest.NewTokenPayer()), http.StatusPaymentRequired)
		m.books(1, 0)
	})
}

// Nobody signs in to what is made for each request, and a price is all that HEAD asks for.
func TestWhatIsMadeIsPaidEachTime(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		m.sells("live", "10000", fetched)
		if text := m.required(m.buy(m.wants("live"), http.StatusPaymentRequired)); strings.Contains(string(text), x402.ExtensionSignIn) {
			m.Errorf("asked who pays each time: %s", text)
		}
		p := m.signsIn("weather", portstest.NewTokenPayer())
		p.Method = http.MethodHead
		if sale := m.buy(p, http.StatusPaymentRequired); sale.Fault != nil {
			m.Errorf("HEAD was let in or refused: %v", sale.Fault)
		}
		p = m.signsIn("weather", portstest.NewTokenPayer())
		p.SKU, p.Target = "live", m.wants("live").Target
		if sale := m.buy(p, http.StatusPaymentRequired); sale.Fault == nil || m.upstream.times() != 0 {
			m.Error("somebody signed in to what is made for each request")
		}
	})
}

// What is delivered comes with a receipt under the gateway's signature, and a repetition with the same one.
func TestWhatIsDeliveredHasASignedReceipt(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		p := m.pays("weather")
		receipt := func(s Sale) string {
			t.Helper()
			var response struct {
				Payer, Transaction string
				Extensions         map[string]struct {
					Info struct {
						Receipt struct{ Format, Signature string }
					}
				}
			}
			m.ok(json.Unmarshal(s.Response.Meta(), &response))
			jws := response.Extensions[x402.ExtensionStatements].Info.Receipt.Signature
			parts := strings.Split(jws, ".")
			if len(parts) != 3 {
				m.Fatalf("receipt %q", jws)
			}
			signature, err := base64.RawURLEncoding.DecodeString(parts[2])
			m.ok(err)
			key := portstest.Pen{}.Keys()[0]
			if !ed25519.Verify(key[:], []byte(parts[0]+"."+parts[1]), signature) {
				m.Error("the signature is not the gateway's")
			}
			payload, err := base64.RawURLEncoding.DecodeString(parts[1])
			m.ok(err)
			var said struct{ ResourceURL, Payer, Transaction string }
			m.ok(json.Unmarshal(payload, &said))
			if said.Payer != response.Payer || said.Transaction != response.Transaction ||
				!strings.HasPrefix(said.ResourceURL, "https://pay.example/v1/resource/weather") {
				m.Errorf("the receipt says %s", payload)
			}
			return jws
		}
		first := receipt(m.buy(p, http.StatusOK))
		time.Sleep(time.Minute)
		if again := receipt(m.buy(p, http.StatusOK)); again != first {
			m.Error("one payment has two receipts")
		}
	})
}
