package memory

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// ByID implements ports.SessionReads.
func (s *Store) ByID(_ context.Context, id checkout.SessionID) (*checkout.Session, error) {
	now := s.committed.Load()
	row, err := must(now.sessions.get(id))
	if err != nil {
		return nil, err
	}
	return restore(now, row)
}

// List implements ports.SessionReads.
func (s *Store) List(_ context.Context, q ports.SessionQuery) (ports.SessionPage, error) {
	now := s.committed.Load()
	rows := now.sessions.where(func(row sessionRow) bool {
		return (q.Merchant == "" || row.MerchantID == q.Merchant) &&
			(q.Project == "" || row.ProjectID == q.Project) && (q.Mode == 0 || row.Mode == q.Mode) &&
			(q.Kind == "" || row.Kind == q.Kind) && (len(q.Statuses) == 0 || slices.Contains(q.Statuses, row.Status)) &&
			(q.From.IsZero() || !row.CreatedAt.Before(q.From)) && (q.To.IsZero() || row.CreatedAt.Before(q.To)) &&
			(q.Before == ports.SessionMark{} || newerSession(q.Before, markOf(row)) < 0)
	})
	slices.SortFunc(rows, func(a, b sessionRow) int { return newerSession(markOf(a), markOf(b)) })
	rows, more := first(rows, q.Limit)
	page := ports.SessionPage{More: more}
	for _, row := range rows {
		page.Sessions = append(page.Sessions, q.Without.LeftOut(snapshot(now, row)))
	}
	return page, nil
}

func markOf(row sessionRow) ports.SessionMark {
	return ports.SessionMark{At: row.CreatedAt, ID: row.ID}
}

func newerSession(a, b ports.SessionMark) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
}

// Taken implements ports.SessionReads.
func (s *Store) Taken(
	_ context.Context, a chain.Asset, at chain.Address, from, to *big.Int,
) ([]*big.Int, error) {
	now := s.committed.Load()
	var taken []*big.Int
	for slot, id := range now.amounts.all() {
		if slot.network != a.Network || slot.contract != a.Contract || slot.at != at {
			continue
		}
		i, _ := now.intents.get(id)
		if i.Units.Cmp(from) >= 0 && i.Units.Cmp(to) <= 0 {
			taken = append(taken, cloneUnits(i.Units))
		}
	}
	slices.SortFunc(taken, (*big.Int).Cmp)
	return taken, nil
}

// Held implements ports.SessionReads.
func (s *Store) Held(_ context.Context, ts []chain.Transfer) ([]*ports.HeldAmount, error) {
	now := s.committed.Load()
	out := make([]*ports.HeldAmount, len(ts))
	for n, t := range ts {
		if t.Asset.Network != t.Network {
			continue
		}
		id, held := now.amounts.get(amount{t.Network, t.Asset.Contract, t.To, everyAmount})
		if !held {
			id, held = now.amounts.get(amountOf(t.Asset, t.To, t.Units))
		}
		if !held {
			continue
		}
		i, _ := now.intents.get(id)
		session, _ := now.sessions.get(i.SessionID)
		out[n] = &ports.HeldAmount{Intent: cloneIntent(i), Owner: session.ProjectID}
	}
	return out, nil
}

// Receivers implements ports.SessionReads.
func (s *Store) Receivers(
	_ context.Context, n chain.Network, since time.Time,
) ([]chain.Address, error) {
	now := s.committed.Load()
	family := n.Family()
	var out []chain.Address
	for _, a := range now.receiving.all() {
		if slices.Contains(family, a.Network) && (a.RemovedAt.IsZero() || !a.RemovedAt.Before(since)) {
			out = append(out, a.Address)
		}
	}
	for _, i := range now.intents.all() {
		if slices.Contains(family, i.Asset.Network) && (!i.HoldUntil.Before(since) || now.holds(i)) {
			out = append(out, i.Address)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Awaits implements ports.SessionReads.
func (s *Store) Awaits(
	_ context.Context, a chain.Asset, since, promised time.Time,
) (ports.Await, error) {
	now := s.committed.Load()
	for _, i := range now.intents.all() {
		if i.Asset.Network == a.Network && i.Asset.Contract == a.Contract &&
			!i.HoldUntil.Before(promised) && now.holds(i) {
			return ports.Promised, nil
		}
	}
	for _, r := range now.receiving.all() {
		if r.Network == a.Network && r.Asset == a.Symbol &&
			(r.RemovedAt.IsZero() || !r.RemovedAt.Before(since)) {
			return ports.Invited, nil
		}
	}
	return ports.Nobody, nil
}

// AwaitedSince implements ports.SessionReads.
func (s *Store) AwaitedSince(_ context.Context, a chain.Asset, since time.Time) (first time.Time, err error) {
	for _, r := range s.committed.Load().receiving.all() {
		if r.Network == a.Network && r.Asset == a.Symbol &&
			(r.RemovedAt.IsZero() || !r.RemovedAt.Before(since)) && (first.IsZero() || r.CreatedAt.Before(first)) {
			first = r.CreatedAt
		}
	}
	return first, nil
}

// Owners implements ports.SessionReads.
func (s *Store) Owners(
	_ context.Context, n chain.Network, at []chain.Address,
) (map[chain.Address]merchant.ProjectID, error) {
	now := s.committed.Load()
	owners := make(map[chain.Address]merchant.ProjectID)
	for _, address := range at {
		for _, among := range [][]chain.Network{{n}, n.Family()} {
			if owner := now.ownerOf(among, address); owner != "" {
				owners[address] = owner
				break
			}
		}
	}
	return owners, nil
}

// succeeded reports whether an account ends because one without an end takes its place.
func succeeded(s *state, a merchant.ReceivingAccount) bool {
	_, found := s.receiving.find(func(o merchant.ReceivingAccount) bool {
		return o.Replaces == a.ID && o.RemovedAt.IsZero() && o.ActiveFrom.Equal(a.RemovedAt)
	})
	return found
}

// ownerOf is the project an address belongs to on some networks, "" if nobody's.
func (s *state) ownerOf(among []chain.Network, at chain.Address) merchant.ProjectID {
	issued := s.intents.where(func(i checkout.Intent) bool {
		return slices.Contains(among, i.Asset.Network) && i.Address == at
	})
	if len(issued) > 0 {
		last := slices.MaxFunc(issued, func(a, b checkout.Intent) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		})
		session, _ := s.sessions.get(last.SessionID)
		return session.ProjectID
	}
	accounts := s.receiving.where(func(a merchant.ReceivingAccount) bool {
		return slices.Contains(among, a.Network) && a.Address == at &&
			(a.RemovedAt.IsZero() || succeeded(s, a))
	})
	if len(accounts) == 0 {
		return ""
	}
	return slices.MinFunc(accounts, newerAccount).ProjectID
}

// KnownSince implements ports.SessionReads.
func (s *Store) KnownSince(
	_ context.Context, n chain.Network, at []chain.Address,
) (map[chain.Address]time.Time, error) {
	now, among := s.committed.Load(), n.Family()
	known := make(map[chain.Address]time.Time)
	note := func(a chain.Address, since time.Time) {
		if first, found := known[a]; !found || since.Before(first) {
			known[a] = since
		}
	}
	for _, a := range now.receiving.where(func(a merchant.ReceivingAccount) bool {
		return slices.Contains(among, a.Network) && slices.Contains(at, a.Address)
	}) {
		note(a.Address, a.CreatedAt)
	}
	for _, i := range now.intents.where(func(i checkout.Intent) bool {
		return slices.Contains(among, i.Asset.Network) && slices.Contains(at, i.Address)
	}) {
		note(i.Address, i.CreatedAt)
	}
	return known, nil
}
