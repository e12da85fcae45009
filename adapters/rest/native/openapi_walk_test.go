package native_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// specShop is a merchant with the credentials his client keeps.
type specShop struct {
	*specGateway
	clientID, apiKey, jwt, refresh string
	publicKey, privateKey          string
}

const specPassword = "correct horse battery staple"

func (g *specGateway) register(email string) *specShop {
	g.t.Helper()
	x := g.send("POST", "/v1/auth/register",
		`{"email":"`+email+`","password":"`+specPassword+`","name":"Blue Bottle Books"}`).want(201)
	s := &specShop{
		specGateway: g, clientID: x.text("merchant", "clientId"), apiKey: x.text("apiKey"),
		jwt: x.text("token"), refresh: x.text("refreshToken"),
	}
	made := s.login("POST", "/v1/keys", `{"label":"web shop"}`).want(201)
	s.publicKey, s.privateKey = made.text("key", "publicKey"), made.text("key", "privateKey")
	return s
}

// login sends with the access token, key with the API key.
func (s *specShop) login(method, path, body string, header ...string) specExchange {
	s.t.Helper()
	return s.send(method, path, body, append(specBearer(s.jwt), header...)...)
}

func (s *specShop) key(method, path, body string) specExchange {
	s.t.Helper()
	return s.send(method, path, body, specBearer(s.apiKey)...)
}

// A merchant's whole life with the API, every route of it, as the document says.
func TestEveryRouteAnswersAsDocumented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openSpecGateway(t, false)
		s := g.register("ann@shop.example")
		walkAccounts(s)
		walkKeys(s)
		walkSources(s)
		walkReceiving(s)
		walkKYC(s)
		walkWebhooks(s)
		walkResources(s)
		walkPurchases(s)
		walkOrder(s)
		walkBook(s)
		walkCheckout(s)
		walkScenarios(s)
		walkEvents(s)
		walkReports(s)
		s.login("POST", "/v1/auth/logout", "").want(204)
		s.login("GET", "/v1/me", "").want(401, "unauthorized")
		wantAllSeen(g)
	})
}

// wantAllSeen fails for operations whose documented success nobody has seen.
func wantAllSeen(g *specGateway) {
	g.t.Helper()
	for _, name := range g.checker.Operations() {
		for _, status := range g.checker.Statuses(name) {
			var code int
			if _, err := fmt.Sscan(status, &code); err != nil {
				g.t.Errorf("%s documents status %q", name, status)
			}
			if code < 400 && !g.seen[name][code] {
				g.t.Errorf("%s documents %d, and no exchange had it", name, code)
			}
		}
	}
}

func walkAccounts(s *specShop) {
	s.send("POST", "/v1/auth/register", `{"email":"ann@shop.example","password":"`+specPassword+`"}`).
		want(409, "email_taken")
	s.send("POST", "/v1/auth/register", `{"email":"ann","password":"`+specPassword+`"}`).want(400, "invalid_email")
	s.send("POST", "/v1/auth/register", `{"email":"b@shop.example","password":"password1234"}`).
		want(400, "weak_password")
	s.send("POST", "/v1/auth/register", `{"email":"b@shop.example"}`).want(400, "invalid_request")
	s.send("POST", "/v1/auth/register", `{"email":"b@shop.example","password":"`+specPassword+`","role":"admin"}`).
		want(400, "unknown_field")
	s.send("POST", "/v1/auth/register", `{"email":"b@shop.example","password":"`+specPassword+`","name":"`+
		strings.Repeat("n", 81)+`"}`).want(400, "name_too_long")
	s.send("POST", "/v1/auth/register", `{}`, "Content-Type", "text/plain").want(415, "unsupported_media_type")
	s.send("POST", "/v1/auth/register", strings.Repeat(" ", 1<<17)).want(413, "body_too_large")
	in := s.send("POST", "/v1/auth/login", `{"email":"ann@shop.example","password":"`+specPassword+`"}`).want(200)
	s.send("POST", "/v1/auth/login", `{"email":"ann@shop.example","password":"no such password"}`).
		want(401, "invalid_credentials")
	s.send("POST", "/v1/auth/login", `{`).want(400, "invalid_json")
	s.jwt, s.refresh = in.text("token"), in.text("refreshToken")
	in = s.send("POST", "/v1/auth/refresh", `{"refreshToken":"`+s.refresh+`"}`).want(200)
	s.jwt = in.text("token")
	s.send("POST", "/v1/auth/refresh", `{"refreshToken":"spent"}`).want(401, "unauthorized")

	s.login("GET", "/v1/me", "").want(200)
	s.login("GET", "/v1/me?verbose=1", "").want(400, "unexpected_query")
	s.login("PATCH", "/v1/me", `{"name":"Blue Bottle Books"}`).want(200)
	s.login("PATCH", "/v1/me", `{"name":"Вlue"}`).want(400, "confusable_name")
	s.login("GET", "/v1/project", "").want(200)
	s.login("PATCH", "/v1/project", `{"websiteUrl":"https://shop.example","policy":{"sessionMinutes":30}}`).want(200)
	s.login("PATCH", "/v1/project", `{"policy":{"sessionMinutes":3}}`).want(400, "invalid_policy")
	s.login("PATCH", "/v1/project", `{"mode":"live"}`).want(409, "live_rail_missing")
	s.login("PATCH", "/v1/project", `{"mode":"both"}`).want(400, "invalid_mode")
	s.login("PATCH", "/v1/project", `{"websiteUrl":"http://shop.example"}`).want(400, "invalid_url_scheme")

	const key = "Idempotency-Key"
	s.login("PATCH", "/v1/me", `{"name":"Blue Bottle Books"}`, key, "rename-1").want(200)
	again := s.login("PATCH", "/v1/me", `{"name":"Blue Bottle Books"}`, key, "rename-1").want(200)
	if again.Header().Get("Idempotent-Replayed") != "true" {
		s.t.Error("a replayed answer does not say so")
	}
	s.login("PATCH", "/v1/me", `{"name":"Red Bottle Books"}`, key, "rename-1").want(422, "idempotency_key_reused")
	s.login("PATCH", "/v1/me", `{"name":"Blue Bottle Books"}`, key, "né").want(400, "invalid_idempotency_key")
}

func walkKeys(s *specShop) {
	made := s.login("POST", "/v1/keys", `{"label":"till 2","mode":"test"}`).want(201)
	one := "/v1/keys/" + made.text("key", "id")
	s.login("POST", "/v1/keys", `{"mode":"live"}`).want(409, "live_rail_missing")
	s.login("POST", "/v1/keys", `{"label":"`+strings.Repeat("l", 81)+`"}`).want(400, "label_too_long")
	s.login("GET", "/v1/keys", "").want(200)
	s.login("GET", one, "").want(200)
	s.login("GET", "/v1/keys/none", "").want(404, "not_found")
	s.login("PATCH", one, `{"label":"till 3"}`).want(200)
	next := s.login("POST", one+"/rotate", "").want(201)
	s.login("POST", one+"/rotate", "").want(409, "key_revoked")
	s.login("PATCH", one, `{"label":"till 4"}`).want(409, "key_revoked")
	one = "/v1/keys/" + next.text("key", "id")
	s.login("POST", one+"/revoke", "").want(200)
	s.login("DELETE", one, "").want(200)
	s.login("DELETE", "/v1/keys/none", "").want(404, "not_found")
	rotated := s.login("POST", "/v1/auth/api-key/rotate", `{"mode":"test"}`).want(201)
	s.key("GET", "/v1/payments", "").want(401, "unauthorized")
	s.apiKey = rotated.text("apiKey")
}

// specTron is an account on Tron's main network.
const specTron = "TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE"

func walkReceiving(s *specShop) {
	made := s.login("POST", "/v1/receiving-accounts",
		`{"network":"TRC20","asset":"USDT","address":"`+specTron+`","label":"cold wallet"}`).want(201)
	one := "/v1/receiving-accounts/" + made.text("receivingAccount", "id")
	s.login("POST", "/v1/receiving-accounts", `{"network":"TRC20","asset":"USDT","address":"`+specTron+`"}`).
		want(409, "receiving_account_exists")
	s.login("POST", "/v1/receiving-accounts", `{"network":"TRC20","asset":"USDT","address":"`+
		strings.ToLower(specTron)+`"}`).want(400, "invalid_address")
	s.login("POST", "/v1/receiving-accounts",
		`{"network":"TRC20","asset":"USDT","address":"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}`).
		want(400, "address_chain_mismatch")
	s.login("POST", "/v1/receiving-accounts", `{"network":"BEP20","asset":"USDT","address":"`+specTron+`"}`).
		want(400, "unsupported_network")
	s.login("POST", "/v1/receiving-accounts", `{"network":"TRC20","asset":"USDC","address":"`+specTron+`"}`).
		want(400, "unsupported_asset")
	s.login("GET", "/v1/receiving-accounts", "").want(200)
	s.login("PATCH", one, `{"label":"hardware wallet"}`).want(200)
	s.login("GET", "/v1/payment-methods", "").want(200)
	s.login("PUT", "/v1/payment-methods/usdt", `{"enabled":true}`).want(200)
	s.login("PUT", "/v1/payment-methods/btc", `{"enabled":true}`).want(400, "unsupported_method")
	s.login("PUT", "/v1/payment-methods/usdt", `{"enabled":"yes"}`).want(400, "invalid_type")
	s.login("POST", "/v1/receiving-accounts/challenge", `{"network":"TRC20","address":"`+specTron+`"}`).want(200)
	s.login("POST", "/v1/receiving-accounts/challenge", `{"network":"TRC20","address":"T"}`).
		want(400, "invalid_address")
	s.login("PUT", "/v1/receiving-accounts/waiting-time", `{"hours":1}`).want(200)
	s.login("PUT", "/v1/receiving-accounts/waiting-time", `{"hours":-1}`).want(400, "invalid_waiting_time")
	walkAddressChange(s, one)
}

func walkAddressChange(s *specShop, one string) {
	const change = `{"network":"TRC20","asset":"USDT","address":"TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx"`
	with := `{"password":"` + specPassword + `"}`
	s.login("POST", "/v1/receiving-accounts", change+`}`).want(400, "password_required")
	s.login("POST", "/v1/receiving-accounts", change+`,"password":"wrong"}`).want(401, "invalid_credentials")
	s.login("POST", "/v1/receiving-accounts", change+`,"signature":"00"}`).want(400, "invalid_signature")
	s.key("POST", "/v1/receiving-accounts", change+`}`).want(403, "login_required")
	changing := change + `,"password":"` + specPassword + `"}`
	made := s.login("POST", "/v1/receiving-accounts", changing).want(201)
	s.login("POST", "/v1/receiving-accounts", `{"network":"TRC20","asset":"USDT","address":`+
		`"TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK"}`).want(409, "receiving_account_change_pending")
	s.login("GET", "/v1/receiving-accounts", "").want(200)
	s.key("GET", "/v1/receiving-accounts", "").want(200)
	s.key("DELETE", "/v1/receiving-accounts/"+made.text("receivingAccount", "id"), "").want(204)
	s.login("DELETE", one, "").want(400, "password_required")
	s.key("DELETE", one, "").want(403, "login_required")
	s.login("DELETE", one, `{"password":"wrong"}`).want(401, "invalid_credentials")
	s.login("DELETE", one, with).want(204)
	s.login("DELETE", one, with).want(404, "not_found")
}

func walkSources(s *specShop) {
	const xpub = "xpub6D1AabNHCupeiLM65ZR9UStMhJ1vCpyV4XbZdyhMZBiJXALQtmn9p42VTQckoHVn8WNqS7dqnJokZHAHcHGoaQgmv8D45oNUKx6DZMNZBCd"
	const first, third = "TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH", "TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx"
	const at = "/v1/address-sources"
	made := s.login("POST", at, `{"family":"tron","xpub":"`+xpub+`","label":"hardware wallet"}`).want(201)
	if strings.Contains(made.Body.String(), "xpub6") || !strings.Contains(made.Body.String(), third) {
		s.t.Errorf("registered: %s", made.Body)
	}
	one := at + "/" + made.text("addressSource", "id")
	for body, code := range map[string]string{
		`{"family":"btc","xpub":"` + xpub + `"}`:                            "unknown_family",
		`{"family":"tron"}`:                                                 "invalid_address_source",
		`{"family":"tron","xpub":"` + xpub + `","addresses":["x"]}`:         "invalid_address_source",
		`{"family":"tron","xpub":"` + xpub[:110] + `"}`:                     "invalid_extended_key",
		`{"family":"tron","xpub":"` + strings.Repeat("abandon ", 12) + `"}`: "private_key_refused",
		`{"family":"tron","addresses":["` + first + `","` + first + `"]}`:   "address_repeated",
		`{"family":"evm","addresses":["` + first + `"]}`:                    "address_chain_mismatch",
	} {
		refused := s.login("POST", at, body).want(400, code)
		if strings.Contains(refused.Body.String(), "abandon") {
			s.t.Errorf("a secret is repeated: %s", refused.Body)
		}
	}
	s.login("POST", one+"/confirm", `{"firstAddress":"`+first+`"}`).want(400, "password_required")
	s.login("POST", one+"/confirm", `{"firstAddress":"`+third+`","password":"`+specPassword+`"}`).want(400, "first_address_mismatch")
	s.login("POST", one+"/confirm", `{"firstAddress":"`+first+`","password":"`+specPassword+`"}`).want(200)
	s.login("POST", one+"/confirm", `{"firstAddress":"`+first+`","password":"`+specPassword+`"}`).want(409, "address_source_confirmed")
	s.login("POST", one+"/addresses", `{"addresses":["`+third+`"]}`).want(409, "not_a_pool")
	const fresh, other = "TDmMBaJ8s3pjwH6voNuYDQVMhgQNsMgaL6", "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"
	pool := s.login("POST", at, `{"family":"tron","addresses":["`+fresh+`"]}`).want(201)
	two := at + "/" + pool.text("addressSource", "id")
	s.login("POST", two+"/addresses", `{"addresses":["`+fresh+`"]}`).want(409, "address_taken")
	s.login("POST", two+"/addresses", `{"addresses":["`+other+`"]}`).want(200)
	s.login("POST", two+"/confirm", `{"firstAddress":"`+fresh+`","password":"`+specPassword+`"}`).
		want(409, "address_source_active")
	s.login("POST", "/v1/receiving-accounts", `{"network":"TRC20","asset":"USDT","address":"`+fresh+`"}`).
		want(409, "address_taken")
	s.login("GET", at, "").want(200)

	part := s.login("POST", "/v1/checkout/sessions", `{"amount":"5"}`).want(201)
	paying := "/v1/checkout/sessions/" + part.text("session", "id")
	asked := s.send("POST", paying+"/pay/intent", `{"method":"usdt"}`).want(200) // at an address of its own
	s.send("POST", paying+"/sandbox", `{"scenario":"short"}`).want(202)
	time.Sleep(5 * time.Second)
	s.send("POST", paying+"/pay/intent", `{"method":"usdc"}`).want(409, "payment_partially_paid")
	now := s.send("GET", paying, "").want(200)
	if now.text("session", "payment", "instructions", "paid") != "4.50" || now.text("session", "payment", "instructions", "rest") != "0.50" {
		s.t.Errorf("after a part: %s", now.Body)
	}
	s.login("POST", paying+"/cancel", "").want(409, "payment_partially_paid")
	s.send("POST", paying+"/pay/confirm", `{"paymentId":"`+asked.text("paymentId")+`"}`).want(200)
	s.login("DELETE", one, "").want(204)
	s.login("DELETE", two, "").want(204)
	s.login("DELETE", two, "").want(404, "not_found")
	opened := s.login("POST", "/v1/checkout/sessions", `{"amount":"5"}`).want(201)
	own := s.send("POST", "/v1/checkout/sessions/"+opened.text("session", "id")+"/pay/intent",
		`{"method":"usdt","dedicated":true}`).want(200)
	if own.text("instructions", "matching") != "dedicated_address" || own.text("instructions", "amount") != "5.00" {
		s.t.Errorf("instructions: %s", own.Body)
	}
}

func walkKYC(s *specShop) {
	s.login("GET", "/v1/kyc", "").want(200)
	upload := func(kind string, file []byte) specExchange {
		body, media := specForm(s.t, kind, file)
		r := httptest.NewRequestWithContext(s.t.Context(), "POST", "/v1/kyc/documents", bytes.NewReader(body))
		r.Header.Set("Content-Type", media)
		r.Header.Set("Authorization", "Bearer "+s.jwt)
		return s.do(r, body)
	}
	doc := upload("identity", []byte("%PDF-1.7\n%%EOF\n")).want(201)
	upload("identity", []byte("MZ")).want(415, "unsupported_file_type")
	upload("selfie", []byte("%PDF-1.7\n%%EOF\n")).want(400, "invalid_kyc")
	upload("identity", append([]byte("%PDF-1.7\n"), make([]byte, 12<<20)...)).want(413, "file_too_large")
	s.login("GET", "/v1/kyc/documents", "").want(200)
	one := "/v1/kyc/documents/" + doc.text("document", "id")
	s.login("GET", one, "").want(200)
	s.send("GET", one, "").want(404, "not_found")
	s.login("POST", "/v1/kyc", `{"legalName":"Blue Bottle Books Ltd","country":"JP","kind":"company",`+
		`"registryNumber":"0100-01-123456"}`).want(200)
	s.login("POST", "/v1/kyc", `{"legalName":"Blue Bottle Books Ltd","country":"jp","kind":"company"}`).
		want(400, "invalid_kyc")
	s.login("GET", one, "").want(403, "forbidden")
	s.login("GET", "/v1/kyc", "").want(200)
}

func walkWebhooks(s *specShop) {
	made := s.key("POST", "/v1/webhook-endpoints",
		`{"url":"https://shop.example/hooks/101pay","events":["payment.paid","payment.late"],"description":"orders"}`).
		want(201)
	one := "/v1/webhook-endpoints/" + made.text("endpoint", "id")
	s.login("POST", "/v1/webhook-endpoints", `{"url":"https://unreachable.example/hook"}`).want(201)
	s.login("POST", "/v1/webhook-endpoints", `{"url":"http://shop.example/hook"}`).want(400, "invalid_webhook_url")
	s.login("POST", "/v1/webhook-endpoints", `{"url":"https://shop.example/hook","events":["*"]}`).
		want(400, "invalid_event_types")
	s.login("GET", "/v1/webhook-endpoints?mode=test", "").want(200)
	s.login("GET", one, "").want(200)
	s.login("GET", "/v1/webhook-endpoints/none", "").want(404, "not_found")
	s.login("PATCH", one, `{"events":[],"enabled":false}`).want(200)
	s.login("POST", one+"/test", "").want(409, "endpoint_disabled")
	s.login("PATCH", one, `{"enabled":true}`).want(200)
	s.login("POST", one+"/rotate", "").want(200)
	s.login("POST", one+"/test", "").want(202)
	time.Sleep(time.Second)
	s.login("GET", one+"/deliveries", "").want(200)
	other := s.login("POST", "/v1/webhook-endpoints", `{"url":"https://shop.example/old"}`).want(201)
	s.login("DELETE", "/v1/webhook-endpoints/"+other.text("endpoint", "id"), "").want(204)
}
