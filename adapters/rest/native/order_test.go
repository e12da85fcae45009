package native_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/101pay/101pay/domain/x402"
)

// opened opens a session over 10 USD and answers its id and where programs pay it, without the host.
func (s *specShop) opened(more string) (id, at string) {
	s.t.Helper()
	made := s.login("POST", "/v1/checkout/sessions", `{"amount":"10.00","currency":"USD"`+more+`}`).want(201)
	id = made.text("session", "id")
	at = "/v1/checkout/sessions/" + id + "/x402"
	if url := made.text("x402_url"); url != specPublicURL+at || made.text("session", "x402_url") != url {
		s.t.Errorf("programs are sent to %s", url)
	}
	return id, at
}

// A session has a URL for programs beside the page for people; a program of either version pays there, and
// everybody is told the same.
func TestASessionIsPaidByAProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		for _, version := range []string{x402.HeaderPaymentV2, x402.HeaderPaymentV1} {
			id, at := s.opened("")
			way := s.send("GET", at, "").want(402)
			if !strings.Contains(way.Body.String(), `"maxAmountRequired":"10000000"`) {
				t.Errorf("version 1 is told %s", way.Body)
			}
			paid, receipt := s.signed(way.required()), x402.HeaderResponseV2
			if version == x402.HeaderPaymentV1 {
				paid, receipt = asVersion1(t, paid), x402.HeaderResponseV1
			}
			for range 2 {
				got := s.send("GET", at, "", version, paid).want(200)
				if got.text("session", "status") != "paid" || got.text("payment", "status") != "paid" ||
					got.text("payment", "orderNo") == "" || got.Header().Get(receipt) == "" ||
					!strings.Contains(got.Body.String(), `"duplicate":false`) {
					t.Errorf("paid: %s with %v", got.Body, got.Header())
				}
			}
			again := s.send("GET", at, "").want(409, "session_already_paid")
			if again.Header().Get(x402.HeaderRequiredV2) != "" {
				t.Error("who comes late is asked to pay")
			}
			s.send("HEAD", at, "").want(409)
			shown := s.send("GET", "/v1/checkout/sessions/"+id, "").want(200)
			if shown.text("session", "status") != "paid" || shown.text("session", "receipt", "currency") != "USDC" {
				t.Errorf("the page says %s", shown.Body)
			}
			list := s.key("GET", "/v1/payments?kind=x402&limit=1", "").want(200)
			if !strings.Contains(list.Body.String(), `"session":"`+id+`"`) || strings.Contains(list.Body.String(), `"sku"`) {
				t.Errorf("the list of what programs paid: %s", list.Body)
			}
		}
		if book := s.login("GET", "/v1/transactions?type=payment", "").want(200); strings.Count(book.Body.String(), `"type":"payment"`) != 2 {
			t.Errorf("the statement shows %s", book.Body)
		}
	})
}

// What no program can pay says so, and nobody is asked for money for what is not to be paid.
func TestSessionsNoProgramPays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		made := s.login("POST", "/v1/checkout/sessions", `{"amount":"10.00","currency":"USD","method":"usdt"}`).want(201)
		if body := made.Body.String(); !strings.Contains(body, `"x402_url":null,"x402_unavailable":"method"`) {
			t.Errorf("a session for USDT alone: %s", body)
		}
		at := "/v1/checkout/sessions/" + made.text("session", "id") + "/x402"
		s.send("GET", at, "").want(409, "not_payable_by_programs")
		id, at := s.opened("")
		page := s.send("GET", at, "", "Accept", "text/html").want(402)
		if !strings.HasPrefix(page.Header().Get("Content-Type"), "text/html") {
			t.Errorf("a browser is answered %v", page.Header())
		}
		s.send("GET", at, "", x402.HeaderPaymentV2, "%%").want(400)
		if w := s.ask("GET", at+"?a=b", ""); w.Code != http.StatusBadRequest {
			t.Errorf("a query: %d", w.Code)
		}
		paid := s.signed(s.send("HEAD", at, "").want(402).required())
		s.login("POST", "/v1/checkout/sessions/"+id+"/cancel", "").want(200)
		s.send("GET", at, "", x402.HeaderPaymentV2, paid).want(409, "session_cancelled")
		s.send("GET", "/v1/checkout/sessions/6cec779a-196c-4aa0-a250-5f3a2f91a925/x402", "").want(404, "not_found")
	})
}

// walkOrder pays a session as a program.
func walkOrder(s *specShop) {
	_, at := s.opened("")
	s.send("GET", at, "", x402.HeaderPaymentV2, s.signed(s.send("GET", at, "").want(402).required())).want(200)
}
