package graphql

import (
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// EntryConnection is a page of the book.
type EntryConnection struct {
	listed[ports.Booked, Entry, EntryEdge]
}

func showEntries(rows []ports.Booked) []*Entry { return each(rows, showEntry) }

func entryEdge(cursor string, node *Entry) *EntryEdge { return &EntryEdge{Cursor: cursor, Node: node} }

var moneyColumns = object[money.Amount]{"Money", map[string]column[money.Amount]{
	"amount":   figure(func(to []byte, a *money.Amount) []byte { return a.Append(to) }),
	"currency": text(func(a *money.Amount) string { return a.Currency().Code() }),
}}

var postingColumns = object[ledger.Posting]{"Posting", map[string]column[ledger.Posting]{
	"source":      text(func(p *ledger.Posting) ledger.Account { return p.Source }),
	"destination": text(func(p *ledger.Posting) ledger.Account { return p.Destination }),
	"amount":      within(moneyColumns, func(p *ledger.Posting) *money.Amount { return &p.Amount }),
}}

var entryColumns = object[ports.Booked]{"Entry", map[string]column[ports.Booked]{
	"orderNo":     text(func(b *ports.Booked) ledger.OrderNo { return b.Transaction.OrderNo }),
	"kind":        word(func(b *ports.Booked) ledger.Kind { return b.Transaction.Kind }),
	"mode":        text(func(b *ports.Booked) Mode { return showMode(b.Transaction.Mode) }),
	"projectId":   text(func(b *ports.Booked) merchant.ProjectID { return b.Transaction.ProjectID }),
	"paymentId":   maybe(func(b *ports.Booked) string { return b.Transaction.SessionID }),
	"description": text(func(b *ports.Booked) string { return b.Transaction.Description }),
	"reverses":    maybe(func(b *ports.Booked) ledger.OrderNo { return b.Transaction.Reverses }),
	"bookedAt":    instant(func(b *ports.Booked) time.Time { return b.Transaction.BookedAt }),
	"postings":    many(postingColumns, func(b *ports.Booked) []ledger.Posting { return b.Transaction.Postings }),
	"sequence":    number(func(b *ports.Booked) int64 { return b.Sequence }),
	"contentHash": text(func(b *ports.Booked) string { return b.Content.String() }),
	"chainHash":   text(func(b *ports.Booked) string { return b.Chain.String() }),
}}

var entryPages = connection("Entry", entryColumns)
