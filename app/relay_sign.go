package app

import (
	"context"
	"errors"
	"fmt"
	"math/big"
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

// ErrGasBudgetSpent says that a transaction could burn more than the operator lets a network burn in 24 hours.
// There is room again when what is on its way was mined and cost less than it might have, or as time passes.
var ErrGasBudgetSpent = fault.New(fault.Unavailable, "gas_budget_spent",
	"the gateway has spent what it may spend on this network's fees in 24 hours; do not sign again, "+
		"present the same payment later").After(time.Minute)

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
	one := &signing{deal: d, account: account, order: order, fees: fees, floor: floor}
	if err := s.signings.on(d.Rail).do(ctx, one, s.signAll); err != nil {
		return ports.RelayTransaction{}, err
	}
	if one.left() {
		return s.signAlone(ctx, one)
	}
	return one.tx, one.err
}

// signAlone signs in a unit of work of its own, or says why not.
func (s *Relayer) signAlone(ctx context.Context, one *signing) (out ports.RelayTransaction, err error) {
	d := one.deal
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
		row.Order = one.order
		if row, err = using(row, d.Verified.Due().Value); err != nil {
			return err
		}
		out, err = s.enlist(ctx, r, errand{d.Rail, one.account, one.floor, one.fees, row, now})
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

// withinBudget refuses a transaction that could burn more than a network may burn in a day.
func withinBudget(ctx context.Context, r ports.Repos, e errand) error {
	purse, err := openPurse(ctx, r, e.rail, e.now)
	if err != nil {
		return err
	}
	if !purse.allows(e.fees) {
		return fmt.Errorf("the budget of 24 hours is %s wei: %w", e.rail.Budget, ErrGasBudgetSpent)
	}
	return nil
}

// purse is what a network may still burn, in wei; nil for whatever it likes.
type purse struct{ left *big.Int }

// openPurse counts what a network may still burn. Whoever asks holds the lane of the network's first account
// from then on, so that two accounts do not both take the last of it.
func openPurse(ctx context.Context, r ports.Repos, rail TokenRail, now time.Time) (purse, error) {
	if rail.Budget == nil {
		return purse{}, nil
	}
	if _, err := r.Lanes.Load(ctx, rail.Network(), rail.Relay.Accounts()[0]); err != nil {
		return purse{}, err
	}
	spent, err := r.Lanes.Spent(ctx, rail.Network(), now.Add(-budgetPeriod))
	if err != nil {
		return purse{}, err
	}
	return purse{new(big.Int).Sub(rail.Budget, spent)}, nil
}

// allows reports whether a transaction may burn what it can.
func (p purse) allows(f ports.RelayFees) bool {
	return p.left == nil || f.Ceiling().Cmp(p.left) <= 0
}

// take notes that a transaction was signed.
func (p purse) take(f ports.RelayFees) {
	if p.left != nil {
		p.left.Sub(p.left, f.Ceiling())
	}
}
