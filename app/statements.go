package app

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Bounds of a statement.
const (
	maxStatementPeriod = 366 * 24 * time.Hour
	statementBatch     = 500 // lines read at once when a whole statement is written
	statementReads     = 8   // readings spent on one page whose filter refuses most lines
)

// ErrInvalidPeriod refuses a period that is empty, or too long to be written in one go.
var ErrInvalidPeriod = fault.New(fault.Invalid, "invalid_period",
	"from and to must be dates (2026-05-17) or instants (RFC 3339), from before to, at most 366 days apart")

// StatementStatus is what a line of a statement says of its transaction. Only what is booked is in
// the book, so there are two: it counts, or it takes back one that did.
type StatementStatus string

// The statuses. The zero value, in a filter, means any.
const (
	LineSettled  StatementStatus = "settled"
	LineReversed StatementStatus = "reversed"
)

// StatusOf is the status of a booked transaction.
func StatusOf(t ledger.Transaction) StatementStatus {
	if t.Kind == ledger.KindReversal {
		return LineReversed
	}
	return LineSettled
}

// Statements shows merchants their part of the book.
type Statements struct {
	Book ports.Statements
}

// StatementInput selects lines of a principal's project and mode. Zero fields do not filter; From
// is inclusive, To exclusive.
type StatementInput struct {
	Who      merchant.Principal
	From, To time.Time
	Currency string
	Kind     ledger.Kind
	Status   StatementStatus
	Before   ports.StatementMark // exclusive; zero for the first page
	Limit    int
	Without  ports.LineParts // what is not shown, and need not be read
}

// StatementPart is a page, newest first. Next is where the following one begins, if More.
type StatementPart struct {
	Lines []ports.Booked
	Next  ports.StatementMark
	More  bool
}

// Page reads a page. It may hold fewer lines than asked for although more follow.
func (s Statements) Page(ctx context.Context, in StatementInput) (StatementPart, error) {
	if !in.From.IsZero() && !in.To.IsZero() && !in.From.Before(in.To) {
		return StatementPart{}, ErrInvalidPeriod.About("to")
	}
	if in.Status == LineReversed && in.Kind == "" {
		in.Kind = ledger.KindReversal
	}
	q := ports.StatementQuery{
		Merchant: in.Who.Merchant, Project: in.Who.Project, Mode: in.Who.Mode,
		From: in.From, To: in.To, Currency: in.Currency, Kind: in.Kind, Before: in.Before,
		Without: in.Without,
	}
	var out StatementPart
	for range statementReads {
		q.Limit = in.Limit - len(out.Lines)
		page, err := s.Book.Page(ctx, q)
		if err != nil {
			return StatementPart{}, err
		}
		if out.Lines == nil {
			out.Lines = in.ofStatus(page.Lines) // which mostly is all
		} else {
			out.Lines = append(out.Lines, in.ofStatus(page.Lines)...)
		}
		q.Before = page.Next
		out.Next, out.More = page.Next, page.More
		// What is looked at for one page of a currency is bounded by the book: to go on is for who asked.
		if !page.More || len(out.Lines) == in.Limit || in.Currency != "" {
			break
		}
	}
	return out, nil
}

// ofStatus answers what is asked for of lines that were read for it.
func (in StatementInput) ofStatus(lines []ports.Booked) []ports.Booked {
	if in.Status == "" {
		return lines
	}
	var out []ports.Booked
	for _, line := range lines {
		if in.Status == StatusOf(line.Transaction) {
			out = append(out, line)
		}
	}
	return out
}

// Check refuses a period that no whole statement can be written of.
func (in StatementInput) Check() error {
	switch {
	case in.From.IsZero():
		return ErrInvalidPeriod.About("from")
	case in.To.IsZero(), !in.From.Before(in.To), in.To.Sub(in.From) > maxStatementPeriod:
		return ErrInvalidPeriod.About("to")
	}
	return nil
}

// Write hands over every line of a period that passed Check, newest first, batch by batch, so that
// a long statement needs no more memory than a short one. What is booked meanwhile is newer than
// what is left to read and is not in it.
func (s Statements) Write(
	ctx context.Context, in StatementInput, batch func([]ports.Booked) error,
) error {
	if err := in.Check(); err != nil {
		return err
	}
	in.Limit = statementBatch
	for {
		part, err := s.Page(ctx, in)
		if err != nil {
			return err
		}
		if err := batch(part.Lines); err != nil {
			return err
		}
		if !part.More {
			return nil
		}
		in.Before = part.Next
	}
}

// Find finds a transaction of the principal's merchant and mode by its order number.
func (s Statements) Find(
	ctx context.Context, who merchant.Principal, no ledger.OrderNo,
) (ports.Booked, error) {
	if !no.Valid() {
		return ports.Booked{}, ports.ErrNotFound
	}
	return s.Book.ByOrderNo(ctx, who.Merchant, who.Mode, no)
}
