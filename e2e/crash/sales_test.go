package crash

import (
	"net/http"
	"time"
)

// watchPause is how often a payer looks.
const watchPause = 250 * time.Millisecond

// sell opens a session and has something happen to it.
func (w *worker) sell() {
	v := w.open()
	if v == nil {
		return
	}
	switch die := w.dice.IntN(100); {
	case die < 5: // nobody looks at it
		v.status = "open"
	case die < 12:
		w.cancel(v)
	case die < 60:
		w.intent(v)
		w.play(v, "exact")
		v.status, v.payments = "paid", 1
	case die < 75:
		w.confirm(v)
	case die < 85:
		w.intent(v)
		w.play(v, "duplicate")
		v.status, v.payments, v.late = "paid", 1, 1
	case die < 92:
		w.intent(v)
		w.late(v)
		v.status, v.payments = "paid", 1
	default:
		w.undone(v)
	}
}

// open asks for a session in one of the ways there are; nil if it is not known to be there.
func (w *worker) open() *sale {
	v := &sale{deed: deed{shop: w.shop, tag: w.tag(), amount: w.amount()}}
	body := map[string]string{"amount": v.amount, "currency": "USDT", "method": "usdt", "description": v.tag}
	way := w.dice.IntN(5)
	if way == 0 { // an order id makes it single without any key
		body["order_id"], v.single = "order "+v.tag, true
	}
	if way < 3 {
		body["clientId"], body["secret"] = w.shop.ClientID, w.shop.Private
		v.request = post("/v1/payments", body)
	} else {
		v.request = post("/v1/checkout/sessions", body, "Authorization", w.shop.bearer())
	}
	if way == 1 || way == 3 {
		v.byKey()
	}
	w.do(&v.deed)
	w.journal.sale(v)
	switch v.fate {
	case refused:
		w.found.add("fault: sale %s was refused: %d %s", v.tag, v.answer.Status, v.answer.Body)
		return nil
	case unknown:
		return nil
	case acked:
	}
	if v.id = v.answer.At("payment.id"); v.id == "" {
		v.id = v.answer.At("session.id")
	}
	return v
}

func (v *sale) path(rest string) string { return "/v1/checkout/sessions/" + v.id + rest }

// step asks for something about a sale that is harmless to repeat.
func (w *worker) step(v *sale, r request) (fate, string) {
	a, f := w.caller.insist(r)
	if f == refused {
		w.found.add("fault: %s of %s was refused: %d %s", r.path, v.tag, a.Status, a.Body)
	}
	return f, a.At("paymentId") + " " + a.At("instructions.amount") + " " + a.At("instructions.address")
}

// intent chooses how to pay, twice: nothing may change what a payer was told.
func (w *worker) intent(v *sale) {
	choose := post(v.path("/pay/intent"), map[string]string{"method": "usdt"})
	f, told := w.step(v, choose)
	again, then := w.step(v, choose)
	if f == acked && again == acked && told != then {
		w.found.add("changed: the payer of %s was told %q and then %q", v.tag, told, then)
	}
}

func (w *worker) play(v *sale, scenario string) {
	w.step(v, post(v.path("/sandbox"), map[string]string{"scenario": scenario}))
}

// late has the deadline pass and then pays. What a lost answer was about is refused the second time.
func (w *worker) late(v *sale) {
	a, f := w.caller.insist(post(v.path("/sandbox"), map[string]string{"scenario": "late"}))
	code := a.At("error")
	if f == refused && code != "session_already_paid" && code != "payment_in_progress" {
		w.found.add("fault: late payment of %s was refused: %d %s", v.tag, a.Status, a.Body)
	}
}

func (w *worker) cancel(v *sale) {
	r := request{http.MethodPost, v.path("/cancel"), nil, []string{"Authorization", w.shop.bearer()}}
	w.step(v, r)
	v.status = "cancelled"
}

// confirm pays as the source document does.
func (w *worker) confirm(v *sale) {
	a, f := w.caller.insist(post(v.path("/pay/intent"), map[string]string{"method": "usdt"}))
	if f != acked {
		w.found.add("fault: intent of %s: %d %s", v.tag, a.Status, a.Body)
		return
	}
	d := &deed{shop: w.shop, tag: "confirm " + v.tag}
	d.request = post(v.path("/pay/confirm"), map[string]string{"paymentId": a.At("paymentId")})
	d.byKey()
	w.do(d)
	w.journal.other(d)
	if d.fate == refused {
		w.found.add("fault: confirm of %s was refused: %d %s", v.tag, d.answer.Status, d.answer.Body)
	}
	v.status, v.payments = "paid", 1
}

// undone pays, waits for the booking, has the chain undo it, and mostly pays again.
func (w *worker) undone(v *sale) {
	w.intent(v)
	w.play(v, "exact")
	if !w.until(v, "paid") {
		return
	}
	a, f := w.caller.insist(post(v.path("/sandbox"), map[string]string{"scenario": "reorg"}))
	if f == refused && a.At("error") != "not_paid_yet" { // undone by the request whose answer was lost
		w.found.add("fault: reorg of %s was refused: %d %s", v.tag, a.Status, a.Body)
	}
	v.status, v.payments, v.reversals = "open", 1, 1
	if !w.until(v, "open") || w.dice.IntN(3) == 0 {
		return
	}
	w.play(v, "exact")
	v.status, v.payments = "paid", 2
}

// until waits for a status.
func (w *worker) until(v *sale, status string) bool {
	deadline := time.Now().Add(w.patience)
	for {
		a, _ := w.caller.insist(get(v.path("")))
		got := a.At("session.status")
		if got == status {
			return true
		}
		if time.Now().After(deadline) {
			w.found.add("stuck: sale %s is %q and not %q after %s", v.tag, got, status, w.patience)
			return false
		}
		time.Sleep(watchPause)
	}
}
