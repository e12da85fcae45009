package app

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

const rightPassword = "correct horse"

// onePassword is everybody's.
type onePassword struct{ ports.Passwords }

func (onePassword) Verify(_ context.Context, password, _ string) (bool, error) {
	return password == rightPassword, nil
}

// tronAddress makes one up.
func tronAddress() string {
	b := portstest.Unique()
	return string(chain.TronAddress([20]byte(b[:20])))
}

// told lists what live endpoints were told of addresses, oldest first.
func (c *counter) told() []string {
	c.t.Helper()
	found, _, err := c.store.Events(c.t.Context(), ports.EventQuery{
		Project: c.shop.Project.ID, Mode: merchant.Live, Limit: 100,
	})
	c.ok(err)
	var out []string
	for _, e := range found {
		if strings.HasPrefix(string(e.Type), "receiving_account.") {
			out = append([]string{string(e.Body)}, out...)
		}
	}
	return out
}

// payTo is where a new payer of USDT on Tron is sent.
func (c *counter) payTo() chain.Address {
	c.t.Helper()
	id, err := c.opened(c.live(), checkout.USDT)
	c.ok(err)
	s, err := c.checkout.Intent(c.t.Context(), id, Choice{Method: checkout.USDT})
	c.ok(err)
	return s.Intent.Address
}

func (c *counter) later(d time.Duration) {
	c.t.Helper()
	c.clock.set(c.clock.Now().Add(d))
	c.read(chain.Tron)
}

func (c *counter) listed() []ReceivingView {
	c.t.Helper()
	list, err := c.accepts.List(c.t.Context(), c.live())
	c.ok(err)
	return list
}

func (c *counter) remove(id merchant.ReceivingID, by Confirmation) error {
	_, _, err := c.accepts.Remove(c.t.Context(), c.live(), Removal{id, by}, Once[struct{}]{})
	return err
}

var byLogin, byPassword, byKey = Confirmation{Login: true}, Confirmation{Login: true, Password: rightPassword}, Confirmation{}

// The first address is current at once; another one needs the password, is told, and waits while the
// first stays. It is current by the clock alone, and told of once.
func TestAnAddressChangeWaits(t *testing.T) {
	c := openCounter(t, chain.Tron)
	first, err := c.add(c.live(), at("TRC20", "USDT", shopAddress, ""))
	c.ok(err)
	if first.State != merchant.ReceivingCurrent || first.Seal == "" || c.payTo() != shopAddress {
		t.Fatalf("first %+v", first)
	}
	change := at("TRC20", "USDT", otherAddress, "")
	_, err = c.add(c.live(), change)
	c.refuses(err, merchant.ErrPasswordRequired, "")
	change.By.Password = "wrong"
	_, err = c.add(c.live(), change)
	c.refuses(err, ErrInvalidCredentials, "")
	for _, by := range []Confirmation{byKey, {Password: rightPassword}} {
		change.By = by
		_, err = c.add(c.live(), change)
		c.refuses(err, merchant.ErrLoginRequired, "")
	}
	change.By = byPassword
	c.later(time.Second)
	second, err := c.add(c.live(), change)
	c.ok(err)
	from := c.clock.Now().Add(24 * time.Hour)
	if second.State != merchant.ReceivingPending || !second.ActiveFrom.Equal(from) || second.Replaces != first.ID {
		t.Errorf("second %+v", second)
	}
	change.Address = tronAddress()
	_, err = c.add(c.live(), change)
	c.refuses(err, merchant.ErrChangePending, "")
	requested := "receiving_account.change_requested " + otherAddress + ` replaces "` + shopAddress + `" removed false`
	want := []string{"receiving_account.changed " + shopAddress + ` replaces "" removed false`, requested}
	if diff := cmp.Diff(want, c.told()); diff != "" {
		t.Error(diff)
	}
	c.later(24*time.Hour - time.Second)
	c.ok(c.accepts.Tell(t.Context()))
	if at := c.payTo(); at != shopAddress || len(c.told()) != 2 {
		t.Errorf("before its time payers are sent to %s; told %v", at, c.told())
	}
	c.later(time.Second)
	if at := c.payTo(); at != otherAddress {
		t.Errorf("payers are sent to %s", at)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := c.accepts.Tell(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	// A process that saw it due a moment ago tells nothing more.
	c.ok(c.checkout.Core.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return c.accepts.tell(ctx, r, second.ReceivingAccount, c.clock.Now())
	}))
	want = append(want, "receiving_account.changed "+otherAddress+` replaces "`+shopAddress+`" removed false`)
	if diff := cmp.Diff(want, c.told()); diff != "" {
		t.Error(diff)
	}
	if list := c.listed(); len(list) != 1 || list[0].ID != second.ID {
		t.Errorf("listed %+v", list)
	}
}

// Whoever can see a change that waits can stop it, and the address before goes on as if nothing had
// been asked for.
func TestAWaitingChangeIsStoppedByAnybody(t *testing.T) {
	for _, by := range []Confirmation{byKey, byLogin} {
		c := openCounter(t, chain.Tron)
		c.ok(c.receive("TRC20", "USDT", shopAddress))
		c.ok(c.change("TRC20", "USDT", otherAddress))
		pending := c.listed()[0]
		c.later(time.Hour)
		c.ok(c.remove(pending.ID, by))
		c.refuses(c.remove(pending.ID, by), ports.ErrNotFound, "")
		c.later(30 * 24 * time.Hour)
		c.ok(c.accepts.Tell(t.Context()))
		if list := c.listed(); c.payTo() != shopAddress || len(list) != 1 || !list[0].RemovedAt.IsZero() {
			t.Errorf("after stopping: %+v", list)
		}
		want := "receiving_account.change_cancelled " + otherAddress + ` replaces "` + shopAddress + `" removed false`
		if told := c.told(); len(told) != 3 || told[2] != want {
			t.Errorf("told %q", told)
		}
	}
}

// Removing needs the password too, and is no way around the waiting; the same address may come back.
func TestRemovingIsNoWayAround(t *testing.T) {
	c := openCounter(t, chain.Tron)
	c.ok(c.receive("TRC20", "USDT", shopAddress))
	current := c.listed()[0]
	c.refuses(c.remove(current.ID, byLogin), merchant.ErrPasswordRequired, "")
	c.refuses(c.remove(current.ID, Confirmation{Login: true, Password: "wrong"}), ErrInvalidCredentials, "")
	c.refuses(c.remove(current.ID, Confirmation{Login: false, Password: rightPassword}), merchant.ErrLoginRequired, "")
	if c.payTo() != shopAddress {
		t.Fatal("a refusal removed something")
	}
	c.ok(c.remove(current.ID, byPassword))
	_, err := c.opened(c.live(), checkout.USDT)
	c.refuses(err, merchant.ErrReceivingMissing, "")
	c.later(29 * 24 * time.Hour)
	c.refuses(c.receive("TRC20", "USDT", otherAddress), merchant.ErrPasswordRequired, "")
	c.ok(c.change("TRC20", "USDT", otherAddress))
	if list := c.listed(); list[0].State != merchant.ReceivingPending {
		t.Errorf("added again: %+v", list)
	}
	_, err = c.opened(c.live(), checkout.USDT)
	c.refuses(err, merchant.ErrReceivingMissing, "") // it waits although nothing is there
	c.ok(c.remove(c.listed()[0].ID, byLogin))
	c.ok(c.receive("TRC20", "USDT", shopAddress)) // what was there before may come back
	if c.payTo() != shopAddress {
		t.Error("the address before is not used")
	}
	c.ok(c.remove(c.listed()[0].ID, byPassword))
	c.later(30*24*time.Hour + time.Second)
	c.ok(c.receive("TRC20", "USDT", otherAddress))
	if c.payTo() != otherAddress {
		t.Error("after thirty days without an address the first is not current at once")
	}
}

// Two changes at once, and a change against its cancelling: one address is current at any time.
func TestChangesRace(t *testing.T) {
	c := openCounter(t, chain.Tron)
	c.ok(c.receive("TRC20", "USDT", shopAddress))
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		address := tronAddress()
		all.Go(func() { errs[i] = c.change("TRC20", "USDT", address) })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else {
			c.refuses(err, merchant.ErrChangePending, "")
		}
	}
	if list := c.listed(); won != 1 || len(list) != 2 || c.payTo() != shopAddress {
		t.Fatalf("%d changes were accepted: %+v", won, list)
	}
	// At the very moment it becomes current, cancelling it either comes in time or is refused.
	pending := c.listed()[0]
	c.later(24 * time.Hour)
	all.Go(func() {
		if err := c.accepts.Tell(t.Context()); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() { c.refuses(c.remove(pending.ID, byLogin), merchant.ErrPasswordRequired, "") })
	all.Wait()
	if c.payTo() != pending.Address {
		t.Error("a change whose time had come was undone without the password")
	}
}

// A shorter waiting time waits itself, so that a thief waits as long as before.
func TestTheWaitingTimeIsGuardedToo(t *testing.T) {
	c := openCounter(t, chain.Tron)
	set := func(hours int) (merchant.ChangeWait, error) {
		w, _, err := c.accepts.SetWait(t.Context(), c.live(), hours, Once[merchant.ChangeWait]{})
		return w, err
	}
	for _, hours := range []int{-1, 169} {
		_, err := set(hours)
		c.refuses(err, merchant.ErrInvalidWait, "")
	}
	w, err := set(0)
	c.ok(err)
	if want := (merchant.ChangeWait{Hours: 24, NextFrom: c.clock.Now().Add(24 * time.Hour)}); w != want {
		t.Errorf("lowered to %+v", w)
	}
	c.ok(c.receive("TRC20", "USDT", shopAddress))
	c.later(23 * time.Hour)
	c.ok(c.change("TRC20", "USDT", otherAddress))
	if list := c.listed(); !list[0].ActiveFrom.Equal(c.clock.Now().Add(24 * time.Hour)) {
		t.Errorf("a lowering that waits counts already: %+v", list[0])
	}
	c.ok(c.remove(c.listed()[0].ID, byLogin))
	c.later(time.Hour)
	c.ok(c.change("TRC20", "USDT", otherAddress))
	if c.payTo() != otherAddress || len(c.listed()) != 1 {
		t.Error("without a waiting time a change waits")
	}
	if told := c.told(); told[len(told)-1][:26] != "receiving_account.changed " {
		t.Errorf("told %q", told)
	}
	if w, err = set(48); err != nil || w != (merchant.ChangeWait{Hours: 48}) {
		t.Errorf("raised to %+v, %v", w, err)
	}
}

// A label changes at any time, of an account of one's own.
func TestAnAccountIsRelabelled(t *testing.T) {
	d := openDesk(t, true)
	w, other := who(d.register("a@b.example")), who(d.register("c@d.example"))
	a, err := d.receive(w, at("TRC20", "USDT", shopAddress, "cold wallet"))
	d.ok(err)
	a.Label = "hot wallet"
	b, _, err := d.accepts.Relabel(t.Context(), w, a.ReceivingAccount, Once[ReceivingView]{})
	d.ok(err)
	if a != b {
		t.Errorf("relabelled %+v, want %+v", b, a)
	}
	_, _, err = d.accepts.Relabel(t.Context(), other, a.ReceivingAccount, Once[ReceivingView]{})
	d.fails(err, ports.ErrNotFound)
	_, _, err = d.accepts.Remove(t.Context(), other, Removal{a.ID, byPassword}, Once[struct{}]{})
	d.fails(err, ports.ErrNotFound)
}
