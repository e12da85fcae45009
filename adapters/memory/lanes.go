package memory

import (
	"bytes"
	"cmp"
	"context"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

type lanes struct{ *unit }

type laneKey struct {
	network x402.Network
	account x402.Address
}

// relayed is a transaction of a relayer in the order of insertion.
type relayed = numbered[ports.RelayTransaction]

func cloneRelayed(t ports.RelayTransaction) ports.RelayTransaction {
	t.Raw, t.Cost = bytes.Clone(t.Raw), cloneUnits(t.Cost)
	t.Fees.MaxFee, t.Fees.Tip = cloneUnits(t.Fees.MaxFee), cloneUnits(t.Fees.Tip)
	t.Fees.ExpectedPrice = cloneUnits(t.Fees.ExpectedPrice)
	return t
}

func (r lanes) Load(
	ctx context.Context, n x402.Network, account x402.Address,
) (ports.Lane, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.Lane{}, err
	}
	lane, used := s.lanes.get(laneKey{n, account})
	if !used {
		lane = ports.Lane{Network: n, Account: account}
	}
	return lane, nil
}

func (r lanes) Save(ctx context.Context, l ports.Lane) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	s.lanes.put(r.unit, laneKey{l.Network, l.Account}, l)
	return nil
}

func (r lanes) Add(ctx context.Context, t ports.RelayTransaction) error {
	return r.AddAll(ctx, []ports.RelayTransaction{t})
}

func (r lanes) AddAll(ctx context.Context, ts []ports.RelayTransaction) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	met := make(map[x402.Hash]bool, len(ts))
	for _, t := range ts {
		if _, recorded := s.relayed.get(t.TxID); recorded || met[t.TxID] {
			return ports.ErrTaken
		}
		met[t.TxID] = true
	}
	for _, t := range ts {
		s.relayed.put(r.unit, t.TxID, relayed{cloneRelayed(t), s.next()})
	}
	return nil
}

func (r lanes) Sent(ctx context.Context, at time.Time, ids ...x402.Hash) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		t, err := must(s.relayed.get(id))
		if err != nil {
			return err
		}
		t.row.SentAt = at
		s.relayed.put(r.unit, id, t)
	}
	return nil
}

func (r lanes) Mined(ctx context.Context, id x402.Hash, at time.Time, cost *big.Int) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	t, err := must(s.relayed.get(id))
	if err != nil || !t.row.MinedAt.IsZero() {
		return err
	}
	if s.spentNonces()[nonceOf(t.row)] {
		return ports.ErrStale
	}
	t.row.MinedAt, t.row.Cost = at, cloneUnits(cost)
	s.relayed.put(r.unit, id, t)
	return nil
}

// laneNonce is a nonce of a lane.
type laneNonce struct {
	laneKey
	nonce uint64
}

func nonceOf(t ports.RelayTransaction) laneNonce {
	return laneNonce{laneKey{t.Network, t.Account}, t.Nonce}
}

// spentNonces are the nonces of which a transaction was mined.
func (s *state) spentNonces() map[laneNonce]bool {
	spent := map[laneNonce]bool{}
	for _, t := range s.relayed.all() {
		if !t.row.MinedAt.IsZero() {
			spent[nonceOf(t.row)] = true
		}
	}
	return spent
}

// relayedWhere lists transactions, newest first.
func (s *state) relayedWhere(match func(ports.RelayTransaction) bool) []ports.RelayTransaction {
	found := s.relayed.where(func(t relayed) bool { return match(t.row) })
	slices.SortFunc(found, func(a, b relayed) int { return cmp.Compare(b.number, a.number) })
	var out []ports.RelayTransaction
	for _, t := range found {
		out = append(out, cloneRelayed(t.row))
	}
	return out
}

func (r lanes) OfSettlement(
	ctx context.Context, k x402.ClaimKey,
) ([]ports.RelayTransaction, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return s.relayedFor(k), nil
}

func (r lanes) Unmined(
	ctx context.Context, n x402.Network, account x402.Address, from uint64, limit int,
) ([]ports.RelayTransaction, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return s.unmined(laneKey{n, account}, from, limit), nil
}

func (r lanes) Spent(
	ctx context.Context, n x402.Network, since time.Time,
) (*big.Int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return s.spent(n, since), nil
}

// Lanes answers what relayers sent: ports.LaneReads.
func (s *Store) Lanes() ports.LaneReads { return laneReads{s} }

type laneReads struct{ store *Store }

func (r laneReads) OfSettlement(
	_ context.Context, k x402.ClaimKey,
) ([]ports.RelayTransaction, error) {
	return r.store.committed.Load().relayedFor(k), nil
}

func (r laneReads) Unmined(
	_ context.Context, n x402.Network, account x402.Address, from uint64, limit int,
) ([]ports.RelayTransaction, error) {
	return r.store.committed.Load().unmined(laneKey{n, account}, from, limit), nil
}

func (r laneReads) Spent(_ context.Context, n x402.Network, since time.Time) (*big.Int, error) {
	return r.store.committed.Load().spent(n, since), nil
}

func (s *state) relayedFor(k x402.ClaimKey) []ports.RelayTransaction {
	if k == (x402.ClaimKey{}) {
		return nil
	}
	return s.relayedWhere(func(t ports.RelayTransaction) bool { return t.Key == k })
}

func (s *state) unmined(lane laneKey, from uint64, limit int) []ports.RelayTransaction {
	spent := s.spentNonces()
	rows := s.relayedWhere(func(t ports.RelayTransaction) bool {
		return laneKey{t.Network, t.Account} == lane && t.Nonce >= from && !spent[nonceOf(t)]
	})
	slices.SortStableFunc(rows, func(a, b ports.RelayTransaction) int {
		return cmp.Compare(a.Nonce, b.Nonce)
	})
	rows = slices.CompactFunc(rows, func(a, b ports.RelayTransaction) bool { return a.Nonce == b.Nonce })
	rows, _ = first(rows, limit)
	return rows
}

func (s *state) spent(n x402.Network, since time.Time) *big.Int {
	sum, nonces, ceilings := new(big.Int), s.spentNonces(), map[laneNonce]*big.Int{}
	for _, t := range s.relayedWhere(func(t ports.RelayTransaction) bool { return t.Network == n }) {
		switch at := nonceOf(t); {
		case !t.MinedAt.IsZero():
			if !t.MinedAt.Before(since) {
				sum.Add(sum, t.Cost)
			}
		case nonces[at] || t.SignedAt.Before(since):
		case ceilings[at] == nil || ceilings[at].Cmp(t.Fees.Ceiling()) < 0:
			ceilings[at] = t.Fees.Ceiling()
		}
	}
	for _, most := range ceilings {
		sum.Add(sum, most)
	}
	return sum
}
