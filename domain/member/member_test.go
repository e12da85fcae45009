package member

import (
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
)

var dawn = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)

// The SHA-1 vectors of RFC 6238, appendix B, cut to six digits.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037",
	} {
		if got := totpCode(secret, at/totpStep); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

// A clock may be off by one step; a code works once, and none before it afterwards.
func TestACodeWorksOnceAndNearItsTime(t *testing.T) {
	secret := []byte("12345678901234567890")
	now := dawn.Unix() / totpStep
	fresh := Factors{TOTP: TOTP{Sealed: []byte("x"), ConfirmedAt: dawn}}
	for shift := int64(-3); shift <= 3; shift++ {
		_, err := fresh.TakeTOTP(secret, totpCode(secret, now+shift), dawn)
		if near := shift >= -1 && shift <= 1; near != (err == nil) {
			t.Errorf("a code of %d steps away: %v", shift, err)
		}
	}
	used, err := fresh.TakeTOTP(secret, totpCode(secret, now), dawn)
	if err != nil {
		t.Fatal(err)
	}
	for shift := int64(-1); shift <= 0; shift++ {
		if _, err := used.TakeTOTP(secret, totpCode(secret, now+shift), dawn); !errors.Is(err, ErrInvalidSecondFactor) {
			t.Errorf("a code of %d steps after the last one: %v", shift, err)
		}
	}
	if _, err := used.TakeTOTP(secret, totpCode(secret, now+1), dawn.Add(totpStep*time.Second)); err != nil {
		t.Errorf("the next code: %v", err)
	}
	for _, wrong := range []string{"", "0", "000000 ", totpCode(secret, now) + "0"} {
		if _, err := fresh.TakeTOTP(secret, wrong, dawn); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestRecoveryCodesAreUsedUpAndGoWithTheLastFactor(t *testing.T) {
	f := Factors{
		TOTP: TOTP{Sealed: []byte("x"), ConfirmedAt: dawn}, Recovery: [][]byte{{1}, {2}},
		Passkeys: []Passkey{{ID: []byte("a")}},
	}
	used, err := f.TakeRecovery([]byte{1})
	if err != nil || len(used.Recovery) != 1 || len(f.Recovery) != 2 {
		t.Fatalf("%+v, %v; before: %+v", used, err, f)
	}
	if _, err := used.TakeRecovery([]byte{1}); !errors.Is(err, ErrInvalidSecondFactor) {
		t.Errorf("a code is taken twice: %v", err)
	}
	if f.Kinds() != "totp recovery_code passkey" {
		t.Errorf("kinds %q", f.Kinds())
	}
	f = f.DropTOTP()
	if !f.Required() || len(f.Recovery) != 2 {
		t.Errorf("with a passkey left: %+v", f)
	}
	f, found := f.DropPasskey([]byte("a"))
	if !found || f.Required() || f.Recovery != nil || f.Kinds() != "" {
		t.Errorf("with nothing left: %+v", f)
	}
	if _, found := f.DropPasskey([]byte("a")); found {
		t.Error("a passkey is removed twice")
	}
	unconfirmed := Factors{TOTP: TOTP{Sealed: []byte("x")}}
	if unconfirmed.Required() {
		t.Error("an app that never showed a code is asked for one")
	}
}

func TestPasskeysAreBounded(t *testing.T) {
	var f Factors
	var err error
	for n := range MaxPasskeys {
		if f, err = f.PutPasskey(Passkey{ID: []byte{byte(n)}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.PutPasskey(Passkey{ID: []byte("more")}); !errors.Is(err, ErrTooManyPasskeys) {
		t.Errorf("one more: %v", err)
	}
	f, err = f.PutPasskey(Passkey{ID: []byte{0}, Label: "renamed"})
	if p, _ := f.Passkey([]byte{0}); err != nil || p.Label != "renamed" || len(f.Passkeys) != MaxPasskeys {
		t.Errorf("replaced: %+v, %v", p, err)
	}
}

func TestSomebodyAlwaysOwnsTheAccount(t *testing.T) {
	owner, viewer := Member{ID: "1", Role: Owner}, Member{ID: "2", Role: Viewer}
	demoted, removed, promoted := owner, owner, viewer
	demoted.Role, removed.RemovedAt, promoted.Role = Viewer, dawn, Owner
	for name, c := range map[string]struct {
		team    []Member
		changed Member
		err     error
	}{
		"the only owner is demoted":      {[]Member{owner, viewer}, demoted, ErrLastOwner},
		"the only owner is removed":      {[]Member{owner, viewer}, removed, ErrLastOwner},
		"one of two owners is demoted":   {[]Member{owner, promoted}, demoted, nil},
		"a viewer is made an owner":      {[]Member{owner, viewer}, promoted, nil},
		"an owner who is gone is no one": {[]Member{owner, {ID: "3", Role: Owner, RemovedAt: dawn}}, demoted, ErrLastOwner},
	} {
		if err := KeepsOwner(c.team, c.changed); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A visit ends after half a day of silence, and after a week whatever happens.
func TestAVisitEnds(t *testing.T) {
	v := Visit{CreatedAt: dawn, SeenAt: dawn}
	if !v.Live(dawn.Add(VisitIdle-1)) || v.Live(dawn.Add(VisitIdle)) || !v.ExpiresAt().Equal(dawn.Add(VisitIdle)) {
		t.Error("silence")
	}
	v.SeenAt = dawn.Add(VisitLife - time.Hour)
	if !v.Live(dawn.Add(VisitLife-1)) || v.Live(dawn.Add(VisitLife)) || !v.ExpiresAt().Equal(dawn.Add(VisitLife)) {
		t.Error("a week")
	}
	v.EndedAt = dawn
	if v.Live(dawn) {
		t.Error("signed out")
	}
}

// Whatever a reader can see is hashed, and nothing can move from one field into its neighbour.
func TestTheHashCoversTheEntry(t *testing.T) {
	e := Entry{
		MerchantID: "m", At: dawn, Action: "a", Subject: "s", Before: "b", After: "c",
		By: merchant.Agent{Member: "1", Name: "n", IP: "i", Device: "d"},
	}.Link(4, Hash{7})
	if e.Sequence != 5 || e.Chain != ChainHash(Hash{7}, e.Content) {
		t.Fatalf("linked as %+v", e)
	}
	for name, change := range map[string]func(*Entry){
		"merchant": func(e *Entry) { e.MerchantID = "x" }, "time": func(e *Entry) { e.At = e.At.Add(time.Microsecond) },
		"member": func(e *Entry) { e.By.Member = "x" }, "name": func(e *Entry) { e.By.Name = "x" },
		"ip": func(e *Entry) { e.By.IP = "x" }, "device": func(e *Entry) { e.By.Device = "x" },
		"action": func(e *Entry) { e.Action = "x" }, "subject": func(e *Entry) { e.Subject = "x" },
		"before": func(e *Entry) { e.Before = "x" }, "after": func(e *Entry) { e.After = "x" },
		"a field moved": func(e *Entry) { e.Before, e.After = "bc", "" },
	} {
		other := e
		change(&other)
		if other.Link(4, Hash{7}).Content == e.Content {
			t.Errorf("another %s has the same hash", name)
		}
	}
	if e.Link(5, Hash{7}).Content == e.Content || e.Link(4, Hash{8}).Chain == e.Chain {
		t.Error("another place in the chain has the same hash")
	}
	zoned := e
	zoned.At = e.At.In(time.FixedZone("", 3600))
	if zoned.Link(4, Hash{7}).Content != e.Content {
		t.Error("a time zone breaks the hash")
	}
}

func TestAnInvitationIsOpenForThreeDays(t *testing.T) {
	i := Invitation{ExpiresAt: dawn.Add(InvitationLife)}
	if !i.Open(dawn.Add(InvitationLife-1)) || i.Open(dawn.Add(InvitationLife)) {
		t.Error("three days")
	}
	i.EndedAt = dawn
	if i.Open(dawn) {
		t.Error("an invitation that ended is open")
	}
}
