package portstest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

var changePromises = []promise{
	{"a subscriber hears that its session changed", changesHeard},
	{"every subscriber of a session hears", changesAllHear},
	{"a subscriber of a project hears of its sessions", changesOfProjectHeard},
	{"a subscriber that does not listen holds nobody up", changesDoNotBlock},
	{"a mark is another one as soon as a change is committed", changesMoveMarks},
	{"a mark is not moved by what was rolled back, and stays while nothing changes", changesLetMarksBe},
}

// Hints may be missed while a subscription settles, so a test changes the session until it is
// heard, at most this often and this far apart.
const (
	hintTries = 200
	hintWait  = 50 * time.Millisecond
)

// flip changes a session: a payment is in sight, or is not any more.
func flip(t *testing.T, w World, id checkout.SessionID) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		s, err := r.Sessions.Load(ctx, id)
		if err != nil {
			return err
		}
		if s.Status() == checkout.Processing {
			err = s.Unsee(Epoch)
		} else {
			_, err = s.See(Epoch)
		}
		if err != nil {
			return err
		}
		return r.Sessions.Save(ctx, s)
	})
}

func heard(t *testing.T, w World, id checkout.SessionID, hints <-chan struct{}) {
	t.Helper()
	for range hintTries {
		flip(t, w, id)
		select {
		case _, open := <-hints:
			if !open {
				t.Fatal("the subscription ended by itself")
			}
			return
		case <-time.After(hintWait):
		}
	}
	t.Fatalf("no hint after %d changes", hintTries)
}

func changesHeard(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	hints := w.Changes.Subscribe(t.Context(), session.ID())
	heard(t, w, session.ID(), hints)
	heard(t, w, session.ID(), hints)
}

func changesAllHear(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	ended, stop := context.WithCancel(t.Context())
	w.Changes.Subscribe(ended, session.ID())
	first := w.Changes.Subscribe(t.Context(), session.ID())
	second := w.Changes.Subscribe(t.Context(), session.ID())
	stop()
	heard(t, w, session.ID(), first)
	heard(t, w, session.ID(), second)
}

func changesDoNotBlock(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	for range 3 {
		w.Changes.Subscribe(t.Context(), session.ID())
	}
	for range 100 {
		flip(t, w, session.ID())
	}
	same(t, mustSession(t, w, session.ID()).Snapshot().Version, session.Snapshot().Version+100)
}

func mustSession(t *testing.T, w World, id checkout.SessionID) *checkout.Session {
	t.Helper()
	s, err := w.Sessions.ByID(t.Context(), id)
	ok(t, err)
	return s
}

func changesOfProjectHeard(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	session, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	foreign := w.Changes.SubscribeProject(t.Context(), other.Project.ID)
	hints := w.Changes.SubscribeProject(t.Context(), shop.Project.ID)
	// A store that begins to listen, also anew, hints at everything. Only one that always does is wrong.
	for range hintTries {
		select {
		case <-foreign:
		default:
		}
		for range 3 { // when the third is heard, all that came of the second has been told
			heard(t, w, session.ID(), hints)
		}
		select {
		case <-foreign:
		default:
			return
		}
	}
	t.Fatal("another project's subscriber is hinted at it")
}

// known waits until a store has heard that it misses nothing, and answers the mark.
func known(t *testing.T, w World, id checkout.SessionID) ports.Mark {
	t.Helper()
	for range hintTries {
		if m, ok := w.Changes.Mark(id); ok {
			return m
		}
		time.Sleep(hintWait)
	}
	t.Fatal("nothing is known of what was announced")
	return 0
}

func changesMoveMarks(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	for range 20 {
		before := known(t, w, session.ID())
		flip(t, w, session.ID())
		if after := known(t, w, session.ID()); after == before {
			t.Fatalf("the mark is %d before and after a change", after)
		}
	}
}

func changesLetMarksBe(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	flip(t, w, session.ID())
	stop := errors.New("stop")
	for range hintTries { // an announcement of what was before may still be on its way
		before := known(t, w, session.ID())
		err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			s, err := r.Sessions.Load(ctx, session.ID())
			if err != nil {
				return err
			}
			if err := s.Unsee(Epoch); err != nil {
				return err
			}
			if err := r.Sessions.Save(ctx, s); err != nil {
				return err
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatalf("unexpected error: %v", err)
		}
		time.Sleep(hintWait)
		if known(t, w, session.ID()) == before {
			return
		}
	}
	t.Fatal("a mark never stays")
}
