package postgres

import (
	"context"
	"slices"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Page implements ports.Statements.
func (s *Store) Page(ctx context.Context, q ports.StatementQuery) (ports.StatementPage, error) {
	if q.Merchant != "" && !isUUID(q.Merchant) || q.Project != "" && !isUUID(q.Project) ||
		!isText(q.Currency) || q.Kind != "" && !slices.Contains(ledger.Kinds(), q.Kind) {
		return ports.StatementPage{}, nil
	}
	if (q.Before != ports.StatementMark{}) {
		if _, err := orderNumber(q.Before.No); err != nil {
			return ports.StatementPage{}, ports.ErrNotFound
		}
	}
	if q.Currency != "" && q.Project != "" && q.Mode != 0 {
		return s.walk(ctx, q)
	}
	f := statementFilter(q)
	if q.Currency != "" {
		f.add("EXISTS (SELECT FROM postings p"+inCurrency+")", q.Currency)
	}
	page := statementParts(q).query(f, limited(q.Limit)+1)
	own := ""
	if q.Merchant != "" {
		f.add("t.merchant_id = $?", q.Merchant)
		own = " WHERE " + f.conditions[len(f.conditions)-1]
	}
	rows, err := all[bookedRow](ctx, s.in(), "SELECT "+bookedColumns+" FROM transactions t JOIN ("+page+
		") k ON k.order_no = t.order_no"+own+" ORDER BY t.booked_at DESC, t.order_no DESC",
		append([]any{prepared}, f.args...)...)
	if err != nil {
		return ports.StatementPage{}, err
	}
	rows, more := cut(rows, q.Limit)
	out := ports.StatementPage{More: more}
	if more && len(rows) > 0 {
		out.Next = rows[len(rows)-1].mark()
	}
	out.Lines, err = withPostings(ctx, s.in(), rows)
	return out, err
}

func (r bookedRow) mark() ports.StatementMark {
	return ports.StatementMark{At: r.BookedAt.UTC(), No: orderNo(r.OrderNo)}
}

// inCurrency picks those postings of a transaction that are in a currency.
const inCurrency = " WHERE p.order_no = transactions.order_no AND split_part(p.currency, '/', 1) = $?"

// statementParts reads the newest lines, kind by kind as they are indexed.
func statementParts(q ports.StatementQuery) merged {
	m := merged{table: "transactions", columns: "order_no, booked_at", order: "booked_at DESC, order_no DESC"}
	for _, kind := range ledger.Kinds() {
		if q.Kind == "" || q.Kind == kind {
			m.parts = append(m.parts, "kind = '"+string(kind)+"'")
		}
	}
	return m
}

func statementFilter(q ports.StatementQuery) *filter {
	f := &filter{}
	f.add("true")
	if q.Project == "" && q.Merchant != "" {
		f.add("merchant_id = $?", q.Merchant)
	}
	if q.Project != "" {
		f.add("project_id = $?", q.Project)
	}
	if q.Mode != 0 {
		f.add("mode = $?", q.Mode.String())
	}
	if !q.From.IsZero() {
		f.add("booked_at >= $?", q.From)
	}
	if !q.To.IsZero() {
		f.add("booked_at < $?", q.To)
	}
	if no, err := orderNumber(q.Before.No); err == nil {
		f.add("(booked_at, order_no) < ($?, $?)", q.Before.At, no)
	}
	return f
}

// withPostings completes transactions. What is booked never changes, so that a second statement sees
// what belongs to the first.
func withPostings(
	ctx context.Context, in source, rows []bookedRow,
) ([]ports.Booked, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	numbers := make([]int64, len(rows))
	for i, row := range rows {
		numbers[i] = row.OrderNo
	}
	found, err := all[postingRow](ctx, in, `
		SELECT order_no, source, destination, currency, amount FROM postings
		WHERE order_no = ANY($1::bigint[]) ORDER BY order_no, position`, prepared, numbers)
	if err != nil {
		return nil, err
	}
	postings := make(map[int64][]ledger.Posting, len(rows))
	for _, row := range found {
		p, err := row.posting()
		if err != nil {
			return nil, err
		}
		postings[row.OrderNo] = append(postings[row.OrderNo], p)
	}
	return each(rows, func(row bookedRow) (ports.Booked, error) {
		return row.booked(postings[row.OrderNo])
	})
}

// ByOrderNo implements ports.Statements.
func (s *Store) ByOrderNo(
	ctx context.Context, m merchant.ID, mode merchant.Mode, no ledger.OrderNo,
) (ports.Booked, error) {
	return findBooked(ctx, s.in(), m, mode, no)
}

// findBooked finds a merchant's transaction, of a mode unless that is 0.
func findBooked(
	ctx context.Context, in source, m merchant.ID, mode merchant.Mode, no ledger.OrderNo,
) (ports.Booked, error) {
	number, err := orderNumber(no)
	if err != nil || !isUUID(m) {
		return ports.Booked{}, ports.ErrNotFound
	}
	row, err := one[bookedRow](ctx, in, "SELECT "+bookedColumns+` FROM transactions t
		WHERE t.order_no = $1 AND t.merchant_id = $2`, prepared, number, m)
	if err != nil {
		return ports.Booked{}, err
	}
	if mode != 0 && row.Mode != mode.String() {
		return ports.Booked{}, ports.ErrNotFound
	}
	found, err := withPostings(ctx, in, []bookedRow{row})
	if err != nil {
		return ports.Booked{}, err
	}
	return found[0], nil
}
