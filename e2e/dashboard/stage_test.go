package dashboard

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

// password of everybody who registers here.
const password = "seven quiet harbours at dusk"

// register opens an account by hand and answers its address. It ends on the way through the first run.
func (t *tab) register() (email string) {
	t.Helper()
	email = "mori." + strings.ToLower(rand.Text()[:10]) + "@example.com"
	t.visit("/register")
	t.headed("Open an account")
	t.fill("Shop name", "Atelier Mori")
	t.fill("E-mail", email)
	t.fill("Password", password)
	t.press("Open the account")
	t.headed("Get started")
	return email
}

// signIn signs in by password, as far as that leads.
func (t *tab) signIn(email string) {
	t.Helper()
	t.visit("/sign-in")
	t.headed("Sign in")
	t.fill("E-mail", email)
	t.fill("Password", password)
	t.press("Sign in")
}

// receiver is a merchant's server that takes every event, or none.
type receiver struct {
	URL  string
	took atomic.Int64
	sour atomic.Bool // answers 503, and wants to be left alone
}

func openReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if r.sour.Load() {
			w.Header().Set("Retry-After", "3600") // nothing is sent again but what somebody asks for
			http.Error(w, "the shop is closed", http.StatusServiceUnavailable)
			return
		}
		r.took.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	r.URL = server.URL + "/hooks"
	return r
}

// code is what an authenticator app shows for a secret, so many steps of 30 seconds from now.
func code(t *testing.T, secret string, steps int64) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(secret, "="))
	if err != nil {
		t.Fatal(err)
	}
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(time.Now().Unix()/30+steps))
	mac := hmac.New(sha1.New, key)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:at+4])&0x7fffffff)%1_000_000)
}

// open starts a gateway with a dashboard in it, with further settings if there are any.
func open(t *testing.T, settings ...map[string]string) *rig.Gateway {
	t.Helper()
	// Passkeys belong to a host's name, which an address is not.
	address := rig.FreeAddress(t)
	name := "http://" + strings.Replace(address, "127.0.0.1", "localhost", 1)
	env := map[string]string{"LISTEN_ADDR": address, "PUBLIC_URL": name}
	for _, more := range settings {
		maps.Copy(env, more)
	}
	g := rig.Start(t, env)
	g.URL = name
	a := g.Call(http.MethodGet, "/dashboard", nil)
	if a.Status != http.StatusOK || !strings.Contains(string(a.Body), "/dashboard/assets/") {
		t.Fatalf("the binary has no dashboard (make dashboard): %d %.200s", a.Status, a.Body)
	}
	return g
}
