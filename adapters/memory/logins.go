package memory

import (
	"bytes"
	"context"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

type logins struct{ *unit }

func cloneLogin(l keys.Login) keys.Login {
	l.RefreshDigest = bytes.Clone(l.RefreshDigest)
	return l
}

func (r logins) Add(ctx context.Context, l keys.Login) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	s.logins.put(r.unit, l.ID, cloneLogin(l))
	return nil
}

func (r logins) Load(ctx context.Context, id string) (keys.Login, error) {
	s, err := r.state(ctx)
	if err != nil {
		return keys.Login{}, err
	}
	l, err := must(s.logins.get(id))
	return cloneLogin(l), err
}

func (r logins) Save(ctx context.Context, l keys.Login) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row, err := must(s.logins.get(l.ID))
	if err != nil {
		return err
	}
	row.RefreshDigest = bytes.Clone(l.RefreshDigest)
	row.ExpiresAt, row.RevokedAt = l.ExpiresAt, l.RevokedAt
	s.logins.put(r.unit, l.ID, row)
	return nil
}

func (r logins) EndOf(ctx context.Context, id merchant.ID, m member.ID, at time.Time) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	live := s.logins.where(func(l keys.Login) bool {
		return l.MerchantID == id && l.RevokedAt.IsZero() && (l.MemberID == string(m) || l.MemberID == "")
	})
	for _, l := range live {
		l.RevokedAt = at
		s.logins.put(r.unit, l.ID, l)
	}
	return nil
}

func (r logins) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	ended, _ := first(s.logins.where(func(l keys.Login) bool {
		return l.ExpiresAt.Before(before) || !l.RevokedAt.IsZero() && l.RevokedAt.Before(before)
	}), limit)
	for _, l := range ended {
		s.logins.drop(r.unit, l.ID)
	}
	return len(ended), nil
}
