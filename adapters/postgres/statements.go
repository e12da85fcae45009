package postgres

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Page implements ports.Statements.
func (s *Store) Page(ctx context.Context, q ports.StatementQuery) (ports.StatementPage, error) {
	if q.Merchant != "" && !isUUID(q.Merchant) || q.Project != "" && !isUUID(q.Project) ||
		!isText(q.Currency) || strings.Contains(q.Currency, "/") || q.Kind != "" && !slices.Contains(ledger.Kinds(), q.Kind) {
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
	if shares(q) {
		found, err := s.pages.ask(ctx, q, s.sharedStatements, ports.ErrNotFound)
		found.Lines = slices.Clone(found.Lines) // others may have been answered them too
		return found.StatementPage, cmp.Or(err, found.err)
	}
	f := statementFilter(q)
	if q.Currency != "" {
		f.add("EXISTS (SELECT FROM postings p WHERE p.order_no = transactions.order_no AND "+inCurrency+")", q.Currency+"/")
	}
	page := statementParts(q, "*").query(f, limited(q.Limit)+1)
	his := ""
	if q.Merchant != "" {
		f.add("t.merchant_id = $?", q.Merchant)
		his = " WHERE " + f.conditions[len(f.conditions)-1]
	}
	q.Without = 0
	columns := lineColumns
	if q.Merchant == "" || q.Project == "" || q.Mode == 0 {
		columns += ownerColumns
	}
	lines, err := linesFound(ctx, s.in(), q, "SELECT "+columns+" FROM ("+page+")"+withPostings+his+linesOrder,
		append([]any{prepared}, f.args...)...)
	if err != nil {
		return ports.StatementPage{}, err
	}
	return pageOf(lines, q.Limit), nil
}

// inCurrency picks postings, p, in a currency whose code and a slash are the argument: no code has a slash.
const inCurrency = "starts_with(p.currency, $?)"

// statementParts reads columns of the newest lines, kind by kind as they are indexed.
func statementParts(q ports.StatementQuery, columns string) merged {
	m := merged{table: "transactions", columns: columns, order: "booked_at DESC, order_no DESC"}
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
	found, err := linesFound(ctx, in, ports.StatementQuery{}, "SELECT "+lineColumns+ownerColumns+
		" FROM transactions"+withPostings+"WHERE t.order_no = $1 AND t.merchant_id = $2", prepared, number, m)
	if err != nil {
		return ports.Booked{}, err
	}
	if len(found) == 0 || mode != 0 && found[0].Transaction.Mode != mode {
		return ports.Booked{}, ports.ErrNotFound
	}
	return found[0], nil
}
