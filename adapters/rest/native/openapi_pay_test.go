package native_test

import (
	"encoding/json"
	"strings"
	"time"
)

func walkBook(s *specShop) {
	charge := func(amount, currency string) specExchange {
		return s.send("POST", "/v1/transactions/charge", `{"publicKey":"`+s.publicKey+`","privateKey":"`+
			s.privateKey+`","amount":"`+amount+`","currency":"`+currency+`","description":"order #1024"}`)
	}
	booked := charge("9.99", "USD").want(200)
	charge("9.99", "JPY").want(400, "amount_precision")
	charge("0", "USD").want(400, "amount_not_positive")
	charge("1e2", "USD").want(400, "invalid_amount")
	charge("0.001", "USDC").want(400, "amount_too_small")
	charge("1000000000001", "USD").want(400, "amount_too_large")
	charge("1", "BTC").want(400, "unsupported_currency")
	s.send("POST", "/v1/transactions/charge", `{"publicKey":"`+s.publicKey+`","privateKey":"sk_test_no","amount":"1"}`).
		want(401, "key_pair_invalid")
	s.send("POST", "/v1/transactions/charge", `{"publicKey":"`+s.publicKey+`","privateKey":"sk_test_no"}`).
		want(400, "amount_required")
	s.send("GET", "/v1/transactions/charge", "").want(405, "method_not_allowed")
	charge("12.00", "USDT").want(200)
	charge("1500", "JPY").want(200)
	page := s.login("GET", "/v1/transactions?limit=2", "").want(200)
	s.login("GET", "/v1/transactions?limit=2&cursor="+page.text("nextCursor"), "").want(200)
	s.login("GET", "/v1/transactions?from=2026-05-01&to=2026-05-31&currency=USD&type=charge&status=settled", "").
		want(200)
	s.login("GET", "/v1/transactions?limit=0", "").want(400, "invalid_pagination")
	s.login("GET", "/v1/transactions?from=May", "").want(400, "invalid_period")
	s.login("GET", "/v1/transactions?type=refund", "").want(400, "invalid_request")
	s.login("GET", "/v1/transactions/"+booked.text("orderNo"), "").want(200)
	s.login("GET", "/v1/transactions/20260517999999999", "").want(404, "not_found")
	s.login("GET", "/v1/transactions/statement?from=2026-05-01&to=2026-05-31", "").want(200)
	s.login("GET", "/v1/transactions/statement?from=2026-05-01&to=2026-05-31&format=csv", "").want(200)
	s.login("GET", "/v1/transactions/statement?from=2026-05-01", "").want(400, "invalid_period")
	s.send("GET", "/v1/transactions", "").want(401, "unauthorized")
}

func walkCheckout(s *specShop) {
	opened := s.login("POST", "/v1/checkout/sessions", `{"amount":"1500","currency":"JPY","description":"Pro plan"}`).
		want(201)
	s.send("POST", "/v1/checkout/sessions/"+opened.text("session", "id")+"/pay/intent", `{"method":"usdt"}`).
		want(503, "rate_unavailable")
	const order = `{"amount":"9.99","currency":"USD","description":"Pro plan","order_id":"1024",` +
		`"metadata":{"plan":"pro"},"success_url":"https://shop.example/thanks","fail_url":"https://shop.example/cart"}`
	opened = s.login("POST", "/v1/checkout/sessions", order).want(201)
	s.login("POST", "/v1/checkout/sessions", order).want(200)
	s.login("POST", "/v1/checkout/sessions", strings.Replace(order, "9.99", "8.99", 1)).want(409, "order_id_conflict")
	s.login("POST", "/v1/checkout/sessions", `{"amount":"1","success_url":"https://other.example/"}`).
		want(400, "success_url_domain_mismatch")
	s.login("POST", "/v1/checkout/sessions", `{"amount":"1","order_id":" 7"}`).want(400, "invalid_order_id")
	s.login("POST", "/v1/checkout/sessions", `{"amount":"1","metadata":{"":"x"}}`).want(400, "invalid_metadata")
	s.login("POST", "/v1/checkout/sessions", `{"amount":"1","method":"btc"}`).want(400, "unsupported_method")
	s.login("POST", "/v1/checkout/sessions", `{"amount":"1","mode":"live"}`).want(409, "live_rail_missing")
	s.key("POST", "/v1/checkout/sessions", `{"amount":"1"}`).want(401, "unauthorized")

	one := "/v1/checkout/sessions/" + opened.text("session", "id")
	s.send("GET", one, "").want(200)
	s.send("GET", "/v1/checkout/sessions/none", "").want(404, "not_found")
	s.send("GET", one+"/explanation", "").want(200)
	s.send("GET", one+"/explanation?x=1", "").want(400, "unexpected_query")
	s.send("GET", "/v1/checkout/sessions/none/explanation", "").want(404, "not_found")
	s.send("POST", one+"/pay/transaction", `{"transaction":"`+strings.Repeat("0", 64)+`"}`).
		want(409, "method_not_chosen")
	s.send("GET", one+"/instructions", "").want(409, "method_not_chosen")
	s.send("POST", one+"/sandbox", `{"scenario":"exact"}`).want(409, "method_not_chosen")
	intent := s.send("POST", one+"/pay/intent", `{"method":"usdt"}`).want(200)
	s.send("GET", one+"/instructions", "").want(200)
	s.send("GET", one+"/instructions?format=jws", "").want(400, "unexpected_query")
	s.send("GET", one+"/receipt", "").want(409, "not_paid_yet")
	s.send("POST", one+"/pay/intent", `{"method":"lightning"}`).want(400, "unsupported_method")
	s.send("POST", one+"/pay/confirm", `{"paymentId":"none"}`).want(404, "not_found")
	s.send("POST", one+"/pay/transaction", `{"transaction":"`+strings.Repeat("0", 64)+`"}`).want(200)
	s.send("POST", one+"/pay/transaction", `{"transaction":"0"}`).want(400, "invalid_transaction_id")
	paid := s.send("POST", one+"/pay/confirm", `{"paymentId":"`+intent.text("paymentId")+`"}`).want(200)
	s.send("POST", one+"/pay/transaction", `{"transaction":"`+paid.text("payment", "transaction")+`"}`).want(200)
	s.send("POST", one+"/pay/intent", `{"method":"usdt"}`).want(409, "session_already_paid")
	s.send("GET", one+"/receipt", "").want(200)
	s.send("GET", one+"/receipt?format=jws", "").want(400, "unexpected_query")
	s.send("GET", one+"/instructions", "").want(409, "session_already_paid")
	s.send("GET", "/v1/checkout/sessions/none/receipt", "").want(404, "not_found")
	s.send("GET", "/v1/checkout/sessions/none/instructions", "").want(404, "not_found")
	s.send("GET", "/.well-known/101pay-keys.json", "").want(200)
	s.send("GET", "/.well-known/101pay-keys.json?kid=1", "").want(400, "unexpected_query")
	s.send("GET", "/.well-known/did.json", "").want(200)
	s.send("GET", "/.well-known/did.json?service=1", "").want(400, "unexpected_query")
	s.send("GET", one, "").want(200)
	s.send("GET", one+"/explanation", "").want(200)
	s.login("POST", one+"/cancel", "").want(409, "session_already_paid")
	own := strings.Replace(one, "checkout/sessions", "payments", 1) + "/explanation"
	s.login("GET", own, "").want(200)
	s.key("GET", own+"?mode=test", "").want(200)
	s.key("GET", own+"?mode=live", "").want(400, "invalid_mode")
	s.send("GET", own, "").want(401, "unauthorized")
	s.key("GET", "/v1/payments/none/explanation", "").want(404, "not_found")

	opened = s.login("POST", "/v1/checkout/sessions", `{"amount":"5"}`).want(201)
	s.key("POST", "/v1/checkout/sessions/"+opened.text("session", "id")+"/cancel", "").want(200)
	s.send("POST", "/v1/checkout/sessions/"+opened.text("session", "id")+"/pay/intent", `{"method":"usdt"}`).
		want(409, "session_cancelled")
	page := s.key("GET", "/v1/checkout/sessions?limit=1", "").want(200)
	s.login("GET", "/v1/checkout/sessions?limit=1&cursor="+page.text("nextCursor"), "").want(200)
	s.login("GET", "/v1/checkout/sessions?status=paid&mode=test", "").want(200)
	s.login("GET", "/v1/checkout/sessions?status=done", "").want(400, "invalid_status")

	pay := func(secret, rest string) specExchange {
		return s.send("POST", "/v1/payments",
			`{"clientId":"`+s.clientID+`","secret":"`+secret+`","amount":"1.00"`+rest+`}`)
	}
	pay(s.privateKey, `,"currency":"USDT","method":"usdt"`).want(201)
	pay(s.privateKey, `,"currency":"USDC","order_id":"77"`).want(201)
	pay(s.privateKey, `,"currency":"USDC","order_id":"77"`).want(200)
	pay(s.privateKey, `,"currency":"USD"`).want(400, "unsupported_currency")
	pay("sk_test_no", "").want(401, "unauthorized")
	s.key("GET", "/v1/payments", "").want(200)
	s.key("GET", "/v1/payments?kind=usdt&status=open&mode=test&limit=100", "").want(200)
	s.key("GET", "/v1/payments?kind=card", "").want(400, "invalid_kind")
	s.key("GET", "/v1/payments?mode=live", "").want(400, "invalid_mode")
	s.login("GET", "/v1/payments", "").want(401, "unauthorized")
}

// walkScenarios plays everything that can happen to a test payment.
func walkScenarios(s *specShop) {
	for _, scenario := range []string{
		"exact", "short", "over", "split", "late", "wrong_token", "duplicate", "webhook_down",
	} {
		_, one := s.awaiting()
		s.send("POST", one+"/sandbox", `{"scenario":"`+scenario+`"}`).want(202)
		time.Sleep(time.Second)
		s.send("GET", one, "").want(200)
		time.Sleep(5 * time.Second)
		s.send("GET", one, "").want(200)
		s.send("GET", one+"/explanation", "").want(200)
		s.key("GET", strings.Replace(one, "checkout/sessions", "payments", 1)+"/explanation", "").want(200)
	}
	walkQueue(s)
	intent, one := s.awaiting()
	s.send("POST", one+"/sandbox", `{"scenario":"reorg"}`).want(409, "not_paid_yet")
	s.send("POST", one+"/sandbox", `{"scenario":"rain"}`).want(400, "unknown_scenario")
	s.send("POST", one+"/pay/confirm", intent).want(200)
	s.send("POST", one+"/sandbox", `{"scenario":"reorg"}`).want(202)
	time.Sleep(5 * time.Second)

	// With the node down a test payment is not found in time, and says so.
	intent, one = s.awaiting()
	s.send("POST", one+"/sandbox", `{"scenario":"node_outage"}`).want(202)
	s.send("POST", one+"/pay/confirm", intent).want(402, "payment_rejected")
	time.Sleep(time.Minute)

	// Down after the payment was seen, it is on its way and stays so until the node is back.
	intent, one = s.awaiting()
	s.send("POST", one+"/sandbox", `{"scenario":"exact"}`).want(202)
	time.Sleep(time.Second)
	s.send("POST", one+"/sandbox", `{"scenario":"node_outage"}`).want(202)
	s.send("POST", one+"/pay/confirm", intent).want(202)
	s.login("POST", one+"/cancel", "").want(409, "payment_in_progress")
	time.Sleep(time.Minute)

	s.login("PATCH", "/v1/project", `{"policy":{"sessionMinutes":5}}`).want(200)
	_, one = s.awaiting()
	time.Sleep(6 * time.Minute)
	s.send("GET", one, "").want(200)
	s.send("POST", one+"/pay/intent", `{"method":"usdt"}`).want(409, "session_expired")
	in := s.send("POST", "/v1/auth/login", `{"email":"ann@shop.example","password":"`+specPassword+`"}`).want(200)
	s.jwt = in.text("token")
}

// awaiting answers a payment whose payer has chosen: the body that confirms it, and its path.
func (s *specShop) awaiting() (confirm, path string) {
	s.t.Helper()
	made := s.send("POST", "/v1/payments", `{"clientId":"`+s.clientID+`","secret":"`+s.privateKey+`","amount":"9.99"}`).
		want(201)
	path = "/v1/checkout/sessions/" + made.text("payment", "id")
	intent := s.send("POST", path+"/pay/intent", `{"method":"usdt"}`).want(200)
	time.Sleep(time.Second)
	return `{"paymentId":"` + intent.text("paymentId") + `"}`, path
}

func walkEvents(s *specShop) {
	page := s.login("GET", "/v1/events?limit=2", "").want(200)
	s.login("GET", "/v1/events?limit=2&cursor="+page.text("nextCursor"), "").want(200)
	paid := s.login("GET", "/v1/events?type=payment.paid&limit=1", "").want(200)
	s.login("GET", "/v1/events?type=payment.stolen", "").want(400, "invalid_event_types")
	var list struct {
		Events []struct{ ID, PaymentID string }
	}
	if err := json.Unmarshal(paid.Body.Bytes(), &list); err != nil || len(list.Events) != 1 {
		s.t.Fatal(err, paid.Body)
	}
	s.login("GET", "/v1/events?paymentId="+list.Events[0].PaymentID, "").want(200)
	one := "/v1/events/" + list.Events[0].ID
	s.login("GET", one, "").want(200)
	s.login("GET", "/v1/events/evt_none", "").want(404, "not_found")
	replayed := s.login("POST", one+"/replay", "").want(202)
	time.Sleep(time.Second)
	var owed struct {
		Deliveries []struct{ ID, EndpointID string }
	}
	if err := json.Unmarshal(replayed.Body.Bytes(), &owed); err != nil || len(owed.Deliveries) == 0 {
		s.t.Fatal(err, replayed.Body)
	}
	s.login("POST", one+"/replay", `{"endpointId":"`+owed.Deliveries[0].EndpointID+`"}`).want(202)
	time.Sleep(time.Second)
	s.login("GET", one+"/deliveries/"+owed.Deliveries[0].ID+"/attempts", "").want(200)
	s.login("GET", one+"/deliveries/none/attempts", "").want(404, "not_found")
}

// walkQueue decides about what the scenarios left behind: amounts that match nothing, a second payment.
func walkQueue(s *specShop) {
	_, one := s.awaiting()
	id := strings.TrimPrefix(one, "/v1/checkout/sessions/")
	s.login("GET", "/v1/queue?decided=maybe", "").want(400, "invalid_filter")
	s.login("GET", "/v1/queue?limit=1", "").want(200)
	page := s.key("GET", "/v1/queue?limit=2", "").want(200)
	s.key("GET", "/v1/queue?limit=2&cursor="+page.text("nextCursor"), "").want(200)
	var ids []string
	waiting := map[string]string{}
	for _, row := range s.key("GET", "/v1/queue?limit=100", "").want(200).list("transfers") {
		ids = append(ids, row["id"].(string))
		waiting[row["disposition"].(string)] = row["id"].(string)
	}
	if len(ids) < 4 || waiting["duplicate"] == "" || waiting["unmatched"] == "" {
		s.t.Fatalf("waiting are %v, %v", ids, waiting)
	}
	at := func(i string, verb string) string { return "/v1/queue/" + i + "/" + verb }
	s.key("POST", at("sandbox:nonsense:0", "close"), `{}`).want(404)
	s.key("POST", at(waiting["unmatched"], "assign"), `{}`).want(400, "payment_required")
	s.key("POST", at(waiting["unmatched"], "assign"), `{"payment":"nobody"}`).want(404)
	s.key("POST", at(waiting["unmatched"], "accept"), `{}`).want(409, "session_not_named")
	s.key("POST", at(waiting["unmatched"], "return"), `{"transaction":"x"}`).want(400, "invalid_transaction_id")
	s.key("POST", at(waiting["unmatched"], "assign"), `{"payment":"`+id+`","note":"close enough"}`).want(200)
	s.key("POST", at(waiting["unmatched"], "close"), `{}`).want(409, "transfer_decided")
	s.key("POST", at(waiting["duplicate"], "return"),
		`{"transaction":"`+strings.Repeat("ab", 32)+`","note":"sent back"}`).want(200)
	for _, left := range ids {
		if left != waiting["unmatched"] && left != waiting["duplicate"] {
			s.login("POST", at(left, "close"), `{"note":"dust"}`).want(200)
			break
		}
	}
	_, late := s.awaiting()
	s.login("PATCH", "/v1/project", `{"policy":{"latePolicy":"hold"}}`).want(200)
	s.send("POST", late+"/sandbox", `{"scenario":"late"}`).want(202)
	time.Sleep(6 * time.Second)
	for _, row := range s.key("GET", "/v1/queue?limit=100", "").want(200).list("transfers") {
		if row["disposition"] == "held" {
			s.key("POST", at(row["id"].(string), "accept"), `{}`).want(200)
		}
	}
	s.login("PATCH", "/v1/project", `{"policy":{"latePolicy":"accept"}}`).want(200)
	s.key("GET", "/v1/queue?decided=true", "").want(200)
}
