package memory

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

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

// holds reports whether an intent's amount is its own still.
func (s *state) holds(i checkout.Intent) bool {
	holder, held := s.amounts.get(slotOf(i))
	return held && holder == i.ID
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
