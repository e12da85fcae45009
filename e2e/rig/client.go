package rig

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/adapters/rest/native/conform"
)

// Answer is what a gateway answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// At reads a member of a JSON answer by its path ("payment.id"); "" if it is not there. Text is
// answered as it is, anything else as JSON.
func (a Answer) At(path string) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return ""
	}
	for _, name := range strings.Split(path, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return ""
		}
		if v, ok = object[name]; !ok {
			return ""
		}
	}
	if s, ok := v.(string); ok {
		return s
	}
	text, _ := json.Marshal(v) //nolint:errchkjson // it was JSON
	return string(text)
}

// Call sends one request. body is sent as it is if it is a string or []byte, and as JSON otherwise;
// header holds names and values in turn.
func (g *Gateway) Call(method, path string, body any, header ...string) Answer {
	g.t.Helper()
	a, err := g.TryCall(method, path, body, header...)
	if err != nil {
		g.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// TryCall is Call for when nobody may be there.
func (g *Gateway) TryCall(method, path string, body any, header ...string) (Answer, error) {
	var content []byte
	switch b := body.(type) {
	case nil:
	case string:
		content = []byte(b)
	case []byte:
		content = b
	default:
		var err error
		if content, err = json.Marshal(b); err != nil {
			return Answer{}, err
		}
	}
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.URL+path, bytes.NewReader(content))
	if err != nil {
		return Answer{}, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := g.client().Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return Answer{answer.StatusCode, answer.Header, text}, err
}

// wire keeps connections for all tests, for less time than a gateway does: one that it closes just when a request
// is sent by it fails the request.
var wire = &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: 20 * time.Second}

var document = sync.OnceValues(func() (*conform.Checker, error) { return conform.New(native.OpenAPI()) })

// client follows no redirect, because tests want to see them, and holds every exchange with the API
// against its document.
func (g *Gateway) client() *http.Client {
	checker, err := document()
	if err != nil {
		g.t.Fatal(err)
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     documented{wire, checker.Transport(wire, g.undocumented)},
	}
}

// undocumented reports an exchange that is not what the document says.
func (g *Gateway) undocumented(r *http.Request, err error) {
	if g.bugged {
		return
	}
	g.t.Errorf("%s %.200s is not as documented: %v", r.Method, r.URL.Path, err)
}

// documented checks what goes to the API and leaves pages alone.
type documented struct{ plain, checked http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (d documented) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		return d.checked.RoundTrip(r)
	}
	return d.plain.RoundTrip(r)
}

// Merchant is a merchant of a gateway with a test key pair.
type Merchant struct {
	Email, Password string
	ID, ClientID    string
	Token, Refresh  string
	APIKey          string
	Public, Private string

	g *Gateway
}

// Register opens an account and makes a test key pair.
func (g *Gateway) Register(t testing.TB) Merchant {
	t.Helper()
	m := Merchant{
		Email: "shop-" + strings.ToLower(rand.Text()[:12]) + "@example.com", Password: rand.Text(), g: g,
	}
	a := g.Call(http.MethodPost, "/v1/auth/register", map[string]string{
		"email": m.Email, "password": m.Password, "name": "Shop",
	})
	a.Want(t, http.StatusCreated)
	m.ID, m.ClientID, m.Token = a.At("merchant.id"), a.At("merchant.clientId"), a.At("token")
	m.Refresh, m.APIKey = a.At("refreshToken"), a.At("apiKey")
	k := m.Call(http.MethodPost, "/v1/keys", map[string]string{"mode": "test"})
	k.Want(t, http.StatusCreated)
	m.Public, m.Private = k.At("key.publicKey"), k.At("key.privateKey")
	return m
}

// Want fails the test if the answer has another status.
func (a Answer) Want(t testing.TB, status int) Answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("answered %d, want %d: %s", a.Status, status, a.Body)
	}
	return a
}

// Call sends a request with the merchant's access token.
func (m Merchant) Call(method, path string, body any, header ...string) Answer {
	m.g.t.Helper()
	return m.g.Call(method, path, body, append(header, "Authorization", "Bearer "+m.Token)...)
}

// At is the merchant as a client of another gateway on the same database.
func (m Merchant) At(g *Gateway) Merchant {
	m.g = g
	return m
}

// Pay makes a payment of the merchant in USDT and answers its id.
func (m Merchant) Pay(t testing.TB, amount string) string {
	t.Helper()
	return m.PayBy(t, "usdt", amount)
}

// PayBy is Pay by another method.
func (m Merchant) PayBy(t testing.TB, method, amount string) string {
	t.Helper()
	return m.g.Call(http.MethodPost, "/v1/payments", map[string]string{
		"clientId": m.ClientID, "secret": m.Private, "amount": amount, "currency": "USDT", "method": method,
	}).Want(t, http.StatusCreated).At("payment.id")
}

// Intent chooses USDT for a session and answers the paymentId.
func (g *Gateway) Intent(t testing.TB, session string) string {
	t.Helper()
	return g.Call(http.MethodPost, "/v1/checkout/sessions/"+session+"/pay/intent", map[string]string{"method": "usdt"}).
		Want(t, http.StatusOK).At("paymentId")
}

// Status is a session's status.
func (g *Gateway) Status(session string) string {
	g.t.Helper()
	return g.Call(http.MethodGet, "/v1/checkout/sessions/"+session, nil).At("session.status")
}
