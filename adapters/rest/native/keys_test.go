package native_test

import (
	"net/http"
	"strings"
	"testing"
)

// A private key is shown in the answer that made it, and masked in every other.
func TestKeysAreShownOnce(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	r := d.post("/v1/keys", token, `{"label":"till"}`)
	made := r.is(http.StatusCreated).at(t, "key")
	private := made.text(t, "privateKey")
	if !strings.HasPrefix(private, "sk_test_") || !strings.HasPrefix(made.text(t, "publicKey"), "pk_test_") ||
		made["mode"] != "test" || made["status"] != "active" || made["label"] != "till" {
		t.Errorf("made %v", made)
	}
	id := made.text(t, "id")
	one := d.get("/v1/keys/"+id, token)
	listed := d.get("/v1/keys", token)
	patched := d.do(call{method: "PATCH", path: "/v1/keys/" + id, token: token, body: `{"label":"web"}`})
	revoked := d.do(call{method: "DELETE", path: "/v1/keys/" + id, token: token})
	for _, r := range []reply{one, listed, patched, revoked} {
		r.is(http.StatusOK)
		if strings.Contains(r.body, private) || !strings.Contains(r.body, `"sk_test_…`+private[len(private)-4:]+`"`) {
			t.Errorf("shown again: %s", r.body)
		}
	}
	if k := patched.is(http.StatusOK).at(t, "key"); k["label"] != "web" {
		t.Errorf("relabelled %v", k)
	}
	if k := revoked.is(http.StatusOK).at(t, "key"); k["status"] != "revoked" || k["revokedAt"] == nil {
		t.Errorf("revoked %v", k)
	}
	d.post("/v1/keys/"+id+"/revoke", token, "").is(http.StatusOK)
	d.do(call{method: "PATCH", path: "/v1/keys/" + id, token: token, body: `{"label":"x"}`}).fails(http.StatusConflict, "key_revoked")
	d.post("/v1/keys/"+id+"/rotate", token, "").fails(http.StatusConflict, "key_revoked")

	fresh := d.newKey(token, `{}`)
	replacement := d.post("/v1/keys/"+fresh.text(t, "id")+"/rotate", token, "").is(http.StatusCreated).at(t, "key")
	if replacement["id"] == fresh["id"] || !strings.HasPrefix(replacement.text(t, "privateKey"), "sk_test_") ||
		strings.Contains(replacement.text(t, "privateKey"), "…") {
		t.Errorf("rotated %v", replacement)
	}
	states := map[string]int{}
	for _, k := range d.get("/v1/keys", token).is(http.StatusOK).list(t, "keys") {
		states[k.text(t, "status")]++
	}
	if states["active"] != 1 || states["revoked"] != 2 {
		t.Errorf("pairs %v", states)
	}
}

// The mode of a key is the project's unless the request says otherwise; live needs a rail.
func TestKeysHaveAMode(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	d.post("/v1/keys", token, `{"mode":"live"}`).fails(http.StatusConflict, "live_rail_missing")
	d.post("/v1/keys", token, `{"mode":"Test"}`).fails(http.StatusBadRequest, "invalid_mode")
	d.post("/v1/auth/api-key/rotate", token, `{"mode":"live"}`).fails(http.StatusConflict, "live_rail_missing")

	d = openDesk(t, withLiveRail)
	token = d.token("a@b.example")
	if k := d.newKey(token, `{"mode":"live"}`); k["mode"] != "live" || !strings.HasPrefix(k.text(t, "privateKey"), "sk_live_") {
		t.Errorf("live key %v", k)
	}
	d.do(call{method: "PATCH", path: "/v1/project", token: token, body: `{"mode":"live"}`}).is(http.StatusOK)
	if k := d.newKey(token, `{}`); k["mode"] != "live" {
		t.Errorf("key of a live project %v", k)
	}
	if k := d.newKey(token, `{"mode":"test"}`); k["mode"] != "test" {
		t.Errorf("test key of a live project %v", k)
	}
	k := d.post("/v1/auth/api-key/rotate", token, "").is(http.StatusCreated)
	if k["mode"] != "live" || !strings.HasPrefix(k.text(t, "apiKey"), "ap_live_") {
		t.Errorf("API key %v", k)
	}
}

// Rows H01 to H03: what is another merchant's, or no id at all, is not there.
func TestForeignAndMalformedIDsAreNotFound(t *testing.T) {
	d := openDesk(t)
	token, other := d.token("a@b.example"), d.token("c@d.example")
	key := d.newKey(other, `{}`).text(t, "id")
	account := d.post("/v1/receiving-accounts", other,
		`{"network":"TRC20","asset":"USDT","address":"`+tronAddress+`"}`).
		is(http.StatusCreated).at(t, "receivingAccount").text(t, "id")
	for _, id := range []string{
		key, account, "1", "20260301000000001", strings.ToUpper(key), strings.Repeat("a", 10_000), "..", "%00", "null",
	} {
		for _, c := range []call{
			{method: "GET", path: "/v1/keys/" + id},
			{method: "PATCH", path: "/v1/keys/" + id, body: `{"label":"x"}`},
			{method: "DELETE", path: "/v1/keys/" + id},
			{method: "POST", path: "/v1/keys/" + id + "/revoke"},
			{method: "POST", path: "/v1/keys/" + id + "/rotate"},
			{method: "PATCH", path: "/v1/receiving-accounts/" + id, body: `{"label":"x"}`},
			{method: "DELETE", path: "/v1/receiving-accounts/" + id},
			{method: "GET", path: "/v1/kyc/documents/" + id},
			{method: "GET", path: "/v1/transactions/" + id},
		} {
			c.token = token
			if d.do(c).fails(http.StatusNotFound, "not_found"); t.Failed() {
				t.Fatalf("%s %.80s", c.method, c.path)
			}
		}
	}
}
