package portstest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/101pay/101pay/ports"
)

var claimPromises = []promise{
	{"a kept answer is replayed byte for byte", claimsReplayed},
	{"a key used for another request is refused", claimsReused},
	{"a key belongs to its scope", claimsScoped},
	{"a key somebody holds is in progress, at once, until he ends", claimsInProgress},
	{"work that failed leaves its key free", claimsRollBack},
	{"a key taken and not kept is free again", claimsNotKept},
	{"of many requests with one key one does the work", claimsRace},
	{"expired answers are pruned, no more than asked, and their keys are free", claimsPruned},
}

var (
	fingerprint = []byte("fingerprint of a request")
	answer      = ports.Answer{Status: 201, Body: []byte("{\"id\":\"\x00\xff\"}\n")}
)

// claim takes a key and, when the work is the caller's, keeps the answer.
func claim(t *testing.T, w World, scope, key string, print []byte) (*ports.Answer, error) {
	t.Helper()
	var stored *ports.Answer
	err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		if stored, err = r.Claims.Take(ctx, scope, key, print); err != nil || stored != nil {
			return err
		}
		return r.Claims.Keep(ctx, scope, key, print, answer, Epoch.Add(24*time.Hour))
	})
	return stored, err
}

// fresh stops the test unless the key leads to work.
func fresh(t *testing.T, w World, scope, key string) {
	t.Helper()
	stored, err := claim(t, w, scope, key, fingerprint)
	ok(t, err)
	same(t, stored, (*ports.Answer)(nil))
}

func claimsReplayed(t *testing.T, w World) {
	fresh(t, w, "shop", "key")
	for range 2 {
		stored, err := claim(t, w, "shop", "key", fingerprint)
		ok(t, err)
		same(t, stored, &answer)
	}
}

func claimsReused(t *testing.T, w World) {
	fresh(t, w, "shop", "key")
	_, err := claim(t, w, "shop", "key", []byte("another request"))
	isFault(t, err, ports.ErrKeyReused)
	stored, err := claim(t, w, "shop", "key", fingerprint)
	ok(t, err)
	same(t, stored, &answer)
}

func claimsScoped(t *testing.T, w World) {
	fresh(t, w, "shop", "key")
	fresh(t, w, "other shop", "key")
	fresh(t, w, "shop", "other key")
	// Where one text ends and the next begins must matter.
	fresh(t, w, "a", "bc")
	fresh(t, w, "ab", "c")
}

func claimsInProgress(t *testing.T, w World) {
	held, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	var once atomic.Bool
	go func() {
		done <- w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			if _, err := r.Claims.Take(ctx, "shop", "key", fingerprint); err != nil {
				return err
			}
			if once.CompareAndSwap(false, true) {
				close(held)
			}
			select {
			case <-release:
			case <-ctx.Done():
				return ctx.Err()
			}
			return r.Claims.Keep(ctx, "shop", "key", fingerprint, answer, Epoch.Add(24*time.Hour))
		})
	}()
	select {
	case <-held:
	case err := <-done:
		t.Fatalf("the holder could not take the key: %v", err)
	}
	_, err := claim(t, w, "shop", "key", fingerprint)
	isFault(t, err, ports.ErrInProgress)
	_, err = claim(t, w, "shop", "key", []byte("another request"))
	isFault(t, err, ports.ErrInProgress)
	close(release)
	ok(t, <-done)
	stored, err := claim(t, w, "shop", "key", fingerprint)
	ok(t, err)
	same(t, stored, &answer)
}

func claimsRollBack(t *testing.T, w World) {
	stop := errors.New("stop")
	for range 2 {
		isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			stored, err := r.Claims.Take(ctx, "shop", "key", fingerprint)
			if err != nil {
				return err
			}
			same(t, stored, (*ports.Answer)(nil))
			err = r.Claims.Keep(ctx, "shop", "key", fingerprint, answer, Epoch.Add(time.Hour))
			if err != nil {
				return err
			}
			return stop
		}), stop)
	}
	fresh(t, w, "shop", "key")
}

func claimsNotKept(t *testing.T, w World) {
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Claims.Take(ctx, "shop", "key", fingerprint)
		return err
	})
	fresh(t, w, "shop", "key")
}

func claimsRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	worked := make([]bool, 2*racers)
	errs := race(2*racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			worked[i] = false
			stored, err := r.Claims.Take(ctx, "shop", "key", fingerprint)
			if err != nil || stored != nil {
				return err
			}
			worked[i] = true
			if err := r.Sessions.Add(ctx, shop.MakeSession(t, Epoch)); err != nil {
				return err
			}
			return r.Claims.Keep(ctx, "shop", "key", fingerprint, answer, Epoch.Add(24*time.Hour))
		})
	})
	did := 0
	for i, err := range errs {
		if err != nil && !errors.Is(err, ports.ErrInProgress) {
			t.Errorf("racer %d: %v", i, err)
		}
		if err == nil && worked[i] {
			did++
		}
	}
	same(t, did, 1)
	same(t, len(pages(t, w, ports.SessionQuery{Merchant: shop.ID()})), 1)
}

func claimsPruned(t *testing.T, w World) {
	keep := func(key string, expires time.Time) {
		t.Helper()
		do(t, w, func(ctx context.Context, r ports.Repos) error {
			if _, err := r.Claims.Take(ctx, "shop", key, fingerprint); err != nil {
				return err
			}
			return r.Claims.Keep(ctx, "shop", key, fingerprint, answer, expires)
		})
	}
	prune := func(now time.Time) int {
		t.Helper()
		return in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
			return r.Claims.Prune(ctx, now, 3)
		})
	}
	for _, key := range []string{"a", "b", "c", "d"} {
		keep(key, Epoch.Add(time.Hour))
	}
	keep("later", Epoch.Add(3*time.Hour))
	now := Epoch.Add(2 * time.Hour)
	same(t, prune(Epoch), 0)
	same(t, prune(now), 3)
	same(t, prune(now), 1)
	same(t, prune(now), 0)
	fresh(t, w, "shop", "a")
	stored, err := claim(t, w, "shop", "later", fingerprint)
	ok(t, err)
	same(t, stored, &answer)
}
