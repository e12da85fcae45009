package postgres

import (
	"context"
	"time"

	"github.com/101pay/101pay/ports"
)

// What a page of one currency may cost. No index holds currencies, because every booking would pay for it:
// the sums of days tell on which days there is anything, and from there lines are walked.
const (
	firstStride = 128  // lines looked at to begin with; as many again each time it is not enough
	longestWalk = 2048 // lines looked at for one page
)

type walkedRow struct {
	OrderNo  int64
	BookedAt time.Time
	Wanted   bool
}

func (r walkedRow) mark() ports.StatementMark {
	return ports.StatementMark{At: r.BookedAt.UTC(), No: orderNo(r.OrderNo)}
}

// walk reads a page of one currency, of a project and mode. It ends where the page is full, where nothing is
// left, or where it has looked at so much that whoever asked should ask again.
func (s *Store) walk(ctx context.Context, q ports.StatementQuery) (ports.StatementPage, error) {
	var out ports.StatementPage
	var wanted []int64
	stride, left := firstStride, longestWalk
	for left > 0 && len(wanted) < limited(q.Limit) {
		if more, err := s.skip(ctx, &q); err != nil || !more {
			return s.walked(ctx, out, wanted, err)
		}
		stride = min(stride, left)
		f := statementFilter(q)
		page := statementParts(q, "order_no, booked_at").query(f, stride)
		f.add("EXISTS (SELECT FROM postings p"+inCurrency+")", q.Currency)
		rows, err := all[walkedRow](ctx, s.in(), "SELECT order_no, booked_at, "+f.conditions[len(f.conditions)-1]+
			" AS wanted FROM ("+page+") transactions ORDER BY booked_at DESC, order_no DESC", f.args...)
		if err != nil {
			return out, err
		}
		for _, row := range rows {
			q.Before = row.mark()
			if row.Wanted {
				wanted = append(wanted, row.OrderNo)
			}
			if len(wanted) == limited(q.Limit) {
				break
			}
		}
		if len(rows) < stride && len(wanted) < limited(q.Limit) {
			return s.walked(ctx, out, wanted, nil)
		}
		left -= stride
		stride *= 2
	}
	out.More, out.Next = true, q.Before
	return s.walked(ctx, out, wanted, nil)
}

type dayRow struct{ Day time.Time }

// skip ends the period where the newest day ends that has anything of the currency, and says whether one is
// left.
func (s *Store) skip(ctx context.Context, q *ports.StatementQuery) (bool, error) {
	f := daysFilter(ports.FigureQuery{Project: q.Project, Mode: q.Mode})
	if q.Merchant != "" { // a project is one merchant's: of another's there is nothing
		f.add("EXISTS (SELECT FROM projects o WHERE o.id = d.project_id AND o.merchant_id = $?)", q.Merchant)
	}
	f.add("split_part(d.currency, '/', 1) = $?", q.Currency)
	if q.Kind != "" {
		f.add("d.kind = $?", q.Kind)
	}
	if !q.From.IsZero() {
		f.add("d.day >= $?::text::date", q.From.UTC().Format(time.DateOnly))
	}
	if !q.To.IsZero() {
		f.add("d.day <= $?::text::date", q.To.UTC().Format(time.DateOnly))
	}
	if !q.Before.At.IsZero() {
		f.add("d.day <= $?::text::date", q.Before.At.UTC().Format(time.DateOnly))
	}
	rows, err := all[dayRow](ctx, s.in(), "SELECT d.day::timestamp AT TIME ZONE 'UTC' AS day FROM ledger_days d"+
		f.where()+" ORDER BY d.day DESC LIMIT 1", f.args...)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if end := rows[0].Day.UTC().AddDate(0, 0, 1); q.To.IsZero() || end.Before(q.To) {
		q.To = end
	}
	return true, nil
}

// walked completes a page with its lines.
func (s *Store) walked(
	ctx context.Context, out ports.StatementPage, wanted []int64, err error,
) (ports.StatementPage, error) {
	if err != nil || len(wanted) == 0 {
		return out, err
	}
	out.Lines, err = linesFound(ctx, s.in(), ports.StatementQuery{}, "SELECT "+lineColumns+ownerColumns+
		" FROM transactions"+withPostings+"WHERE t.order_no = ANY($1::bigint[])"+linesOrder, prepared, wanted)
	return out, err
}
