package portstest

import (
	"cmp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// statementCrowd asks for many pages at the same time: of several merchants, periods, kinds, sizes and
// places, each twice.
func statementCrowd(t *testing.T, w World) {
	shops := []Shop{OpenShop(t, w), OpenShop(t, w)}
	books := make([][]ports.Booked, len(shops)) // newest first
	for i := range 12 {
		for n, shop := range shops {
			tx := shop.Charge(t, 1, Epoch.Add(time.Duration(i/2)*time.Second)) // two of each instant
			if i%3 == n {
				tx.Kind = ledger.KindPayment
			}
			books[n] = append(books[n], book(t, w, tx))
		}
	}
	var asked []ports.StatementQuery
	for n, shop := range shops {
		slices.SortFunc(books[n], newestLine)
		q := ports.StatementQuery{Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Test, Limit: 4}
		asked = append(asked, q, live(q), of(q, shops[1-n].ID()), sized(q, 100), sized(q, 1000),
			without(q, ports.LinePlace), without(q, ports.LineCause), without(q, ports.LinePlace|ports.LineCause))
		for _, line := range books[n] {
			at, no := line.Transaction.BookedAt, line.Transaction.OrderNo
			behind := q
			behind.Before = ports.StatementMark{At: at, No: no}
			until, since, both := q, q, behind
			until.To, since.From = at, at
			both.From, both.To = Epoch.Add(time.Second), at
			kind := both
			kind.Kind, kind.To = ledger.KindPayment, at.Add(time.Microsecond)
			asked = append(asked, behind, until, since, both, kind)
		}
	}
	got, errs := make([]ports.StatementPage, 2*len(asked)), make([]error, 2*len(asked))
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() { got[i], errs[i] = w.Statements.Page(t.Context(), asked[i%len(asked)]) })
	}
	all.Wait()
	for i, page := range got {
		ok(t, errs[i])
		q := asked[i%len(asked)]
		of := slices.IndexFunc(shops, func(s Shop) bool { return s.Project.ID == q.Project })
		want := pageOf(books[of], q)
		same(t, len(page.Lines), len(want.Lines))
		for i := range page.Lines {
			page.Lines[i] = asAsked(page.Lines[i], want.Lines[i], q.Without)
		}
		same(t, page.Lines, want.Lines)
		same(t, page.More, want.More)
		same(t, page.Next, want.Next)
		for i := range page.Lines { // it is the asker's own
			page.Lines[i] = ports.Booked{}
		}
	}
}

func live(q ports.StatementQuery) ports.StatementQuery {
	q.Mode = merchant.Live
	return q
}

func of(q ports.StatementQuery, m merchant.ID) ports.StatementQuery {
	q.Merchant = m
	return q
}

func sized(q ports.StatementQuery, limit int) ports.StatementQuery {
	q.Limit = limit
	return q
}

func without(q ports.StatementQuery, parts ports.LineParts) ports.StatementQuery {
	q.Without = parts
	return q
}

// asAsked is a line that was read with those parts of what is booked that it may lack.
func asAsked(read, booked ports.Booked, without ports.LineParts) ports.Booked {
	if without&ports.LinePlace != 0 && read.Sequence == 0 && read.Chain == (ledger.Hash{}) {
		read.Sequence, read.Chain = booked.Sequence, booked.Chain
	}
	if without&ports.LineCause != 0 && read.Transaction.SourceRef == "" && read.Content == (ledger.Hash{}) {
		read.Transaction.SourceRef, read.Content = booked.Transaction.SourceRef, booked.Content
	}
	return read
}

func newestLine(a, b ports.Booked) int {
	if c := b.Transaction.BookedAt.Compare(a.Transaction.BookedAt); c != 0 {
		return c
	}
	return cmp.Compare(b.Transaction.OrderNo, a.Transaction.OrderNo) // of as many digits
}

// pageOf is the page of a book, newest first, that a query asks for.
func pageOf(book []ports.Booked, q ports.StatementQuery) ports.StatementPage {
	var p ports.StatementPage
	for _, line := range book {
		tx := line.Transaction
		mark := ports.Booked{Transaction: ledger.Transaction{BookedAt: q.Before.At, OrderNo: q.Before.No}}
		switch {
		case tx.MerchantID != q.Merchant || tx.ProjectID != q.Project || tx.Mode != q.Mode:
		case q.Kind != "" && tx.Kind != q.Kind:
		case q.Before.No != "" && newestLine(mark, line) >= 0:
		case tx.BookedAt.Before(q.From) || !q.To.IsZero() && !tx.BookedAt.Before(q.To):
		case len(p.Lines) == q.Limit:
			last := p.Lines[q.Limit-1].Transaction
			p.More, p.Next = true, ports.StatementMark{At: last.BookedAt, No: last.OrderNo}
			return p
		default:
			p.Lines = append(p.Lines, line)
		}
	}
	return p
}
