package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type visits struct{ *unit }

type journal struct{ *unit }

type entryKey struct {
	merchant merchant.ID
	sequence int64
}

func cloneVisit(v member.Visit) member.Visit {
	v.Digest = bytes.Clone(v.Digest)
	return v
}

func (r visits) Add(ctx context.Context, v member.Visit) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	s.visits.put(r.unit, v.ID, cloneVisit(v))
	return nil
}

func (r visits) Load(ctx context.Context, id string) (member.Visit, error) {
	s, err := r.state(ctx)
	if err != nil {
		return member.Visit{}, err
	}
	v, err := must(s.visits.get(id))
	return cloneVisit(v), err
}

func (r visits) Of(ctx context.Context, id member.ID, since time.Time) ([]member.Visit, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.visits.where(func(v member.Visit) bool {
		return v.MemberID == id && v.EndedAt.IsZero() && !v.CreatedAt.Before(since)
	})
	slices.SortFunc(list, func(a, b member.Visit) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	for i := range list {
		list[i] = cloneVisit(list[i])
	}
	return list, nil
}

func (r visits) Save(ctx context.Context, v member.Visit) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row, err := must(s.visits.get(v.ID))
	if err != nil {
		return err
	}
	row.Digest, row.Device, row.IP = bytes.Clone(v.Digest), v.Device, v.IP
	row.SeenAt, row.ProvenAt, row.EndedAt = v.SeenAt, v.ProvenAt, v.EndedAt
	s.visits.put(r.unit, v.ID, row)
	return nil
}

func (r visits) EndOthers(ctx context.Context, id member.ID, kept string, at time.Time) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	others := s.visits.where(func(v member.Visit) bool {
		return v.MemberID == id && v.ID != kept && v.EndedAt.IsZero()
	})
	for _, v := range others {
		v.EndedAt = at
		s.visits.put(r.unit, v.ID, v)
	}
	return len(others), nil
}

func (r visits) Seen(ctx context.Context, id merchant.ID) (map[member.ID]time.Time, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	seen := make(map[member.ID]time.Time)
	for _, v := range s.visits.where(func(v member.Visit) bool { return v.MerchantID == id }) {
		if v.SeenAt.After(seen[v.MemberID]) {
			seen[v.MemberID] = v.SeenAt
		}
	}
	return seen, nil
}

func (r visits) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	old, _ := first(s.visits.where(func(v member.Visit) bool { return v.CreatedAt.Before(before) }), limit)
	for _, v := range old {
		s.visits.drop(r.unit, v.ID)
	}
	return len(old), nil
}

// Visit implements ports.VisitRing.
func (s *Store) Visit(_ context.Context, digest []byte) (member.Visit, member.Member, error) {
	now := s.committed.Load()
	v, err := must(now.visits.find(func(v member.Visit) bool { return bytes.Equal(v.Digest, digest) }))
	if err != nil {
		return member.Visit{}, member.Member{}, err
	}
	m, err := must(now.members.get(v.MemberID))
	return cloneVisit(v), m.row, err
}

func (r journal) Append(ctx context.Context, e member.Entry) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	last, _ := s.journaled.get(e.MerchantID)
	e = e.Link(last.Sequence, last.Chain)
	s.journal.put(r.unit, entryKey{e.MerchantID, e.Sequence}, e)
	s.journaled.put(r.unit, e.MerchantID, e)
	return nil
}

func (r journal) Read(ctx context.Context, q ports.JournalQuery) (page ports.JournalPage, err error) {
	s, err := r.state(ctx)
	if err != nil {
		return page, err
	}
	list := s.journal.where(func(e member.Entry) bool {
		return e.MerchantID == q.Merchant && (q.Before == 0 || e.Sequence < q.Before) &&
			(q.Member == "" || e.By.Member == string(q.Member)) && (q.Action == "" || e.Action == q.Action)
	})
	slices.SortFunc(list, func(a, b member.Entry) int { return cmp.Compare(b.Sequence, a.Sequence) })
	page.Entries, page.More = first(list, q.Limit)
	for _, e := range page.Entries {
		var prior *member.Hash
		if before, found := s.journal.get(entryKey{e.MerchantID, e.Sequence - 1}); found {
			prior = &before.Chain
		}
		page.Priors = append(page.Priors, prior)
	}
	page.Whole = true // nobody can cut anything off here
	return page, nil
}
