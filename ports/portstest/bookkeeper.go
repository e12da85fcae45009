package portstest

import (
	"context"
	"testing"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var bookkeeperPromises = []promise{
	{"a booking is found when it is answered", bookkeeperBooks},
	{"one cause is booked once", bookkeeperTaken},
	{"a live pair guards a booking; a revoked or unknown one forbids it", bookkeeperGuard},
	{"many booking at once are one unbroken chain, and a refusal hurts nobody else", bookkeeperRace},
}

func bookkeeperBooks(t *testing.T, w World) {
	shop := OpenShop(t, w)
	tx := shop.Charge(t, 1, Epoch)
	booked, err := w.Bookkeeper.Book(t.Context(), tx, "")
	ok(t, err)
	same(t, booked, ports.Booked{
		Transaction: tx, Content: tx.ContentHash(),
		Chain: ledger.ChainHash(ledger.Hash{}, tx.ContentHash()), Sequence: 1,
	})
	same(t, findBooked(t, w, shop.ID(), tx.OrderNo), booked)
	book(t, w, shop.Charge(t, 1, Epoch))
	_, err = w.Bookkeeper.Book(t.Context(), shop.Charge(t, 1, Epoch), "")
	ok(t, err)
	linked(t, w, shop.ID(), merchant.Test, 3)
}

func bookkeeperTaken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	first, again := shop.Charge(t, 1, Epoch), shop.Charge(t, 2, Epoch)
	again.SourceRef = first.SourceRef
	_, err := w.Bookkeeper.Book(t.Context(), first, "")
	ok(t, err)
	_, err = w.Bookkeeper.Book(t.Context(), again, "")
	isFault(t, err, ports.ErrTaken)
	linked(t, w, shop.ID(), merchant.Test, 1)
}

// bookkeeperGuard: the guard is the id of the pair that asked.
func bookkeeperGuard(t *testing.T, w World) {
	shop := OpenShop(t, w)
	pair := shop.AddPair(t, merchant.Test)
	_, err := w.Bookkeeper.Book(t.Context(), shop.Charge(t, 1, Epoch), string(pair.ID))
	ok(t, err)
	_, err = w.Bookkeeper.Book(t.Context(), shop.Charge(t, 1, Epoch), UUID())
	isFault(t, err, keys.ErrPairInvalid)
	pair.RevokedAt = Epoch
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Keys.SavePair(ctx, pair) })
	_, err = w.Bookkeeper.Book(t.Context(), shop.Charge(t, 1, Epoch), string(pair.ID))
	isFault(t, err, keys.ErrPairInvalid)
	linked(t, w, shop.ID(), merchant.Test, 1)
}

func bookkeeperRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	first := shop.Charge(t, 1, Epoch)
	book(t, w, first)
	txs := make([]ledger.Transaction, 2*racers)
	for i := range txs {
		txs[i] = shop.Charge(t, int64(i+1), Epoch)
		if i%4 == 1 {
			txs[i].SourceRef = first.SourceRef
		}
	}
	errs := race(len(txs), func(i int) error {
		guard := ""
		if i%4 == 2 {
			guard = UUID()
		}
		_, err := w.Bookkeeper.Book(t.Context(), txs[i], guard)
		return err
	})
	for i, err := range errs {
		switch i % 4 {
		case 1:
			isFault(t, err, ports.ErrTaken)
		case 2:
			isFault(t, err, keys.ErrPairInvalid)
		default:
			ok(t, err)
			same(t, findBooked(t, w, shop.ID(), txs[i].OrderNo).Transaction, txs[i])
		}
	}
	linked(t, w, shop.ID(), merchant.Test, racers+1)
}
