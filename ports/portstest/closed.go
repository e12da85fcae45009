package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var closedPromises = []promise{
	{"what is late for closed books is booked where they begin again, whoever books it", closedLate},
	{"books that are closed do not open again, and those of others stay open", closedForGood},
	{"closing that is rolled back closes nothing", closedRolledBack},
	{"books of nobody cannot be closed", closedNobodys},
	{"whoever reads closed books reads all that is ever booked there", closedRace},
}

func closeBooks(t *testing.T, w World, m merchant.ID, until time.Time) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Ledger.Close(ctx, m, merchant.Test, until)
	})
}

// bookers are the ways into the book.
var bookers = map[string]func(t *testing.T, w World, tx ledger.Transaction) ports.Booked{
	"one": book,
	"several": func(t *testing.T, w World, tx ledger.Transaction) ports.Booked {
		t.Helper()
		return in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.Booked, error) {
			return r.Ledger.BookAll(ctx, []ledger.Transaction{tx})
		})[0]
	},
	"together": func(t *testing.T, w World, tx ledger.Transaction) ports.Booked {
		t.Helper()
		booked, err := w.Bookkeeper.Book(t.Context(), tx, "")
		ok(t, err)
		return booked
	},
}

// closedLate: the hash is of what stands in the book, and so are the sums of the days.
func closedLate(t *testing.T, w World) {
	midnight := Epoch.Add(day)
	for way, enter := range bookers {
		t.Log(way)
		shop := OpenShop(t, w)
		closeBooks(t, w, shop.ID(), midnight)
		late, timely := shop.Charge(t, 3, midnight.Add(-time.Microsecond)), shop.Charge(t, 4, midnight)
		for _, tx := range []ledger.Transaction{late, timely} {
			booked := enter(t, w, tx)
			tx.BookedAt = midnight
			same(t, booked.Transaction, tx)
			same(t, booked.Content, tx.ContentHash())
			same(t, findBooked(t, w, shop.ID(), tx.OrderNo), booked)
		}
		linked(t, w, shop.ID(), merchant.Test, 2)
		same(t, shop.booked(t, shop.figures()), []ports.DayBooked{charged(midnight, 2, 7)})
	}
}

func closedForGood(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	midnight := Epoch.Add(day)
	closeBooks(t, w, shop.ID(), midnight)
	closeBooks(t, w, shop.ID(), Epoch)
	same(t, book(t, w, shop.Charge(t, 1, Epoch)).Transaction.BookedAt, midnight)
	same(t, book(t, w, other.Charge(t, 1, Epoch)).Transaction.BookedAt, Epoch)
	live := shop.Charge(t, 1, Epoch)
	live.Mode = merchant.Live
	live.Postings[0].Source = ledger.World(live.Mode, "charge")
	live.Postings[0].Destination = ledger.Of(shop.ID(), live.Mode, ledger.Charged)
	same(t, book(t, w, live).Transaction.BookedAt, Epoch)
}

func closedRolledBack(t *testing.T, w World) {
	shop := OpenShop(t, w)
	refused(t, w, context.Canceled, func(ctx context.Context, r ports.Repos) error {
		if err := r.Ledger.Close(ctx, shop.ID(), merchant.Test, Epoch.Add(day)); err != nil {
			return err
		}
		return context.Canceled
	})
	same(t, book(t, w, shop.Charge(t, 1, Epoch)).Transaction.BookedAt, Epoch)
}

func closedNobodys(t *testing.T, w World) {
	for _, m := range []merchant.ID{merchant.ID(UUID()), "' OR 1=1"} {
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			return r.Ledger.Close(ctx, m, merchant.Test, Epoch)
		})
	}
}

// closedRace: many book the last instant of a day while its books are closed. What is read of the day
// right after that is all there ever is of it, and nothing is lost.
func closedRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	midnight := Epoch.Add(day)
	txs := make([]ledger.Transaction, racers)
	for i := range txs {
		txs[i] = shop.Charge(t, 1, midnight.Add(-time.Microsecond))
	}
	today := shop.figures()
	today.To = midnight
	var seen []ports.DayBooked
	errs := race(racers, func(i int) error {
		if i != racers/2 {
			_, err := w.Bookkeeper.Book(t.Context(), txs[i], "")
			return err
		}
		err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Ledger.Close(ctx, shop.ID(), merchant.Test, midnight)
		})
		if err == nil {
			seen, err = w.Figures.Booked(t.Context(), today)
		}
		return err
	})
	for _, err := range errs {
		ok(t, err)
	}
	same(t, shop.booked(t, today), seen)
	linked(t, w, shop.ID(), merchant.Test, racers-1)
}
