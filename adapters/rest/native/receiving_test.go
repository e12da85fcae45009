package native_test

import (
	"net/http"
	"strings"
	"testing"
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
	if r := d.do(call{method: "DELETE", path: path, token: token}); r.status != http.StatusNoContent || r.body != "" {
		t.Errorf("removed: %d %s", r.status, r.body)
	}
	d.do(call{method: "DELETE", path: path, token: token}).fails(http.StatusNotFound, "not_found")
	if list := d.get("/v1/receiving-accounts", token).is(http.StatusOK).list(t, "receivingAccounts"); len(list) != 0 {
		t.Errorf("left: %v", list)
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
