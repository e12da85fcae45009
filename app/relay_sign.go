package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// ErrRelayerBusy says that as many transactions are on their way as may be.
var ErrRelayerBusy = fault.New(fault.Unavailable, "relayer_busy",
	"too many payments are on their way to this network; do not sign again, present the same payment later").
	After(5 * time.Second)

// sign stores a signed transaction for a claimed payment by the first account that may send one more.
func (s *Relayer) sign(ctx context.Context, d Deal) (tx ports.RelayTransaction, err error) {
	accounts, err := s.floors.able(d.Rail, d.Verified.Authorization())
	if err != nil {
		return tx, err
	}
	for _, account := range accounts {
		if tx, err = s.signAs(ctx, d, account); !errors.Is(err, ErrRelayerBusy) {
			break
		}
	}
	return tx, err
}

// signAs stores a transaction signed by an account for a claimed payment and says so in its settlement, all
// at once. Fees are asked for before: nothing is asked while a lane is held.
func (s *Relayer) signAs(ctx context.Context, d Deal, account x402.Address) (ports.RelayTransaction, error) {
	order := ports.OrderOf(d.Verified, d.Route)
	fees, err := d.Rail.Relay.Quote(ctx, account, d.Verified.Due(), order)
	if err != nil {
		return ports.RelayTransaction{}, err
	}
	floor, err := s.floor(ctx, d.Rail.Relay, account)
	if err != nil {
		return ports.RelayTransaction{}, err
	}
	var out ports.RelayTransaction
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		now := s.now()
		if err := d.Verified.Still(now); err != nil {
			return err
		}
		row, err := r.Authorizations.Load(ctx, d.key())
		if err != nil {
			return err
		}
		if row.Settlement.Snapshot().Status != x402.Claimed {
			return x402.ErrTransition
		}
		row.Order = order
		if row, err = using(row, d.Verified.Due().Value); err != nil {
			return err
		}
		out, err = s.enlist(ctx, r, errand{d.Rail, account, floor, fees, row, now})
		if err != nil {
			return err
		}
		return keep(ctx, r, d.key(), d.Answer)
	})
	return out, err
}

// using makes a claim be of what was used of it, and be booked as that.
func using(row ports.AuthorizationRow, used x402.Uint256) (ports.AuthorizationRow, error) {
	if used == row.Settlement.Snapshot().Due.Value {
		return row, nil
	}
	settlement, err := row.Settlement.Use(used)
	if err != nil {
		return row, err
	}
	row.Settlement = settlement
	row.Price, err = money.FromMinor(row.Price.Currency(), used.Big())
	return row, err
}

// errand is a transaction about to be signed for a settlement.
type errand struct {
	rail    TokenRail
	account x402.Address
	floor   uint64 // the first nonce no block had used when it was last asked
	fees    ports.RelayFees
	row     ports.AuthorizationRow // loaded
	now     time.Time
}

// enlist gives a transaction its nonce, signs and stores it, and moves its settlement to signed.
func (s *Relayer) enlist(ctx context.Context, r ports.Repos, e errand) (ports.RelayTransaction, error) {
	n, relay := e.rail.Network(), e.rail.Relay
	if err := withinBudget(ctx, r, e); err != nil {
		return ports.RelayTransaction{}, err
	}
	lane, err := r.Lanes.Load(ctx, n, e.account)
	if err != nil {
		return ports.RelayTransaction{}, err
	}
	floor := max(e.floor, s.floors.least(n, e.account)) // what waited for the lane has seen it rise
	lane.Next = max(lane.Next, floor)
	if lane.Next-floor >= maxUnmined { // every nonce between them was given out
		return ports.RelayTransaction{}, ErrRelayerBusy
	}
	due := e.row.Settlement.Snapshot().Due
	tx, err := relay.Sign(e.account, lane.Next, due, e.row.Order, e.fees)
	if err != nil {
		return ports.RelayTransaction{}, err
	}
	tx.Key, tx.SignedAt = due.Key(), e.now
	if err := r.Lanes.Add(ctx, tx); err != nil {
		return ports.RelayTransaction{}, err
	}
	lane.Next++
	if err := r.Lanes.Save(ctx, lane); err != nil {
		return ports.RelayTransaction{}, err
	}
	_, err = advance(ctx, r, e.row, e.now, signedAs(tx.TxID))
	return tx, err
}

// signedAs moves a settlement to signed by a transaction.
func signedAs(tx x402.Hash) change {
	return func(row *ports.AuthorizationRow, now time.Time) error {
		signed, err := row.Settlement.Sign(x402.Relayer, tx)
		row.Settlement, row.LookAt = signed, now.Add(signedPatience)
		return err
	}
}

// withinBudget refuses a transaction that could burn more than a network may burn in a day. Whoever asks
// holds the lane of the network's first account, so that two accounts do not both take the last of it.
func withinBudget(ctx context.Context, r ports.Repos, e errand) error {
	if e.rail.Budget == nil {
		return nil
	}
	if _, err := r.Lanes.Load(ctx, e.rail.Network(), e.rail.Relay.Accounts()[0]); err != nil {
		return err
	}
	spent, err := r.Lanes.Spent(ctx, e.rail.Network(), e.now.Add(-budgetPeriod))
	if err != nil {
		return err
	}
	if spent.Add(spent, e.fees.Ceiling()).Cmp(e.rail.Budget) > 0 {
		return fmt.Errorf("the budget of 24 hours is %s wei: %w", e.rail.Budget, ports.ErrFeesTooHigh)
	}
	return nil
}
