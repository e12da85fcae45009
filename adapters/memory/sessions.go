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

// everyAmount is no number, so no amount is mistaken for it.
const everyAmount = "every"

func cloneUnits(n *big.Int) *big.Int {
	if n == nil {
		return nil
	}
	return new(big.Int).Set(n)
}

func cloneIntent(i checkout.Intent) checkout.Intent {
	i.Units, i.Terms.Tolerance = cloneUnits(i.Units), cloneUnits(i.Terms.Tolerance)
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
	return checkout.Restore(snapshot(s, row))
}

// snapshot is a session laid open, whoever asks for it his own.
func snapshot(s *state, row sessionRow) checkout.Snapshot {
	snapshot := row.Snapshot
	snapshot.Metadata, snapshot.Paid = maps.Clone(snapshot.Metadata), cloneUnits(snapshot.Paid)
	if i, found := s.intents.get(row.current); found {
		i = cloneIntent(i)
		snapshot.Intent = &i
	}
	if snapshot.Receipt != nil {
		receipt := *snapshot.Receipt
		receipt.Units = cloneUnits(receipt.Units)
		snapshot.Receipt = &receipt
	}
	return snapshot
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
