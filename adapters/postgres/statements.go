package postgres

import (
	"context"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Page implements ports.Statements.
func (s *Store) Page(ctx context.Context, q ports.StatementQuery) (ports.StatementPage, error) {
	if q.Merchant != "" && !isUUID(q.Merchant) || q.Project != "" && !isUUID(q.Project) ||
		!isText(q.Currency) || !isText(q.Kind) {
		return ports.StatementPage{}, nil
	}
	f, err := statementFilter(q)
	if err != nil {
		return ports.StatementPage{}, err
	}
	rows, err := all[bookedRow](ctx, s.in(), "SELECT "+bookedColumns+" FROM transactions t"+
		f.page("t.booked_at DESC, t.order_no DESC", q.Limit), f.args...)
	if err != nil {
		return ports.StatementPage{}, err
	}
	rows, more := cut(rows, q.Limit)
	list, err := withPostings(ctx, s.in(), rows)
	return ports.StatementPage{Lines: list, More: more}, err
}

func statementFilter(q ports.StatementQuery) (*filter, error) {
	f := &filter{}
	f.owned("t", q.Merchant, q.Project)
	if q.Mode != 0 {
		f.add("t.mode = $?", q.Mode.String())
	}
	if !q.From.IsZero() {
		f.add("t.booked_at >= $?", q.From)
	}
	if !q.To.IsZero() {
		f.add("t.booked_at < $?", q.To)
	}
	if q.Currency != "" {
		f.add(`EXISTS (SELECT FROM postings p
			WHERE p.order_no = t.order_no AND split_part(p.currency, '/', 1) = $?)`, q.Currency)
	}
	if q.Kind != "" {
		f.add("t.kind = $?", q.Kind)
	}
	if (q.Before != ports.StatementMark{}) {
		no, err := orderNumber(q.Before.No)
		if err != nil {
			return nil, ports.ErrNotFound
		}
		f.add("(t.booked_at, t.order_no) < ($?, $?)", q.Before.At, no)
	}
	return f, nil
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
