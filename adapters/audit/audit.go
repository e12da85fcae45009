// Package audit looks for anything in the database that must never be true: money booked twice or
// never, a payment without its transfer, an edited book, news that was never owed to anybody.
//
// It owns the invariants, each as its own statement or walk, and the report of what breaks them. It
// does not own the rows, and repairs nothing. It shares no code with what writes them
// (adapters/postgres): a checker that reads with the writer's code repeats the writer's mistakes. The
// one thing it shares is the published rule of the book's hashes (domain/ledger).
//
// Invariants:
//   - It only reads, in one snapshot: what units of work do meanwhile is seen whole or not at all.
//   - It keeps no table in memory: rows are judged as they come, and what it reports is bounded.
//   - Every rule bears a living gateway. What is only true a moment later (a cursor that is catching
//     up, a job that is running) is not called broken.
//   - A rule that could not be judged is an error or is named as skipped, never silently fine.
package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// closeLimit bounds how long saying goodbye to the database may take.
const closeLimit = 5 * time.Second

// errURL replaces the driver's own words, which may quote a password.
var errURL = errors.New("DATABASE_URL is not a PostgreSQL connection string")

// Run audits the database at a URL. An error says that the audit could not be finished, not that
// something is broken: that is in the report.
func Run(ctx context.Context, url string) (report Report, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return Report{}, errURL
	}
	config.RuntimeParams["application_name"] = "101pay audit"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
		defer cancel()
		err = errors.Join(err, conn.Close(ending))
	}()
	// Nothing is written, so the end of the connection is the end of the transaction too.
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	return inspect(ctx, tx)
}

// inspect judges every rule in the snapshot of a transaction.
func inspect(ctx context.Context, tx pgx.Tx) (Report, error) {
	a := &auditor{tx: tx, lines: make(map[string]int)}
	// A limit meant for requests must not end a long look, and times are told in one zone.
	_, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 0; SET LOCAL TimeZone = 'UTC'")
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	if err := a.book(ctx); err != nil {
		return Report{}, fmt.Errorf("audit: the book: %w", err)
	}
	if err := a.journal(ctx); err != nil {
		return Report{}, fmt.Errorf("audit: the log of deeds: %w", err)
	}
	if err := a.addresses(ctx); err != nil {
		return Report{}, fmt.Errorf("audit: %s: %w", ruleAddress, err)
	}
	for _, r := range rules() {
		if err := a.judge(ctx, r); err != nil {
			return Report{}, fmt.Errorf("audit: %s: %w", r.name, err)
		}
	}
	return a.report, nil
}

// auditor gathers a report from one snapshot.
type auditor struct {
	tx     pgx.Tx
	report Report
	lines  map[string]int // by rule, where its line is
}

// line is the rule's line of the report, begun when it is first asked for.
func (a *auditor) line(rule string) *Line {
	i, begun := a.lines[rule]
	if !begun {
		i = len(a.report.Lines)
		a.lines[rule] = i
		a.report.Lines = append(a.report.Lines, Line{Rule: rule})
	}
	return &a.report.Lines[i]
}

// broken reports an offence. Beyond keptPerRule it is only counted.
func (a *auditor) broken(v Violation) {
	l := a.line(v.Rule)
	if l.Broken++; l.Broken <= keptPerRule {
		v.Subject, v.Detail = cut(v.Subject), cut(v.Detail)
		a.report.Violations = append(a.report.Violations, v)
	}
}
