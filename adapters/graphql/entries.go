package graphql

import (
	"context"
	"strings"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Entries pages through a project's part of the book.
func (q queries) Entries(
	ctx context.Context, project string, mode Mode, filter *EntryFilter, first *int, after *string,
) (*EntryConnection, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	in := app.StatementInput{Who: who, Without: linesWithout(ctx)}
	if in.Limit, err = sizeOf(first); err != nil {
		return nil, err
	}
	at := list{q.API, "entries", who}
	from, err := at.read(after)
	if err != nil {
		return nil, err
	}
	in.Before = ports.StatementMark{At: from.at, No: ledger.OrderNo(from.id)}
	filter.apply(&in)
	read, err := q.Statements.Page(ctx, in)
	if err != nil {
		return nil, err
	}
	shown := &EntryConnection{listed[ports.Booked, Entry, EntryEdge]{
		sheet: sheet[ports.Booked]{rows: read.Lines, more: read.More, cursor: func(b *ports.Booked) string {
			return at.cursor(mark{b.Transaction.BookedAt, string(b.Transaction.OrderNo)})
		}},
		as: entryPages, show: showEntries, edge: entryEdge,
	}}
	if read.More { // a page of one currency may be thin, and go on behind its last line
		shown.next = func() string { return at.cursor(mark{read.Next.At, string(read.Next.No)}) }
	}
	return shown, nil
}

// linesWithout is what need not be read of a page of lines.
func linesWithout(ctx context.Context) (parts ports.LineParts) {
	asked := askedNames(ctx)
	if !asked.any("sequence", "chainHash") {
		parts |= ports.LinePlace
	}
	if !asked.any("contentHash") {
		parts |= ports.LineCause
	}
	return parts
}

func (f *EntryFilter) apply(in *app.StatementInput) {
	if f == nil {
		return
	}
	in.From, in.To = instantOf(f.From), instantOf(f.To)
	if f.Currency != nil {
		in.Currency = *f.Currency
	}
	if f.Kind != nil {
		in.Kind = ledger.Kind(strings.ToLower(string(*f.Kind)))
	}
}

// Entry finds an entry of the book.
func (q queries) Entry(ctx context.Context, mode Mode, orderNo string) (*Entry, error) {
	who, err := q.actor(ctx)
	if err != nil {
		return nil, err
	}
	if err := who.Require(member.ReadMoney); err != nil {
		return nil, err
	}
	booked, err := q.Statements.Find(ctx,
		merchant.Principal{Merchant: who.Merchant, Mode: modeOf(mode)}, ledger.OrderNo(orderNo))
	if err != nil {
		return nil, err
	}
	return showEntry(booked), nil
}

func showEntry(b ports.Booked) *Entry {
	t := b.Transaction
	return &Entry{
		OrderNo: string(t.OrderNo), Kind: entryKind(t.Kind), Mode: showMode(t.Mode), ProjectID: string(t.ProjectID),
		PaymentID: optional(t.SessionID), Description: t.Description, Reverses: optional(t.Reverses),
		BookedAt: t.BookedAt, Sequence: decimalOf(b.Sequence), ContentHash: b.Content.String(),
		ChainHash: b.Chain.String(),
		Postings: each(t.Postings, func(p ledger.Posting) *Posting {
			return &Posting{
				Source: string(p.Source), Destination: string(p.Destination), Amount: showMoney(p.Amount),
			}
		}),
	}
}

func entryKind(k ledger.Kind) EntryKind { return EntryKind(strings.ToUpper(string(k))) }
