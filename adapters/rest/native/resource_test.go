package native_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports/portstest"
)

// offered is the first way to pay in a challenge of version 2.
type offered struct {
	Amount, PayTo, Network, Asset string
}

// sold makes a resource and answers where it is bought.
func (s *specShop) sold(body string) string {
	s.t.Helper()
	made := s.login("POST", "/v1/resources", body).want(201)
	return strings.TrimPrefix(made.text("resource", "url"), specPublicURL)
}

// required reads the challenge of an unpaid answer.
func (x specExchange) required() offered {
	x.t.Helper()
	text, err := base64.StdEncoding.DecodeString(x.Header().Get(x402.HeaderRequiredV2))
	if err != nil {
		x.t.Fatal(err)
	}
	var c struct{ Accepts []offered }
	if err := json.Unmarshal(text, &c); err != nil || len(c.Accepts) == 0 {
		x.t.Fatalf("challenge %s: %v", text, err)
	}
	return c.Accepts[0]
}

// signed pays a challenge as a client of version 2 does.
func (s *specShop) signed(way offered) string {
	s.t.Helper()
	payTo, ok := x402.ParseAddress(way.PayTo)
	units, sure := x402.ParseUint(way.Amount)
	if !ok || !sure {
		s.t.Fatalf("way %+v", way)
	}
	return base64.StdEncoding.EncodeToString(portstest.NewTokenPayer().Sign(portstest.TokenPrice{
		Token: sandbox.USDC, Name: "USDC", Version: "2", Units: units, PayTo: payTo,
	}, s.clock.Now()))
}

// asVersion1 is the same payment as a client of version 1 sends it.
func asVersion1(t *testing.T, v2 string) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(v2)
	var p map[string]any
	if err != nil || json.Unmarshal(text, &p) != nil {
		t.Fatal(err)
	}
	delete(p, "accepted")
	p["x402Version"], p["scheme"], p["network"] = 1, "exact", "base-sepolia"
	text, err = json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

// ask is send without the document: for what the document forbids, or leaves to the payer.
func (s *specShop) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, r)
	return w
}

const weather = `{"sku":"weather","price":"0.01","currency":"USDC","title":"Weather <of> Tokyo","timeoutSeconds":300,` +
	`"content":{"text":"sunny"}}`

// A program of either version is told the price, pays, gets what it paid for with its receipt, and gets
// it again; the merchant sees it in his list, his statement and his webhooks.
func TestProgramsBuyResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		at := s.sold(weather)
		asked := s.send("GET", at, "").want(402, "payment_required")
		way := asked.required()
		if asked.Header().Get("Cache-Control") != "no-store" || way.Amount != "10000" || way.Network != "eip155:84532" ||
			asked.Header().Get("Access-Control-Expose-Headers") == "" || asked.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("asked %v, %+v", asked.Header(), way)
		}
		v2, v1 := s.signed(way), asVersion1(t, s.signed(way))
		for _, pay := range [][3]string{
			{x402.HeaderPaymentV2, v2, x402.HeaderResponseV2},
			{x402.HeaderPaymentV2, v2, x402.HeaderResponseV2},
			{x402.HeaderPaymentV1, v1, x402.HeaderResponseV1},
		} {
			got := s.send("GET", at, "", pay[0], pay[1]).want(200)
			if got.Body.String() != "sunny" || got.Header().Get(pay[2]) == "" || got.Header().Get("Cache-Control") != "private" ||
				got.Header().Get("Content-Security-Policy") == "" {
				t.Errorf("bought %q with %v", got.Body, got.Header())
			}
		}
		list := s.key("GET", "/v1/payments?kind=x402&limit=1", "").want(200)
		rest := s.key("GET", "/v1/payments?kind=x402&limit=1&cursor="+list.text("nextCursor"), "").want(200)
		for _, page := range []specExchange{list, rest} {
			for _, want := range []string{`"sku":"weather"`, `"status":"settled"`, `"amount":"0.01"`, `"orderNo"`, `"transaction":"0x`} {
				if !strings.Contains(page.Body.String(), want) {
					t.Errorf("the list has no %s: %s", want, page.Body)
				}
			}
		}
		s.key("GET", "/v1/payments?kind=x402&status=paid", "").want(400, "invalid_status")
		if all := s.key("GET", "/v1/payments", "").want(200); strings.Contains(all.Body.String(), "x402") {
			t.Errorf("the list of sessions holds %s", all.Body)
		}
		if book := s.login("GET", "/v1/transactions?type=x402", "").want(200); strings.Count(book.Body.String(), `"type":"x402"`) != 2 {
			t.Errorf("the statement shows %s", book.Body)
		}
	})
}

// A person who opens the address in a browser reads what it is and how a program pays.
func TestBrowsersAreToldThePrice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		at := s.sold(weather)
		page := s.send("GET", at, "", "Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8").want(402)
		if text := page.Body.String(); !strings.Contains(text, "Weather &lt;of&gt; Tokyo") || !strings.Contains(text, "0.01 USDC") ||
			strings.Contains(text, "<script") || page.Header().Get(x402.HeaderRequiredV2) == "" ||
			!strings.HasPrefix(page.Header().Get("Content-Type"), "text/html") || page.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("the page is %v %s", page.Header(), text)
		}
		if got := s.send("GET", at, "", "Accept", "application/json, text/html").want(402); !strings.Contains(got.Body.String(), `"accepts"`) {
			t.Errorf("a program got %s", got.Body)
		}
		head := s.send("HEAD", at, "", x402.HeaderPaymentV2, s.signed(page.required())).want(402)
		if head.Body.Len() != 0 || head.Header().Get(x402.HeaderRequiredV2) == "" {
			t.Errorf("HEAD answered %v %s", head.Header(), head.Body)
		}
	})
}

// What goes wrong has its status: 400 for the program, 402 for the payment, 404, 405, 409 and 503 where
// nobody is to sign again.
func TestStatusesOfPurchases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		at := s.sold(weather)
		merchantID := at[strings.Index(at, "?"):]
		s.send("GET", at, "", x402.HeaderPaymentV2, "%%").want(400)
		w := s.ask("GET", "/v1/resource/weather", "")
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "merchant_required") {
			t.Errorf("without a seller: %d %s", w.Code, w.Body)
		}
		s.send("GET", "/v1/resource/nothing"+merchantID, "").want(404, "not_found")
		s.send("GET", "/v1/resource/weather?merchant=nobody", "").want(404, "not_found")
		s.send("POST", at, `{}`).want(405, "method_not_allowed")
		cheap := s.signed(s.send("GET", at, "").required())
		dear := s.sold(`{"sku":"dear","price":"5","currency":"USDC","timeoutSeconds":300,"content":{"text":"x"}}`)
		s.send("GET", dear, "", x402.HeaderPaymentV2, cheap).want(402)
		s.send("GET", at, "", x402.HeaderPaymentV2, cheap).want(200)
		s.send("GET", dear, "", x402.HeaderPaymentV2, cheap).want(409, "authorization_bound_to_other_resource")
		origin := s.sold(`{"sku":"origin","price":"0.01","currency":"USDC","timeoutSeconds":300,` +
			`"content":{"upstream":{"url":"https://origin.example/report","methods":["GET","POST"],"passQuery":true}}}`)
		paid := s.signed(s.send("GET", origin, "").required())
		got := s.ask("POST", origin+"&city=kyoto", `{"day":1}`, x402.HeaderPaymentV2, paid)
		if want := `POST https://origin.example/report?city=kyoto {"day":1}`; got.Code != 200 || got.Body.String() != want {
			t.Errorf("passed on: %d %s, want %s", got.Code, got.Body, want)
		}
		broken := s.sold(`{"sku":"broken","price":"0.01","currency":"USDC","timeoutSeconds":300,` +
			`"content":{"upstream":{"url":"https://unreachable.example/"}}}`)
		paid = s.signed(s.send("GET", broken, "").required())
		if got := s.send("GET", broken, "", x402.HeaderPaymentV2, paid).want(503, "upstream_failed"); got.Header().Get("Retry-After") == "" ||
			got.Header().Get(x402.HeaderRequiredV2) != "" {
			t.Errorf("the server failed: %v", got.Header())
		}
		lost := s.sold(`{"sku":"lost","price":"0.010408","currency":"USDC","timeoutSeconds":300,"content":{"text":"x"}}`)
		paid = s.signed(s.send("GET", lost, "").required())
		if got := s.send("GET", lost, "", x402.HeaderPaymentV2, paid).want(503, "settlement_pending"); got.Header().Get("Retry-After") == "" ||
			got.Header().Get(x402.HeaderResponseV2) == "" || got.Header().Get(x402.HeaderRequiredV2) != "" {
			t.Errorf("pending: %v", got.Header())
		}
		s.login("DELETE", "/v1/resources/weather", "").want(204)
		s.send("GET", at, "").want(404, "resource_not_for_sale")
		time.Sleep(6 * time.Minute)
		s.send("GET", lost, "", x402.HeaderPaymentV2, paid).want(402)
	})
}

// walkPurchases buys what is read and what takes a body.
func walkPurchases(s *specShop) {
	at := s.sold(`{"sku":"walked","price":"0.01","currency":"USD","timeoutSeconds":300,"content":{"upstream":` +
		`{"url":"https://origin.example/walk","methods":["GET","POST"]}}}`)
	for _, method := range []string{"GET", "POST"} {
		paid := s.signed(s.send(method, at, "").want(402).required())
		s.send(method, at, "", x402.HeaderPaymentV2, paid).want(200)
	}
}

// buysUndone buys what the sandbox undoes after a while.
func (s *specShop) buysUndone() {
	at := s.sold(`{"sku":"undone","price":"0.010410","currency":"USDC","timeoutSeconds":300,"content":{"text":"x"}}`)
	s.send("GET", at, "", x402.HeaderPaymentV2, s.signed(s.send("GET", at, "").required())).want(200)
}
