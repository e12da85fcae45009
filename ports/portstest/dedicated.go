package portstest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var dedicatedPromises = []promise{
	{"sessions get one address each, in order, and keep it", takeInOrder},
	{"an address is free again after its rest, if nothing ever came to it", takeAgain},
	{"an address that received anything is never derived for another", takeNeverPaid},
	{"a pool ends, and its addresses come back after their rest", takePool},
	{"an address that serves something else is not taken", takeTaken},
	{"an address somebody may still pay an intent at is not taken", takeHeld},
	{"a pool is added whole or not at all, and counted", poolWhole},
	{"many sessions at once get different addresses", takeRace},
	{"many sessions at once share out a pool, and no more", takePoolRace},
}

// Source answers a source of derived addresses, active since Epoch, not recorded.
func (s Shop) Source(kind merchant.SourceKind) merchant.AddressSource {
	a := merchant.AddressSource{
		ID: merchant.SourceID(UUID()), MerchantID: s.ID(), ProjectID: s.Project.ID, Family: chain.FamilyTron,
		Kind: kind, Label: "till", First: []chain.Address{Address(), Address(), Address()},
		CreatedAt: Epoch, ActiveFrom: Epoch,
	}
	if kind == merchant.SourceXpub {
		a.Sealed, a.Fingerprint = []byte("sealed"), UUID()[:16]
	}
	return a
}

func (s Shop) addSource(t *testing.T, kind merchant.SourceKind) merchant.AddressSource {
	t.Helper()
	a := s.Source(kind)
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Sources.AddSource(ctx, a) })
	return a
}

// fill adds new addresses to a pool.
func (s Shop) fill(t *testing.T, a merchant.AddressSource, n int, at time.Time) []chain.Address {
	t.Helper()
	pool := make([]chain.Address, n)
	for i := range pool {
		pool[i] = Address()
	}
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		a, err := r.Sources.LoadSource(ctx, s.Project.ID, a.ID)
		if err != nil {
			return err
		}
		return r.Sources.AddPool(ctx, a, pool, at)
	})
	return pool
}

// numbered is the address that a fixture derives at an index.
func numbered(a merchant.AddressSource, index int64) chain.Address {
	return chain.SandboxAddress("derived " + string(a.ID) + strconv.FormatInt(index, 10))
}

// take gives a session an address, as a program does: under the lock of the source.
func (s Shop) take(ctx context.Context, id checkout.SessionID, now time.Time) (chain.Address, error) {
	var at chain.Address
	err := s.World.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		a, err := r.Sources.LoadActive(ctx, s.Project.ID, chain.FamilyTron, now)
		if err != nil {
			return err
		}
		want := ports.Taking{Source: a, Session: id, Now: now, RestUntil: now.Add(24 * time.Hour)}
		if a.Kind == merchant.SourceXpub {
			want.Next = numbered(a, a.NextIndex)
		}
		at, err = r.Sources.Take(ctx, want)
		return err
	})
	return at, err
}

func (s Shop) takes(t *testing.T, id checkout.SessionID, now time.Time, want chain.Address) {
	t.Helper()
	got, err := s.take(t.Context(), id, now)
	ok(t, err)
	same(t, got, want)
}

func someSession() checkout.SessionID { return checkout.SessionID(UUID()) }

func takeInOrder(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addSource(t, merchant.SourceXpub)
	first, second := someSession(), someSession()
	shop.takes(t, first, Epoch, numbered(a, 0))
	shop.takes(t, second, Epoch, numbered(a, 1))
	shop.takes(t, first, Epoch.Add(time.Hour), numbered(a, 0))
	shop.takes(t, someSession(), Epoch, numbered(a, 2))
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Sources.LoadSource(ctx, shop.Project.ID, "none")
		return err
	})
}

func takeAgain(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addSource(t, merchant.SourceXpub)
	shop.takes(t, someSession(), Epoch, numbered(a, 0))
	shop.takes(t, someSession(), Epoch, numbered(a, 1))
	rested := Epoch.Add(24 * time.Hour)
	shop.takes(t, someSession(), rested.Add(-time.Second), numbered(a, 2))
	shop.takes(t, someSession(), rested, numbered(a, 0))
	shop.takes(t, someSession(), rested, numbered(a, 1))
	shop.takes(t, someSession(), rested, numbered(a, 3))
}

func (s Shop) received(t *testing.T, until time.Time, at ...chain.Address) {
	t.Helper()
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		return r.Sources.Received(ctx, chain.FamilyTron, at, until)
	})
}

func takeNeverPaid(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addSource(t, merchant.SourceXpub)
	shop.takes(t, someSession(), Epoch, numbered(a, 0))
	shop.takes(t, someSession(), Epoch, numbered(a, 1))
	shop.received(t, Epoch.Add(time.Hour), numbered(a, 0), Address())
	later := Epoch.Add(10_000 * time.Hour)
	shop.takes(t, someSession(), later, numbered(a, 1))
	shop.takes(t, someSession(), later, numbered(a, 2))
	same(t, tally(t, w, a.ID, later), ports.SourceTally{Total: 3, Resting: 2, Received: 1})
}

func tally(t *testing.T, w World, id merchant.SourceID, now time.Time) ports.SourceTally {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (ports.SourceTally, error) {
		return r.Sources.Tally(ctx, id, now)
	})
}

func takePool(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addSource(t, merchant.SourcePool)
	pool := shop.fill(t, a, 2, Epoch)
	paid := someSession()
	shop.takes(t, paid, Epoch, pool[0])
	shop.takes(t, someSession(), Epoch, pool[1])
	_, err := shop.take(t.Context(), someSession(), Epoch)
	isFault(t, err, ports.ErrNotFound)

	rested := Epoch.Add(24 * time.Hour)
	shop.received(t, rested.Add(time.Hour), pool[0])
	shop.takes(t, someSession(), rested, pool[1])
	_, err = shop.take(t.Context(), someSession(), rested)
	isFault(t, err, ports.ErrNotFound)
	shop.takes(t, someSession(), rested.Add(time.Hour), pool[0])

	more := shop.fill(t, a, 1, rested)
	shop.takes(t, someSession(), rested, more[0])
}

func takeTaken(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	a := shop.addSource(t, merchant.SourceXpub)
	other.addReceiving(t, numbered(a, 0), Epoch)
	_, err := shop.take(t.Context(), someSession(), Epoch)
	isFault(t, err, ports.ErrTaken)

	pool := other.addSource(t, merchant.SourcePool)
	taken := other.fill(t, pool, 1, Epoch)[0]
	err = w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		a, err := r.Sources.LoadActive(ctx, shop.Project.ID, chain.FamilyTron, Epoch)
		if err != nil {
			return err
		}
		want := ports.Taking{Source: a, Session: someSession(), Next: taken, Now: Epoch, RestUntil: Epoch}
		if _, err := r.Sources.Take(ctx, want); !errors.Is(err, ports.ErrTaken) {
			t.Errorf("another source's address: %v", err)
		}
		want.Source.NextIndex, want.Next = 5, numbered(a, 5) // the unit of work goes on, further on
		_, err = r.Sources.Take(ctx, want)
		return err
	})
	ok(t, err)
	same(t, sourcesOf(t, w, shop.Project.ID)[0].NextIndex, int64(6))
	known := func(f chain.Family, at chain.Address) bool {
		return in(t, w, func(ctx context.Context, r ports.Repos) (bool, error) { return r.Sources.Known(ctx, f, at) })
	}
	if !known(chain.FamilyTron, taken) || known(chain.FamilyEVM, taken) || known(chain.FamilyTron, Address()) {
		t.Error("it is not known which addresses are of a source")
	}
}

func takeHeld(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addSource(t, merchant.SourceXpub)
	session := shop.AddSession(t, Epoch)
	shop.takes(t, session.ID(), Epoch, numbered(a, 0))
	intent := MakeIntent(session, numbered(a, 0), 9_990_000)
	intent.Asset.Network = chain.Tron
	ok(t, reserve(t, w, intent))
	rested := Epoch.Add(24 * time.Hour)
	shop.takes(t, someSession(), rested, numbered(a, 1))
	same(t, letGoOn(t, w, chain.Tron, intent.HoldUntil.Add(time.Second), 10), 1)
	shop.takes(t, someSession(), rested, numbered(a, 0))
}

func poolWhole(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	a, b := shop.addSource(t, merchant.SourcePool), other.addSource(t, merchant.SourcePool)
	mine := shop.fill(t, a, 3, Epoch)
	account := other.addReceiving(t, Address(), Epoch)
	for _, taken := range []chain.Address{mine[1], account.Address} {
		do(t, w, func(ctx context.Context, r ports.Repos) error {
			err := r.Sources.AddPool(ctx, b, []chain.Address{Address(), taken}, Epoch)
			if !errors.Is(err, ports.ErrTaken) {
				t.Errorf("a known address is added: %v", err)
			}
			return nil
		})
	}
	same(t, tally(t, w, b.ID, Epoch), ports.SourceTally{})
	shop.takes(t, someSession(), Epoch, mine[0])
	shop.received(t, Epoch, mine[0])
	same(t, tally(t, w, a.ID, Epoch), ports.SourceTally{Total: 3, Free: 2, Resting: 1, Received: 1})
	same(t, sourcesOf(t, w, shop.Project.ID)[0].NextIndex, int64(3))
}

// takers race for addresses and answer who got which.
func takers(t *testing.T, shop Shop, n int) (got map[chain.Address]int, errs []error) {
	t.Helper()
	got = map[chain.Address]int{}
	var mu sync.Mutex
	errs = race(n, func(int) error {
		at, err := shop.take(t.Context(), someSession(), Epoch)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			got[at]++
		}
		return err
	})
	for at, n := range got {
		if n > 1 {
			t.Errorf("%s was given to %d sessions", at, n)
		}
	}
	return got, errs
}

func takeRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addSource(t, merchant.SourceXpub)
	got, errs := takers(t, shop, racers)
	allWon(t, errs)
	for i := range int64(racers) {
		if got[numbered(a, i)] != 1 {
			t.Errorf("index %d was skipped", i)
		}
	}
}

func takePoolRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a := shop.addSource(t, merchant.SourcePool)
	shop.fill(t, a, racers/2, Epoch)
	got, errs := takers(t, shop, racers)
	same(t, len(got), racers/2)
	for _, err := range errs {
		if err != nil {
			isFault(t, err, ports.ErrNotFound)
		}
	}
}
