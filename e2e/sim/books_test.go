package sim

import (
	"math"
	"math/big"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// book is what was booked, by session.
func (w *world) book() map[checkout.SessionID][]ledger.Transaction {
	out, causes := map[checkout.SessionID][]ledger.Transaction{}, map[string]bool{}
	for _, s := range w.shops {
		page, err := w.Store.Page(w.ctx, ports.StatementQuery{Merchant: s.Who.Merchant, Limit: math.MaxInt})
		if err != nil {
			w.wrong("the book cannot be read: %v", err)
		}
		for _, line := range page.Lines {
			t := line.Transaction
			if cause := string(t.Kind) + t.SourceRef; causes[cause] {
				w.wrong("doubled: %s is booked twice", cause)
			} else {
				causes[cause] = true
			}
			out[checkout.SessionID(t.SessionID)] = append(out[checkout.SessionID(t.SessionID)], t)
		}
	}
	return out
}

// news is what merchants were told, by session.
func (w *world) news() map[checkout.SessionID]map[webhook.Type]int {
	out := map[checkout.SessionID]map[webhook.Type]int{}
	for _, s := range w.shops {
		events, _, err := w.Store.Events(w.ctx, ports.EventQuery{
			Project: s.Who.Project, Mode: merchant.Live, Limit: math.MaxInt,
		})
		if err != nil {
			w.wrong("the events cannot be read: %v", err)
		}
		for _, e := range events {
			id := checkout.SessionID(e.SessionID)
			if out[id] == nil {
				out[id] = map[webhook.Type]int{}
			}
			out[id][e.Type]++
		}
	}
	return out
}

// told holds what was booked and announced for a sale against how it ended: one payment and one
// payment.paid for each settlement, one reversal and one payment.reversed for each that was undone.
func (w *world) told(
	s *sale, is checkout.Snapshot, book []ledger.Transaction, news map[webhook.Type]int, rows []ports.TransferRow,
) {
	paid, undone := 0, 0
	for _, t := range book {
		switch t.Kind {
		case ledger.KindPayment:
			paid++
		case ledger.KindReversal:
			undone++
		case ledger.KindCharge:
			w.wrong("wrong: a charge was booked for session %s", s.id)
		}
	}
	w.tally.Reversals += undone
	settled, waiting := 0, 0
	for _, row := range rows {
		switch row.Disposition {
		case ports.Settled:
			settled++
			if r := is.Receipt; r == nil || r.TxID != row.Transfer.TxID || r.Index != row.Transfer.Index ||
				row.OrderNo != r.OrderNo {
				w.wrong("wrong: %s settled session %s, which knows nothing of it", row.Transfer.TxID, s.id)
			}
		case ports.Held, ports.Duplicate:
			waiting++
		case ports.Unmatched, ports.Reversed:
			w.wrong("wrong: %s of session %s is %s", row.Transfer.TxID, s.id, row.Disposition)
		}
	}
	ends := 0
	if is.Status == checkout.Settled {
		ends = 1
	}
	for _, c := range []struct {
		what      string
		got, want int
		orMore    bool
	}{
		{"settling transfers", settled, ends, false},
		{"bookings more than reversals", paid - undone, ends, false},
		{"events payment.paid", news[webhook.PaymentPaid], paid, false},
		{"events payment.reversed", news[webhook.PaymentReversed], undone, false},
		{"events payment.created", news[webhook.PaymentCreated], 1, false},
		{"events payment.late", news[webhook.PaymentLate], waiting, w.shaken[s]},
		{"events payment.canceled", news[webhook.PaymentCanceled], isIt(is.Status == checkout.Cancelled), false},
		{"events payment.expired", news[webhook.PaymentExpired], isIt(is.Status == checkout.Expired), true},
	} {
		if c.got != c.want && !(c.orMore && c.got > c.want) {
			word := "doubled"
			if c.got < c.want {
				word = "lost"
			}
			w.wrong("%s: session %s, %s: %d %s, want %d", word, s.id, is.Status, c.got, c.what, c.want)
		}
	}
}

func isIt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// balance holds what the book says was received against what the chains say was paid.
func (w *world) balance(book map[checkout.SessionID][]ledger.Transaction) {
	booked, received := sums{}, sums{}
	for _, lines := range book {
		for _, t := range lines {
			for _, p := range t.Postings {
				units := new(big.Int).Set(p.Amount.Minor())
				if t.Kind == ledger.KindReversal {
					units.Neg(units)
				}
				booked.add(string(t.MerchantID)+" "+p.Amount.Currency().String(), units)
			}
		}
	}
	owner := map[merchant.ProjectID]merchant.ID{}
	for _, s := range w.shops {
		owner[s.Who.Project] = s.Who.Merchant
	}
	for _, n := range networks {
		f, rows := w.chains[n], w.rows(n)
		for _, x := range w.facts(f, f.Blocks()[:f.FinalHeight()+1]) {
			row := rows[x.key]
			if row.Disposition != ports.Settled {
				continue
			}
			for _, a := range n.Tokens() {
				if currency, err := a.Currency(); a.Contract == x.contract && err == nil {
					units, _ := new(big.Int).SetString(x.units, 10)
					received.add(string(owner[row.ProjectID])+" "+currency.String(), units)
				}
			}
		}
	}
	if booked.String() != received.String() {
		w.wrong("doubled or lost: booked %v, received %v", booked, received)
	}
}
