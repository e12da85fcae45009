package native_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// What a gateway for real money answers and one for tests does not.
func TestLiveAnswersAreAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, true).register("ann@shop.example")
		live := s.login("POST", "/v1/keys", `{"mode":"live"}`).want(201)
		charge := `{"publicKey":"` + live.text("key", "publicKey") + `","privateKey":"` +
			live.text("key", "privateKey") + `","amount":"1"}`
		s.send("POST", "/v1/transactions/charge", charge).want(402, "payment_rejected")
		s.login("PATCH", "/v1/project", `{"policy":{"recordedCharges":true}}`).want(200)
		s.send("POST", "/v1/transactions/charge", charge).want(200)
		pay := `{"clientId":"` + s.clientID + `","secret":"` + live.text("key", "privateKey") + `","amount":"1"}`
		s.send("POST", "/v1/payments", pay).want(409, "receiving_account_missing")
		s.login("POST", "/v1/receiving-accounts",
			`{"network":"TRC20","asset":"USDT","address":"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"}`).
			want(400, "invalid_address")
		s.login("POST", "/v1/receiving-accounts", `{"network":"TRC20","asset":"USDT","address":"`+specTron+`"}`).
			want(201)
		made := s.send("POST", "/v1/payments", pay).want(201)
		one := "/v1/checkout/sessions/" + made.text("payment", "id")
		s.send("POST", one+"/pay/intent", `{"method":"usdt"}`).want(503, "chain_unavailable")
		evm := "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"
		for _, account := range []string{`"BEP20","asset":"USDT"`, `"BEP20","asset":"USDC"`, `"BASE","asset":"USDC"`} {
			s.login("POST", "/v1/receiving-accounts", `{"network":`+account+`,"address":"`+evm+`"}`).want(201)
		}
		s.login("GET", "/v1/receiving-accounts", "").want(200)
		s.login("GET", "/v1/payment-methods", "").want(200)
		s.login("PUT", "/v1/payment-methods/usdc", `{"enabled":true}`).want(200)
		s.send("POST", one+"/pay/intent", `{"method":"usdt"}`).want(400, "network_required")
		s.send("POST", one+"/pay/intent", `{"method":"usdt","network":"BASE"}`).want(400, "unsupported_network")
		s.send("POST", one+"/pay/intent", `{"method":"usdt","network":"bsc"}`).want(503, "chain_unavailable")
		s.send("POST", one+"/sandbox", `{"scenario":"exact"}`).want(404, "not_found")
		s.login("PATCH", "/v1/project", `{"mode":"live"}`).want(200)
		s.login("POST", "/v1/checkout/sessions", `{"amount":"1","success_url":"https://shop.example/"}`).
			want(409, "website_not_configured")
	})
}

// Every type of event is documented, and every body that went out is what the document says.
func TestEveryEventIsAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		hook := s.login("POST", "/v1/webhook-endpoints", `{"url":"https://shop.example/hook"}`).want(201)
		s.login("POST", "/v1/webhook-endpoints/"+hook.text("endpoint", "id")+"/test", "").want(202)
		s.login("POST", "/v1/webhook-endpoints", `{"url":"https://shop.example/live","mode":"live"}`).want(201)
		s.changeAddresses()
		s.login("PATCH", "/v1/project", `{"policy":{"latePolicy":"hold","sessionMinutes":5}}`).want(200)
		opened := s.login("POST", "/v1/checkout/sessions", `{"amount":"5","metadata":{"cart":"7"}}`).want(201)
		s.login("POST", "/v1/checkout/sessions/"+opened.text("session", "id")+"/cancel", "").want(200)
		for _, scenario := range []string{"exact", "late", "duplicate"} {
			_, one := s.awaiting()
			s.send("POST", one+"/sandbox", `{"scenario":"`+scenario+`"}`).want(202)
			time.Sleep(5 * time.Second)
		}
		opened = s.login("POST", "/v1/checkout/sessions", `{"amount":"5"}`).want(201)
		parts := "/v1/checkout/sessions/" + opened.text("session", "id")
		s.send("POST", parts+"/pay/intent", `{"method":"usdt","dedicated":true}`).want(200)
		s.send("POST", parts+"/sandbox", `{"scenario":"short"}`).want(202)
		time.Sleep(5 * time.Second)
		intent, one := s.awaiting()
		s.send("POST", one+"/pay/confirm", intent).want(200)
		s.send("POST", one+"/sandbox", `{"scenario":"reorg"}`).want(202)
		s.awaiting()
		s.buysUndone()
		time.Sleep(6 * time.Minute)
		// No scenario takes back a sighting, so its body is made here.
		was, err := s.settle.Sessions.ByID(t.Context(), checkout.SessionID(strings.Split(one, "/")[4]))
		if err != nil {
			t.Fatal(err)
		}
		reverted := webhook.Event{
			ID: "evt_1", Type: webhook.PaymentReverted, Mode: merchant.Test, CreatedAt: s.clock.Now(),
		}
		body, err := native.EventWords{PublicURL: specPublicURL}.Encode(reverted, was.Snapshot(), nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Send(t.Context(), ports.Outgoing{Body: body})
		s.tellsReports()
		s.checkEvents()
	})
}

// changeAddresses makes what live endpoints are told of receiving accounts.
func (s *specShop) changeAddresses() {
	add := func(address string) string {
		return s.login("POST", "/v1/receiving-accounts", `{"network":"TRC20","asset":"USDT","address":"`+address+
			`","password":"`+specPassword+`"}`).want(201).text("receivingAccount", "id")
	}
	one := add(specTron)
	s.key("DELETE", "/v1/receiving-accounts/"+add("TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx"), "").want(204)
	s.login("DELETE", "/v1/receiving-accounts/"+one, `{"password":"`+specPassword+`"}`).want(204)
}

// checkEvents holds what was sent against the document, and wants every type among it.
func (s *specShop) checkEvents() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]bool{}
	for _, o := range s.told {
		var e struct{ Type string }
		if err := json.Unmarshal(o.Body, &e); err != nil {
			s.t.Fatal(err)
		}
		seen[e.Type] = true
		if err := s.checker.CheckEvent(e.Type, o.Body); err != nil {
			s.t.Errorf("%s\n%v", o.Body, err)
		}
	}
	documented := map[string]bool{}
	for _, name := range s.checker.Events() {
		documented[name] = true
	}
	for _, name := range webhook.Types() {
		if !documented[string(name)] {
			s.t.Errorf("%s is not documented", name)
		}
		if !seen[string(name)] {
			s.t.Errorf("%s was never sent", name)
		}
		delete(documented, string(name))
	}
	for name := range documented {
		s.t.Errorf("%s is documented, and there is no such event", name)
	}
}
