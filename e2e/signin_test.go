package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

// visitor is a browser at the dashboard, by its one cookie of a session.
type visitor struct {
	*rig.Gateway
	cookie string
}

func (v *visitor) do(t *testing.T, method, path, body string) rig.Answer {
	t.Helper()
	var content any
	if body != "" {
		content = body
	}
	a := v.Call(method, path, content, "Cookie", v.cookie, "Sec-Fetch-Site", "same-origin")
	for _, line := range a.Header.Values("Set-Cookie") {
		if pair, _, _ := strings.Cut(line, ";"); strings.HasPrefix(pair, "101pay=") {
			v.cookie = pair
		}
	}
	return a
}

// An owner sets up an authenticator app; from then on no door opens to the password alone, until the
// operator takes the lost factor away. All of it is in the audit log, which the audit proves.
func TestASecondFactorHoldsAtEveryDoor(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	v := &visitor{Gateway: g}
	in := `{"email":"` + m.Email + `","password":"` + m.Password + `"}`
	v.do(t, http.MethodPost, "/dashboard/session", in).Want(t, http.StatusCreated)
	secret := v.do(t, http.MethodPost, "/dashboard/totp", "{}").Want(t, http.StatusCreated).At("secret")
	var confirmed rig.Answer
	for range 3 { // the machine may stand still between the code and its use
		confirmed = v.do(t, http.MethodPost, "/dashboard/totp/confirm", `{"code":"`+authenticator(t, secret)+`"}`)
		if confirmed.Status == http.StatusOK {
			break
		}
	}
	var shown struct{ RecoveryCodes []string }
	if err := json.Unmarshal(confirmed.Want(t, http.StatusOK).Body, &shown); err != nil || len(shown.RecoveryCodes) != 10 {
		t.Fatalf("%v in %s", err, confirmed.Body)
	}
	m.Call(http.MethodGet, "/v1/me", nil).Want(t, http.StatusUnauthorized) // signed in before there was a factor

	login := func(more string) rig.Answer {
		return g.Call(http.MethodPost, "/v1/auth/login", strings.TrimSuffix(in, "}")+more+"}")
	}
	stranger := &visitor{Gateway: g}
	for door, a := range map[string]rig.Answer{
		"the API": login(""), "the dashboard": stranger.do(t, http.MethodPost, "/dashboard/session", in),
	} {
		if a.Status != http.StatusUnauthorized || a.At("error") != "second_factor_required" {
			t.Errorf("%s opens to the password alone: %d %s", door, a.Status, a.Body)
		}
	}
	code := `,"recoveryCode":"` + shown.RecoveryCodes[0] + `"`
	login(code).Want(t, http.StatusOK)
	if a := login(code); a.At("error") != "invalid_second_factor" {
		t.Errorf("a recovery code works twice: %d %s", a.Status, a.Body)
	}

	if text, exit := g.Command("members", "reset-factors", "nobody@shop.example"); exit == 0 {
		t.Errorf("reset for nobody: %s", text)
	}
	if text, exit := g.Command("members", "reset-factors", m.Email); exit != 0 {
		t.Fatalf("reset: %d %s", exit, text)
	}
	v.do(t, http.MethodGet, "/dashboard/session", "").Want(t, http.StatusUnauthorized)
	v.do(t, http.MethodPost, "/dashboard/session", in).Want(t, http.StatusCreated)
	log := string(v.do(t, http.MethodPost, "/dashboard/graphql",
		`{"query":"{ auditLog(first: 100) { intact nodes { action by } } }"}`).Want(t, http.StatusOK).Body)
	for _, action := range []string{"session.opened", "totp.added", "factors.reset", `"by":"operator"`, `"intact":true`} {
		if !strings.Contains(log, action) {
			t.Errorf("the log does not tell of %s: %s", action, log)
		}
	}
	if a := v.Call(http.MethodDelete, "/dashboard/session", nil, "Cookie", v.cookie, "Sec-Fetch-Site", "cross-site"); a.At("error") != "cross_origin" {
		t.Errorf("another site signs her out: %d %s", a.Status, a.Body)
	}
	if text, exit := g.Command("audit"); exit != 0 {
		t.Errorf("audit answers %d:\n%s", exit, text)
	}
}

// authenticator is what an authenticator app shows now.
func authenticator(t *testing.T, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}
