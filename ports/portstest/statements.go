package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

var statementPromises = []promise{
	{"pages show every transaction once, newest first, even those of one instant", statementPages},
	{"a statement is filtered by mode, project, currency and kind", statementFilters},
	{"what is rare in a long statement is found in it, once and in order", statementRare},
	{"a period includes its beginning and excludes its end", statementPeriod},
	{"pages asked for at the same time are what each asked for", statementCrowd},
	{"a statement shows nothing of another merchant", statementForeign},
	{"a transaction is found by order number in its mode only", statementByOrderNo},
}

// statement reads a statement to its end, three lines at a time.
func statement(t *testing.T, w World, q ports.StatementQuery) []ports.Booked {
	t.Helper()
	var all []ports.Booked
	for {
		q.Limit = 3
		page, err := w.Statements.Page(t.Context(), q)
		ok(t, err)
		if len(page.Lines) > q.Limit {
			t.Fatalf("a page of %d lines, asked for %d", len(page.Lines), q.Limit)
		}
		all = append(all, page.Lines...)
		if !page.More {
			return all
		}
		if len(page.Lines) != q.Limit && q.Currency == "" {
			t.Fatalf("more follows, but the page holds %d of %d", len(page.Lines), q.Limit)
		}
		if page.Next == q.Before {
			t.Fatal("more follows, and the page leads nowhere")
		}
		q.Before = page.Next
	}
}

// stated reads a statement to its end and checks that it holds exactly the wanted lines, newest
// first.
func stated(t *testing.T, w World, q ports.StatementQuery, want ...ports.Booked) {
	t.Helper()
	left := make(map[ledger.OrderNo]ports.Booked, len(want))
	for _, b := range want {
		left[b.Transaction.OrderNo] = b
	}
	var before time.Time
	for i, line := range statement(t, w, q) {
		expected, known := left[line.Transaction.OrderNo]
		if !known {
			t.Fatalf("transaction %s is stated twice or does not belong here", line.Transaction.OrderNo)
		}
		delete(left, line.Transaction.OrderNo)
		same(t, line, expected)
		if at := line.Transaction.BookedAt; i > 0 && at.After(before) {
			t.Fatalf("line %d of the statement is newer than the one before", i)
		}
		before = line.Transaction.BookedAt
	}
	if len(left) > 0 {
		t.Fatalf("%d transactions are missing from the statement", len(left))
	}
}

func statementPages(t *testing.T, w World) {
	shop := OpenShop(t, w)
	q := ports.StatementQuery{Merchant: shop.ID()}
	stated(t, w, q)
	var all []ports.Booked
	for _, seconds := range []int{3, 0, 0, 0, 0, 1, 2, 2, 5} {
		all = append(all, book(t, w, shop.Charge(t, 1, Epoch.Add(time.Duration(seconds)*time.Second))))
		stated(t, w, q, all...)
	}
}

func statementFilters(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	book(t, w, other.Charge(t, 1, Epoch))
	charge := book(t, w, shop.Charge(t, 1, Epoch))

	tx := shop.Charge(t, 1, Epoch)
	tx.Kind = ledger.KindPayment
	payment := book(t, w, tx)

	tx = shop.Charge(t, 1, Epoch)
	tx.Kind, tx.Mode = ledger.KindAgent, merchant.Live
	tx.Postings[0].Amount = mustAmount(t, money.USDC, "0.01")
	tx.Postings[0].Source = ledger.World(merchant.Live, "base")
	tx.Postings[0].Destination = ledger.Of(shop.ID(), merchant.Live, ledger.Received+"base")
	agents := book(t, w, tx)

	tx = shop.Charge(t, 1, Epoch)
	tx.Postings[0].Amount = mustAmount(t, money.JPY, "1500")
	yen := book(t, w, tx)

	tx = shop.Charge(t, 1, Epoch)
	tx.Mode = merchant.Live
	tx.Postings[0].Source = ledger.World(merchant.Live, "charge")
	tx.Postings[0].Destination = ledger.Of(shop.ID(), merchant.Live, ledger.Recorded)
	live := book(t, w, tx)

	m := shop.ID()
	stated(t, w, ports.StatementQuery{Merchant: m}, charge, payment, agents, yen, live)
	p := shop.Project.ID
	stated(t, w, ports.StatementQuery{Merchant: m, Project: p}, charge, payment, agents, yen, live)
	stated(t, w, ports.StatementQuery{Project: p}, charge, payment, agents, yen, live)
	stated(t, w, ports.StatementQuery{Merchant: m, Mode: merchant.Test}, charge, payment, yen)
	stated(t, w, ports.StatementQuery{Merchant: m, Mode: merchant.Live}, agents, live)
	of := ports.StatementQuery{Merchant: m, Project: p, Mode: merchant.Test}
	stated(t, w, of, charge, payment, yen)
	of.Kind = ledger.KindPayment
	stated(t, w, of, payment)
	of.Currency = "JPY"
	stated(t, w, of)
	of.Kind = ""
	stated(t, w, of, yen)
	of.Currency = "USDT"
	stated(t, w, of, charge, payment)
	of.Merchant = ""
	stated(t, w, of, charge, payment)
	of.Merchant = other.ID()
	stated(t, w, of)
	stated(t, w, ports.StatementQuery{Merchant: m, Kind: ledger.KindPayment}, payment)
	stated(t, w, ports.StatementQuery{Merchant: m, Kind: ledger.KindReversal})
	stated(t, w, ports.StatementQuery{Merchant: m, Kind: ledger.KindAgent}, agents)
	stated(t, w, ports.StatementQuery{Merchant: m, Currency: "JPY"}, yen)
	stated(t, w, ports.StatementQuery{Merchant: m, Currency: "USDT"}, charge, payment, live)
	stated(t, w, ports.StatementQuery{Merchant: m, Currency: "USD"})
	stated(t, w, ports.StatementQuery{
		Merchant: m, Project: p, Mode: merchant.Test, Kind: ledger.KindCharge, Currency: "USDT",
	}, charge)
}

// statementRare books few yen among many dollars, over days.
func statementRare(t *testing.T, w World) {
	const days, ofEach = 3, 120
	shop := OpenShop(t, w)
	at := Epoch
	var yen, late []ports.Booked
	for d := range days {
		var dollars []ledger.Transaction
		for i := range ofEach {
			tx := shop.Charge(t, 1, at.Add(time.Duration(i)*time.Second))
			if (d+i)%50 == 7 && d != 1 {
				tx.Postings[0].Amount = mustAmount(t, money.JPY, "1500")
				b := book(t, w, tx)
				yen = append(yen, b)
				if d > 1 {
					late = append(late, b)
				}
				continue
			}
			dollars = append(dollars, tx)
		}
		do(t, w, func(ctx context.Context, r ports.Repos) error {
			_, err := r.Ledger.BookAll(ctx, dollars)
			return err
		})
		at = at.Add(day)
	}
	q := ports.StatementQuery{Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Test, Currency: "JPY"}
	stated(t, w, q, yen...)
	q.Kind = ledger.KindCharge
	stated(t, w, q, yen...)
	q.From = Epoch.Add(day)
	stated(t, w, q, late...)
	q.From, q.To = time.Time{}, Epoch.Add(2*day)
	stated(t, w, q, yen[:len(yen)-len(late)]...)
	q.Kind, q.To = ledger.KindPayment, time.Time{}
	stated(t, w, q)
}

func statementPeriod(t *testing.T, w World) {
	shop := OpenShop(t, w)
	var all []ports.Booked
	for i := range 5 {
		all = append(all, book(t, w, shop.Charge(t, 1, Epoch.Add(time.Duration(i)*time.Second))))
	}
	at := func(i int) time.Time { return all[i].Transaction.BookedAt }
	m := shop.ID()
	stated(t, w, ports.StatementQuery{Merchant: m, From: at(1), To: at(3)}, all[1], all[2])
	stated(t, w, ports.StatementQuery{Merchant: m, From: at(1)}, all[1:]...)
	stated(t, w, ports.StatementQuery{Merchant: m, To: at(1)}, all[0])
	stated(t, w, ports.StatementQuery{
		Merchant: m, From: at(1).Add(time.Microsecond), To: at(3).Add(time.Microsecond),
	}, all[2], all[3])
	stated(t, w, ports.StatementQuery{Merchant: m, From: at(3), To: at(3)})
}

func statementForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	mine := book(t, w, shop.Charge(t, 1, Epoch))
	stated(t, w, ports.StatementQuery{Merchant: other.ID()})
	stated(t, w, ports.StatementQuery{Merchant: other.ID(), Project: shop.Project.ID})
	stated(t, w, ports.StatementQuery{Merchant: shop.ID(), Project: other.Project.ID})
	stated(t, w, ports.StatementQuery{Merchant: shop.ID()}, mine)
}

func statementByOrderNo(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	booked := book(t, w, shop.Charge(t, 1, Epoch))
	no := booked.Transaction.OrderNo
	got, err := w.Statements.ByOrderNo(t.Context(), shop.ID(), merchant.Test, no)
	ok(t, err)
	same(t, got, booked)
	_, err = w.Statements.ByOrderNo(t.Context(), shop.ID(), merchant.Live, no)
	isFault(t, err, ports.ErrNotFound)
	_, err = w.Statements.ByOrderNo(t.Context(), other.ID(), merchant.Test, no)
	isFault(t, err, ports.ErrNotFound)
	for _, text := range hostile {
		_, err = w.Statements.ByOrderNo(t.Context(), shop.ID(), merchant.Test, ledger.OrderNo(text))
		isFault(t, err, ports.ErrNotFound)
	}
}
