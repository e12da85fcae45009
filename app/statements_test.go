package app

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// shelf is a shop's book.
type shelf struct {
	till
	t     *testing.T
	books Statements
	pair  keys.Pair
}

func openShelf(t *testing.T) shelf {
	t.Helper()
	h := openTill(t)
	books, ok := h.charges.Books.(ports.Statements)
	if !ok {
		t.Fatal("the store keeps no statements")
	}
	return shelf{till: h, t: t, books: Statements{Book: books}, pair: h.pair(t, merchant.Test, "right", false)}
}

func (s shelf) who() merchant.Principal {
	return merchant.Principal{Merchant: s.shop.ID(), Project: s.shop.Project.ID, Mode: merchant.Test}
}

// charge books an amount so many seconds after the epoch.
func (s shelf) charge(seconds int, currency money.Currency) ports.Booked {
	s.t.Helper()
	amount, err := money.Parse(currency, strconv.Itoa(seconds+1))
	if err != nil {
		s.t.Fatal(err)
	}
	charges := s.charges
	charges.Core.Clock = fixedClock{portstest.Epoch.Add(time.Duration(seconds) * time.Second)}
	b, _, err := charges.Charge(s.t.Context(),
		ChargeInput{Owner: ports.KeyOwner{Pair: s.pair}, Amount: amount}, Once[ports.Booked]{})
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

func (s shelf) reverse(b ports.Booked, seconds int) ports.Booked {
	s.t.Helper()
	at := portstest.Epoch.Add(time.Duration(seconds) * time.Second)
	no, err := s.charges.Orders.Next(s.t.Context(), at)
	if err != nil {
		s.t.Fatal(err)
	}
	back, err := s.charges.Books.Book(s.t.Context(),
		b.Transaction.Reversal(no, "reversal of "+string(b.Transaction.OrderNo), "reorganised", at), "")
	if err != nil {
		s.t.Fatal(err)
	}
	return back
}

// reads pages through a statement, and wants exactly these lines.
func (s shelf) reads(in StatementInput, want ...ports.Booked) {
	s.t.Helper()
	in.Who = s.who()
	var got []ports.Booked
	for pages := 0; ; pages++ {
		part, err := s.books.Page(s.t.Context(), in)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(part.Lines) > in.Limit || pages > 100 {
			s.t.Fatalf("page %d with %d lines, limit %d", pages, len(part.Lines), in.Limit)
		}
		got = append(got, part.Lines...)
		if !part.More {
			break
		}
		in.Before = part.Next
	}
	if len(got) != len(want) {
		s.t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Transaction.OrderNo != want[i].Transaction.OrderNo {
			s.t.Errorf("line %d is %s, want %s", i, got[i].Transaction.OrderNo, want[i].Transaction.OrderNo)
		}
	}
}

// However lines and pages fall, every line that is selected comes once, newest first.
func TestStatementsAreReadPageByPage(t *testing.T) {
	s := openShelf(t)
	a, b, c := s.charge(0, money.USD), s.charge(1, money.JPY), s.charge(2, money.USD)
	back := s.reverse(a, 3)
	d := s.charge(4, money.USD)
	at := func(i int) time.Time { return portstest.Epoch.Add(time.Duration(i) * time.Second) }
	for limit := 1; limit <= 6; limit++ {
		s.reads(StatementInput{Limit: limit}, d, back, c, b, a)
		s.reads(StatementInput{Limit: limit, Status: LineSettled}, d, c, b, a)
		s.reads(StatementInput{Limit: limit, Status: LineReversed}, back)
		s.reads(StatementInput{Limit: limit, Status: LineReversed, Kind: ledger.KindCharge})
		s.reads(StatementInput{Limit: limit, Kind: ledger.KindCharge}, d, c, b, a)
		s.reads(StatementInput{Limit: limit, Currency: "JPY"}, b)
		s.reads(StatementInput{Limit: limit, From: at(1), To: at(4)}, back, c, b)
	}
	_, err := s.books.Page(t.Context(), StatementInput{Who: s.who(), Limit: 1, From: at(2), To: at(2)})
	if !errors.Is(err, ErrInvalidPeriod) {
		t.Errorf("an empty period: %v", err)
	}
}

// A filter that refuses nearly everything answers thin pages rather than reading for ever.
func TestThinPagesGoOn(t *testing.T) {
	s := openShelf(t)
	first := s.charge(0, money.USD)
	for i := 1; i <= 3*statementReads; i++ {
		s.reverse(s.charge(2*i, money.JPY), 2*i+1)
	}
	part, err := s.books.Page(t.Context(), StatementInput{Who: s.who(), Limit: 1, Status: LineSettled, Currency: "USD"})
	if err != nil || len(part.Lines) != 1 {
		t.Fatalf("%+v, %v", part, err)
	}
	reversals := 0
	counting := s.books
	counting.Book = pages(func(q ports.StatementQuery) (ports.StatementPage, error) {
		reversals++
		line := s.reversed(first, q)
		next := ports.StatementMark{At: line.Transaction.BookedAt, No: line.Transaction.OrderNo}
		return ports.StatementPage{Lines: []ports.Booked{line}, Next: next, More: true}, nil
	})
	part, err = counting.Page(t.Context(), StatementInput{Who: s.who(), Limit: 1, Status: LineSettled})
	if err != nil || len(part.Lines) != 0 || !part.More || reversals != statementReads {
		t.Errorf("%d lines, more %v, %v after %d readings", len(part.Lines), part.More, err, reversals)
	}
	if part.Next == (ports.StatementMark{}) {
		t.Error("a thin page leads nowhere")
	}
}

func (s shelf) reversed(b ports.Booked, q ports.StatementQuery) ports.Booked {
	at := q.Before.At.Add(-time.Second)
	b.Transaction = b.Transaction.Reversal(b.Transaction.OrderNo, "x", "", at)
	return b
}

// pages is a book that answers as it is told.
type pages func(q ports.StatementQuery) (ports.StatementPage, error)

func (p pages) Page(_ context.Context, q ports.StatementQuery) (ports.StatementPage, error) {
	return p(q)
}

func (p pages) ByOrderNo(
	context.Context, merchant.ID, merchant.Mode, ledger.OrderNo,
) (ports.Booked, error) {
	return ports.Booked{}, ports.ErrNotFound
}

// A whole statement holds what its pages hold, and its period is bounded on both sides.
func TestWholeStatementsAreBounded(t *testing.T) {
	s := openShelf(t)
	var want int
	for i := range statementBatch + 3 {
		s.charge(i, money.USD)
		want++
	}
	in := StatementInput{Who: s.who(), From: portstest.Epoch, To: portstest.Epoch.Add(maxStatementPeriod)}
	got, batches := 0, 0
	err := s.books.Write(t.Context(), in, func(lines []ports.Booked) error {
		got += len(lines)
		batches++
		return nil
	})
	if err != nil || got != want || batches != 2 {
		t.Errorf("%d lines in %d batches, %v; want %d", got, batches, err, want)
	}
	for name, bad := range map[string]StatementInput{
		"no beginning": {Who: s.who(), To: in.To},
		"no end":       {Who: s.who(), From: in.From},
		"backwards":    {Who: s.who(), From: in.To, To: in.From},
		"empty":        {Who: s.who(), From: in.From, To: in.From},
		"too long":     {Who: s.who(), From: in.From, To: in.To.Add(time.Nanosecond)},
	} {
		err := s.books.Write(t.Context(), bad, func([]ports.Booked) error {
			t.Errorf("%s: written", name)
			return nil
		})
		if !errors.Is(err, ErrInvalidPeriod) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Rows H01 to H03: an order number is a label, and opens nothing of anybody else's.
func TestTransactionsAreFoundByTheirOwnersOnly(t *testing.T) {
	s := openShelf(t)
	b := s.charge(0, money.USD)
	if got, err := s.books.Find(t.Context(), s.who(), b.Transaction.OrderNo); err != nil || got.Content != b.Content {
		t.Errorf("found %+v, %v", got, err)
	}
	live, other := s.who(), s.who()
	live.Mode, other.Merchant = merchant.Live, "somebody"
	for _, w := range []merchant.Principal{live, other} {
		if _, err := s.books.Find(t.Context(), w, b.Transaction.OrderNo); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("found by %+v", w)
		}
	}
	for _, no := range []ledger.OrderNo{"", "1", "statement", b.Transaction.OrderNo + "0"} {
		if _, err := s.books.Find(t.Context(), s.who(), no); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("found %q", no)
		}
	}
}
