package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

var factorPromises = []promise{
	{"a member without factors has the zero value", factorsNone},
	{"factors are kept, whole, and replaced", factorsSaved},
	{"of many who use one code up one wins", factorsRace},
	{"a passkey belongs to one member and is found by its id", factorsPasskeys},
}

var challengePromises = []promise{
	{"a challenge is answered once", challengesTaken},
	{"a challenge that expired is not answered, and is pruned", challengesExpire},
}

func loadFactors(t *testing.T, w World, id member.ID) member.Factors {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (member.Factors, error) {
		return r.Factors.Load(ctx, id)
	})
}

func saveFactors(t *testing.T, w World, id member.ID, f member.Factors) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Factors.Save(ctx, id, f) })
}

func passkey(at time.Time) member.Passkey {
	id, credential := Unique(), Unique()
	return member.Passkey{ID: id[:], Label: "laptop", Credential: credential[:], CreatedAt: at}
}

func digests(n int) (out [][]byte) {
	for range n {
		d := Unique()
		out = append(out, d[:])
	}
	return out
}

func factorsNone(t *testing.T, w World) {
	same(t, loadFactors(t, w, OpenShop(t, w).AddMember(t).ID), member.Factors{})
}

func factorsSaved(t *testing.T, w World) {
	shop := OpenShop(t, w)
	m, neighbour := shop.AddMember(t), shop.AddMember(t)
	f := member.Factors{
		TOTP:     member.TOTP{Sealed: []byte{0, 0xff}, ConfirmedAt: Epoch, LastStep: 7},
		Recovery: digests(3), Passkeys: []member.Passkey{passkey(Epoch), passkey(Epoch.Add(time.Second))},
	}
	saveFactors(t, w, m.ID, f)
	same(t, loadFactors(t, w, m.ID), f)
	f.TOTP.LastStep, f.Recovery = 8, f.Recovery[1:]
	f.Passkeys = []member.Passkey{f.Passkeys[1], passkey(Epoch.Add(time.Minute))}
	f.Passkeys[0].Credential, f.Passkeys[0].UsedAt = []byte("counter 2"), Epoch.Add(time.Hour)
	saveFactors(t, w, m.ID, f)
	same(t, loadFactors(t, w, m.ID), f)
	same(t, loadFactors(t, w, neighbour.ID), member.Factors{})
	saveFactors(t, w, m.ID, member.Factors{})
	same(t, loadFactors(t, w, m.ID), member.Factors{})
}

// factorsRace: a recovery code is worth one sign-in. What Load answers is locked, so that whoever comes
// second finds it gone, also when it is the first thing he ever had.
func factorsRace(t *testing.T, w World) {
	m := OpenShop(t, w).AddMember(t)
	f := member.Factors{Recovery: digests(2)}
	saveFactors(t, w, m.ID, f)
	oneWinner(t, race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			now, err := r.Factors.Load(ctx, m.ID)
			if err != nil {
				return err
			}
			if now, err = now.TakeRecovery(f.Recovery[0]); err != nil {
				return err
			}
			return r.Factors.Save(ctx, m.ID, now)
		})
	}), member.ErrInvalidSecondFactor)
	same(t, loadFactors(t, w, m.ID).Recovery, f.Recovery[1:])
}

func factorsPasskeys(t *testing.T, w World) {
	shop := OpenShop(t, w)
	m, thief := shop.AddMember(t), shop.AddMember(t)
	f := member.Factors{Passkeys: []member.Passkey{passkey(Epoch)}}
	saveFactors(t, w, m.ID, f)
	owner := in(t, w, func(ctx context.Context, r ports.Repos) (member.ID, error) {
		return r.Factors.Owner(ctx, f.Passkeys[0].ID)
	})
	same(t, owner, m.ID)
	refused(t, w, ports.ErrTaken, func(ctx context.Context, r ports.Repos) error {
		return r.Factors.Save(ctx, thief.ID, f)
	})
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Factors.Owner(ctx, []byte("unknown"))
		return err
	})
}

func putChallenge(t *testing.T, w World, expires time.Time) string {
	t.Helper()
	id := UUID()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Challenges.Put(ctx, id, []byte("asked "+id), expires)
	})
	return id
}

func challengesTaken(t *testing.T, w World) {
	id := putChallenge(t, w, Epoch.Add(time.Minute))
	putChallenge(t, w, Epoch.Add(time.Minute))
	take := func(ctx context.Context, r ports.Repos) ([]byte, error) { return r.Challenges.Take(ctx, id, Epoch) }
	oneWinner(t, race(racers, func(int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			sealed, err := take(ctx, r)
			if err == nil {
				same(t, string(sealed), "asked "+id)
			}
			return err
		})
	}), ports.ErrNotFound)
}

func challengesExpire(t *testing.T, w World) {
	expires := Epoch.Add(time.Minute)
	id := putChallenge(t, w, expires)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Challenges.Take(ctx, id, expires)
		return err
	})
	putChallenge(t, w, expires)
	living := putChallenge(t, w, expires.Add(time.Hour))
	prune := func() int {
		return in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
			return r.Challenges.Prune(ctx, expires.Add(time.Minute), 1)
		})
	}
	same(t, prune(), 1)
	same(t, prune(), 1)
	same(t, prune(), 0)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Challenges.Take(ctx, living, expires)
		return err
	})
}
