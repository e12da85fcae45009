package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// signings are the payments about to be signed for, of each rail by itself: they share its lanes and its
// budget. The zero value is ready.
type signings struct {
	mu sync.Mutex
	of map[railMark]*together[*signing]
}

// railMark names a rail.
type railMark struct {
	mode    merchant.Mode
	network x402.Network
}

func (s *signings) on(r TokenRail) *together[*signing] {
	s.mu.Lock()
	defer s.mu.Unlock()
	mark := railMark{r.Mode, r.Network()}
	if s.of == nil {
		s.of = make(map[railMark]*together[*signing])
	}
	if s.of[mark] == nil {
		s.of[mark] = &together[*signing]{}
	}
	return s.of[mark]
}

// signing is a claimed payment to be signed for by an account.
type signing struct {
	step

	deal    Deal
	account x402.Address
	order   ports.AuthorizationOrder
	fees    ports.RelayFees
	floor   uint64 // of the account, when it was asked
	tx      ports.RelayTransaction

	row ports.AuthorizationRow // loaded
}

func keyOfSigning(one *signing) x402.ClaimKey { return one.deal.key() }

// signAll stores signed transactions for many payments of one rail in one unit of work. What would be
// refused is left to its caller, who is told why. Lanes are taken in the order of the rail's accounts.
func (s *Relayer) signAll(ctx context.Context, all []*signing) {
	all = oneOfEach(all, keyOfSigning)
	var signed []*signing
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		signed = nil
		now, rail := s.now(), all[0].deal.Rail
		claimed, err := loadClaimed(ctx, r, all, now)
		if err != nil || len(claimed) == 0 {
			return err
		}
		purse, err := openPurse(ctx, r, rail, now)
		if err != nil {
			return err
		}
		for _, account := range rail.Relay.Accounts() {
			done, err := s.signLane(ctx, r, lanework{account, purse, now}, claimed)
			if err != nil {
				return err
			}
			signed = append(signed, done...)
		}
		return nil
	})
	for _, one := range signed {
		one.done = err == nil
	}
	refuse(all, err, func(one *signing) *step { return &one.step })
}

// loadClaimed are those of many that may still be signed for, loaded.
func loadClaimed(
	ctx context.Context, r ports.Repos, all []*signing, now time.Time,
) (claimed []*signing, err error) {
	rows, err := r.Authorizations.LoadAll(ctx, keysOf(all, keyOfSigning))
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		row, there := rows[one.deal.key()]
		if !there || row.Settlement.Snapshot().Status != x402.Claimed || one.deal.Verified.Still(now) != nil {
			continue
		}
		row.Order = one.order
		if row, err := using(row, one.deal.Verified.Due().Value); err == nil { // otherwise whoever signs it alone is told
			one.row = row
			claimed = append(claimed, one)
		}
	}
	return claimed, nil
}

// lanework is the lane that is worked on, and what may still be burnt.
type lanework struct {
	account x402.Address
	purse   purse
	now     time.Time
}

// signLane gives nonces to those of many that an account signs for, and stores what it signs.
func (s *Relayer) signLane(
	ctx context.Context, r ports.Repos, at lanework, claimed []*signing,
) (signed []*signing, err error) {
	mine := slices.DeleteFunc(slices.Clone(claimed), func(one *signing) bool { return one.account != at.account })
	if len(mine) == 0 {
		return nil, nil
	}
	lane, err := r.Lanes.Load(ctx, mine[0].deal.Rail.Network(), at.account)
	if err != nil {
		return nil, err
	}
	var txs []ports.RelayTransaction
	for _, one := range mine {
		if s.signNext(at, &lane, one) {
			signed, txs = append(signed, one), append(txs, one.tx)
		}
	}
	if len(signed) == 0 {
		return nil, nil
	}
	if err := r.Lanes.AddAll(ctx, txs); err != nil {
		return nil, err
	}
	for _, one := range signed {
		if _, err := advance(ctx, r, one.row, at.now, signedAs(one.tx.TxID)); err != nil {
			return nil, err
		}
		if err := keep(ctx, r, one.deal.key(), one.deal.Answer); err != nil {
			return nil, err
		}
	}
	return signed, r.Lanes.Save(ctx, lane)
}

// signNext signs with the next nonce of a lane that is held, unless something is in the way.
func (s *Relayer) signNext(at lanework, held *ports.Lane, one *signing) bool {
	rail := one.deal.Rail
	floor := max(one.floor, s.floors.least(rail.Network(), at.account)) // what waited has seen it rise
	next := max(held.Next, floor)
	if next-floor >= maxUnmined || !at.purse.allows(one.fees) {
		return false
	}
	due := one.row.Settlement.Snapshot().Due
	tx, err := rail.Relay.Sign(at.account, next, due, one.order, one.fees)
	if err != nil {
		return false // whoever signs it alone is told
	}
	tx.Key, tx.SignedAt = due.Key(), at.now
	at.purse.take(one.fees)
	held.Next, one.tx = next+1, tx
	return true
}
