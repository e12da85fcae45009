package races

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

// settleLimit is how long the sandbox may take to make a payment final on a busy machine.
const settleLimit = 60 * time.Second

func oneOrderID(t *testing.T, f *field, m rig.Merchant) {
	body := payment(m, "9.99")
	body["order_id"] = "raced"
	answers := f.same(post("/v1/payments", body))
	want(t, answers, map[string]int{"201": 1, "200": crowd - 1})
	wantAlike(t, answers)
	wantSessions(t, m, 1)
}

func orderIDConflict(t *testing.T, f *field, m rig.Merchant) {
	answers := f.race(func(i int) call {
		body := payment(m, fmt.Sprint(i+1))
		body["order_id"] = "raced"
		return post("/v1/payments", body)
	})
	want(t, answers, map[string]int{"201": 1, "409 order_id_conflict": crowd - 1})
	wantSessions(t, m, 1)
}

// choose is a payer's choice of how to pay.
func choose(session string) call {
	return post("/v1/checkout/sessions/"+session+"/pay/intent", map[string]string{"method": "usdt"})
}

// oneIntent: however many tabs a payer has open, they show one amount, and one address where every
// payment has its own.
func oneIntent(t *testing.T, f *field, m rig.Merchant) {
	own := post("/v1/checkout/sessions/"+m.Pay(t, "9.99")+"/pay/intent",
		map[string]any{"method": "usdt", "dedicated": true})
	for _, c := range []call{choose(m.Pay(t, "9.99")), own} {
		answers := f.same(c)
		want(t, answers, all("200"))
		wantAlike(t, answers)
	}
}

// amountSlots: sessions of one price at one address are told apart by their amounts.
func amountSlots(t *testing.T, f *field, m rig.Merchant) {
	sessions := make([]string, crowd)
	for i := range sessions {
		sessions[i] = m.Pay(t, "9.99")
	}
	answers := f.race(func(i int) call { return choose(sessions[i]) })
	want(t, answers, all("200"))
	taken := map[string]bool{}
	for _, a := range answers {
		taken[a.At("instructions.address")+" "+a.At("instructions.amount")] = true
	}
	if len(taken) != crowd {
		t.Errorf("%d amounts for %d sessions", len(taken), crowd)
	}
}

// status is a session's status.
func (f *field) status(session string) string {
	return f.ask(0, call{http.MethodGet, "/v1/checkout/sessions/" + session, nil, nil}).At("session.status")
}

// wantPaidOnce fails if a session is not paid, booked and told once.
func wantPaidOnce(t *testing.T, f *field, m rig.Merchant, session string) {
	t.Helper()
	if got := f.status(session); got != "paid" {
		t.Errorf("the session is %q", got)
	}
	booked := 0
	for _, l := range lines(t, m) {
		if l.SessionID == session {
			booked++
		}
	}
	if n := told(t, m, "payment.paid", session); booked != 1 || n != 1 {
		t.Errorf("booked %d times, told %d times", booked, n)
	}
}

func oneConfirmation(t *testing.T, f *field, m rig.Merchant) {
	session := m.Pay(t, "9.99")
	intent := f.gates[0].Intent(t, session)
	confirm := post("/v1/checkout/sessions/"+session+"/pay/confirm", map[string]string{"paymentId": intent})
	var answers []rig.Answer
	rig.Eventually(t, settleLimit, "every confirmation is final", func() bool {
		answers = f.same(confirm)
		return count(answers)["200"] == crowd
	})
	wantAlike(t, answers)
	wantPaidOnce(t, f, m, session)
}

// oneTransfer: the watcher finds the transfer while its payer names it in many tabs.
func oneTransfer(t *testing.T, f *field, m rig.Merchant) {
	session := m.Pay(t, "9.99")
	tx := sandboxTx(f.gates[0].Intent(t, session))
	play := post("/v1/checkout/sessions/"+session+"/sandbox", map[string]string{"scenario": "exact"})
	want(t, f.same(play), all("202"))
	name := post("/v1/checkout/sessions/"+session+"/pay/transaction", map[string]string{"transaction": tx})
	rig.Eventually(t, settleLimit, "everybody is told that it paid", func() bool {
		paid := 0
		for _, a := range f.same(name) {
			switch outcome := a.At("outcome"); {
			case outcome == "paid":
				paid++
			case a.Status != http.StatusOK || outcome != "processing":
				t.Errorf("%d %s", a.Status, a.Body)
			}
		}
		return t.Failed() || paid == crowd
	})
	wantPaidOnce(t, f, m, session)
}

// sandboxTx is the transaction the sandbox makes of a payment's exact amount. Payers of real chains
// know it from their wallets.
func sandboxTx(intent string) string {
	id := sha256.Sum256([]byte("101pay sandbox " + intent + " exact 0 0"))
	return hex.EncodeToString(id[:])
}

// cancelOrPay: half cancel, half pay. Either it is paid and nobody cancelled it, or it is cancelled
// and the money waits for the merchant.
func cancelOrPay(t *testing.T, f *field, m rig.Merchant) {
	session := m.Pay(t, "9.99")
	f.gates[0].Intent(t, session)
	path := "/v1/checkout/sessions/" + session
	answers := f.race(func(i int) call {
		if i%4 < 2 {
			return call{http.MethodPost, path + "/cancel", nil, bearer(m.Token)}
		}
		return post(path+"/sandbox", map[string]string{"scenario": "exact"})
	})
	cancelled := 0
	for i, a := range answers {
		if i%4 < 2 && a.Status == http.StatusOK {
			cancelled++
		}
	}
	if cancelled == 0 {
		rig.Eventually(t, settleLimit, "it is paid", func() bool { return f.status(session) == "paid" })
		wantPaidOnce(t, f, m, session)
		return
	}
	rig.Eventually(t, settleLimit, "the money is found", func() bool { return told(t, m, "payment.late", session) == 1 })
	if got := f.status(session); got != "cancelled" {
		t.Errorf("%d were told that it is cancelled; it is %q", cancelled, got)
	}
	if n := told(t, m, "payment.cancelled", session); n != 1 || told(t, m, "payment.paid", session) != 0 {
		t.Errorf("told %d times that it is cancelled, %d times that it is paid", n, told(t, m, "payment.paid", session))
	}
	for _, l := range lines(t, m) {
		if l.SessionID == session {
			t.Errorf("booked %+v", l)
		}
	}
}
