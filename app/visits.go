package app

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// seenPace is how exactly it is known when somebody was last there: a write per request would cost
// more than it tells.
const seenPace = time.Minute

// Entered is a visit that has begun, or whose token was changed. Token and Device are for the
// browser's cookies alone.
type Entered struct {
	Token  keys.Secret
	Device string
	Actor  Actor
	Until  time.Time // when the token ends if nothing more is done
}

// Enter signs somebody in to the dashboard. A token he came with ends: nobody can have planted the
// next one.
func (s SignIn) Enter(ctx context.Context, a Shown, came keys.Secret) (Entered, error) {
	b := beginning{token: s.drawToken(), came: s.visitOf(ctx, came), from: a.From, by: shownBy(a)}
	in, _, err := enter(ctx, s, a, Once[Entered]{},
		func(ctx context.Context, r ports.Repos, m member.Member) (Entered, error) {
			b.member = m
			return s.begin(ctx, r, b)
		})
	return in, err
}

// visitOf is the visit a browser came with, "" if none goes on.
func (s SignIn) visitOf(ctx context.Context, came keys.Secret) string {
	if came.Reveal() == "" {
		return ""
	}
	v, _, err := s.Ring.Visit(ctx, s.digest(came))
	if err != nil || !v.EndedAt.IsZero() {
		return ""
	}
	return v.ID
}

func shownBy(a Shown) string {
	switch {
	case a.TOTP != "":
		return "by=password+totp"
	case a.Recovery != "":
		return "by=password+recovery_code"
	}
	return "by=password"
}

// beginning is a visit about to begin.
type beginning struct {
	member member.Member
	token  keys.Secret
	came   string // the visit the browser came with, "" if none
	from   Origin
	by     string // how he proved himself, for the audit log
}

// begin records a visit, and ends the one whose token the browser came with.
func (s SignIn) begin(ctx context.Context, r ports.Repos, b beginning) (Entered, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	if b.came != "" {
		came, err := r.Visits.Load(ctx, b.came)
		if err != nil {
			return Entered{}, err
		}
		came.EndedAt = now
		if err := r.Visits.Save(ctx, came); err != nil {
			return Entered{}, err
		}
	}
	v := member.Visit{
		ID: s.Core.IDs.UUID(), MerchantID: b.member.MerchantID, MemberID: b.member.ID, Digest: s.digest(b.token),
		Device: b.from.Device, IP: b.from.IP, CreatedAt: now, SeenAt: now, ProvenAt: now,
	}
	if err := r.Visits.Add(ctx, v); err != nil {
		return Entered{}, err
	}
	in := s.entered(v, b.member, b.token, b.from)
	return in, note(ctx, r, s.Core, in.Actor.Merchant, in.Actor.Agent(), deed{
		action: "session.opened", subject: v.ID, after: b.by,
	})
}

func (s SignIn) entered(v member.Visit, m member.Member, token keys.Secret, from Origin) Entered {
	return Entered{
		Token: token, Device: s.markDevice(m.Email), Actor: actorOf(v, m, from), Until: v.ExpiresAt(),
	}
}

func actorOf(v member.Visit, m member.Member, from Origin) Actor {
	return Actor{
		Merchant: m.MerchantID, Member: m.ID, Email: m.Email, Role: m.Role, Session: v.ID, Proven: v.ProvenAt,
		From: from,
	}
}

func (s SignIn) drawToken() keys.Secret {
	return keys.NewSecret(base64.RawURLEncoding.EncodeToString(s.Core.IDs.Bytes(keys.SecretBytes)))
}

// digest bounds what is hashed; an overlong token hashes to something nobody has.
func (s SignIn) digest(token keys.Secret) []byte {
	text := token.Reveal()
	if len(text) > keys.MaxCredentialBytes {
		text = ""
	}
	return s.Core.Vault.Digest(keys.NewSecret("visit " + text))
}

// Resolve says who presents a token, or keys.ErrUnauthorized: the visit is over, or was never ours, or
// its member works for the merchant no more.
func (s SignIn) Resolve(ctx context.Context, token keys.Secret, from Origin) (Actor, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	v, m, err := s.standing(ctx, token, now)
	if err != nil {
		return Actor{}, err
	}
	if now.Sub(v.SeenAt) >= seenPace {
		if err := s.touch(ctx, v.ID, from, now); err != nil {
			return Actor{}, err
		}
	}
	return actorOf(v, m, from), nil
}

// Glance is Resolve for what a page does by itself, as an open stream goes on: nobody was seen by it, so the
// visit ends by silence all the same.
func (s SignIn) Glance(ctx context.Context, token keys.Secret, from Origin) (Actor, error) {
	v, m, err := s.standing(ctx, token, ledger.Instant(s.Core.Clock.Now()))
	if err != nil {
		return Actor{}, err
	}
	return actorOf(v, m, from), nil
}

// standing is the visit a token opens and its member.
func (s SignIn) standing(ctx context.Context, token keys.Secret, now time.Time) (member.Visit, member.Member, error) {
	if token.Reveal() == "" {
		return member.Visit{}, member.Member{}, keys.ErrUnauthorized
	}
	v, m, err := s.Ring.Visit(ctx, s.digest(token))
	if err != nil {
		return v, m, asUnauthorized(err)
	}
	if !v.Live(now) || !m.Active() {
		return v, m, keys.ErrUnauthorized
	}
	return v, m, nil
}

func (s SignIn) touch(ctx context.Context, id string, from Origin, now time.Time) error {
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		v, err := r.Visits.Load(ctx, id)
		if err != nil || !v.Live(now) {
			return errors.Join(err, keys.ErrUnauthorized)
		}
		v.SeenAt, v.IP, v.Device = now, from.IP, from.Device
		return r.Visits.Save(ctx, v)
	})
	if errors.Is(err, ports.ErrNotFound) {
		return keys.ErrUnauthorized
	}
	return err
}

// Visits lists where the actor is signed in, the latest first.
func (s SignIn) Visits(ctx context.Context, a Actor) ([]member.Visit, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]member.Visit, error) {
		all, err := r.Visits.Of(ctx, a.Member, now.Add(-member.VisitLife))
		var live []member.Visit
		for _, v := range all {
			if v.Live(now) {
				live = append(live, v)
			}
		}
		return live, err
	})
}

// Leave ends one of the actor's visits, his present one by its own id. ErrNotFound, also for those of
// others.
func (s SignIn) Leave(ctx context.Context, a Actor, id string) error {
	now := ledger.Instant(s.Core.Clock.Now())
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		v, err := r.Visits.Load(ctx, id)
		if err != nil {
			return err
		}
		if v.MemberID != a.Member || !v.EndedAt.IsZero() {
			return ports.ErrNotFound
		}
		v.EndedAt = now
		if err := r.Visits.Save(ctx, v); err != nil {
			return err
		}
		return note(ctx, r, s.Core, a.Merchant, a.Agent(), deed{action: "session.ended", subject: id})
	})
}

// LeaveOthers ends all of the actor's visits but the present one.
func (s SignIn) LeaveOthers(ctx context.Context, a Actor) error {
	now := ledger.Instant(s.Core.Clock.Now())
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		if _, err := r.Visits.EndOthers(ctx, a.Member, a.Session, now); err != nil {
			return err
		}
		return note(ctx, r, s.Core, a.Merchant, a.Agent(), deed{action: "sessions.ended", subject: string(a.Member)})
	})
}

// whole is the present state of an actor: his member and visit, both locked, or keys.ErrUnauthorized.
func whole(ctx context.Context, r ports.Repos, a Actor, now time.Time) (member.Member, member.Visit, error) {
	m, err := r.Members.Load(ctx, a.Member)
	if err != nil {
		return m, member.Visit{}, asUnauthorized(err)
	}
	v, err := r.Visits.Load(ctx, a.Session)
	if err != nil {
		return m, v, asUnauthorized(err)
	}
	if !m.Active() || !v.Live(now) || v.MemberID != m.ID || m.MerchantID != v.MerchantID {
		return m, v, keys.ErrUnauthorized
	}
	return m, v, nil
}

// renew gives a visit another token, after a proof: whoever had the old one has nothing.
func (s SignIn) renew(
	ctx context.Context, r ports.Repos, m member.Member, v member.Visit, token keys.Secret, from Origin,
) (Entered, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	v.Digest, v.SeenAt, v.ProvenAt = s.digest(token), now, now
	return s.entered(v, m, token, from), r.Visits.Save(ctx, v)
}

// Standing is all a page shows of who is signed in.
type Standing struct {
	Member   member.Member
	Visit    member.Visit
	Merchant merchant.Merchant
	Projects []merchant.Project // the default one first
	Factors  member.Factors
}

// Who shows the actor himself. keys.ErrUnauthorized if his visit ended meanwhile.
func (s SignIn) Who(ctx context.Context, a Actor) (Standing, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (out Standing, err error) {
		if out.Member, out.Visit, err = whole(ctx, r, a, now); err != nil {
			return out, err
		}
		if out.Factors, err = r.Factors.Load(ctx, a.Member); err != nil {
			return out, err
		}
		if out.Merchant, err = r.Merchants.ByID(ctx, a.Merchant); err != nil {
			return out, err
		}
		out.Projects, err = r.Projects.Of(ctx, a.Merchant)
		return out, err
	})
}
