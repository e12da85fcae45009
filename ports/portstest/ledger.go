package portstest

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var ledgerPromises = []promise{
	{"a booked transaction is found, whole, under the hash of its content", ledgerBooked},
	{"a transaction of another merchant is not found", ledgerForeign},
	{"one cause is booked once, of each kind", ledgerTaken},
	{"of many who book one cause one books it", ledgerRace},
	{"each booking is linked to the one before, per merchant and mode", ledgerChained},
	{"a rolled back booking leaves no gap in the chain", ledgerRollBack},
	{"a transaction that must not be booked is refused", ledgerInvalid},
	{"a reversal is a transaction of its own", ledgerReversal},
	{"a cause that was reversed does not stand, until it comes again", ledgerStands},
	{"order numbers of a day are valid and rise", orderNumbersRise},
	{"order numbers are never given out twice, however many draw", orderNumbersRace},
}

func book(t *testing.T, w World, tx ledger.Transaction) ports.Booked {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (ports.Booked, error) {
		return r.Ledger.Book(ctx, tx)
	})
}

func findBooked(t *testing.T, w World, m merchant.ID, no ledger.OrderNo) ports.Booked {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (ports.Booked, error) {
		return r.Ledger.Find(ctx, m, no)
	})
}

// ledgerBooked: the content hash is rebuilt from what was read back, so that a store that rounds a
// time or loses a field is found out.
func ledgerBooked(t *testing.T, w World) {
	shop := OpenShop(t, w)
	tx := shop.Charge(t, 9_990_000, Epoch)
	huge, err := money.FromMinor(money.USDT, new(big.Int).Exp(big.NewInt(10), big.NewInt(70), nil))
	ok(t, err)
	tx.Postings = append(tx.Postings, ledger.Posting{
		Source:      tx.Postings[0].Destination,
		Destination: ledger.Of(shop.ID(), merchant.Test, ledger.Recorded),
		Amount:      huge,
	})
	booked := book(t, w, tx)
	want := ports.Booked{
		Transaction: tx, Content: tx.ContentHash(),
		Chain: ledger.ChainHash(ledger.Hash{}, tx.ContentHash()), Sequence: 1,
	}
	same(t, booked, want)
	found := findBooked(t, w, shop.ID(), tx.OrderNo)
	same(t, found, want)
	same(t, found.Transaction.ContentHash(), found.Content)
}

func ledgerForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	tx := shop.Charge(t, 1, Epoch)
	book(t, w, tx)
	for _, c := range []struct {
		m  merchant.ID
		no ledger.OrderNo
	}{{other.ID(), tx.OrderNo}, {shop.ID(), "20260301999999999"}, {shop.ID(), "' OR 1=1"}} {
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			_, err := r.Ledger.Find(ctx, c.m, c.no)
			return err
		})
	}
}

func ledgerStands(t *testing.T, w World) {
	shop := OpenShop(t, w)
	stands := func(ref string) bool {
		t.Helper()
		return in(t, w, func(ctx context.Context, r ports.Repos) (bool, error) { return r.Ledger.Stands(ctx, ref) })
	}
	kind := ledger.KindPayment
	payment := func(ref string) ledger.Transaction {
		tx := shop.Charge(t, 1, Epoch)
		tx.Kind, tx.SourceRef = kind, ref
		return tx
	}
	undo := func(tx ledger.Transaction) {
		no, err := w.OrderNumbers.Next(t.Context(), Epoch)
		ok(t, err)
		book(t, w, tx.Reversal(no, tx.SourceRef, "undone", Epoch))
	}
	agents := "x402:" + keyOf(shop.Authorization(t, x402.Settled)).String()
	for _, ref := range []string{"tron:" + string(TxID()) + ":0:ab", agents} {
		first, again := payment(ref), payment(ref+".1")
		same(t, stands(ref), false)
		book(t, w, first)
		book(t, w, payment(ref+"c")) // of another block
		same(t, stands(ref), true)
		undo(first)
		same(t, stands(ref), false)
		book(t, w, again)
		same(t, stands(ref), true)
		undo(again)
		same(t, stands(ref), false)
		kind = ledger.KindAgent
	}
}

func ledgerTaken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	first, again := shop.Charge(t, 1, Epoch), shop.Charge(t, 2, Epoch)
	again.SourceRef = first.SourceRef
	book(t, w, first)
	refused(t, w, ports.ErrTaken, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Ledger.Book(ctx, again)
		return err
	})
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Ledger.Find(ctx, shop.ID(), again.OrderNo)
		return err
	})
	otherKind := again
	otherKind.Kind = ledger.KindPayment
	same(t, book(t, w, otherKind).Sequence, int64(2))
}

func ledgerRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	txs := make([]ledger.Transaction, racers)
	for i := range txs {
		txs[i] = shop.Charge(t, int64(i+1), Epoch)
		txs[i].SourceRef = txs[0].SourceRef
	}
	oneWinner(t, race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			_, err := r.Ledger.Book(ctx, txs[i])
			return err
		})
	}), ports.ErrTaken)
	same(t, len(statement(t, w, ports.StatementQuery{Merchant: shop.ID()})), 1)
}

// linked checks that a merchant's book of a mode is one unbroken chain of n transactions.
func linked(t *testing.T, w World, m merchant.ID, mode merchant.Mode, n int) {
	t.Helper()
	lines := statement(t, w, ports.StatementQuery{Merchant: m, Mode: mode})
	slices.SortFunc(lines, func(a, b ports.Booked) int { return cmp.Compare(a.Sequence, b.Sequence) })
	same(t, len(lines), n)
	var previous ledger.Hash
	for i, line := range lines {
		same(t, line.Sequence, int64(i+1))
		same(t, line.Content, line.Transaction.ContentHash())
		same(t, line.Chain, ledger.ChainHash(previous, line.Content))
		previous = line.Chain
	}
}

func ledgerChained(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	for i := range 4 {
		at := Epoch.Add(time.Duration(i) * time.Second)
		book(t, w, shop.Charge(t, 1, at))
		book(t, w, other.Charge(t, 1, at))
	}
	live := shop.Charge(t, 1, Epoch)
	live.Mode = merchant.Live
	live.Postings[0].Source = ledger.World(merchant.Live, "charge")
	live.Postings[0].Destination = ledger.Of(shop.ID(), merchant.Live, ledger.Recorded)
	book(t, w, live)
	linked(t, w, shop.ID(), merchant.Test, 4)
	linked(t, w, other.ID(), merchant.Test, 4)
	linked(t, w, shop.ID(), merchant.Live, 1)
}

func ledgerRollBack(t *testing.T, w World) {
	shop := OpenShop(t, w)
	book(t, w, shop.Charge(t, 1, Epoch))
	gone := shop.Charge(t, 2, Epoch)
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if _, err := r.Ledger.Book(ctx, gone); err != nil {
			return err
		}
		return ports.ErrStale
	}), ports.ErrStale)
	book(t, w, gone)
	linked(t, w, shop.ID(), merchant.Test, 2)
}

func ledgerInvalid(t *testing.T, w World) {
	shop := OpenShop(t, w)
	nothing, mixed := shop.Charge(t, 1, Epoch), shop.Charge(t, 1, Epoch)
	nothing.Postings = nil
	mixed.Mode = merchant.Live
	for _, tx := range []ledger.Transaction{nothing, mixed} {
		err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			_, err := r.Ledger.Book(ctx, tx)
			return err
		})
		if err == nil {
			t.Error("an invalid transaction was booked in a unit of work")
		}
		if _, err = w.Bookkeeper.Book(t.Context(), tx, ""); err == nil {
			t.Error("an invalid transaction was booked by the bookkeeper")
		}
	}
	same(t, len(statement(t, w, ports.StatementQuery{Merchant: shop.ID()})), 0)
}

func ledgerReversal(t *testing.T, w World) {
	shop := OpenShop(t, w)
	tx := shop.Charge(t, 5, Epoch)
	book(t, w, tx)
	no, err := w.OrderNumbers.Next(t.Context(), Epoch)
	ok(t, err)
	r := tx.Reversal(no, tx.SourceRef, "the chain undid it", Epoch.Add(time.Hour))
	book(t, w, r)
	same(t, findBooked(t, w, shop.ID(), no).Transaction, r)
	same(t, findBooked(t, w, shop.ID(), tx.OrderNo).Transaction, tx)
	linked(t, w, shop.ID(), merchant.Test, 2)
}

func orderNumbersRise(t *testing.T, w World) {
	for _, day := range []time.Time{Epoch, Epoch.Add(24 * time.Hour)} {
		previous := ledger.OrderNo("")
		for range 100 {
			no, err := w.OrderNumbers.Next(t.Context(), day)
			ok(t, err)
			if !no.Valid() || string(no[:8]) != day.Format("20060102") {
				t.Fatalf("order number %q of %s", no, day)
			}
			if no <= previous {
				t.Fatalf("order number %s after %s", no, previous)
			}
			previous = no
		}
	}
	// The day is that of UTC, wherever the caller is.
	no, err := w.OrderNumbers.Next(t.Context(), Epoch.In(time.FixedZone("UTC+14", 14*60*60)))
	ok(t, err)
	same(t, string(no[:8]), "20260301")
}

func orderNumbersRace(t *testing.T, w World) {
	const draws = 20
	given := make([][]ledger.OrderNo, 2*racers)
	allWon(t, race(2*racers, func(i int) error {
		for range draws {
			no, err := w.OrderNumbers.Next(t.Context(), Epoch)
			if err != nil {
				return err
			}
			given[i] = append(given[i], no)
		}
		return nil
	}))
	all := make(map[ledger.OrderNo]bool)
	for _, nos := range given {
		if !slices.IsSorted(nos) {
			t.Error("order numbers drawn one after another do not rise")
		}
		for _, no := range nos {
			all[no] = true
		}
	}
	same(t, len(all), 2*racers*draws)
}
