package crash

import (
	"math/big"
	"strings"
)

// mostRepeated bounds how many answered requests are asked once more.
const mostRepeated = 3000

// judge holds what the gateway says now against what it said.
func (s *stage) judge() {
	s.t.Helper()
	for _, v := range s.shops {
		lines, payments := s.lines(v), s.payments(v)
		s.judgeCharges(v, lines)
		s.judgeSales(v, payments)
		s.judgeBook(v, lines, payments)
		s.judgeNews(v, lines, s.news(v))
	}
	s.judgePairs()
	s.judgePhantoms()
	repeated := s.journal.keyed()
	for _, i := range s.dice(^uint64(0)).Perm(len(repeated))[:min(len(repeated), mostRepeated)] {
		s.repeat(repeated[i])
	}
	if text, code := s.g.Command("audit"); code != 0 {
		s.found.add("audit: it answers %d:\n%s", code, text)
	}
}

// judgeCharges: what was answered is booked as it was answered; what was asked for once is booked at
// most once; what was refused is not.
func (s *stage) judgeCharges(v *shop, lines []line) {
	booked := map[string][]line{}
	for _, l := range lines {
		if l.Type == "charge" {
			booked[l.Description] = append(booked[l.Description], l)
		}
	}
	for _, d := range s.journal.charges {
		if d.shop != v {
			continue
		}
		found := booked[d.tag]
		delete(booked, d.tag)
		s.judgeCount(d, len(found))
		if d.fate == acked && len(found) == 1 {
			l := found[0]
			told := line{
				OrderNo: d.answer.At("orderNo"), Transaction: d.answer.At("transaction"), AmountMinor: d.answer.At("amount"),
				Currency: d.answer.At("currency"), Type: l.Type, Description: d.tag,
			}
			if l != told {
				s.found.add("changed: charge %s was answered as %+v and is booked as %+v", d.tag, told, l)
			}
		}
	}
	for tag, l := range booked {
		if !strings.HasPrefix(tag, "use of ") {
			s.found.add("phantom: nobody asked for the charge %s: %+v", tag, l)
		}
	}
}

// judgeCount says how often a deed may have been done.
func (s *stage) judgeCount(d *deed, times int) {
	switch {
	case times > 1:
		s.found.add("doubled: %s was done %d times (fate %d, keyed %t)", d.tag, times, d.fate, d.keyed)
	case times == 0 && d.fate == acked:
		s.found.add("lost: %s was answered %s", d.tag, d.answer.Body)
	case times == 1 && d.fate == refused:
		s.found.add("phantom: %s was refused by %s and done", d.tag, d.answer.Body)
	}
}

func (s *stage) judgeSales(v *shop, payments []payment) {
	by := map[string][]payment{}
	for _, p := range payments {
		by[p.Description] = append(by[p.Description], p)
	}
	for _, d := range s.journal.sales {
		if d.shop != v {
			continue
		}
		found := by[d.tag]
		delete(by, d.tag)
		s.judgeCount(&d.deed, len(found))
		if d.fate != acked || len(found) != 1 {
			continue
		}
		p, under := found[0], "payment."
		if d.answer.At("session.id") != "" {
			under = "session."
		}
		for name, is := range map[string]string{
			"id": p.ID, "amount": p.Amount, "currency": p.Currency, "description": p.Description,
			"order_id": p.OrderID, "createdAt": p.CreatedAt,
		} {
			if was := d.answer.At(under + name); was != is {
				s.found.add("changed: %s of %s was answered as %q and is %q", name, d.tag, was, is)
			}
		}
	}
	for tag, p := range by {
		s.found.add("phantom: nobody asked for the sale %s: %+v", tag, p)
	}
}

// judgeBook: every sale is booked as often as it was paid, and the book's sum is what the paid
// sessions say.
func (s *stage) judgeBook(v *shop, lines []line, payments []payment) {
	booked, undone := map[string]int{}, map[string]int{}
	book, sold := new(big.Int), new(big.Int)
	for _, l := range lines {
		minor, ok := new(big.Int).SetString(l.AmountMinor, 10)
		if !ok {
			s.found.add("fault: line %s is of %q", l.OrderNo, l.AmountMinor)
			continue
		}
		switch l.Type {
		case "payment":
			booked[l.SessionID]++
			book.Add(book, minor)
		case "reversal":
			undone[l.SessionID]++
			book.Sub(book, minor)
		}
	}
	for _, p := range payments {
		if p.Status == "paid" {
			sold.Add(sold, units(p.PayAmount))
		}
	}
	if book.Cmp(sold) != 0 {
		s.found.add("book: it says %s was received, the paid sessions %s", book, sold)
	}
	for _, d := range s.journal.sales {
		if d.shop == v && d.status != "" && (booked[d.id] != d.payments || undone[d.id] != d.reversals) {
			s.found.add("doubled or lost: %s (%s) is booked %d times and undone %d times, not %d and %d",
				d.tag, d.id, booked[d.id], undone[d.id], d.payments, d.reversals)
		}
	}
}

// units are the smallest ones of USDT.
func units(amount string) *big.Int {
	r, ok := new(big.Rat).SetString(amount)
	if !ok {
		return new(big.Int)
	}
	return r.Mul(r, big.NewRat(1_000_000, 1)).Num()
}

// judgeNews: each booking is told once, and so is each transfer that waits for the merchant.
func (s *stage) judgeNews(v *shop, lines []line, told []news) {
	balance := map[string]int{} // bookings not told yet, by what is told of them
	for _, l := range lines {
		switch l.Type {
		case "payment":
			balance["payment.paid of "+l.SessionID]++
		case "reversal":
			balance["payment.reversed of "+l.SessionID]++
		}
	}
	for _, d := range s.journal.sales {
		if d.shop == v && d.status != "" {
			balance["payment.late of "+d.id] += d.late
			balance["payment.created of "+d.id]++
		}
	}
	for _, e := range told {
		what := e.Type + " of " + e.PaymentID
		if _, counted := balance[what]; counted || e.Type == "payment.paid" || e.Type == "payment.reversed" {
			balance[what]--
		}
	}
	for what, n := range balance {
		if n != 0 {
			s.found.add("untold: %s: %d more happened than were told", what, n)
		}
	}
}

// judgePairs: what was revoked stays so, what was made is there, once.
func (s *stage) judgePairs() {
	labels := map[string]int{}
	for _, v := range s.shops {
		a, _ := s.caller.insist(get("/v1/keys", "Authorization", v.bearer()))
		for _, p := range s.journal.pairs {
			if p.shop == v {
				labels[p.tag] = strings.Count(string(a.Body), `"label":"`+p.tag+`"`)
			}
		}
	}
	for _, p := range s.journal.pairs {
		if !p.revoked || labels[p.tag] > 1 { // of ended ones only the latest are listed
			s.judgeCount(&p.deed, labels[p.tag])
		}
		if p.fate != acked {
			continue
		}
		a, f := s.caller.insist(p.use())
		switch {
		case p.revoked && f == acked:
			s.found.add("lost: the revocation of %s; it charges: %s", p.tag, a.Body)
		case !p.revoked && f != acked:
			s.found.add("lost: pair %s does not charge: %d %s", p.tag, a.Status, a.Body)
		}
	}
}

// judgePhantoms: the receiver was told nothing that is not in the list of events.
func (s *stage) judgePhantoms() {
	known := map[string]bool{}
	for _, v := range s.shops {
		for _, e := range s.news(v) {
			known[e.ID] = true
		}
	}
	for _, id := range s.receiver.ids() {
		if !known[id] {
			s.found.add("phantom: webhook %s is no event", id)
		}
	}
}
