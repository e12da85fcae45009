package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/ports"
)

// What a page of one currency may cost. No index holds currencies, because every booking would pay for it:
// the sums of days tell on which days there is anything, and from there lines are walked.
const (
	shortStride = 64   // lines walked at once, or a multiple of it: each length is a statement of its own
	longestWalk = 2048 // lines walked for one page
	// mostBetween is how many order numbers to a line may lie between the first and the last of a stride, for
	// its postings to be read in one pass: to look up those of a line costs what reading that many does.
	mostBetween = 4
)

// strideRow is lines that were walked: how many, between which order numbers, and the last of them.
type strideRow struct {
	Lines     int
	Low, High int64
	OrderNo   int64
	BookedAt  time.Time
}

type foundRow struct {
	OrderNo  int64
	BookedAt time.Time
}

func markAt(at time.Time, no int64) ports.StatementMark {
	return ports.StatementMark{At: at.UTC(), No: orderNo(no)}
}

// walk reads a page of one currency, of a project and mode. It ends where the page is full, where nothing is
// left, or where it has looked at so much that whoever asked should ask again.
func (s *Store) walk(ctx context.Context, q ports.StatementQuery) (ports.StatementPage, error) {
	var out ports.StatementPage
	var wanted []int64
	left := longestWalk
	for left > 0 && len(wanted) < limited(q.Limit) {
		day, err := s.skip(ctx, &q)
		if err != nil || day.Wanted == 0 {
			return s.walked(ctx, out, wanted, err)
		}
		missing := limited(q.Limit) - len(wanted)
		// As many as hold what is missing, if all days were like this one.
		stride := min(left, shortStride*(1+missing*day.Entries/day.Wanted/shortStride))
		step, found, err := s.stride(ctx, q, stride)
		if err != nil {
			return out, err
		}
		for _, row := range found[:min(missing, len(found))] {
			wanted = append(wanted, row.OrderNo)
			q.Before = markAt(row.BookedAt, row.OrderNo)
		}
		if len(found) < missing {
			if step.Lines < stride {
				return s.walked(ctx, out, wanted, nil)
			}
			q.Before = markAt(step.BookedAt, step.OrderNo)
		}
		left -= stride
	}
	out.More, out.Next = true, q.Before
	return s.walked(ctx, out, wanted, nil)
}

// stride walks lines, and lists those of them that are in the currency, newest first.
func (s *Store) stride(ctx context.Context, q ports.StatementQuery, lines int) (strideRow, []foundRow, error) {
	f := statementFilter(q)
	page := statementParts(q, "order_no, booked_at").query(f, lines)
	step, err := one[strideRow](ctx, s.in(), "WITH walked AS MATERIALIZED ("+page+`)
		SELECT w.*, l.order_no, l.booked_at
		FROM (SELECT count(*) AS lines, min(order_no) AS low, max(order_no) AS high FROM walked) w
		LEFT JOIN LATERAL (SELECT * FROM walked ORDER BY booked_at, order_no LIMIT 1) l ON true`,
		append([]any{prepared}, f.args...)...)
	if err != nil || step.Lines == 0 {
		return step, nil, err
	}
	// What was booked meanwhile may lie among them: the last line ends the stride, not their number.
	f.add("(booked_at, order_no) >= ($?, $?)", step.BookedAt, step.OrderNo)
	kinds := ledger.Kinds()
	if q.Kind != "" {
		kinds = []ledger.Kind{q.Kind}
	}
	f.add("kind = ANY($?::text[])", texts(kinds))
	walked := f.where()
	f.conditions = nil
	f.add(inCurrency, q.Currency+"/")
	var query string
	if step.High-step.Low < int64(mostBetween*step.Lines) {
		f.add("p.order_no BETWEEN $? AND $?", step.Low, step.High)
		query = "(SELECT DISTINCT order_no FROM postings p" + f.where() + " OFFSET 0) p JOIN transactions USING (order_no)" + walked
	} else { // a value of each line is looked up line by line, whatever plan there is for the rest
		f.add("p.order_no = transactions.order_no")
		query = "transactions" + walked + " AND (SELECT true FROM postings p" + f.where() + " LIMIT 1)"
	}
	found, err := all[foundRow](ctx, s.in(), "SELECT order_no, booked_at FROM "+query+" ORDER BY booked_at DESC, order_no DESC",
		append([]any{prepared}, f.args...)...)
	return step, found, err
}

// dayRow is a day: how much was booked on it, and how much of that is wanted.
type dayRow struct {
	Day             time.Time
	Entries, Wanted int
}

// skip ends the period where the newest day ends that has anything of the currency, and answers that day; one
// of nothing if none is left.
func (s *Store) skip(ctx context.Context, q *ports.StatementQuery) (none dayRow, err error) {
	f := daysFilter(ports.FigureQuery{Project: q.Project, Mode: q.Mode})
	if q.Kind != "" {
		f.add("d.kind = $?", q.Kind)
	}
	onDay := f.where()
	if q.Merchant != "" { // a project is one merchant's: of another's there is nothing
		f.add("EXISTS (SELECT FROM projects o WHERE o.id = d.project_id AND o.merchant_id = $?)", q.Merchant)
	}
	f.add("starts_with(d.currency, $?)", q.Currency+"/")
	wanted := f.conditions[len(f.conditions)-1]
	if !q.From.IsZero() {
		f.add("d.day >= $?::text::date", q.From.UTC().Format(time.DateOnly))
	}
	if !q.To.IsZero() {
		f.add("d.day <= $?::text::date", q.To.UTC().Format(time.DateOnly))
	}
	if !q.Before.At.IsZero() {
		f.add("d.day <= $?::text::date", q.Before.At.UTC().Format(time.DateOnly))
	}
	day, err := one[dayRow](ctx, s.in(), `
		SELECT d.day, sum(d.entries)::bigint AS entries, (sum(d.entries) FILTER (WHERE `+wanted+`))::bigint AS wanted
		FROM ledger_days d`+onDay+" AND d.day = (SELECT d.day FROM ledger_days d"+f.where()+` ORDER BY d.day DESC LIMIT 1)
		GROUP BY d.day`, append([]any{prepared}, f.args...)...)
	if err != nil {
		if errors.Is(err, ports.ErrNotFound) {
			err = nil
		}
		return none, err
	}
	if end := day.Day.AddDate(0, 0, 1); q.To.IsZero() || end.Before(q.To) {
		q.To = end
	}
	return day, nil
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
