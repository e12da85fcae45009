package signin_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/signin"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

const (
	public   = "https://pay.example"
	password = "correct horse"
)

// vault seals visibly; digests and tags are real.
type vault struct{}

func (vault) Seal(purpose string, plain []byte) ([]byte, error) {
	return append([]byte("sealed "+purpose+" "), plain...), nil
}

func (vault) Open(purpose string, sealed []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte("sealed "+purpose+" "))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return plain, nil
}

func (vault) Digest(s keys.Secret) []byte { return tag("digest", s.Reveal()) }

func (vault) Tag(purpose, text string) []byte { return tag("tag "+purpose, text)[:16] }

func tag(purpose, text string) []byte {
	mac := hmac.New(sha256.New, []byte(purpose))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// passwords are quick.
type passwords struct{}

func (passwords) Hash(_ context.Context, p string) (string, error) { return "hash of " + p, nil }

func (passwords) Verify(_ context.Context, p, hash string) (bool, error) {
	return hash == "hash of "+p, nil
}

func (passwords) Weak(p string) bool { return p == "password1234" }

// passkeys are named by the browser's answer: {"id": "..."}.
type passkeys struct{}

func (passkeys) Offer(ports.PasskeyUser) (options, state []byte, err error) {
	return []byte(`{"challenge":"offer"}`), []byte("offer"), nil
}

func (passkeys) Register(_ ports.PasskeyUser, _, answer []byte) (member.Passkey, error) {
	id, err := answered(answer)
	return member.Passkey{ID: id, Credential: []byte("new")}, err
}

func (passkeys) Ask() (options, state []byte, err error) {
	return []byte(`{"challenge":"ask"}`), []byte("ask"), nil
}

func (passkeys) Check(_, answer []byte, find func([]byte) (ports.PasskeyUser, error)) (
	ports.PasskeyUser, member.Passkey, error,
) {
	id, err := answered(answer)
	if err != nil {
		return ports.PasskeyUser{}, member.Passkey{}, err
	}
	u, err := find(id)
	if err != nil {
		return u, member.Passkey{}, member.ErrPasskey
	}
	return u, member.Passkey{ID: id, Credential: []byte("used")}, nil
}

func answered(text []byte) ([]byte, error) {
	var a struct{ ID string }
	if err := json.Unmarshal(text, &a); err != nil || a.ID == "" {
		return nil, member.ErrPasskey
	}
	return []byte(a.ID), nil
}

// tokens are not what is tested here.
type tokens struct{ ports.Tokens }

func (tokens) Sign(ports.AccessClaims, time.Time) (string, error) { return "access token", nil }

type ids struct{}

func (ids) UUID() string { return portstest.UUID() }

func (ids) Bytes(n int) []byte {
	b := portstest.Unique()
	return b[:n]
}

func (ids) Intn(n int) int {
	b := portstest.Unique()
	return (int(b[0])<<16 + int(b[1])<<8 + int(b[2])) % n
}

type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// desk is the endpoints over the store in memory, which runs every unit of work twice.
type desk struct {
	*testing.T
	clock  *clock
	engine *gin.Engine
	in     app.SignIn
	team   app.Members
}

type option func(*signin.API)

func openDesk(t *testing.T, options ...option) *desk {
	t.Helper()
	d := &desk{T: t, clock: &clock{now: portstest.Epoch}}
	store := memory.New(memory.Restless())
	core := app.Core{Work: store, Clock: d.clock, IDs: ids{}, Vault: vault{}}
	in := app.SignIn{
		Core: core, Passwords: passwords{}, Passkeys: passkeys{}, Ring: store, Throttle: app.NewThrottle(),
		Issuer: "101pay pay.example",
	}
	d.in, d.team = in, app.Members{Core: core, SignIn: in}
	api := &signin.API{
		SignIn: in, Accounts: app.Accounts{Core: core, SignIn: in, Tokens: tokens{}}, Members: d.team,
		Jar: signin.Jar{Secure: true}, Limiter: edge.NewLimiter(d.clock.Now),
		Budgets: signin.Budgets{
			Door: signin.Budget{PerSecond: 1000, Burst: 10_000}, Inside: signin.Budget{PerSecond: 1000, Burst: 10_000},
		},
	}
	for _, o := range options {
		o(api)
	}
	api.Gate = signin.NewGate(in, api.Jar)
	d.engine = edge.NewEngine(edge.Options{Log: slog.New(slog.DiscardHandler), Now: d.clock.Now})
	guard, err := signin.SameOrigin(public)
	if err != nil {
		t.Fatal(err)
	}
	d.engine.Use(guard)
	api.Mount(d.engine)
	return d
}

// browser is one with its cookies.
type browser struct {
	*desk
	cookies map[string]string
	last    *http.Response
}

func (d *desk) browser() *browser { return &browser{desk: d, cookies: map[string]string{}} }

type reply struct {
	*testing.T
	status int
	header http.Header
	body   string
}

func (b *browser) do(method, path, body string, headers ...string) reply {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), method, public+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("User-Agent", "Firefox\x01")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.engine.ServeHTTP(w, r)
	b.last = w.Result()
	for _, c := range b.last.Cookies() {
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return reply{b.T, w.Code, w.Header(), w.Body.String()}
}

type object map[string]any

func (r reply) is(status int) object {
	r.Helper()
	if r.status != status {
		r.Fatalf("%d %s, want %d", r.status, r.body, status)
	}
	var m object
	if r.body != "" {
		if err := json.Unmarshal([]byte(r.body), &m); err != nil {
			r.Fatalf("%v in %s", err, r.body)
		}
	}
	return m
}

func (r reply) fails(status int, code string) object {
	r.Helper()
	m := r.is(status)
	if m["error"] != code || m["message"] == "" || m["request_id"] == "" {
		r.Errorf("%s, want %s", r.body, code)
	}
	return m
}

func (o object) at(t *testing.T, name string) object {
	t.Helper()
	m, ok := o[name].(map[string]any)
	if !ok {
		t.Fatalf("no object %s in %v", name, o)
	}
	return m
}

func (o object) text(t *testing.T, name string) string {
	t.Helper()
	s, ok := o[name].(string)
	if !ok {
		t.Fatalf("no text %s in %v", name, o)
	}
	return s
}

func (o object) list(t *testing.T, name string) []any {
	t.Helper()
	l, ok := o[name].([]any)
	if !ok {
		t.Fatalf("no list %s in %v", name, o)
	}
	return l
}

// signUp opens an account and answers the browser that is signed in to it.
func (d *desk) signUp(email string) *browser {
	d.Helper()
	b := d.browser()
	b.do("POST", "/dashboard/account", `{"email":"`+email+`","password":"`+password+`"}`).is(http.StatusCreated)
	return b
}

// join makes a member of an owner's account and answers his browser.
func (b *browser) join(email, role string) *browser {
	b.Helper()
	other := b.browser()
	other.do("POST", "/dashboard/invitations/accept", `{"token":"`+b.invite(email, role)+`","password":"`+password+`"}`).
		is(http.StatusCreated)
	return other
}

// invite answers the token of an invitation to an owner's account.
func (b *browser) invite(email, role string) string {
	b.Helper()
	as, err := member.ParseRole(role)
	if err != nil {
		b.Fatal(err)
	}
	invited, err := b.team.Invite(b.Context(), b.who(), email, as)
	if err != nil {
		b.Fatal(err)
	}
	return invited.Token.Reveal()
}

// who is who is signed in.
func (b *browser) who() app.Actor {
	b.Helper()
	who, err := b.in.Resolve(b.Context(), keys.NewSecret(b.cookies["__Host-101pay"]), app.Origin{})
	if err != nil {
		b.Fatal(err)
	}
	return who
}

// code is what an authenticator app shows for a secret.
func (d *desk) code(secret string) string {
	d.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		d.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, d.clock.Now().Unix()/30)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}
