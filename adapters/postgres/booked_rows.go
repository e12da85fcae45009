package postgres

import (
	"cmp"
	"context"
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

// booked is the transaction; known is what was not read for it.
func (r *bookedRow) booked(no ledger.OrderNo, known ports.StatementQuery) (ports.Booked, error) {
	mode, err := known.Mode, error(nil)
	if r.Mode != "" {
		if mode, err = merchant.ParseMode(r.Mode); err != nil {
			return ports.Booked{}, err
		}
	}
	b := ports.Booked{Sequence: r.Sequence, Transaction: ledger.Transaction{
		OrderNo: no, MerchantID: cmp.Or(r.MerchantID, known.Merchant),
		ProjectID: cmp.Or(r.ProjectID, known.Project), Mode: mode, Kind: r.Kind,
		SourceRef: r.SourceRef, SessionID: r.SessionID, Description: r.Description,
		Reverses: orderNo(r.Reverses), BookedAt: r.BookedAt.UTC(),
	}}
	if known.Without&ports.LineCause == 0 {
		if b.Content, err = hashOf(r.Content); err != nil {
			return b, err
		}
	}
	if known.Without&ports.LinePlace == 0 {
		b.Chain, err = hashOf(r.Chain)
	}
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

// linesFrom reads lines out of a table, or what stands for one, called t; linesOrder is that of
// statements, in which an index has them: that of postings within a line is nothing PostgreSQL would not
// have to sort for.
const (
	lineColumns  = shortColumns + placeColumns + causeColumns
	shortColumns = "t.order_no, t.kind, t.session_id, t.description, t.reverses, t.booked_at," +
		" p.position, p.source, p.destination, p.currency, p.amount"
	placeColumns = ", t.sequence, t.chain"
	causeColumns = ", t.source_ref, t.content"
	ownerColumns = ", t.merchant_id, t.project_id, t.mode"
	withPostings = " t LEFT JOIN postings p ON p.order_no = t.order_no "
	linesOrder   = " ORDER BY t.booked_at DESC, t.order_no DESC"
)

// statement gathers lines with their postings. known is what all of them have in common, and need not be
// read for each.
type statement struct {
	known ports.StatementQuery
	lines []ports.Booked

	row       lineRow // being read
	lastAt    time.Time
	lastNo    int64 // of the last line
	postings  []ledger.Posting
	positions []int64 // of postings
	begin     int     // of the last line's postings
}

// linesFound answers the lines a query finds, which has lineColumns, and ownerColumns unless all of them are
// known.
func linesFound(
	ctx context.Context, in source, known ports.StatementQuery, query string, args ...any,
) ([]ports.Booked, error) {
	s := statementOf(known)
	err := readEach(ctx, in, query, args, func() *lineRow { s.row = lineRow{}; return &s.row }, s.add)
	if err != nil {
		return nil, translate(err)
	}
	return s.lines, nil
}

// statementOf begins a page.
func statementOf(known ports.StatementQuery) statement {
	s := statement{known: known}
	if n := min(limited(known.Limit), pageRows); n > 0 {
		s.lines, s.postings, s.positions = make([]ports.Booked, 0, n+1), make([]ledger.Posting, 0, n+1), make([]int64, 0, n+1)
	}
	return s
}

// add adds the row that was read. Lines have to come newest first, the postings of each together.
func (s *statement) add() error {
	r := &s.row
	no := orderNo(r.OrderNo)
	if n := len(s.lines); n == 0 || s.lines[n-1].Transaction.OrderNo != no {
		if n > 0 && !r.olderThan(s.lastAt, s.lastNo) {
			return errUnordered
		}
		s.lastAt, s.lastNo = r.BookedAt, r.OrderNo
		b, err := r.booked(no, s.known)
		if err != nil {
			return err
		}
		s.lines, s.begin = append(s.lines, b), len(s.postings)
	}
	if r.Source == "" {
		return nil
	}
	p, err := s.posting()
	if err != nil {
		return err
	}
	at := len(s.postings)
	for at > s.begin && s.positions[at-1] > r.Position {
		at--
	}
	s.postings, s.positions = slices.Insert(s.postings, at, p), slices.Insert(s.positions, at, r.Position)
	s.lines[len(s.lines)-1].Transaction.Postings = s.postings[s.begin:len(s.postings):len(s.postings)]
	return nil
}

// olderThan reports whether a line comes after another in a statement.
func (r *bookedRow) olderThan(at time.Time, no int64) bool {
	return r.BookedAt.Before(at) || r.BookedAt.Equal(at) && r.OrderNo < no
}

// posting is that of the row that was read.
func (s *statement) posting() (ledger.Posting, error) {
	r := &s.row
	p := ledger.Posting{Source: r.Source, Destination: r.Destination}
	currency, err := money.ParseNotation(r.Currency)
	if err != nil {
		return p, err
	}
	p.Amount, err = money.FromMinorText(currency, r.Amount)
	return p, err
}
