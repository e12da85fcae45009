package portstest

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

var sessionPromises = []promise{
	{"a session is kept whole, with every field set", sessionsWhole},
	{"a session is kept whole, with nothing optional set", sessionsBare},
	{"a session nobody recorded is not found", sessionsUnknown},
	{"an order id is used once per project and mode", sessionsOrderIDTaken},
	{"sessions without an order id do not collide", sessionsNoOrderID},
	{"of many sessions with one order id one is recorded", sessionsOrderIDRace},
	{"a session is found by its order id in its project and mode only", sessionsByOrderID},
	{"whoever waited for a session finds the intent it got meanwhile", sessionsIssuedMeanwhile},
	{"saving keeps every step of a life, with intent and receipt", sessionsLife},
	{"saving keeps what was paid in parts, and what waits for a decision", sessionsParts},
	{"saving an older or equal version is stale", sessionsStale},
	{"saving does not touch what may not change", sessionsImmutable},
	{"a settlement that was reversed can be saved and settled again", sessionsReversed},
}

func rich(s *checkout.Snapshot) {
	s.Mode, s.Kind, s.Method = merchant.Live, checkout.KindUSDT, checkout.USDT
	s.Description, s.OrderID = "two coffees ☕ \"to go\"", "A-"+UUID()
	s.Metadata = map[string]string{"table": "7", "empty": "", "ключ": "значение"}
	s.SuccessURL, s.FailURL = "https://shop.example/ok?a=1&b=2", "https://shop.example/no"
}

func sessionsWhole(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch, rich)
	shop.AddSession(t, Epoch, rich)
	got, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	sameSession(t, got, session)
	loaded := in(t, w, func(ctx context.Context, r ports.Repos) (*checkout.Session, error) {
		return r.Sessions.Load(ctx, session.ID())
	})
	sameSession(t, loaded, session)
}

func sessionsBare(t *testing.T, w World) {
	shop := OpenShop(t, w)
	yen, err := money.Parse(money.JPY, "1000000000000")
	ok(t, err)
	session := shop.AddSession(t, Epoch, func(s *checkout.Snapshot) { s.Due = yen })
	got, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	sameSession(t, got, session)
}

func sessionsUnknown(t *testing.T, w World) {
	OpenShop(t, w).AddSession(t, Epoch)
	for _, id := range append(hostile, UUID()) {
		_, err := w.Sessions.ByID(t.Context(), checkout.SessionID(id))
		isFault(t, err, ports.ErrNotFound)
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			_, err := r.Sessions.Load(ctx, checkout.SessionID(id))
			return err
		})
	}
}

func sessionsOrderIDTaken(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	shop.AddSession(t, Epoch, orderID("A-1"))
	again := shop.MakeSession(t, Epoch, orderID("A-1"))
	isTaken(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Add(ctx, again)
	}), "order_id")
	other.AddSession(t, Epoch, orderID("A-1"))
	shop.AddSession(t, Epoch, orderID("a-1"))
	shop.AddSession(t, Epoch, orderID("A-1"), func(s *checkout.Snapshot) { s.Mode = merchant.Live })
}

func sessionsNoOrderID(t *testing.T, w World) {
	shop := OpenShop(t, w)
	shop.AddSession(t, Epoch)
	shop.AddSession(t, Epoch)
}

func sessionsOrderIDRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	sessions := make([]*checkout.Session, racers)
	for i := range sessions {
		sessions[i] = shop.MakeSession(t, Epoch, orderID("A-1"))
	}
	oneWinner(t, race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Sessions.Add(ctx, sessions[i])
		})
	}), ports.ErrTaken)
}

func sessionsIssuedMeanwhile(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch)
	to := Address()
	allWon(t, race(racers, func(i int) error {
		intent := MakeIntent(session, to, int64(9_990_001+i))
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			found, err := r.Sessions.Load(ctx, session.ID())
			if err != nil || found.Intent() != nil {
				return err
			}
			if err := r.Sessions.Reserve(ctx, intent); err != nil {
				return err
			}
			if err := found.Issue(intent, Epoch); err != nil {
				return err
			}
			return r.Sessions.Save(ctx, found)
		})
	}))
}

func sessionsByOrderID(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	session := shop.AddSession(t, Epoch, orderID("A-1"))
	shop.AddSession(t, Epoch)
	find := func(p merchant.ProjectID, m merchant.Mode, id string) (*checkout.Session, error) {
		var found *checkout.Session
		err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
			found, err = r.Sessions.ByOrderID(ctx, p, m, id)
			return err
		})
		return found, err
	}
	got, err := find(shop.Project.ID, merchant.Test, "A-1")
	ok(t, err)
	sameSession(t, got, session)
	_, err = find(other.Project.ID, merchant.Test, "A-1")
	isFault(t, err, ports.ErrNotFound)
	_, err = find(shop.Project.ID, merchant.Live, "A-1")
	isFault(t, err, ports.ErrNotFound)
	_, err = find(shop.Project.ID, merchant.Test, "A-2")
	isFault(t, err, ports.ErrNotFound)
	_, err = find(shop.Project.ID, merchant.Test, "")
	isFault(t, err, ports.ErrNotFound)
}

// saved saves a session and checks that it reads back alike.
func (s Shop) saved(t *testing.T, session *checkout.Session) {
	t.Helper()
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Save(ctx, session)
	})
	got, err := s.World.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	sameSession(t, got, session)
}

func sessionsLife(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	got, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	sameSession(t, got, session)

	_, err = session.See(Epoch.Add(time.Minute))
	ok(t, err)
	shop.saved(t, session)
	ok(t, session.Unsee(Epoch.Add(2*time.Minute)))
	shop.saved(t, session)
	paying := Confirm(t, Paying(intent, 1<<62))
	ok(t, session.Credit(paying, intent, true, "20260301000000001", Epoch.Add(3*time.Minute)))
	shop.saved(t, session)

	cancelled := shop.AddSession(t, Epoch)
	ok(t, cancelled.Cancel(Epoch.Add(time.Minute)))
	shop.saved(t, cancelled)
	lapsed, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	ok(t, lapsed.Lapse(Epoch.Add(time.Hour)))
	shop.saved(t, lapsed)
}

func sessionsStale(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	older, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	_, err = older.See(Epoch.Add(time.Minute))
	ok(t, err)
	ok(t, session.Cancel(Epoch.Add(time.Minute)))
	shop.saved(t, session)

	refused(t, w, ports.ErrStale, func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Save(ctx, older)
	})
	refused(t, w, ports.ErrStale, func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Save(ctx, session)
	})
	got, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	sameSession(t, got, session)
	unknown := shop.MakeSession(t, Epoch)
	err = w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Save(ctx, unknown)
	})
	if !errors.Is(err, ports.ErrStale) && !errors.Is(err, ports.ErrNotFound) {
		t.Fatalf("saving a session nobody added: %v", err)
	}
}

func sessionsImmutable(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch, rich)
	forged := session.Snapshot()
	forged.Description, forged.OrderID, forged.SuccessURL = "other", "other", "https://evil.example"
	forged.Metadata, forged.CreatedAt = nil, Epoch.Add(-time.Hour)
	forged.Due = mustAmount(t, money.USDT, "0.01")
	forged.Version++
	changed, err := checkout.Restore(forged)
	ok(t, err)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Sessions.Save(ctx, changed) })
	got, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	want := session.Snapshot()
	want.Version++
	same(t, got.Snapshot(), want)
}

func sessionsReversed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	paying := Paying(intent, 7)
	ok(t, session.Credit(
		Confirm(t, paying), intent, false, "20260301000000001", Epoch.Add(time.Minute),
	))
	shop.saved(t, session)

	_, err := session.Reverse(paying, Epoch.Add(time.Hour), merchant.LateWindow)
	ok(t, err)
	extended := *session.Intent()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		err := r.Sessions.Extend(ctx, extended.ID, extended.ExpiresAt, extended.HoldUntil)
		if err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	})
	got, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	sameSession(t, got, session)

	again := Confirm(t, Paying(extended, 9))
	ok(t, session.Credit(again, extended, false, "20260301000000003", Epoch.Add(2*time.Hour)))
	shop.saved(t, session)
}

func mustAmount(t *testing.T, c money.Currency, text string) money.Amount {
	t.Helper()
	a, err := money.Parse(c, text)
	ok(t, err)
	return a
}

func sessionsParts(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch)
	intent := own(MakeIntent(session, Address(), 9_990_000))
	ok(t, session.Issue(intent, Epoch))
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Reserve(ctx, intent); err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	})
	part := func(units int64, no string) chain.Transfer {
		t.Helper()
		p := Paying(intent, 7)
		p.Units = big.NewInt(units)
		ok(t, session.Credit(Confirm(t, p), intent, false, no, Epoch.Add(time.Minute)))
		shop.saved(t, session)
		return p
	}
	first := part(1_000_000, "20260301000000001")
	part(2_000_000, "20260301000000002")
	ok(t, session.Lapse(Epoch.Add(time.Hour)))
	ok(t, session.AwaitDecision())
	shop.saved(t, session)
	part(7_000_000, "20260301000000003")
	_, err := session.Reverse(first, Epoch.Add(2*time.Hour), merchant.LateWindow)
	ok(t, err)
	extended := *session.Intent()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Extend(ctx, extended.ID, extended.ExpiresAt, extended.HoldUntil); err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	})
	got, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	sameSession(t, got, session)
}
