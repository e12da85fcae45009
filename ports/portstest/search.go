package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var searchPromises = []promise{
	{"a session is found by each clue, and by no other's", searchClues},
	{"a search answers the newest of what it finds", searchNewest},
	{"nothing of another project or mode is found", searchForeign},
}

func (s Shop) searched(t *testing.T, by ports.Clues) (ids []checkout.SessionID) {
	t.Helper()
	who := merchant.Principal{Merchant: s.ID(), Project: s.Project.ID, Mode: merchant.Test}
	list, err := s.World.Search.Search(t.Context(), who, by, 3)
	ok(t, err)
	for _, session := range list {
		ids = append(ids, session.ID)
	}
	return ids
}

// clued is a payment with every clue there is.
func (s Shop) clued(t *testing.T) (checkout.Intent, map[string]ports.Clues) {
	t.Helper()
	session := s.AddSession(t, Epoch, orderID("order "+UUID()))
	intent := s.issue(t, session, Address(), 9_990_100)
	recorded, seen := Paying(intent, 7), Paying(intent, 9)
	paid := s.payment(t, intent, 5, Epoch)
	book(t, s.World, paid)
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Transfers.Add(ctx, Row(s, intent, recorded))
		return err
	})
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Transfers.ReplaceSightings(ctx, seen.Network, []ports.Sighting{{Transfer: seen, SessionID: intent.SessionID}})
		return err
	})
	return intent, map[string]ports.Clues{
		"id":           {ID: string(intent.SessionID)},
		"intent":       {ID: string(intent.ID)},
		"order id":     {OrderID: session.Snapshot().OrderID},
		"order number": {OrderNo: paid.OrderNo},
		"recorded":     {TxID: recorded.TxID},
		"seen":         {TxID: seen.TxID},
		"address":      {Address: intent.Address},
	}
}

func searchClues(t *testing.T, w World) {
	shop := OpenShop(t, w)
	shop.AwaitPayment(t, Epoch, Address(), 1_000_100)
	intent, clues := shop.clued(t)
	for name, by := range clues {
		if got := shop.searched(t, by); len(got) != 1 || got[0] != intent.SessionID {
			t.Errorf("by its %s: found %v", name, got)
		}
	}
	same(t, len(shop.searched(t, ports.Clues{})), 0)
	for _, text := range hostile {
		same(t, len(shop.searched(t, ports.Clues{
			ID: text, OrderID: text, OrderNo: ledger.OrderNo(text), TxID: chain.TxID(text), Address: chain.Address(text),
		})), 0)
	}
}

func searchNewest(t *testing.T, w World) {
	shop, at := OpenShop(t, w), Address()
	var all []checkout.SessionID
	for i := range 5 {
		session, _ := shop.AwaitPayment(t, Epoch.Add(time.Duration(i)*time.Second), at, 9_990_100+int64(i))
		all = append([]checkout.SessionID{session.ID()}, all...)
	}
	same(t, shop.searched(t, ports.Clues{Address: at}), all[:3])
}

func searchForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	_, clues := shop.clued(t)
	for name, by := range clues {
		if got := other.searched(t, by); len(got) != 0 {
			t.Errorf("another project finds it by its %s", name)
		}
		who := merchant.Principal{Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Live}
		list, err := w.Search.Search(t.Context(), who, by, 3)
		ok(t, err)
		if len(list) != 0 {
			t.Errorf("another mode finds it by its %s", name)
		}
	}
}
