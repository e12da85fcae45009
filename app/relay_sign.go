package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// ErrRelayerBusy says that as many transactions are on their way as may be.
var ErrRelayerBusy = fault.New(fault.Unavailable, "relayer_busy",
	"too many payments are on their way to this network; do not sign again, present the same payment later").
	After(5 * time.Second)

// sign stores a signed transaction for a claimed payment and says so in its settlement, all at once. Fees
// are asked for before: nothing is asked while a lane is held.
func (s *Relayer) sign(ctx context.Context, d Deal) (ports.RelayTransaction, error) {
	account, err := s.account(ctx, d.Rail)
	if err != nil {
		return ports.RelayTransaction{}, err
	}
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
		out, err = s.enlist(ctx, r, errand{d.Rail, account, floor, fees, row, now})
		if err != nil {
			return err
		}
		return keep(ctx, r, d.key(), d.Answer)
	})
	return out, err
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
	unmined, err := r.Lanes.Unmined(ctx, n, e.account, maxUnmined)
	if err != nil {
		return ports.RelayTransaction{}, err
	}
	if len(unmined) >= maxUnmined {
		return ports.RelayTransaction{}, ErrRelayerBusy
	}
	lane.Next = max(lane.Next, e.floor)
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

// account is the account with the fewest transactions on their way.
func (s *Relayer) account(ctx context.Context, rail TokenRail) (x402.Address, error) {
	accounts := rail.Relay.Accounts()
	if len(accounts) == 1 {
		return accounts[0], nil
	}
	fewest, chosen := maxUnmined+1, accounts[0]
	for _, a := range accounts {
		unmined, err := s.Lanes.Unmined(ctx, rail.Network(), a, maxUnmined)
		if err != nil {
			return x402.Address{}, err
		}
		if len(unmined) < fewest {
			fewest, chosen = len(unmined), a
		}
	}
	return chosen, nil
}

// floors remembers the first nonce the chain takes of an account. It matters once per process: an account
// may have been used before this gateway had it, or meanwhile by a copy of it. The zero value is ready.
type floors struct {
	mu sync.Mutex
	of map[lane]uint64
}

// lane names an account on a network.
type lane struct {
	network x402.Network
	account x402.Address
}

func (f *floors) get(l lane) (uint64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next, known := f.of[l]
	return next, known
}

func (f *floors) put(l lane, next uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = make(map[lane]uint64)
	}
	f.of[l] = max(next, f.of[l])
}

// floor is the first nonce of an account that no block has used, as far as is known.
func (s *Relayer) floor(ctx context.Context, relay ports.Relay, account x402.Address) (uint64, error) {
	at := lane{relay.Network(), account}
	if next, known := s.floors.get(at); known {
		return next, nil
	}
	next, balance, err := relay.Standing(ctx, account)
	if err != nil {
		return 0, err
	}
	s.floors.put(at, next)
	s.Log.LogAttrs(ctx, slog.LevelInfo, "relayer account", slog.String("network", at.network.String()),
		slog.String("account", account.String()), slog.Uint64("next", next), slog.String("wei", balance.String()))
	return next, nil
}
