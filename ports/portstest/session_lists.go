package portstest

import (
	"context"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var sessionListPromises = []promise{
	{"a list is without what it was asked to be without, and has all the rest", listParts},
	{"of many who ask for pages at once each has his own", listCrowd},
}

// whole is a settled session with everything a session can have.
func (s Shop) whole(t *testing.T, at time.Time) *checkout.Session {
	t.Helper()
	session := s.AddSession(t, at, rich)
	intent := MakeIntent(session, Address(), 9_990_100)
	intent.Terms = checkout.Terms{
		Matching: checkout.Dedicated, Tolerance: big.NewInt(7), Confirmations: 3, Sources: 2,
	}
	ok(t, session.Issue(intent, intent.CreatedAt))
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Reserve(ctx, intent); err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	})
	settling := Confirm(t, Paying(intent, 7))
	ok(t, session.Credit(settling, intent, true, "20260301000000001", at.Add(time.Minute)))
	s.saved(t, session)
	return session
}

func listParts(t *testing.T, w World) {
	shop := OpenShop(t, w)
	q := ports.SessionQuery{Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Live, Limit: 2}
	sessions := []checkout.Snapshot{shop.whole(t, Epoch.Add(time.Second)).Snapshot(), shop.AddSession(t, Epoch, rich).Snapshot()}
	for _, merchants := range []bool{true, false} {
		if !merchants { // where it is not known whose all of them are, it is read
			q.Merchant = ""
		}
		for q.Without = range ports.EverySessionPart + 1 {
			page, err := w.Sessions.List(t.Context(), q)
			ok(t, err)
			if len(page.Sessions) != len(sessions) {
				t.Fatalf("without %b: %d sessions", q.Without, len(page.Sessions))
			}
			for i, s := range sessions {
				same(t, page.Sessions[i], q.Without.LeftOut(s))
			}
		}
	}
	q.Without = ports.EverySessionPart
	page, err := w.Sessions.List(t.Context(), q)
	ok(t, err)
	got, full := page.Sessions[0], sessions[0]
	same(t, got.Intent, &checkout.Intent{Method: full.Intent.Method, Units: full.Intent.Units, Asset: got.Intent.Asset})
	full.Metadata, full.SuccessURL, full.FailURL, full.Receipt, full.Intent = nil, "", "", nil, got.Intent
	same(t, got, full)
}

// listCrowd: pages of all kinds are asked for at the same time, and everybody spoils his.
func listCrowd(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	newest, oldest := shop.whole(t, Epoch.Add(time.Second)).Snapshot(), shop.whole(t, Epoch).Snapshot()
	foreign := other.AddSession(t, Epoch, rich).Snapshot()
	q := ports.SessionQuery{Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Live, Limit: 2}
	his, mixed, first, second, settled, thin, none := q, q, q, q, q, q, q
	his.Merchant, his.Project = other.ID(), other.Project.ID
	mixed.Project = other.Project.ID
	first.Limit = 1
	second.Limit, second.Before = 1, ports.SessionMark{At: newest.CreatedAt, ID: newest.ID}
	settled.Kind, settled.Statuses, settled.To = checkout.KindUSDT, []checkout.Status{checkout.Settled}, newest.CreatedAt
	thin.Without = ports.EverySessionPart
	none.From = newest.CreatedAt.Add(time.Second)
	asked := []struct {
		q    ports.SessionQuery
		want []checkout.Snapshot
		more bool
	}{
		{q, []checkout.Snapshot{newest, oldest}, false},
		{his, []checkout.Snapshot{foreign}, false},
		{mixed, nil, false},
		{first, []checkout.Snapshot{newest}, true},
		{second, []checkout.Snapshot{oldest}, false},
		{settled, []checkout.Snapshot{oldest}, false},
		{none, nil, false},
		{thin, []checkout.Snapshot{thin.Without.LeftOut(newest), thin.Without.LeftOut(oldest)}, false},
	}
	for range 2 { // the second time after everybody spoilt what he was answered
		got := make([]ports.SessionPage, 4*racers)
		allWon(t, race(len(got), func(i int) (err error) {
			got[i], err = w.Sessions.List(t.Context(), asked[i%len(asked)].q)
			if want := asked[i%len(asked)]; err == nil && (got[i].More != want.more || len(got[i].Sessions) != len(want.want)) {
				err = fmt.Errorf("question %d: %d sessions, more %t", i%len(asked), len(got[i].Sessions), got[i].More)
			}
			return err
		}))
		for i, page := range got {
			for n, s := range page.Sessions {
				same(t, s, asked[i%len(asked)].want[n])
				spoil(&page.Sessions[n])
			}
		}
	}
}

// spoil changes everything of a session that is behind a pointer.
func spoil(s *checkout.Snapshot) {
	delete(s.Metadata, "table")
	one := big.NewInt(1)
	if s.Paid != nil {
		s.Paid.Add(s.Paid, one)
	}
	if i := s.Intent; i != nil {
		i.Units.Add(i.Units, one)
		if i.Terms.Tolerance != nil {
			i.Terms.Tolerance.Add(i.Terms.Tolerance, one)
		}
		i.Method = "spoilt"
	}
	if r := s.Receipt; r != nil {
		r.Units.Add(r.Units, one)
		r.TxID = "spoilt"
	}
}
