package native_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	tronAddress  = "TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK"
	otherAddress = "TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx"
)

// Rows C03 and C05, over HTTP.
func TestReceivingAccountsOverHTTP(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	add := func(network, asset, address string) reply {
		return d.post("/v1/receiving-accounts", token,
			`{"network":"`+network+`","asset":"`+asset+`","address":"`+address+`","label":"cold"}`)
	}
	for name, c := range map[string]struct{ network, asset, address, code, param string }{
		"network":         {"trc20", "USDT", tronAddress, "unsupported_network", "network"},
		"sandbox":         {"sandbox", "USDT", tronAddress, "unsupported_network", "network"},
		"asset":           {"TRC20", "USDC", tronAddress, "unsupported_asset", "asset"},
		"C03 checksum":    {"TRC20", "USDT", tronAddress[:33] + "x", "invalid_address", "address"},
		"C03 33 letters":  {"TRC20", "USDT", tronAddress[:33], "invalid_address", "address"},
		"C03 35 letters":  {"TRC20", "USDT", tronAddress + "x", "invalid_address", "address"},
		"C03 letter 0":    {"TRC20", "USDT", "T0" + tronAddress[2:], "invalid_address", "address"},
		"C03 hex":         {"TRC20", "USDT", "41b6e708a39781c96bd399c7657780ff9fe9f052a8", "invalid_address", "address"},
		"C03 EVM":         {"TRC20", "USDT", "0xb6e708a39781c96bd399c7657780ff9fe9f052a8", "invalid_address", "address"},
		"C03 contract":    {"TRC20", "USDT", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "invalid_address", "address"},
		"C03 zero":        {"TRC20", "USDT", "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb", "invalid_address", "address"},
		"C05 Bitcoin":     {"TRC20", "USDT", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "address_chain_mismatch", "address"},
		"space":           {"TRC20", "USDT", tronAddress + " ", "invalid_address", "address"},
		"overlong":        {"TRC20", "USDT", strings.Repeat("T", 10_000), "invalid_address", "address"},
		"address missing": {"TRC20", "USDT", "", "invalid_address", "address"},
	} {
		if m := add(c.network, c.asset, c.address).fails(http.StatusBadRequest, c.code); m["param"] != c.param {
			t.Errorf("%s: param %v, want %s", name, m["param"], c.param)
		}
	}
	d.post("/v1/receiving-accounts", token, `{"network":"TRC20","asset":"USDT"}`).fails(http.StatusBadRequest, "invalid_request")
	a := add("TRC20", "USDT", tronAddress).is(http.StatusCreated).at(t, "receivingAccount")
	if a["network"] != "TRC20" || a["asset"] != "USDT" || a["address"] != tronAddress || a["label"] != "cold" {
		t.Errorf("account %v", a)
	}
	add("TRC20", "USDT", tronAddress).fails(http.StatusConflict, "receiving_account_exists")
	path := "/v1/receiving-accounts/" + a.text(t, "id")
	renamed := d.do(call{method: "PATCH", path: path, token: token, body: `{"label":"hot"}`}).is(http.StatusOK)
	if renamed.at(t, "receivingAccount")["label"] != "hot" {
		t.Errorf("relabelled %v", renamed)
	}
	d.do(call{method: "PATCH", path: path, token: token, body: `{"label":"a\nb"}`}).fails(http.StatusBadRequest, "invalid_string")
	d.do(call{method: "PATCH", path: path, token: token, body: `{}`}).fails(http.StatusBadRequest, "invalid_request")
	d.do(call{method: "PATCH", path: path, token: token, body: `{"address":"` + otherAddress + `"}`}).
		fails(http.StatusBadRequest, "unknown_field")
	with := `{"password":"` + password + `"}`
	if r := d.do(call{method: "DELETE", path: path, token: token, body: with}); r.status != http.StatusNoContent || r.body != "" {
		t.Errorf("removed: %d %s", r.status, r.body)
	}
	d.do(call{method: "DELETE", path: path, token: token, body: with}).fails(http.StatusNotFound, "not_found")
	if list := d.get("/v1/receiving-accounts", token).is(http.StatusOK).list(t, "receivingAccounts"); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
}

// Where money goes changes with a login and the password, after a time; stopping it needs neither.
func TestAnAddressChangeOverHTTP(t *testing.T) {
	d := openDesk(t, withLiveRail)
	m := d.signUp("a@b.example")
	token, apiKey := m.text(t, "token"), m.text(t, "apiKey")
	add := func(credential, address, more string) reply {
		return d.post("/v1/receiving-accounts", credential,
			`{"network":"TRC20","asset":"USDT","address":"`+address+`"`+more+`}`)
	}
	remove := func(credential, id, body string) reply {
		return d.do(call{method: "DELETE", path: "/v1/receiving-accounts/" + id, token: credential, body: body})
	}
	list := func(credential string) []object {
		return d.get("/v1/receiving-accounts", credential).is(http.StatusOK).list(t, "receivingAccounts")
	}
	for _, credential := range []string{"", "x.y", apiKey + "x"} {
		add(credential, tronAddress, "").fails(http.StatusUnauthorized, "unauthorized")
		remove(credential, "x", "").fails(http.StatusUnauthorized, "unauthorized")
		d.get("/v1/receiving-accounts", credential).fails(http.StatusUnauthorized, "unauthorized")
	}
	right := `,"password":"` + password + `"`
	live := d.post("/v1/auth/api-key/rotate", token, `{"mode":"live"}`).is(http.StatusCreated).text(t, "apiKey")
	for _, key := range []string{apiKey, live} {
		add(key, tronAddress, "").fails(http.StatusForbidden, "login_required")
		add(key, tronAddress, right).fails(http.StatusForbidden, "login_required")
	}
	first := add(token, tronAddress, "").is(http.StatusCreated).at(t, "receivingAccount")
	if first["state"] != "current" || first["fingerprint"] != "8533 9200" || first["activeFrom"] != first["createdAt"] {
		t.Errorf("first %v", first)
	}
	one := first.text(t, "id")
	add(token, otherAddress, "").fails(http.StatusBadRequest, "password_required")
	add(token, otherAddress, `,"password":"wrong horse"`).fails(http.StatusUnauthorized, "invalid_credentials")
	d.clock.pass(time.Second)
	second := add(token, otherAddress, right).is(http.StatusCreated).at(t, "receivingAccount")
	if second["state"] != "pending" || second["replaces"] != one || second["activeFrom"] != "2026-03-02T12:00:01.123456Z" {
		t.Errorf("second %v", second)
	}
	if all := list(apiKey); len(all) != 2 || all[1]["activeUntil"] != second["activeFrom"] || all[1]["state"] != "current" {
		t.Errorf("listed %v", all)
	}
	remove(token, one, "").fails(http.StatusBadRequest, "password_required")
	remove(live, one, `{"password":"`+password+`"}`).fails(http.StatusForbidden, "login_required")
	remove(token, one, `{"password":"wrong horse"}`).fails(http.StatusUnauthorized, "invalid_credentials")
	if r := remove(apiKey, second.text(t, "id"), ""); r.status != http.StatusNoContent {
		t.Errorf("an API key stops a change: %d %s", r.status, r.body)
	}
	if all := list(token); len(all) != 1 || all[0]["id"] != one || all[0]["activeUntil"] != nil {
		t.Errorf("after stopping: %v", all)
	}
	put := func(body string) reply {
		return d.do(call{method: "PUT", path: "/v1/receiving-accounts/waiting-time", token: token, body: body})
	}
	put(`{"hours":169}`).fails(http.StatusBadRequest, "invalid_waiting_time")
	put(`{}`).fails(http.StatusBadRequest, "invalid_request")
	w := put(`{"hours":0}`).is(http.StatusOK).at(t, "waitingTime")
	if w["hours"] != 24.0 || w["nextHours"] != 0.0 || w["nextFrom"] != "2026-03-02T12:00:01.123456Z" {
		t.Errorf("waiting time %v", w)
	}

	// Guessing the password here counts as guessing it at the login.
	for range 12 {
		add(token, otherAddress, `,"password":"wrong horse"`)
	}
	add(token, otherAddress, right).fails(http.StatusTooManyRequests, "rate_limited")
	remove(token, one, `{"password":"`+password+`"}`).fails(http.StatusTooManyRequests, "rate_limited")
	d.post("/v1/auth/login", "", `{"email":"A@b.example","password":"`+password+`"}`).
		fails(http.StatusTooManyRequests, "rate_limited")
}

// An address of somebody else is refused; the text to sign names merchant, address and day.
func TestAnAddressIsClaimedOverHTTP(t *testing.T) {
	d := openDesk(t)
	first, second := d.token("a@b.example"), d.signUp("c@d.example")
	token := second.text(t, "token")
	body := `{"network":"TRC20","asset":"USDT","address":"` + tronAddress + `"`
	d.post("/v1/receiving-accounts", first, body+`}`).is(http.StatusCreated)
	d.post("/v1/receiving-accounts", token, body+`}`).fails(http.StatusConflict, "address_in_use_by_another_merchant")
	d.post("/v1/receiving-accounts", token, body+`,"signature":"0x00"}`).fails(http.StatusBadRequest, "invalid_signature")
	challenge := func(body string) reply { return d.post("/v1/receiving-accounts/challenge", token, body) }
	challenge(`{"network":"TRC20"}`).fails(http.StatusBadRequest, "invalid_request")
	challenge(`{"network":"TRC20","address":"T"}`).fails(http.StatusBadRequest, "invalid_address")
	challenge(`{"network":"BTC","address":"T"}`).fails(http.StatusBadRequest, "unsupported_network")
	c := challenge(`{"network":"TRC20","address":"`+tronAddress+`"}`).is(http.StatusOK).at(t, "challenge")
	for _, part := range []string{
		tronAddress, "merchant " + second.at(t, "merchant").text(t, "clientId"), "2026-03-01 (UTC)",
	} {
		if !strings.Contains(c.text(t, "text"), part) {
			t.Errorf("challenge %v lacks %s", c, part)
		}
	}
	if c["network"] != "TRC20" || c["expiresAt"] != "2026-03-03T00:00:00.000000Z" {
		t.Errorf("challenge %v", c)
	}
}

// Row C02: ten methods in the source's order, by their exact names.
func TestPaymentMethodsOverHTTP(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	var names []string
	for _, m := range d.get("/v1/payment-methods", token).is(http.StatusOK).list(t, "paymentMethods") {
		names = append(names, m.text(t, "method"))
		usdt, test := m["method"] == "usdt", strings.Contains("usdt usdc eth bnb", m.text(t, "method"))
		if m["enabled"] != test || m["test"] != test || m["live"] != false ||
			usdt != (m["network"] == "TRC20") {
			t.Errorf("method %v", m)
		}
	}
	if got := strings.Join(names, " "); got != "usdc btc eth usdt bnb sol ada xrp doge dot" {
		t.Errorf("methods %s", got)
	}
	put := func(method, body string) reply {
		return d.do(call{method: "PUT", path: "/v1/payment-methods/" + method, token: token, body: body})
	}
	if m := put("usdt", `{"enabled":false}`).is(http.StatusOK).at(t, "paymentMethod"); m["enabled"] != false || m["test"] != true {
		t.Errorf("switched off %v", m)
	}
	put("btc", `{"enabled":true}`).fails(http.StatusBadRequest, "unsupported_method")
	put("USDT", `{"enabled":true}`).fails(http.StatusBadRequest, "unsupported_method")
	put("lightning", `{"enabled":true}`).fails(http.StatusBadRequest, "unsupported_method")
	put("usdt", `{}`).fails(http.StatusBadRequest, "invalid_request")
	put("usdt", `{"enabled":"true"}`).fails(http.StatusBadRequest, "invalid_type")
	put("usdt", `{"enabled":true,"live":true}`).fails(http.StatusBadRequest, "unknown_field")
}
