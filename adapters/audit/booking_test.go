package audit

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// payment is the transaction that books a transfer.
func (w *world) payment(s sale, m moved) ledger.Transaction {
	received := ledger.Of(merchant.ID(id(s.merchant)), s.mode, ledger.Received+string(m.network))
	return w.transaction(s.house, ledger.Transaction{
		Kind: ledger.KindPayment, SourceRef: m.source(), SessionID: s.session(),
		Postings: []ledger.Posting{{
			Source: ledger.World(s.mode, string(m.network)), Destination: received, Amount: usdt(w.t, m.units),
		}},
	})
}

// charge is a merchant's own entry for a purpose.
func (w *world) charge(h house, purpose string, units int64) ledger.Transaction {
	return w.transaction(h, ledger.Transaction{
		Kind: ledger.KindCharge, Postings: []ledger.Posting{{
			Source:      ledger.World(h.mode, "merchant"),
			Destination: ledger.Of(merchant.ID(id(h.merchant)), h.mode, purpose), Amount: usdt(w.t, units),
		}},
	})
}

func (w *world) transaction(h house, t ledger.Transaction) ledger.Transaction {
	t.MerchantID, t.ProjectID = merchant.ID(id(h.merchant)), merchant.ProjectID(id(h.project))
	t.Mode, t.Description, t.BookedAt = h.mode, "tea", ledger.Instant(w.tick())
	return t
}

func usdt(t *testing.T, units int64) money.Amount {
	t.Helper()
	a, err := money.FromMinor(money.USDT, big.NewInt(units))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// book appends a transaction to its chain, correctly hashed whatever it says. It is given an order
// number, and a charge its own as its cause; one with an order number keeps both.
func (w *world) book(t ledger.Transaction) ledger.OrderNo {
	w.t.Helper()
	if t.OrderNo == "" || t.Kind == ledger.KindReversal {
		w.numbers++
		no, err := ledger.MakeOrderNo(dawn, w.numbers)
		if err != nil {
			w.t.Fatal(err)
		}
		t.OrderNo = no
		if t.Kind == ledger.KindCharge && t.SourceRef == "" {
			t.SourceRef = string(no)
		}
	}
	key := string(t.MerchantID) + " " + t.Mode.String()
	h, content := w.heads[key], t.ContentHash()
	h.sequence++
	h.chain = ledger.ChainHash(h.chain, content)
	w.heads[key] = h
	var reverses *string
	if t.Reverses != "" {
		no := string(t.Reverses)
		reverses = &no
	}
	w.exec(`INSERT INTO transactions (order_no, merchant_id, project_id, mode, kind, source_ref, session_id,
			description, reverses, booked_at, sequence, content, chain)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		string(t.OrderNo), string(t.MerchantID), string(t.ProjectID), t.Mode.String(), string(t.Kind),
		t.SourceRef, t.SessionID, t.Description, reverses, t.BookedAt, h.sequence, content[:], h.chain[:])
	for i, p := range t.Postings {
		w.exec(`INSERT INTO postings (order_no, position, merchant_id, source, destination, currency, amount)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, string(t.OrderNo), i,
			string(t.MerchantID), string(p.Source), string(p.Destination), p.Amount.Currency().String(),
			p.Amount.MinorText())
		w.sum(t, p)
	}
	w.exec("UPDATE ledger_heads SET sequence = $3, chain = $4 WHERE merchant_id = $1 AND mode = $2",
		string(t.MerchantID), t.Mode.String(), h.sequence, h.chain[:])
	return t.OrderNo
}

// sum adds a posting to the sum of its day. Everybody in this world was told the rate of 1.
func (w *world) sum(t ledger.Transaction, p ledger.Posting) {
	w.t.Helper()
	place := "recorded"
	for _, account := range []ledger.Account{p.Source, p.Destination} {
		if _, network, received := strings.Cut(string(account), ":received:"); received {
			place = network
			break
		}
	}
	w.exec(`INSERT INTO ledger_days AS d
		SELECT $1, $2, $3::date, $4, $5, $6, coalesce(min(i.rate_from), ''), coalesce(min(i.rate_source), ''), 1, $7::numeric,
			CASE count(*) WHEN 0 THEN 0 ELSE $7::numeric * 1e12 END
		FROM intents i WHERE i.session_id::text = $8 AND i.network = $5 AND i.symbol = $9
		ON CONFLICT (project_id, mode, day, kind, place, currency, worth_of, worth_source) DO UPDATE
		SET entries = d.entries + 1, amount = d.amount + excluded.amount, worth = d.worth + excluded.worth`,
		string(t.ProjectID), t.Mode.String(), t.BookedAt.UTC().Format(time.DateOnly), string(t.Kind), place,
		p.Amount.Currency().String(), p.Amount.MinorText(), t.SessionID, p.Amount.Currency().Code())
}
