package paywall

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/x402"
)

// Nobody is served unpaid; both versions are told how to pay.
func TestUnpaidIsAsked(t *testing.T) {
	s := open(t, false, sunny)
	w := s.ask(http.MethodGet, "/weather?city=Ulm", "")
	s.want(w, http.StatusPaymentRequired, `"maxAmountRequired":"10000","resource":"https://api.example.com/weather"`)
	if w.Header().Get("Cache-Control") != "no-store" || s.worked() != 0 ||
		!strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "PAYMENT-REQUIRED") {
		t.Errorf("headers %v, handler ran %d times", w.Header(), s.worked())
	}
}

// A payment is settled before its answer is given, and both versions hear of it.
func TestPaidIsServed(t *testing.T) {
	for v, name := range map[x402.Version]string{x402.V1: x402.HeaderPaymentV1, x402.V2: x402.HeaderPaymentV2} {
		s := open(t, false, sunny)
		b := s.bill()
		b.Version = v
		h := s.sign(b)
		w := s.ask(http.MethodGet, "/weather", "", func(r *http.Request) { r.Header.Set(name, h) })
		s.want(w, http.StatusOK, "sunny")
		answer := map[x402.Version]string{x402.V1: x402.HeaderResponseV1, x402.V2: x402.HeaderResponseV2}[v]
		text, err := base64.StdEncoding.DecodeString(w.Header().Get(answer))
		if err != nil || !strings.Contains(string(text), `"success":true`) || w.Header().Get("Cache-Control") != "private" {
			t.Errorf("version %d is told %s (%v), cache %q", v, text, err, w.Header().Get("Cache-Control"))
		}
		if s.bank.payments() != 1 || s.worked() != 1 {
			t.Errorf("%d payments, %d runs", s.bank.payments(), s.worked())
		}
	}
}

// One payment at once from many, slowly settled: one handler, one settlement, one answer for all.
func TestOnePaymentOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, false, sunny)
		s.bank.hurry = make(chan struct{})
		h := s.sign(s.bill())
		answers := make([]*httptest.ResponseRecorder, 32)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = s.ask(http.MethodGet, "/weather", h) })
		}
		synctest.Wait()
		close(s.bank.hurry)
		all.Wait()
		for _, w := range answers {
			s.want(w, http.StatusOK, "sunny")
		}
		if s.worked() != 1 || s.bank.asked != 1 {
			t.Errorf("the handler ran %d times, %d settlements were asked for", s.worked(), s.bank.asked)
		}
	})
}

// Who waits too long for the first is told to ask again, and not to sign again.
func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, false, sunny)
		s.bank.hurry = make(chan struct{})
		h := s.sign(s.bill())
		var first sync.WaitGroup
		first.Go(func() { s.want(s.ask(http.MethodGet, "/weather", h), http.StatusOK, "sunny") })
		synctest.Wait()
		w := s.ask(http.MethodGet, "/weather", h)
		s.want(w, http.StatusConflict, "duplicate_settlement")
		if w.Header().Get("Retry-After") == "" {
			t.Error("it is not told when")
		}
		close(s.bank.hurry)
		first.Wait()
	})
}

// An answer that was lost is given again to its payer, for a while, and to nobody else.
func TestRepetitions(t *testing.T) {
	s := open(t, false, sunny)
	h := s.sign(s.bill())
	s.want(s.ask(http.MethodGet, "/weather", h), http.StatusOK, "sunny")
	stranger := func(r *http.Request) { r.RemoteAddr = "198.51.100.7:1234" }
	s.want(s.ask(http.MethodGet, "/weather", h), http.StatusOK, "sunny")
	s.want(s.ask(http.MethodGet, "/weather", h, stranger), http.StatusPaymentRequired, "authorization_used")
	s.want(s.ask(http.MethodGet, "/slow", h), http.StatusConflict, "authorization_bound_to_other_resource")
	s.want(s.ask(http.MethodGet, "/weather?city=Ulm", h), http.StatusConflict, "authorization_bound_to_other_resource")
	s.want(s.ask(http.MethodPost, "/weather", h), http.StatusConflict, "authorization_bound_to_other_resource")
	if s.worked() != 1 || s.bank.payments() != 1 {
		t.Errorf("the handler ran %d times for %d payments", s.worked(), s.bank.payments())
	}
}

// What fails is not paid for, and nothing of it gets out with a success.
func TestFailuresAreFree(t *testing.T) {
	for name, c := range map[string]struct {
		run    gin.HandlerFunc
		status int
		says   string
	}{
		"it says so":     {func(c *gin.Context) { c.String(http.StatusNotFound, "no such city") }, http.StatusNotFound, "no such city"},
		"it aborts":      {func(c *gin.Context) { c.AbortWithStatusJSON(http.StatusTeapot, gin.H{}) }, http.StatusTeapot, "{}"},
		"it panics":      {func(*gin.Context) { panic("no weather") }, http.StatusInternalServerError, "internal_error"},
		"it is too long": {func(c *gin.Context) { c.String(http.StatusOK, strings.Repeat("rain ", MaxAnswerBytes/4)) }, http.StatusInternalServerError, "internal_error"},
		"it panics late": {func(c *gin.Context) { c.String(http.StatusOK, "sunny"); panic("and then rain") }, http.StatusInternalServerError, "internal_error"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, false, c.run)
			h := s.sign(s.bill())
			w := s.ask(http.MethodGet, "/weather", h)
			s.want(w, c.status, c.says)
			if s.bank.payments() != 0 || w.Header().Get(x402.HeaderResponseV2) != "" || strings.Contains(w.Body.String(), "sunny") {
				t.Errorf("%d payments, answered %v", s.bank.payments(), w)
			}
			s.run = sunny
			s.want(s.ask(http.MethodGet, "/weather", h), http.StatusOK, "sunny")
		})
	}
}

// Nothing of an answer is seen before the money has moved, whatever the handler does to send it.
func TestNothingLeaks(t *testing.T) {
	s := open(t, false, func(c *gin.Context) {
		c.Header("X-Secret", "sunny")
		c.Status(http.StatusOK)
		c.Writer.WriteHeaderNow()
		_, _ = c.Writer.WriteString("sunny")
		c.Writer.Flush()
		if _, _, err := c.Writer.Hijack(); err == nil {
			t.Error("the connection can be had")
		}
		if http.NewResponseController(c.Writer).Flush() != nil {
			t.Error("a flush is refused")
		}
	})
	s.bank.say(nil, x402.ReasonFunds.Refuse("too little"), false)
	w := s.ask(http.MethodGet, "/weather", s.sign(s.bill()))
	s.want(w, http.StatusPaymentRequired, "insufficient_funds")
	if strings.Contains(w.Body.String(), "sunny") || w.Header().Get("X-Secret") != "" {
		t.Errorf("it leaked: %v", w)
	}
}

// Whatever leaves it open whether money moved is no 402, and the same payment goes on where it was: the
// handler has run, and does not run again.
func TestDoubt(t *testing.T) {
	for name, trouble := range map[string]error{
		"silence": errors.New("no answer"), "pending": x402.ReasonPending.Refuse("wait"),
		"their fault": x402.ReasonSettleFailed.Refuse("broken"),
	} {
		for _, despite := range []bool{false, true} {
			s := open(t, false, sunny)
			s.bank.say(nil, trouble, despite)
			h := s.sign(s.bill())
			w := s.ask(http.MethodGet, "/weather", h)
			s.want(w, http.StatusServiceUnavailable, "settlement_pending")
			if w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: it is not told when", name)
			}
			s.bank.say(nil, x402.ReasonUsed.Refuse("used"), false) // a facilitator with a short memory
			s.want(s.ask(http.MethodGet, "/weather", h), http.StatusPaymentRequired, "authorization_used")
			s.bank.say(nil, nil, false)
			s.want(s.ask(http.MethodGet, "/weather", h), http.StatusOK, "sunny")
			if s.worked() != 1 || s.bank.payments() != 1 {
				t.Errorf("%s: the handler ran %d times for %d payments", name, s.worked(), s.bank.payments())
			}
		}
	}
}

// A facilitator that cannot be asked is our trouble: nothing is claimed, and nobody has to sign again.
func TestNobodyToAsk(t *testing.T) {
	s := open(t, false, sunny)
	s.bank.say(errors.New("no route to host"), nil, false)
	h := s.sign(s.bill())
	s.want(s.ask(http.MethodGet, "/weather", h), http.StatusServiceUnavailable, "verification_unavailable")
	s.bank.say(x402.ReasonFunds.Refuse("too little"), nil, false)
	s.want(s.ask(http.MethodGet, "/weather", h), http.StatusPaymentRequired, "insufficient_funds")
	if s.worked() != 0 {
		t.Error("the handler ran for nothing")
	}
	s.bank.say(nil, nil, false)
	s.want(s.ask(http.MethodGet, "/weather", h), http.StatusOK, "sunny")
}

// Paid in advance: money moves first, and what fails after that is owed.
func TestUpfront(t *testing.T) {
	s := open(t, true, func(c *gin.Context) { c.String(http.StatusBadGateway, "no weather today") })
	h := s.sign(s.bill())
	w := s.ask(http.MethodGet, "/weather", h)
	s.want(w, http.StatusBadGateway, "no weather today")
	if w.Header().Get(x402.HeaderResponseV2) == "" || s.bank.payments() != 1 {
		t.Errorf("%d payments, told %v", s.bank.payments(), w.Header())
	}
	s.run = sunny
	s.want(s.ask(http.MethodGet, "/weather", h), http.StatusOK, "sunny")
	s.want(s.ask(http.MethodGet, "/weather", h), http.StatusOK, "sunny")
	if s.worked() != 2 || s.bank.payments() != 1 {
		t.Errorf("the handler ran %d times for %d payments", s.worked(), s.bank.payments())
	}
	broke := open(t, true, sunny)
	broke.bank.say(nil, x402.ReasonFunds.Refuse("too little"), false)
	broke.want(broke.ask(http.MethodGet, "/weather", broke.sign(broke.bill())), http.StatusPaymentRequired, "insufficient_funds")
	if broke.worked() != 0 {
		t.Error("the handler ran before the money moved")
	}
}

// Payments that are none never reach the handler.
func TestRefusals(t *testing.T) {
	s := open(t, false, sunny)
	b := s.bill()
	cheap, late, forged, elsewhere := b, b, b, b
	cheap.Value = "9999"
	late.Before = s.now.Add(time.Hour)
	forged.Signature = []byte(strings.Repeat("x", 65))
	forged.From = "0x857b06519E91e3A54538791bDbb0E22373e36b66"
	elsewhere.To = "0x857b06519E91e3A54538791bDbb0E22373e36b66"
	for name, c := range map[string]struct {
		header string
		status int
		says   string
	}{
		"no base64":  {"%%%", http.StatusBadRequest, "invalid_payment_header"},
		"cheap":      {s.sign(cheap), http.StatusPaymentRequired, "amount_mismatch"},
		"for long":   {s.sign(late), http.StatusPaymentRequired, "authorization_window_too_long"},
		"to another": {s.sign(elsewhere), http.StatusPaymentRequired, "recipient_mismatch"},
	} {
		w := s.ask(http.MethodGet, "/weather", c.header)
		s.want(w, c.status, c.says)
		if w.Header().Get(x402.HeaderRequiredV2) == "" {
			t.Errorf("%s: without a fresh challenge", name)
		}
	}
	s.bank.say(x402.ReasonSignature.Refuse("not his"), nil, false) // a wallet may have signed: it is asked
	s.want(s.ask(http.MethodGet, "/weather", s.sign(forged)), http.StatusPaymentRequired, "invalid_signature")
	if s.worked() != 0 || s.bank.payments() != 0 {
		t.Errorf("the handler ran %d times, %d payments", s.worked(), s.bank.payments())
	}
}

// What is remembered is bounded, and what holds money is not what makes room.
func TestMemoryIsBounded(t *testing.T) {
	c := claims{of: map[x402.ClaimKey]*claim{}}
	now := time.Unix(1_800_000_000, 0)
	key := func(i int) x402.ClaimKey {
		return x402.ClaimKey{Nonce: x402.Nonce{byte(i), byte(i >> 8), byte(i >> 16)}}
	}
	for i := range maxRemembered {
		mine, room := c.take(key(i), x402.Binding{}, x402.Verified{}, now)
		if mine == nil || !room {
			t.Fatalf("payment %d finds no room", i)
		}
		c.rest(key(i), mine, pending, now.Add(time.Minute))
	}
	if mine, room := c.take(key(maxRemembered), x402.Binding{}, x402.Verified{}, now); mine != nil || room {
		t.Error("there is room for more than the most")
	}
	if mine, _ := c.take(key(maxRemembered), x402.Binding{}, x402.Verified{}, now.Add(time.Minute)); mine == nil {
		t.Error("what expired makes no room")
	}
}

// A price nobody can pay, or a gate without anybody to ask, is refused when it is made.
func TestWrongOptions(t *testing.T) {
	if _, err := New(Options{PublicURL: "https://api.example.com"}); err == nil {
		t.Error("no facilitator")
	}
	if _, err := New(Options{Facilitator: &bank{}, PublicURL: "api.example.com"}); err == nil {
		t.Error("no origin")
	}
	g, err := New(Options{Facilitator: &bank{}, PublicURL: "https://api.example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Sell(Price{}); err == nil {
		t.Error("no way to pay")
	}
}
