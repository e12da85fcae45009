package facilitator_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/facilitator"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

var _ ports.Delegate = (*facilitator.Client)(nil)

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

// remote is somebody else's facilitator, which answers as it is told.
type remote struct {
	*httptest.Server
	client *facilitator.Client
	asked  atomic.Int64
	last   *http.Request
	body   string
}

// answering starts a facilitator that answers everything alike.
func answering(t *testing.T, status int, body string, headers ...string) *remote {
	t.Helper()
	return serving(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

func serving(t *testing.T, serve http.HandlerFunc) *remote {
	t.Helper()
	r := &remote{}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.asked.Add(1)
		r.last, r.body = q, string(body)
		serve(w, q)
	}))
	t.Cleanup(r.Close)
	var err error
	r.client, err = facilitator.New(facilitator.Options{
		URL: r.URL + "/v2/", Token: "secret-token", Clock: wallClock{}, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The token of the fixtures, on Base.
var usdc = func() x402.Token {
	contract, _ := x402.ParseAddress("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")
	token, err := x402.NewToken(8453, contract, "USD Coin", "2")
	if err != nil {
		panic(err)
	}
	return token
}()

var payer = portstest.PayerNamed("alice")

// payment is one that holds.
func payment(t *testing.T) x402.Verified {
	t.Helper()
	price := portstest.TokenPrice{
		Token: usdc, Name: "USD Coin", Version: "2", Units: x402.Uint(10_000), PayTo: portstest.EVMAccount(),
	}
	now := time.Now()
	return portstest.VerifyPayment(t, price, payer.Sign(price, now), now)
}

const (
	tx    = "0x1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef"
	other = "0x857b06519E91e3A54538791bDbb0E22373e36b66"
)

func success(network, payer, transaction string) string {
	return `{"success":true,"payer":"` + payer + `","transaction":"` + transaction + `","network":"` + network + `"}`
}

// What a facilitator says of a settlement, in the shapes that facilitators answer, and what is believed.
func TestSettleBelievesOnlyWhatItMust(t *testing.T) {
	const good = "eip155:8453"
	me := payer.Account.String()
	failed := func(reason, transaction string) string {
		return `{"success":false,"errorReason":"` + reason + `","transaction":"` + transaction + `","network":"` + good + `"}`
	}
	type want struct {
		reason x402.Reason // of a Refusal; 0 for none
		sent   bool        // the transaction is told
		fine   bool        // no error
	}
	for name, c := range map[string]struct {
		status int
		body   string
		want   want
	}{
		"settled":                        {200, success(good, me, tx), want{sent: true, fine: true}},
		"settled, the payer in capitals": {200, success(good, "0x"+strings.ToUpper(me[2:]), tx), want{sent: true, fine: true}},
		"settled, payer null":            {200, `{"success":true,"payer":null,"errorReason":null,"transaction":"` + tx + `","network":"` + good + `"}`, want{sent: true, fine: true}},
		"success without transaction":    {200, success(good, me, ""), want{}},
		"success, no hash":               {200, success(good, me, "0x12"), want{}},
		"success with 202":               {202, success(good, me, tx), want{}},
		"success with 400":               {400, success(good, me, tx), want{sent: true}},
		"success with 500":               {500, success(good, me, tx), want{}},
		"on another network":             {200, success("eip155:84532", me, tx), want{}},
		"on no network":                  {200, success("", me, tx), want{}},
		"by its name of version 1":       {200, success("base", me, tx), want{}},
		"of another payer":               {200, success(good, other, tx), want{}},
		"of another amount":              {200, `{"success":true,"transaction":"` + tx + `","network":"` + good + `","amount":"9"}`, want{}},

		"bad signature":                     {200, failed("invalid_exact_evm_signature", ""), want{reason: x402.ReasonSignature}},
		"bad signature, with 400":           {400, failed("invalid_exact_evm_signature", ""), want{reason: x402.ReasonSignature}},
		"bad signature, with 402":           {402, failed("invalid_exact_evm_payload_signature", ""), want{reason: x402.ReasonSignature}},
		"bad signature, with 500":           {500, failed("invalid_exact_evm_signature", ""), want{}},
		"bad signature, with a transaction": {200, failed("invalid_exact_evm_signature", tx), want{sent: true}},
		"bad signature of somebody else":    {200, `{"success":false,"errorReason":"invalid_exact_evm_signature","payer":"` + other + `","transaction":"","network":""}`, want{}},
		"unsupported, network empty":        {200, `{"success":false,"errorReason":"unsupported_scheme","transaction":"","network":""}`, want{reason: x402.ReasonScheme}},
		"pending":                           {200, failed("settlement_pending", tx), want{sent: true}},
		"pending, nothing named":            {200, failed("settlement_pending", ""), want{}},
		"transaction failed":                {200, failed("invalid_exact_evm_transaction_failed", tx), want{sent: true}},
		"transaction failed, not named":     {200, failed("invalid_exact_evm_transaction_failed", ""), want{}},
		"simulation failed":                 {200, failed("invalid_exact_evm_transaction_simulation_failed", ""), want{}},
		"nonce used":                        {200, failed("invalid_exact_evm_nonce_already_used", ""), want{}},
		"no funds":                          {200, failed("invalid_exact_evm_insufficient_balance", ""), want{}},
		"expired":                           {200, failed("invalid_exact_evm_payload_authorization_valid_before", ""), want{}},
		"duplicate":                         {200, failed("duplicate_settlement", ""), want{}},
		"unexpected":                        {200, failed("unexpected_settle_error", ""), want{}},
		"a reason nobody knows":             {200, failed("because", ""), want{}},
		"no reason":                         {200, `{"success":false,"transaction":"","network":""}`, want{}},

		"no permission":       {401, failed("invalid_exact_evm_signature", ""), want{}},
		"forbidden":           {403, failed("invalid_exact_evm_signature", ""), want{}},
		"elsewhere":           {302, failed("invalid_exact_evm_signature", ""), want{}},
		"too many":            {429, failed("invalid_exact_evm_signature", ""), want{}},
		"bad gateway":         {502, "<html>", want{}},
		"not JSON":            {200, "<html>", want{}},
		"nothing":             {200, "", want{}},
		"an array":            {200, "[]", want{}},
		"half an answer":      {200, `{"success":false,"errorReason":"invalid_exact_evm_signature"`, want{}},
		"two answers":         {200, failed("invalid_exact_evm_signature", "") + "{}", want{}},
		"success said twice":  {200, `{"success":false,"success":true,"errorReason":"invalid_exact_evm_signature","transaction":"","network":""}`, want{}},
		"success in capitals": {200, `{"Success":false,"errorReason":"invalid_exact_evm_signature","transaction":"","network":""}`, want{}},
		"success as text":     {200, `{"success":"false","errorReason":"invalid_exact_evm_signature","transaction":"","network":""}`, want{}},
		"success null":        {200, `{"success":null,"errorReason":"invalid_exact_evm_signature","transaction":"","network":""}`, want{}},
		"too long":            {200, failed("invalid_exact_evm_signature", "") + strings.Repeat(" ", 300<<10), want{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := answering(t, c.status, c.body)
			sent, err := r.client.Settle(t.Context(), payment(t))
			if got := sent != (x402.Hash{}); got != c.want.sent || got && sent.String() != tx {
				t.Errorf("sent %s", sent)
			}
			holds(t, err, c.want.reason, c.want.fine)
		})
	}
}

// holds fails unless an error is a Refusal for a reason, none, or one that leaves everything open.
func holds(t *testing.T, err error, want x402.Reason, fine bool) {
	t.Helper()
	var refusal *x402.Refusal
	switch refused := errors.As(err, &refusal); {
	case fine && err != nil:
		t.Errorf("not believed: %v", err)
	case fine:
	case want != 0 && (!refused || refusal.Reason != want):
		t.Errorf("want %s, got %v", want, err)
	case want == 0 && (refused || fault.From(err).Kind != fault.Unavailable):
		t.Errorf("believed: %v", err)
	}
	if err != nil && (strings.Contains(err.Error(), "secret-token") || strings.Contains(err.Error(), "127.0.0.1")) {
		t.Errorf("the error tells too much: %v", err)
	}
}

func TestVerifyGivesEveryReason(t *testing.T) {
	me := payer.Account.String()
	invalid := func(reason string) string {
		return `{"isValid":false,"invalidReason":"` + reason + `","payer":"` + me + `"}`
	}
	for name, c := range map[string]struct {
		status int
		body   string
		reason x402.Reason
		fine   bool
	}{
		"valid":                {200, `{"isValid":true,"payer":"` + me + `"}`, 0, true},
		"valid, bare":          {200, `{"isValid":true,"invalidReason":null}`, 0, true},
		"valid, another payer": {200, `{"isValid":true,"payer":"` + other + `"}`, 0, false},
		"valid with 402":       {402, `{"isValid":true}`, 0, false},
		"no funds":             {200, invalid("insufficient_funds"), x402.ReasonFunds, false},
		"no funds (SDK)":       {400, invalid("invalid_exact_evm_insufficient_balance"), x402.ReasonFunds, false},
		"used":                 {200, invalid("invalid_exact_evm_nonce_already_used"), x402.ReasonUsed, false},
		"bad signature":        {200, invalid("invalid_exact_evm_signature"), x402.ReasonSignature, false},
		"unexpected":           {200, invalid("unexpected_verify_error"), 0, false},
		"unknown":              {200, invalid("because \u0007"), 0, false},
		"invalid with 503":     {503, invalid("insufficient_funds"), 0, false},
		"of a settlement":      {200, success("eip155:8453", me, tx), 0, false},
		"no permission":        {401, `{"error":"unauthorized"}`, 0, false},
		"no JSON":              {200, "ok", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := answering(t, c.status, c.body)
			holds(t, r.client.Verify(t.Context(), payment(t)), c.reason, c.fine)
		})
	}
}

func TestRequestsAreAsFacilitatorsReadThem(t *testing.T) {
	v := payment(t)
	r := answering(t, 200, success("eip155:8453", "", tx))
	if _, err := r.client.Settle(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	h := r.last.Header
	if r.last.Method != "POST" || r.last.URL.Path != "/v2/settle" || h.Get("Authorization") != "Bearer secret-token" ||
		h.Get("Content-Type") != "application/json" || r.body != string(v.FacilitatorRequest()) {
		t.Errorf("%s %s %v: %s", r.last.Method, r.last.URL, h, r.body)
	}
	key := h.Get("Idempotency-Key")
	if _, err := r.client.Settle(t.Context(), v); err != nil || key == "" || r.last.Header.Get("Idempotency-Key") != key {
		t.Errorf("key %q, then %q (%v)", key, r.last.Header.Get("Idempotency-Key"), err)
	}
	if _, err := r.client.Settle(t.Context(), payment(t)); err != nil || r.last.Header.Get("Idempotency-Key") == key {
		t.Error("two payments have one key")
	}
}

func TestNothingIsFollowed(t *testing.T) {
	inner := answering(t, 200, success("eip155:8453", "", tx))
	r := answering(t, 307, "", "Location", inner.URL+"/settle")
	_, err := r.client.Settle(t.Context(), payment(t))
	holds(t, err, 0, false)
	if inner.asked.Load() != 0 {
		t.Error("it was led elsewhere")
	}
}

func TestBrokenConnectionsLeaveItOpen(t *testing.T) {
	r := serving(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := r.client.Settle(t.Context(), payment(t))
	holds(t, err, 0, false)
	r.Close()
	_, err = r.client.Settle(t.Context(), payment(t))
	holds(t, err, 0, false)
}

// silent carries requests to nobody.
type silent struct{ asked atomic.Int64 }

func (s *silent) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestNobodyIsWaitedForWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := facilitator.New(facilitator.Options{URL: "https://silent.example", Clock: wallClock{}, Transport: &silent{}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = c.Settle(t.Context(), payment(t))
		holds(t, err, 0, false)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s", took)
		}
		began = time.Now()
		holds(t, c.Verify(t.Context(), payment(t)), 0, false)
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// spoken answers without a network.
type spoken struct {
	asked  int
	status int
	header http.Header
	body   string
}

func (s *spoken) RoundTrip(*http.Request) (*http.Response, error) {
	s.asked++
	return &http.Response{StatusCode: s.status, Header: s.header, Body: io.NopCloser(strings.NewReader(s.body))}, nil
}

// One that wants rest gets it: for as long as it says, within reason.
func TestRest(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"7": 7 * time.Second, "": time.Second, "soon": time.Second, "0": time.Second, "-1": time.Second,
		"60000": 2 * time.Minute, "99999999999999999999": time.Second,
		"Sat, 01 Jan 2000 00:00:20 GMT": 20 * time.Second, "Fri, 31 Dec 1999 00:00:00 GMT": time.Second,
	} {
		t.Run(header, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // begins at midnight UTC 2000-01-01
				s := &spoken{status: 429, header: http.Header{"Retry-After": {header}}, body: "{}"}
				c, err := facilitator.New(facilitator.Options{URL: "https://busy.example", Clock: wallClock{}, Transport: s})
				if err != nil {
					t.Fatal(err)
				}
				v := payment(t)
				_, err = c.Settle(t.Context(), v)
				holds(t, err, 0, false)
				if got := fault.From(err).RetryAfter; got != want {
					t.Errorf("to be asked again after %s, want %s", got, want)
				}
				time.Sleep(want - time.Millisecond)
				if _, err = c.Settle(t.Context(), v); err == nil || s.asked != 1 {
					t.Errorf("asked %d times while it rests (%v)", s.asked, err)
				}
				time.Sleep(time.Millisecond)
				s.status, s.body = 200, success("eip155:8453", "", tx)
				if _, err = c.Settle(t.Context(), v); err != nil || s.asked != 2 {
					t.Errorf("asked %d times (%v)", s.asked, err)
				}
			})
		})
	}
}

func TestSupports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &spoken{status: 200, body: `{"kinds":[{"x402Version":2,"scheme":"exact","network":"eip155:8453","extra":null},
			{"x402Version":2,"scheme":"upto","network":"eip155:137"},{"x402Version":1,"scheme":"exact","network":"eip155:1"},
			{"x402Version":1,"scheme":"exact","network":"polygon"},{"x402Version":2,"scheme":"exact","network":"solana:x"}],
			"extensions":[],"signers":{}}`}
		c, err := facilitator.New(facilitator.Options{URL: "https://one.example", Clock: wallClock{}, Transport: s})
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range map[x402.Network]bool{8453: true, 137: false, 1: false, 84532: false} {
			if got, err := c.Supports(t.Context(), n); got != want || err != nil {
				t.Errorf("%s: %t, %v", n, got, err)
			}
		}
		if s.asked != 1 {
			t.Errorf("asked %d times", s.asked)
		}
		time.Sleep(5 * time.Minute)
		s.status = 503
		if yes, err := c.Supports(t.Context(), 8453); yes || err == nil || s.asked != 2 {
			t.Errorf("%t, %v", yes, err)
		}
	})
	for name, body := range map[string]string{"no kinds": "{}", "null": `{"kinds":null}`, "text": `{"kinds":"all"}`, "none": ""} {
		c := answering(t, 200, body).client
		yes, err := c.Supports(t.Context(), 8453)
		if yes || name != "null" && err == nil {
			t.Errorf("%s: %t, %v", name, yes, err)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []facilitator.Options{
		{},
		{URL: "ftp://x.example"},
		{URL: "https://"},
		{URL: "https://x.example?key=1"},
		{URL: "https://u:p@x.example"},
		{URL: "https://x.example", Token: "a\nb"},
		{URL: "https://x.example", Token: "a b"},
	} {
		o.Clock = wallClock{}
		if _, err := facilitator.New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	if _, err := facilitator.New(facilitator.Options{URL: "https://x.example"}); err == nil {
		t.Error("no clock is needed")
	}
	if _, err := facilitator.New(facilitator.Options{URL: "https://x.example", Clock: wallClock{}}); err != nil {
		t.Error(err)
	}
}
