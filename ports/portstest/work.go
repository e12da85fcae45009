package portstest

import (
	"context"
	"errors"
	"testing"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var workPromises = []promise{
	{"what a unit of work did is there when it returns nil", workCommits},
	{"what a unit of work did is gone when it returns an error", workRollsBack},
	{"a function that panics leaves nothing behind", workSurvivesPanic},
	{"what is not committed cannot be seen from outside", workIsIsolated},
	{"a function that runs again has one effect", workRunsAgain},
	{"a nested unit of work is refused", workRefusesNesting},
	{"a refused insert leaves the unit of work usable", workSurvivesTaken},
	{"units of work on the same session lose no update", workLosesNoUpdate},
}

func workCommits(t *testing.T, w World) {
	shop := OpenShop(t, w)
	got := in(t, w, func(ctx context.Context, r ports.Repos) (merchant.Merchant, error) {
		return r.Merchants.ByID(ctx, shop.ID())
	})
	same(t, got, shop.Account.Merchant)
}

func workRollsBack(t *testing.T, w World) {
	account, project := Unregistered()
	shop := OpenShop(t, w)
	session := shop.MakeSession(t, Epoch)
	stop := errors.New("stop")
	err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Merchants.Add(ctx, account, project); err != nil {
			return err
		}
		if err := r.Merchants.Rename(ctx, shop.ID(), "Renamed"); err != nil {
			return err
		}
		if err := r.Sessions.Add(ctx, session); err != nil {
			return err
		}
		return stop
	})
	isFault(t, err, stop)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Merchants.ByEmail(ctx, account.Merchant.Email)
		return err
	})
	_, err = w.Sessions.ByID(t.Context(), session.ID())
	isFault(t, err, ports.ErrNotFound)
	kept := in(t, w, func(ctx context.Context, r ports.Repos) (merchant.Merchant, error) {
		return r.Merchants.ByID(ctx, shop.ID())
	})
	same(t, kept.Name, shop.Account.Merchant.Name)
}

func workSurvivesPanic(t *testing.T, w World) {
	account, project := Unregistered()
	func() {
		defer func() {
			if recover() == nil {
				t.Fatal("the panic was swallowed")
			}
		}()
		_ = w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			if err := r.Merchants.Add(ctx, account, project); err != nil {
				return err
			}
			panic("a bug in a use case")
		})
	}()
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Merchants.ByID(ctx, account.Merchant.ID)
		return err
	})
}

func workIsIsolated(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.MakeSession(t, Epoch)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Add(ctx, session); err != nil {
			return err
		}
		if _, err := w.Sessions.ByID(t.Context(), session.ID()); !errors.Is(err, ports.ErrNotFound) {
			t.Errorf("an uncommitted session is visible outside: %v", err)
		}
		return nil
	})
	_, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
}

func workRunsAgain(t *testing.T, w World) {
	account, project := Unregistered()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Merchants.Add(ctx, account, project); err != nil {
			return err
		}
		return r.Jobs.Enqueue(ctx, Parcel{Number: 1}, Epoch)
	})
	jobs, err := w.Jobs.Enqueued(t.Context())
	ok(t, err)
	same(t, len(jobs), 1)
}

func workRefusesNesting(t *testing.T, w World) {
	account, project := Unregistered()
	var nested error
	do(t, w, func(ctx context.Context, _ ports.Repos) error {
		nested = w.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			return r.Merchants.Add(ctx, account, project)
		})
		return nil
	})
	if nested == nil {
		t.Fatal("a nested unit of work was allowed")
	}
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Merchants.ByID(ctx, account.Merchant.ID)
		return err
	})
}

// workSurvivesTaken: a caller who is told that a suffix, an order id or a client id is taken goes
// on in the same unit of work; a database that dooms a transaction at its first error must not.
func workSurvivesTaken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch, orderID("A-1"))
	again := shop.MakeSession(t, Epoch, orderID("A-1"))
	other := shop.AddSession(t, Epoch)
	at := Address()
	shop.issue(t, session, at, 9_990_100)
	account, project := Unregistered()
	account.Merchant.Email = shop.Account.Merchant.Email
	second := MakeIntent(other, at, 9_990_200)

	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Merchants.Add(ctx, account, project); !errors.Is(err, ports.ErrTaken) {
			t.Errorf("second account of an e-mail address: %v", err)
		}
		if err := r.Sessions.Add(ctx, again); !errors.Is(err, ports.ErrTaken) {
			t.Errorf("second session of an order id: %v", err)
		}
		first := MakeIntent(other, at, 9_990_100)
		if err := r.Sessions.Reserve(ctx, first); !errors.Is(err, ports.ErrTaken) {
			t.Errorf("second holder of an amount: %v", err)
		}
		return r.Sessions.Reserve(ctx, second)
	})
	held, err := w.Sessions.Held(t.Context(), transfers(Paying(second, 7)))
	ok(t, err)
	if held[0] == nil || held[0].Intent.ID != second.ID {
		t.Fatalf("the second suffix is not held: %+v", held[0])
	}
}

// workLosesNoUpdate: what Load answers is locked until the end, so that changes queue up.
func workLosesNoUpdate(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	before := session.Snapshot().Version
	allWon(t, race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			s, err := r.Sessions.Load(ctx, session.ID())
			if err != nil {
				return err
			}
			if changed, err := s.See(Epoch); err != nil || !changed {
				if err != nil {
					return err
				}
				if err := s.Unsee(Epoch); err != nil {
					return err
				}
			}
			return r.Sessions.Save(ctx, s)
		})
	}))
	after, err := w.Sessions.ByID(t.Context(), session.ID())
	ok(t, err)
	same(t, after.Snapshot().Version-before, int64(racers))
}
