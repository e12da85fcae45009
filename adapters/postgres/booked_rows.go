package postgres

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// bookedRow is a transaction without its postings.
type bookedRow struct {
	OrderNo     int64
	MerchantID  merchant.ID
	ProjectID   merchant.ProjectID
	Mode        string
	Kind        ledger.Kind
	SourceRef   string
	SessionID   string
	Description string
	Reverses    int64
	BookedAt    time.Time
	Sequence    int64
	Content     []byte
	Chain       []byte
}

const bookedColumns = "t.order_no, t.merchant_id, t.project_id, t.mode, t.kind, t.source_ref," +
	" t.session_id, t.description, t.reverses, t.booked_at, t.sequence, t.content, t.chain"

func (r *bookedRow) booked() (ports.Booked, error) {
	mode, err := merchant.ParseMode(r.Mode)
	if err != nil {
		return ports.Booked{}, err
	}
	b := ports.Booked{Sequence: r.Sequence, Transaction: ledger.Transaction{
		OrderNo: orderNo(r.OrderNo), MerchantID: r.MerchantID, ProjectID: r.ProjectID, Mode: mode,
		Kind: r.Kind, SourceRef: r.SourceRef, SessionID: r.SessionID, Description: r.Description,
		Reverses: orderNo(r.Reverses), BookedAt: r.BookedAt.UTC(),
	}}
	if b.Content, err = hashOf(r.Content); err != nil {
		return b, err
	}
	b.Chain, err = hashOf(r.Chain)
	return b, err
}

func orderNo(n int64) ledger.OrderNo {
	if n == 0 {
		return ""
	}
	return ledger.OrderNo(strconv.FormatInt(n, 10))
}

// lineRow is a transaction with one of its postings. A line and what it moved are one question: they are
// asked for together far more often than not, and a second one costs as much as the first.
type lineRow struct {
	bookedRow
	Position    int64          // among the postings
	Source      ledger.Account // empty if the transaction has no posting
	Destination ledger.Account
	Currency    string
	Amount      string
}

const (
	lineColumns  = bookedColumns + ", p.position, p.source, p.destination, p.currency, p.amount"
	withPostings = "t LEFT JOIN postings p ON p.order_no = t.order_no"
)

// newestFirst orders lines as statements do, and postings as they were booked.
func newestFirst(a, b *lineRow) int {
	return cmp.Or(b.BookedAt.Compare(a.BookedAt), cmp.Compare(b.OrderNo, a.OrderNo), cmp.Compare(a.Position, b.Position))
}

func order(rows []lineRow) {
	for i := 1; i < len(rows); i++ {
		if newestFirst(&rows[i-1], &rows[i]) > 0 {
			slices.SortFunc(rows, func(a, b lineRow) int { return newestFirst(&a, &b) })
			return
		}
	}
}

// bookedOf gathers transactions with their postings, newest first. PostgreSQL finds them in that order
// and hands them over so, but only if it is asked to sort them once more, which is a tenth of all a page
// costs it: whether they are is seen here.
func bookedOf(rows []lineRow) ([]ports.Booked, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	order(rows)
	out := make([]ports.Booked, 0, len(rows))
	postings := make([]ledger.Posting, len(rows)) // of all lines, each its own part
	for begin, end := 0, 0; begin < len(rows); begin = end {
		b, err := rows[begin].booked()
		if err != nil {
			return nil, err
		}
		for ; end < len(rows) && rows[end].OrderNo == rows[begin].OrderNo; end++ {
			if postings[end], err = rows[end].posting(); err != nil {
				return nil, err
			}
		}
		if rows[begin].Source != "" {
			b.Transaction.Postings = postings[begin:end:end]
		}
		out = append(out, b)
	}
	return out, nil
}

func (r *lineRow) posting() (ledger.Posting, error) {
	if r.Source == "" {
		return ledger.Posting{}, nil
	}
	currency, err := money.ParseNotation(r.Currency)
	if err != nil {
		return ledger.Posting{}, err
	}
	amount, err := money.FromMinorText(currency, r.Amount)
	return ledger.Posting{Source: r.Source, Destination: r.Destination, Amount: amount}, err
}
