package postgres

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/ports"
)

// newPages is where readers of statements meet. While one page is read the server can work on another.
func newPages() gathered[ports.StatementQuery, readPage] {
	return gathered[ports.StatementQuery, readPage]{
		atOnce: max(gatheredReads, runtime.GOMAXPROCS(0)), most: sharedPages,
	}
}

// shares reports whether a page can be read together with others.
func shares(q ports.StatementQuery) bool {
	return q.Merchant != "" && q.Project != "" && q.Mode != 0 && q.Currency == "" && limited(q.Limit) <= sharedPage
}

// pageShape is what is written into the text of a read: pages of one shape are one statement.
type pageShape struct {
	kind    ledger.Kind
	limit   int
	without ports.LineParts
}

// sharedStatements reads pages that were asked for at the same time.
func (s *Store) sharedStatements(
	ctx context.Context, asked []ports.StatementQuery,
) (map[ports.StatementQuery]readPage, error) {
	return alike(asked, func(q ports.StatementQuery) pageShape { return pageShape{q.Kind, limited(q.Limit), q.Without} },
		func(same []ports.StatementQuery, sorted bool) ([]readPage, error) {
			order := ""
			if sorted {
				order = pagesOrder
			}
			return s.statementsOf(ctx, same, order)
		})
}

// pagesOrder is that of pages read together.
const pagesOrder = " ORDER BY q.page, t.booked_at DESC, t.order_no DESC"

// pageRow is a line of one of the pages.
type pageRow struct {
	Page int64 // counted from 1
	lineRow
}

// readPage is a page, or why it cannot be read: that is no matter of those that were read with it.
type readPage struct {
	ports.StatementPage

	err error
}

// statementsOf reads pages of one shape.
func (s *Store) statementsOf(
	ctx context.Context, asked []ports.StatementQuery, order string,
) ([]readPage, error) {
	pages, out := make([]statement, len(asked)), make([]readPage, len(asked))
	for i, q := range asked {
		pages[i] = statementOf(q)
	}
	var row pageRow
	err := readEach(ctx, s.in(), sharedQuery(asked[0])+order, boundsOf(asked).args(),
		func() *pageRow { row = pageRow{}; return &row },
		func() error {
			page, failed := &pages[row.Page-1], &out[row.Page-1].err
			if *failed != nil {
				return nil
			}
			page.row = row.lineRow
			err := page.add()
			if errors.Is(err, errUnordered) {
				return err
			}
			*failed = err
			return nil
		})
	if err != nil {
		return nil, translate(err)
	}
	for i, q := range asked {
		if out[i].err == nil {
			out[i].StatementPage = pageOf(pages[i].lines, q.Limit)
		}
	}
	return out, nil
}

// sharedQuery reads pages of the shape of q, each between bounds of its own.
func sharedQuery(q ports.StatementQuery) string {
	f := &filter{}
	f.add("project_id = q.project")
	f.add("mode = q.mode")
	f.add("booked_at >= q.since")
	f.add("(booked_at, order_no) < (q.before, q.before_no)")
	columns := shortColumns
	if q.Without&ports.LinePlace == 0 {
		columns += placeColumns
	}
	if q.Without&ports.LineCause == 0 {
		columns += causeColumns
	}
	return "SELECT q.page, " + columns + ` FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[],
			$5::timestamptz[], $6::bigint[]) WITH ORDINALITY AS q (merchant, project, mode, since, before, before_no, page),
		LATERAL (` + statementParts(q, "*").query(f, limited(q.Limit)+1) + ")" + withPostings + "WHERE t.merchant_id = q.merchant"
}

// pageBounds are between what pages lie, as columns.
type pageBounds struct {
	merchants, projects, modes []string
	since, before              []time.Time
	numbers                    []int64
}

func boundsOf(asked []ports.StatementQuery) *pageBounds {
	b := &pageBounds{}
	for _, q := range asked {
		b.merchants, b.projects = append(b.merchants, string(q.Merchant)), append(b.projects, string(q.Project))
		b.modes, b.since = append(b.modes, q.Mode.String()), append(b.since, q.From)
		before, number := forever, int64(0)
		if no, err := orderNumber(q.Before.No); err == nil {
			before, number = q.Before.At, no
		}
		if !q.To.IsZero() && !q.To.After(before) { // numbers begin at 1, so that this is all before To
			before, number = q.To, 0
		}
		b.before, b.numbers = append(b.before, before), append(b.numbers, number)
	}
	return b
}

func (b *pageBounds) args() []any {
	return []any{prepared, b.merchants, b.projects, b.modes, b.since, b.before, b.numbers}
}

// pageOf is the page of what was read with one line more than asked for.
func pageOf(lines []ports.Booked, limit int) ports.StatementPage {
	var out ports.StatementPage
	if out.Lines, out.More = cut(lines, limit); out.More && len(out.Lines) > 0 {
		last := out.Lines[len(out.Lines)-1].Transaction
		out.Next = ports.StatementMark{At: last.BookedAt, No: last.OrderNo}
	}
	return out
}
