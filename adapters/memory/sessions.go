package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type sessions struct{ *unit }

// sessionRow is a session without its intent, which is a row of its own.
type sessionRow struct {
	checkout.Snapshot
	current checkout.IntentID
}

// amount is an exact number of units of a token at an address: what one intent at a time may hold.
type amount struct {
	network  chain.Network
	contract string
	at       chain.Address
	units    string
}

func amountOf(a chain.Asset, at chain.Address, units *big.Int) amount {
	return amount{a.Network, a.Contract, at, units.String()}
}

// slotOf is what an intent holds: an exact amount, or at an address of its own every amount.
func slotOf(i checkout.Intent) amount {
	slot := amountOf(i.Asset, i.Address, i.Units)
	if i.Terms.Matching == checkout.Dedicated {
		slot.units = everyAmount
	}
	return slot
}

// everyAmount is no number, so no amount is mistaken for it.
const everyAmount = "every"

// holds reports whether an intent's amount is its own still.
func (s *state) holds(i checkout.Intent) bool {
	holder, held := s.amounts.get(slotOf(i))
	return held && holder == i.ID
}

func cloneUnits(n *big.Int) *big.Int {
	if n == nil {
		return nil
	}
	return new(big.Int).Set(n)
}

func cloneIntent(i checkout.Intent) checkout.Intent {
	i.Units = cloneUnits(i.Units)
	return i
}

// rowOf lays a session down; its intent must be reserved.
func rowOf(s *state, session *checkout.Session) (sessionRow, error) {
	row := sessionRow{Snapshot: session.Snapshot()}
	if i := row.Intent; i != nil {
		if held, found := s.intents.get(i.ID); !found || held.SessionID != row.ID {
			return row, fmt.Errorf("session %s: intent %s is not reserved", row.ID, i.ID)
		}
		row.current, row.Intent = i.ID, nil
	}
	if row.Receipt != nil {
		row.Receipt.Units = cloneUnits(row.Receipt.Units)
	}
	return row, nil
}

// restore takes a session up again.
func restore(s *state, row sessionRow) (*checkout.Session, error) {
	snapshot := row.Snapshot
	snapshot.Metadata = maps.Clone(snapshot.Metadata)
	if i, found := s.intents.get(row.current); found {
		i = cloneIntent(i)
		snapshot.Intent = &i
	}
	if snapshot.Receipt != nil {
		receipt := *snapshot.Receipt
		receipt.Units = cloneUnits(receipt.Units)
		snapshot.Receipt = &receipt
	}
	return checkout.Restore(snapshot)
}

func (r sessions) Add(ctx context.Context, session *checkout.Session) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row, err := rowOf(s, session)
	if err != nil {
		return err
	}
	if row.OrderID != "" {
		if _, taken := byOrderID(s, row.ProjectID, row.Mode, row.OrderID); taken {
			return ports.ErrTaken.About("order_id")
		}
	}
	s.sessions.put(r.unit, row.ID, row)
	r.touched = append(r.touched, row.ID, checkout.SessionID(row.ProjectID))
	return nil
}

func byOrderID(s *state, p merchant.ProjectID, m merchant.Mode, orderID string) (sessionRow, bool) {
	return s.sessions.find(func(o sessionRow) bool {
		return o.ProjectID == p && o.Mode == m && o.OrderID == orderID
	})
}

func (r sessions) Load(ctx context.Context, id checkout.SessionID) (*checkout.Session, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	row, err := must(s.sessions.get(id))
	if err != nil {
		return nil, err
	}
	return restore(s, row)
}

func (r sessions) Save(ctx context.Context, session *checkout.Session) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	next, err := rowOf(s, session)
	if err != nil {
		return err
	}
	row, err := must(s.sessions.get(next.ID))
	if err != nil {
		return err
	}
	if row.Version >= next.Version {
		return ports.ErrStale
	}
	row.Status, row.Version, row.UpdatedAt = next.Status, next.Version, next.UpdatedAt
	row.ExpiresAt, row.Receipt, row.current = next.ExpiresAt, next.Receipt, next.current
	row.Paid, row.Parts = next.Paid, next.Parts
	row.UnderpaidHeld, row.PartsClosed = next.UnderpaidHeld, next.PartsClosed
	s.sessions.put(r.unit, row.ID, row)
	r.touched = append(r.touched, row.ID, checkout.SessionID(row.ProjectID))
	return nil
}

// LoadAll needs no order: one unit of work changes things at a time.
func (r sessions) LoadAll(
	ctx context.Context, ids []checkout.SessionID,
) (map[checkout.SessionID]*checkout.Session, error) {
	found := make(map[checkout.SessionID]*checkout.Session, len(ids))
	for _, id := range ids {
		session, err := r.Load(ctx, id)
		if err != nil {
			return nil, err
		}
		found[id] = session
	}
	return found, nil
}

func (r sessions) AddAll(
	ctx context.Context, list []*checkout.Session,
) (map[checkout.SessionID]bool, error) {
	taken := make(map[checkout.SessionID]bool)
	for _, session := range list {
		switch err := r.Add(ctx, session); {
		case errors.Is(err, ports.ErrTaken):
			taken[session.ID()] = true
		case err != nil:
			return nil, err
		}
	}
	return taken, nil
}

func (r sessions) SaveAll(ctx context.Context, list []*checkout.Session) error {
	for _, session := range list {
		if err := r.Save(ctx, session); err != nil {
			return err
		}
	}
	return nil
}

func (r sessions) ByOrderID(
	ctx context.Context, p merchant.ProjectID, m merchant.Mode, orderID string,
) (*checkout.Session, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	row, found := byOrderID(s, p, m, orderID)
	if !found || orderID == "" {
		return nil, ports.ErrNotFound
	}
	return restore(s, row)
}

func (r sessions) Reserve(ctx context.Context, i checkout.Intent) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if _, known := s.sessions.get(i.SessionID); !known {
		return fmt.Errorf("reserve intent %s: no session %s", i.ID, i.SessionID)
	}
	if _, known := s.intents.get(i.ID); known {
		return fmt.Errorf("reserve intent %s: reserved before", i.ID)
	}
	slot := slotOf(i)
	if _, taken := s.amounts.get(slot); taken {
		return ports.ErrTaken
	}
	s.intents.put(r.unit, i.ID, cloneIntent(i))
	s.amounts.put(r.unit, slot, i.ID)
	return nil
}

func (r sessions) Invite(ctx context.Context, i checkout.Intent) (checkout.Intent, error) {
	s, err := r.state(ctx)
	if err != nil {
		return checkout.Intent{}, err
	}
	if _, known := s.sessions.get(i.SessionID); !known || i.Terms.Matching != checkout.Authorized {
		return checkout.Intent{}, fmt.Errorf("invite by intent %s: session %s, %s", i.ID, i.SessionID, i.Terms.Matching)
	}
	was, invited := s.intents.find(func(o checkout.Intent) bool {
		return o.SessionID == i.SessionID && o.Asset.Network == i.Asset.Network &&
			o.Asset.Contract == i.Asset.Contract && o.Address == i.Address && o.Terms.Matching == checkout.Authorized
	})
	if !invited {
		s.intents.put(r.unit, i.ID, cloneIntent(i))
		was = i
	}
	return cloneIntent(was), nil
}

func (r sessions) IntentOf(
	ctx context.Context, id checkout.SessionID, a chain.Asset,
) (checkout.Intent, error) {
	s, err := r.state(ctx)
	if err != nil {
		return checkout.Intent{}, err
	}
	held := s.intents.where(func(i checkout.Intent) bool {
		return i.SessionID == id && i.Asset == a && s.holds(i)
	})
	if len(held) == 0 {
		return checkout.Intent{}, ports.ErrNotFound
	}
	return cloneIntent(slices.MaxFunc(held, func(x, y checkout.Intent) int {
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), cmp.Compare(x.ID, y.ID))
	})), nil
}

func (r sessions) Extend(ctx context.Context, id checkout.IntentID, expires, hold time.Time) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	i, err := must(s.intents.get(id))
	if err != nil {
		return err
	}
	slot := slotOf(i)
	if holder, taken := s.amounts.get(slot); taken && holder != id {
		return ports.ErrTaken
	}
	i.ExpiresAt, i.HoldUntil = expires, hold
	s.intents.put(r.unit, id, i)
	s.amounts.put(r.unit, slot, id)
	return nil
}

func (r sessions) LetGo(
	ctx context.Context, n chain.Network, now time.Time, limit int,
) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	ended := s.intents.where(func(i checkout.Intent) bool {
		return i.Asset.Network == n && i.HoldUntil.Before(now) && s.holds(i)
	})
	slices.SortFunc(ended, func(a, b checkout.Intent) int {
		return cmp.Or(a.HoldUntil.Compare(b.HoldUntil), cmp.Compare(a.ID, b.ID))
	})
	ended, _ = first(ended, limit)
	for _, i := range ended {
		s.amounts.drop(r.unit, slotOf(i))
	}
	return len(ended), nil
}

func (r sessions) HoldAgain(ctx context.Context, n chain.Network, since time.Time) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	free := s.intents.where(func(i checkout.Intent) bool {
		_, held := s.amounts.get(slotOf(i))
		never := i.Terms.Matching == checkout.Authorized && !i.HoldUntil.After(i.CreatedAt)
		return i.Asset.Network == n && !i.HoldUntil.Before(since) && !held && !never
	})
	slices.SortFunc(free, func(a, b checkout.Intent) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	again := 0
	for _, i := range free {
		if _, held := s.amounts.get(slotOf(i)); !held {
			s.amounts.put(r.unit, slotOf(i), i.ID)
			again++
		}
	}
	return again, nil
}

func (r sessions) Due(
	ctx context.Context, now time.Time, finalTime map[chain.Network]time.Time, limit int,
) ([]checkout.SessionID, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	overdue := s.sessions.where(func(row sessionRow) bool {
		unpaid := row.Status == checkout.Opened || row.Status == checkout.Awaiting
		if !unpaid || !row.ExpiresAt.Before(now) {
			return false
		}
		i, chosen := s.intents.get(row.current)
		return !chosen || finalTime[i.Asset.Network].After(row.ExpiresAt)
	})
	slices.SortFunc(overdue, func(a, b sessionRow) int {
		return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.ID, b.ID))
	})
	overdue, _ = first(overdue, limit)
	ids := make([]checkout.SessionID, len(overdue))
	for i, row := range overdue {
		ids[i] = row.ID
	}
	return ids, nil
}
