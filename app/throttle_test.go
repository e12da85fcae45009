package app

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
)

// guess tries wrong passwords until one is refused unseen, and answers how many were looked at.
func (d *desk) guess(s Shown) (tried int, wait time.Duration) {
	d.Helper()
	s.Password = "wrong horse"
	for ; tried < 1000; tried++ {
		_, err := d.signin.Enter(d.Context(), s, keys.Secret{})
		if errors.Is(err, ErrTooManyTries) {
			return tried, fault.From(err).RetryAfter
		}
		d.fails(err, ErrInvalidCredentials)
	}
	d.Fatal("guessing is never slowed down")
	return tried, 0
}

// Row F10: the eleventh guess waits a quarter of an hour, and each time twice as long.
func TestGuessesAreSlowedDownMoreAndMore(t *testing.T) {
	d, _ := openAnns(t)
	for _, want := range []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 2 * time.Hour} {
		tried, wait := d.guess(byAnn(from("thief")))
		if tried != 10 || wait != want {
			t.Errorf("%d guesses, then %s; want 10, then %s", tried, wait, want)
		}
		d.refusesEntry(byAnn(from("thief")), ErrTooManyTries) // the right password too
		d.pass(wait)
	}
}

// A stranger who guesses at an account as hard as he can, from everywhere, keeps nobody out who was
// there before: neither from where she last signed in, nor on a device that did, nor by passkey.
func TestStrangersCannotLockAnybodyOut(t *testing.T) {
	d, in := openAnns(t)
	refused := 0
	for n := range 100 {
		_, err := d.signin.Enter(t.Context(), byAnn(from("bot "+strconv.Itoa(n)), withPassword("wrong horse")), keys.Secret{})
		if errors.Is(err, ErrTooManyTries) {
			refused++
		}
	}
	if refused != 90 {
		t.Errorf("%d of 100 guesses from everywhere are refused, want 90", refused)
	}
	d.enter(byAnn())
	d.enter(byAnn(from("a hotel"), on(in.Device)))
	d.refusesEntry(byAnn(from("a hotel")), ErrTooManyTries)
	d.pass(time.Minute)
	d.enter(byAnn(from("a hotel")))

	// Not even from the same address as hers.
	d.guess(byAnn())
	d.enter(byAnn(on(in.Device)))
}

// A mark belongs to one account and cannot be made up; with one, guesses are as limited.
func TestAMarkIsNoFreePass(t *testing.T) {
	d, in := openAnns(t)
	d.register("bob@shop.example")
	bob := d.enter(Shown{Email: "bob@shop.example", Password: annsPassword, Client: "bob"})
	d.guess(byAnn())
	for name, mark := range map[string]string{
		"another's": bob.Device, "none": "", "altered": in.Device[:len(in.Device)-1] + "x", "cut": in.Device[:40],
		"a dot": ".", "later": "00" + in.Device,
	} {
		if _, err := d.signin.Enter(t.Context(), byAnn(on(mark)), keys.Secret{}); !errors.Is(err, ErrTooManyTries) {
			t.Errorf("%s mark: %v", name, err)
		}
	}
	if tried, _ := d.guess(byAnn(on(in.Device))); tried != paceOfDevice.free {
		t.Errorf("%d guesses with a mark", tried)
	}
	d.pass(deviceLife)
	if _, known := d.signin.knownDevice(annsAddress, in.Device); known {
		t.Error("a mark lasts for ever")
	}
}

// Guesses at many accounts from one address are slowed down, and right passwords do not count.
func TestAnAddressIsSlowedDown(t *testing.T) {
	d, _ := openAnns(t)
	for range 2 * paceOfClient.free {
		d.enter(byAnn())
	}
	for n := range paceOfClient.free {
		d.refusesEntry(Shown{Email: "x" + strconv.Itoa(n) + "@b.example", Password: "x", Client: "203.0.113.7"}, ErrInvalidCredentials)
	}
	d.refusesEntry(Shown{Email: "y@b.example", Password: "x", Client: "203.0.113.7"}, ErrTooManyTries)
}

// Codes are guesses too: the right password does not make them free.
func TestCodesAreCounted(t *testing.T) {
	d, in := openAnns(t)
	d.app(in.Actor)
	for range 3 * paceOfPair.free {
		d.refusesEntry(byAnn(), member.ErrSecondFactorRequired) // no guess
	}
	for range paceOfPair.free {
		d.refusesEntry(byAnn(withCode("000000")), member.ErrInvalidSecondFactor)
	}
	d.refusesEntry(byAnn(withCode("000000")), ErrTooManyTries)
}

// However many keys are tried, a throttle remembers so many; refused tries count nowhere.
func TestAThrottleIsBounded(t *testing.T) {
	th, now := NewThrottle(), time.Unix(0, 0)
	for n := range throttleKeys + 100 {
		if err := th.take(now, []try{{strconv.Itoa(n), paceOfPair}}); err != nil {
			t.Fatal(err)
		}
	}
	if len(th.keys) != throttleKeys || th.order.Len() != throttleKeys {
		t.Errorf("%d keys, %d in order", len(th.keys), th.order.Len())
	}
	both := []try{{"a", pace{free: 1, first: time.Second, most: time.Second}}, {"b", pace{free: 2, first: time.Hour, most: time.Hour}}}
	if err := th.take(now, both); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := th.take(now, both); fault.From(err).RetryAfter != time.Second {
			t.Fatal(err)
		}
	}
	if err := th.take(now, both[1:]); err != nil {
		t.Errorf("refused tries were counted: %v", err)
	}
	// Giving back the try that used up the last free one opens the key again.
	th.giveBack(now, both[1:], false)
	if err := th.take(now, both[1:]); err != nil {
		t.Errorf("given back: %v", err)
	}
}
