package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

func (d *desk) create(w merchant.Principal) NewPair {
	d.Helper()
	made, _, err := d.keys.Create(d.Context(), w, "till", Once[NewPair]{})
	d.ok(err)
	return made
}

// proves wants a pair to be accepted, or refused like any bad one.
func (d *desk) proves(p NewPair, want bool) {
	d.Helper()
	owner, err := d.creds.Pair(d.Context(), p.Pair.PublicKey, p.Private)
	if want {
		d.ok(err)
		if owner.Pair.ID != p.Pair.ID {
			d.Errorf("proved pair %s, want %s", owner.Pair.ID, p.Pair.ID)
		}
		return
	}
	d.fails(err, keys.ErrPairInvalid)
}

// A pair works from the moment it is made to the moment it is revoked, and its private key is kept
// only sealed.
func TestAKeyPairsLife(t *testing.T) {
	d := openDesk(t, false)
	w := who(d.register("a@b.example"))
	made := d.create(w)
	d.proves(made, true)
	if !strings.HasPrefix(made.Pair.PublicKey, "pk_test_") || !strings.HasPrefix(made.Private.Reveal(), "sk_test_") {
		t.Errorf("pair %s", made.Pair.PublicKey)
	}
	opened, err := (deskVault{}).Open(privateKeyPurpose, made.Pair.Sealed)
	if err != nil || string(opened) != made.Private.Reveal() {
		t.Errorf("sealed private key: %v", err)
	}

	relabelled := keys.Pair{ID: made.Pair.ID, Label: "web shop"}
	if got, _, err := d.keys.Relabel(t.Context(), w, relabelled, Once[keys.Pair]{}); err != nil || got.Label != "web shop" {
		t.Errorf("relabelled: %q, %v", got.Label, err)
	}
	d.proves(made, true)

	revoked, _, err := d.keys.Revoke(t.Context(), w, made.Pair.ID, Once[keys.Pair]{})
	d.ok(err)
	d.proves(made, false)
	d.clock.set(d.clock.Now().Add(time.Hour))
	again, _, err := d.keys.Revoke(t.Context(), w, made.Pair.ID, Once[keys.Pair]{})
	if err != nil || !again.RevokedAt.Equal(revoked.RevokedAt) {
		t.Errorf("revoked again: at %s, %v; want %s", again.RevokedAt, err, revoked.RevokedAt)
	}
	_, _, err = d.keys.Relabel(t.Context(), w, relabelled, Once[keys.Pair]{})
	d.fails(err, keys.ErrRevoked)
	_, _, err = d.keys.Rotate(t.Context(), w, made.Pair.ID, Once[NewPair]{})
	d.fails(err, keys.ErrRevoked)
}

// After a rotation exactly one of the two pairs works, whatever became of the request.
func TestRotationReplacesInOneStep(t *testing.T) {
	d := openDesk(t, false)
	w := who(d.register("a@b.example"))
	old := d.create(w)
	fresh, _, err := d.keys.Rotate(t.Context(), w, old.Pair.ID, Once[NewPair]{})
	d.ok(err)
	d.proves(old, false)
	d.proves(fresh, true)
	if fresh.Pair.Label != "till" || fresh.Pair.Mode != merchant.Test || fresh.Pair.ProjectID != w.Project {
		t.Errorf("rotated into %+v", fresh.Pair)
	}
}

// A live key without a live rail would be a key nobody could pay by; a test key always works.
func TestLiveKeysNeedALiveRail(t *testing.T) {
	for _, live := range []bool{false, true} {
		d := openDesk(t, live)
		w := who(d.register("a@b.example"))
		d.create(w)
		w.Mode = merchant.Live
		made, _, err := d.keys.Create(t.Context(), w, "", Once[NewPair]{})
		_, _, apiKeyErr := d.keys.RotateAPIKey(t.Context(), w, Once[NewAPIKey]{})
		if !live {
			d.fails(err, merchant.ErrNoLiveRail)
			d.fails(apiKeyErr, merchant.ErrNoLiveRail)
			continue
		}
		d.ok(err)
		d.ok(apiKeyErr)
		if made.Pair.Mode != merchant.Live || !strings.HasPrefix(made.Private.Reveal(), "sk_live_") {
			t.Errorf("live pair %+v", made.Pair)
		}
	}
}

// A disabled project gets no new keys.
func TestADisabledProjectGetsNoKeys(t *testing.T) {
	d := openDesk(t, false)
	w := who(d.register("a@b.example"))
	disabled := d.keys
	disabled.Core.Work = disabling{d.store}
	_, _, err := disabled.Create(t.Context(), w, "", Once[NewPair]{})
	d.fails(err, merchant.ErrProjectDisabled)
}

// disabling shows every project as disabled, which only operators can make them.
type disabling struct{ ports.UnitOfWork }

func (u disabling) Do(ctx context.Context, fn func(context.Context, ports.Repos) error) error {
	return u.UnitOfWork.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		r.Projects = disabledProjects{r.Projects}
		return fn(ctx, r)
	})
}

type disabledProjects struct{ ports.Projects }

func (m disabledProjects) ByID(ctx context.Context, id merchant.ProjectID) (merchant.Project, error) {
	p, err := m.Projects.ByID(ctx, id)
	p.Disabled = true
	return p, err
}

// Live pairs are bounded by project; ending one makes room.
func TestLivePairsAreBounded(t *testing.T) {
	d := openDesk(t, false)
	w, other := who(d.register("a@b.example")), who(d.register("c@d.example"))
	var last NewPair
	for range keys.MaxLivePairs {
		last = d.create(w)
	}
	_, _, err := d.keys.Create(t.Context(), w, "", Once[NewPair]{})
	d.fails(err, keys.ErrTooManyKeys)
	d.create(other)
	fresh, _, err := d.keys.Rotate(t.Context(), w, last.Pair.ID, Once[NewPair]{})
	d.ok(err)
	list, err := d.keys.List(t.Context(), w)
	d.ok(err)
	if len(list) != keys.MaxLivePairs+1 {
		t.Errorf("%d pairs listed", len(list))
	}
	_, _, err = d.keys.Revoke(t.Context(), w, fresh.Pair.ID, Once[keys.Pair]{})
	d.ok(err)
	d.create(w)
}

// However often keys are rotated, a list stays short, and no live pair is missing from it.
func TestListsOfPairsStayShort(t *testing.T) {
	d := openDesk(t, false)
	w := who(d.register("a@b.example"))
	oldest, spinning := d.create(w), d.create(w)
	for range revokedListed + 10 {
		d.clock.set(d.clock.Now().Add(time.Second))
		next, _, err := d.keys.Rotate(t.Context(), w, spinning.Pair.ID, Once[NewPair]{})
		d.ok(err)
		spinning = next
	}
	list, err := d.keys.List(t.Context(), w)
	d.ok(err)
	if len(list) != revokedListed+2 || list[0].ID != spinning.Pair.ID || list[len(list)-1].ID != oldest.Pair.ID {
		t.Errorf("%d pairs listed, from %s to %s", len(list), list[0].ID, list[len(list)-1].ID)
	}
}

// Row H01: another merchant's pair is not there.
func TestForeignPairsAreNotFound(t *testing.T) {
	d := openDesk(t, false)
	mine, other := who(d.register("a@b.example")), who(d.register("c@d.example"))
	pair := d.create(other)
	_, err := d.keys.Get(t.Context(), mine, pair.Pair.ID)
	d.fails(err, ports.ErrNotFound)
	_, _, err = d.keys.Revoke(t.Context(), mine, pair.Pair.ID, Once[keys.Pair]{})
	d.fails(err, ports.ErrNotFound)
	_, _, err = d.keys.Relabel(t.Context(), mine, keys.Pair{ID: pair.Pair.ID}, Once[keys.Pair]{})
	d.fails(err, ports.ErrNotFound)
	_, _, err = d.keys.Rotate(t.Context(), mine, pair.Pair.ID, Once[NewPair]{})
	d.fails(err, ports.ErrNotFound)
	d.proves(pair, true)
}

// A merchant has one API key per mode; a new one ends the one before.
func TestANewAPIKeyReplacesTheOld(t *testing.T) {
	d := openDesk(t, true)
	m := d.register("a@b.example")
	live := who(m)
	live.Mode = merchant.Live
	liveKey, _, err := d.keys.RotateAPIKey(t.Context(), live, Once[NewAPIKey]{})
	d.ok(err)
	fresh, _, err := d.keys.RotateAPIKey(t.Context(), who(m), Once[NewAPIKey]{})
	d.ok(err)
	_, err = d.creds.APIKey(t.Context(), m.APIKey)
	d.fails(err, keys.ErrUnauthorized)
	for text, want := range map[keys.Secret]merchant.Principal{fresh.Text: who(m), liveKey.Text: live} {
		if got, err := d.creds.APIKey(t.Context(), text); err != nil || got != want {
			t.Errorf("API key of %+v, %v; want %+v", got, err, want)
		}
	}
}
