package crash

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// load is the clients at work.
type load struct {
	*stage
	closing chan struct{}
	work    sync.WaitGroup
}

// worker is one client: one thing at a time, and no next one before the answer is noted.
type worker struct {
	*load
	shop  *shop
	name  string
	dice  *rand.Rand
	count int
}

// How often each kind of client begins something new. The gateway is not measured here: there has to
// be something under way at any moment, and no more than can be judged afterwards.
const (
	chargePace  = 20 * time.Millisecond
	sellPace    = 200 * time.Millisecond
	keyPace     = 500 * time.Millisecond
	refreshPace = time.Second
)

// begin starts the clients.
func (s *stage) begin() *load {
	l := &load{stage: s, closing: make(chan struct{})}
	part := uint64(killerPart)
	start := func(kind string, shop *shop, pace time.Duration, turn func(*worker)) {
		part++
		w := &worker{load: l, shop: shop, name: kind + strconv.FormatUint(part, 10), dice: s.dice(part)}
		l.work.Go(func() { w.run(pace, turn) })
	}
	for _, shop := range s.shops {
		start("charge", shop, chargePace, (*worker).charge)
		for range 4 {
			start("sale", shop, sellPace, (*worker).sell)
		}
		start("key", shop, keyPace, (*worker).key)
		start("login", shop, refreshPace, (*worker).refresh)
	}
	return l
}

// end lets every client finish what he is about.
func (l *load) end() {
	close(l.closing)
	l.work.Wait()
}

func (w *worker) run(pace time.Duration, turn func(*worker)) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-w.closing:
			return
		case <-tick.C:
			turn(w)
		}
	}
}

// tag names the next thing asked for.
func (w *worker) tag() string {
	w.count++
	return fmt.Sprintf("%s-%d", w.name, w.count)
}

// amount is 0.01 to 99.99.
func (w *worker) amount() string {
	cents := 1 + w.dice.IntN(9999)
	return fmt.Sprintf("%d.%02d", cents/100, cents%100)
}

// do asks for a deed as it has to be asked: what is safe to repeat until it is answered, what is not
// just once.
func (w *worker) do(d *deed) {
	if d.single {
		d.answer, d.fate = w.caller.insist(d.request)
	} else {
		d.answer, d.fate = w.caller.once(d.request)
	}
}

// byKey makes a deed one that can be repeated.
func (d *deed) byKey() {
	d.single, d.keyed = true, true
	d.request = d.with("Idempotency-Key", "crash-"+d.tag)
}

func (w *worker) charge() {
	d := &deed{shop: w.shop, tag: w.tag(), amount: w.amount()}
	d.request = post("/v1/transactions/charge", map[string]string{
		"publicKey": w.shop.Public, "privateKey": w.shop.Private, "amount": d.amount, "currency": "USDC",
		"description": d.tag,
	})
	if w.dice.IntN(3) > 0 {
		d.byKey()
	}
	w.do(d)
	w.journal.charge(d)
	if d.fate == refused {
		w.found.add("fault: charge %s was refused: %d %s", d.tag, d.answer.Status, d.answer.Body)
	}
	if d.keyed && w.dice.IntN(4) == 0 {
		w.repeat(d)
	}
}

// repeat asks again under the same key: the answer is the same, byte by byte.
func (s *stage) repeat(d *deed) {
	if d.fate != acked {
		return
	}
	a, f := s.caller.insist(d.request)
	if f == unknown {
		return // a finding already
	}
	if a.Status != d.answer.Status || !bytes.Equal(a.Body, d.answer.Body) {
		s.found.add("changed: %s was answered %d %s\nand under the same key then %d %s",
			d.tag, d.answer.Status, d.answer.Body, a.Status, a.Body)
	}
}

// mostPairs bounds how many pairs of a shop stay alive.
const mostPairs = 20

// key makes a pair, uses it, and mostly revokes it: from the answer on it must not charge.
func (w *worker) key() {
	p := &pair{deed: deed{shop: w.shop, tag: w.tag()}}
	p.request = post("/v1/keys", map[string]string{"mode": "test", "label": p.tag},
		"Authorization", w.shop.bearer())
	p.byKey()
	w.do(&p.deed)
	w.journal.pair(p)
	if p.fate != acked {
		w.found.add("fault: pair %s: %d %s", p.tag, p.answer.Status, p.answer.Body)
		return
	}
	p.id, p.public, p.private = p.answer.At("key.id"), p.answer.At("key.publicKey"), p.answer.At("key.privateKey")
	if w.count < mostPairs && w.dice.IntN(3) == 0 {
		return
	}
	gone := request{http.MethodDelete, "/v1/keys/" + p.id, nil, []string{"Authorization", w.shop.bearer()}}
	if a, f := w.caller.insist(gone); f != acked {
		w.found.add("fault: revoking %s: %d %s", p.tag, a.Status, a.Body)
		return
	}
	p.revoked = true
	if a, f := w.caller.insist(p.use()); f == acked {
		w.found.add("lost: pair %s charges after its revocation was answered: %s", p.tag, a.Body)
	}
}

// use charges by the pair, under a key of its own so that it can be asked until it is answered.
func (p *pair) use() request {
	return post("/v1/transactions/charge", map[string]string{
		"publicKey": p.public, "privateKey": p.private, "amount": "1.00", "currency": "USDC",
		"description": "use of " + p.tag,
	}, "Idempotency-Key", "use-"+p.tag)
}

// refresh exchanges the shop's refresh token. An answer that is lost has to be had again, or the shop
// is locked out.
func (w *worker) refresh() {
	d := &deed{shop: w.shop, tag: w.tag()}
	d.request = post("/v1/auth/refresh", map[string]string{"refreshToken": w.shop.Refresh})
	d.byKey()
	w.do(d)
	w.journal.other(d)
	if d.fate != acked {
		w.found.add("lost: refresh token %s: %d %s", d.tag, d.answer.Status, d.answer.Body)
		return
	}
	w.shop.Refresh = d.answer.At("refreshToken")
	w.shop.token.Store(d.answer.At("token"))
}
