package audit

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// The rules of the walk over the book.
const (
	ruleContent  = "book-content"  // a transaction is what was hashed when it was booked
	ruleChain    = "book-chain"    // its link follows from the one before
	ruleSequence = "book-sequence" // nothing was taken out of the chain
)

// bookQuery reads the whole book in the order of its chains, a row per posting. A transaction without
// postings has one row.
const bookQuery = `
	SELECT t.order_no, t.merchant_id::text, t.project_id::text, t.mode, t.kind, t.source_ref,
		t.session_id, t.description, t.reverses, t.booked_at, t.sequence, t.content, t.chain,
		p.source, p.destination, p.currency, p.amount::text
	FROM transactions t
	LEFT JOIN postings p ON p.order_no = t.order_no AND p.merchant_id = t.merchant_id
	ORDER BY t.merchant_id, t.mode, t.sequence, t.order_no, p.position`

// entry is a row of bookQuery.
type entry struct {
	orderNo                             int64
	merchantID, projectID               string
	mode, kind                          string
	sourceRef, sessionID, description   string
	reverses                            *int64
	bookedAt                            time.Time
	sequence                            int64
	content, chain                      []byte
	source, destination, currency, text *string
}

func scanEntry(rows pgx.Rows) (e entry, err error) {
	err = rows.Scan(&e.orderNo, &e.merchantID, &e.projectID, &e.mode, &e.kind, &e.sourceRef,
		&e.sessionID, &e.description, &e.reverses, &e.bookedAt, &e.sequence, &e.content, &e.chain,
		&e.source, &e.destination, &e.currency, &e.text)
	return e, err
}

// continues reports whether e is a further posting of the same transaction.
func (e entry) continues(o entry) bool {
	return e.orderNo == o.orderNo && e.merchantID == o.merchantID && e.mode == o.mode &&
		e.sequence == o.sequence
}

// book walks every chain from its first link to its last.
func (a *auditor) book(ctx context.Context) error {
	for _, name := range []string{ruleContent, ruleChain, ruleSequence} {
		a.line(name)
	}
	rows, err := a.tx.Query(ctx, bookQuery)
	if err != nil {
		return err
	}
	defer rows.Close()
	w := walk{a: a}
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return err
		}
		if len(w.open) > 0 && !e.continues(w.open[0]) {
			w.close()
		}
		w.open = append(w.open, e)
	}
	w.close()
	return rows.Err()
}

// walk is where in the book we are: one transaction and the link before it are all that is kept.
type walk struct {
	a     *auditor
	open  []entry // rows of the transaction being read
	owner string  // whose chain, and of which mode
	at    int64   // sequence of the transaction before
	link  ledger.Hash
}

// close judges the transaction being read. Each row's own hashes are trusted for the next one, so
// that an edit is reported where it was made and not again in every transaction after it.
func (w *walk) close() {
	if len(w.open) == 0 {
		return
	}
	e := w.open[0]
	owner := e.merchantID + " " + e.mode
	if owner != w.owner {
		w.owner, w.at, w.link = owner, 0, ledger.Hash{}
	}
	w.judge(e)
	w.at, w.link = e.sequence, hash(e.chain)
	w.open = w.open[:0]
}

func (w *walk) judge(e entry) {
	for _, name := range []string{ruleContent, ruleChain, ruleSequence} {
		w.a.line(name).Checked++
	}
	offend := func(rule, detail string) {
		w.a.broken(Violation{Rule: rule, Subject: number(e.orderNo), Detail: detail})
	}
	t, err := transaction(w.open)
	switch {
	case err != nil:
		offend(ruleContent, err.Error())
	case !bytes.Equal(e.content, sum(t.ContentHash())):
		offend(ruleContent, "what stands there has the hash "+t.ContentHash().String()+
			", not "+hash(e.content).String())
	}
	switch {
	case e.sequence != w.at+1:
		offend(ruleSequence, fmt.Sprintf("number %d in the chain of %s follows number %d",
			e.sequence, w.owner, w.at))
	case !bytes.Equal(e.chain, sum(ledger.ChainHash(w.link, hash(e.content)))):
		offend(ruleChain, fmt.Sprintf("number %d in the chain of %s does not follow from the one before",
			e.sequence, w.owner))
	}
}

// transaction makes the domain's transaction of its rows.
func transaction(rows []entry) (ledger.Transaction, error) {
	e := rows[0]
	mode, err := merchant.ParseMode(e.mode)
	if err != nil {
		return ledger.Transaction{}, fmt.Errorf("mode %q: not one", e.mode)
	}
	t := ledger.Transaction{
		OrderNo: ledger.OrderNo(number(e.orderNo)), MerchantID: merchant.ID(e.merchantID),
		ProjectID: merchant.ProjectID(e.projectID), Mode: mode, Kind: ledger.Kind(e.kind),
		SourceRef: e.sourceRef, SessionID: e.sessionID, Description: e.description, BookedAt: e.bookedAt,
	}
	if e.reverses != nil {
		t.Reverses = ledger.OrderNo(number(*e.reverses))
	}
	for _, row := range rows {
		if row.source == nil {
			continue // the one row of a transaction without postings
		}
		p, err := posting(row)
		if err != nil {
			return t, err
		}
		t.Postings = append(t.Postings, p)
	}
	return t, nil
}

func posting(e entry) (ledger.Posting, error) {
	currency, err := money.ParseNotation(*e.currency)
	if err != nil {
		return ledger.Posting{}, err
	}
	if currency.String() != *e.currency {
		return ledger.Posting{}, fmt.Errorf("currency %q is not written %q", *e.currency, currency)
	}
	amount, err := money.FromMinorText(currency, *e.text)
	return ledger.Posting{
		Source: ledger.Account(*e.source), Destination: ledger.Account(*e.destination), Amount: amount,
	}, err
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func sum(h ledger.Hash) []byte { return h[:] }

// hash makes a hash of a column. The schema allows no other length; should it be lost, what is cut or
// filled up here equals nothing that was computed.
func hash(b []byte) (h ledger.Hash) {
	copy(h[:], b)
	return h
}
