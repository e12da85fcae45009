package portstest

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var lanePromises = []promise{
	{"a lane that was never used begins at 0, and is moved", lanesMoved},
	{"many who give out nonces leave no gap and no double", lanesRace},
	{"a unit that fails gives its nonce back", lanesRollBack},
	{"a transaction comes back whole, once, newest first", relayedWhole},
	{"many transactions are recorded in turn, or none", relayedTogether},
	{"when it was sent is noted", relayedSent},
	{"a mined transaction voids the others of its nonce", relayedMined},
	{"of many who are mined with one nonce one is", relayedMinedRace},
	{"unmined transactions are the newest of each nonce, lowest first", relayedUnmined},
	{"what was burnt and may be burnt is summed", relayedSpent},
}

var base = x402.NetworkOf(chain.Base)

// laneWork runs work on lanes that must succeed.
func laneWork(t *testing.T, w World, fn func(ctx context.Context, l ports.Lanes) error) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return fn(ctx, r.Lanes) })
}

func laneOf(t *testing.T, w World, n x402.Network, account x402.Address) ports.Lane {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (ports.Lane, error) {
		return r.Lanes.Load(ctx, n, account)
	})
}

func lanesMoved(t *testing.T, w World) {
	account := EVMAccount()
	same(t, laneOf(t, w, base, account), ports.Lane{Network: base, Account: account})
	laneWork(t, w, func(ctx context.Context, l ports.Lanes) error {
		return l.Save(ctx, ports.Lane{Network: base, Account: account, Next: 7})
	})
	same(t, laneOf(t, w, base, account).Next, uint64(7))
	same(t, laneOf(t, w, base+1, account).Next, uint64(0))
	same(t, laneOf(t, w, base, EVMAccount()).Next, uint64(0))
}

// giveOut gives out the next nonce of a lane.
func giveOut(ctx context.Context, l ports.Lanes, account x402.Address) error {
	lane, err := l.Load(ctx, base, account)
	if err != nil {
		return err
	}
	if err := l.Add(ctx, Relayed(account, lane.Next, x402.ClaimKey{})); err != nil {
		return err
	}
	lane.Next++
	return l.Save(ctx, lane)
}

// gapless stops the test unless the unmined nonces of an account are the first n.
func gapless(t *testing.T, w World, account x402.Address, n int) {
	t.Helper()
	sent, err := w.Lanes.Unmined(t.Context(), base, account, 0, 10*n+10)
	ok(t, err)
	same(t, len(sent), n)
	for i := range sent {
		same(t, sent[i].Nonce, uint64(i))
		of, err := w.Lanes.OfSettlement(t.Context(), sent[i].Key)
		ok(t, err)
		same(t, of, []ports.RelayTransaction(nil)) // what only fills a gap is of no settlement
	}
	same(t, laneOf(t, w, base, account).Next, uint64(n))
}

func lanesRace(t *testing.T, w World) {
	const hands = 16
	account := EVMAccount()
	for range 3 {
		allWon(t, race(hands, func(int) error {
			return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				return giveOut(ctx, r.Lanes, account)
			})
		}))
	}
	gapless(t, w, account, 3*hands)
}

func lanesRollBack(t *testing.T, w World) {
	account, stop := EVMAccount(), errors.New("stop")
	for i := range 4 {
		err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			if err := giveOut(ctx, r.Lanes, account); err != nil || i%2 == 1 {
				return err
			}
			return stop
		})
		same(t, errors.Is(err, stop), i%2 == 0)
	}
	gapless(t, w, account, 2)
}

// add records transactions, each in its own unit.
func add(t *testing.T, w World, ts ...ports.RelayTransaction) {
	t.Helper()
	for _, tx := range ts {
		laneWork(t, w, func(ctx context.Context, l ports.Lanes) error { return l.Add(ctx, tx) })
	}
}

func relayedFor(t *testing.T, w World, k x402.ClaimKey, want ...ports.RelayTransaction) {
	t.Helper()
	got, err := w.Lanes.OfSettlement(t.Context(), k)
	ok(t, err)
	same(t, got, want)
	same(t, in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.RelayTransaction, error) {
		return r.Lanes.OfSettlement(ctx, k)
	}), want)
}

func relayedWhole(t *testing.T, w World) {
	shop, account := OpenShop(t, w), EVMAccount()
	k, other := keyOf(shop.AddAuthorization(t, x402.Signed)), keyOf(shop.AddAuthorization(t, x402.Signed))
	first, second, third := Relayed(account, 0, k), Relayed(account, 0, k), Relayed(account, 1, other)
	second.Fees.MaxFee = new(big.Int).Lsh(big.NewInt(1), 200)
	second.SentAt, third.SignedAt = Epoch.Add(time.Second), Epoch.Add(-time.Hour)
	add(t, w, first, second, third, Relayed(account, 2, x402.ClaimKey{}))
	relayedFor(t, w, k, second, first)
	relayedFor(t, w, other, third)
	relayedFor(t, w, x402.ClaimKey{})
	relayedFor(t, w, keyOf(shop.Authorization(t, x402.Signed)))
	fresh := Relayed(account, 3, k)
	laneWork(t, w, func(ctx context.Context, l ports.Lanes) error {
		isTaken(t, l.Add(ctx, first), "")
		return l.Add(ctx, fresh)
	})
	relayedFor(t, w, k, fresh, second, first)
}

func relayedTogether(t *testing.T, w World) {
	k, account := keyOf(OpenShop(t, w).AddAuthorization(t, x402.Signed)), EVMAccount()
	first, second, gap := Relayed(account, 0, k), Relayed(account, 1, k), Relayed(account, 2, x402.ClaimKey{})
	first.Fees.ExpectedPrice, second.SentAt = nil, Epoch.Add(time.Second)
	gap.MinedAt, gap.Cost = Epoch, big.NewInt(5)
	laneWork(t, w, func(ctx context.Context, l ports.Lanes) error {
		return l.AddAll(ctx, []ports.RelayTransaction{first, second, gap})
	})
	relayedFor(t, w, k, second, first)
	unmined(t, w, account, 10, first, second)
	fresh := Relayed(account, 3, k)
	for _, twice := range [][]ports.RelayTransaction{{fresh, first}, {fresh, fresh}} {
		refused(t, w, ports.ErrTaken, func(ctx context.Context, r ports.Repos) error {
			return r.Lanes.AddAll(ctx, twice)
		})
	}
	laneWork(t, w, func(ctx context.Context, l ports.Lanes) error { return l.AddAll(ctx, nil) })
	relayedFor(t, w, k, second, first)
}

func relayedSent(t *testing.T, w World) {
	k := keyOf(OpenShop(t, w).AddAuthorization(t, x402.Signed))
	tx, other := Relayed(EVMAccount(), 0, k), Relayed(EVMAccount(), 0, k)
	add(t, w, tx, other)
	for i := range 2 {
		tx.SentAt = Epoch.Add(time.Duration(i) * time.Second)
		laneWork(t, w, func(ctx context.Context, l ports.Lanes) error {
			return l.Sent(ctx, tx.SentAt, tx.TxID)
		})
		relayedFor(t, w, k, other, tx)
	}
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Lanes.Sent(ctx, Epoch, Unique())
	})
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Lanes.Sent(ctx, Epoch, tx.TxID, Unique())
	})
	tx.SentAt, other.SentAt = Epoch.Add(time.Minute), Epoch.Add(time.Minute)
	laneWork(t, w, func(ctx context.Context, l ports.Lanes) error {
		return l.Sent(ctx, tx.SentAt, tx.TxID, other.TxID)
	})
	relayedFor(t, w, k, other, tx)
}

func mine(t *testing.T, w World, id x402.Hash, at time.Time, cost int64) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Lanes.Mined(ctx, id, at, big.NewInt(cost))
	})
}

// unmined lists what is not mined in both ways, which must agree.
func unmined(t *testing.T, w World, account x402.Address, limit int, want ...ports.RelayTransaction) {
	t.Helper()
	got, err := w.Lanes.Unmined(t.Context(), base, account, 0, limit)
	ok(t, err)
	same(t, got, want)
	same(t, in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.RelayTransaction, error) {
		return r.Lanes.Unmined(ctx, base, account, 0, limit)
	}), want)
}

func relayedMined(t *testing.T, w World) {
	k, account := keyOf(OpenShop(t, w).AddAuthorization(t, x402.Signed)), EVMAccount()
	first, second := Relayed(account, 0, k), Relayed(account, 0, k)
	next, elsewhere := Relayed(account, 1, k), Relayed(EVMAccount(), 0, k)
	add(t, w, first, second, next, elsewhere)
	ok(t, mine(t, w, first.TxID, Epoch, 77))
	ok(t, mine(t, w, first.TxID, Epoch.Add(time.Hour), 1)) // the first word counts
	first.MinedAt, first.Cost = Epoch, big.NewInt(77)
	relayedFor(t, w, k, elsewhere, next, second, first)
	isFault(t, mine(t, w, second.TxID, Epoch, 1), ports.ErrStale)
	isFault(t, mine(t, w, Unique(), Epoch, 1), ports.ErrNotFound)
	relayedFor(t, w, k, elsewhere, next, second, first)
	unmined(t, w, account, 10, next)
	unmined(t, w, elsewhere.Account, 10, elsewhere)
	late := Relayed(account, 0, k) // signed before anybody saw the other one mined
	add(t, w, late)
	unmined(t, w, account, 10, next)
}

func relayedMinedRace(t *testing.T, w World) {
	account := EVMAccount()
	of := make([]ports.RelayTransaction, racers)
	for i := range of {
		of[i] = Relayed(account, 0, x402.ClaimKey{})
	}
	add(t, w, of...)
	oneWinner(t, race(racers, func(i int) error { return mine(t, w, of[i].TxID, Epoch, 1) }), ports.ErrStale)
	unmined(t, w, account, 10)
}

func relayedUnmined(t *testing.T, w World) {
	account := EVMAccount()
	old, low := Relayed(account, 1, x402.ClaimKey{}), Relayed(account, 0, x402.ClaimKey{})
	newer, high := Relayed(account, 1, x402.ClaimKey{}), Relayed(account, 2, x402.ClaimKey{})
	add(t, w, high, old, low, newer)
	unmined(t, w, account, 10, low, newer, high)
	unmined(t, w, account, 2, low, newer)
	unmined(t, w, account, 0)
	unmined(t, w, EVMAccount(), 10)
	got, err := w.Lanes.Unmined(t.Context(), base+1, account, 0, 10)
	ok(t, err)
	same(t, got, []ports.RelayTransaction(nil))
	for from, want := range [][]ports.RelayTransaction{{low, newer, high}, {newer, high}, {high}, nil} {
		got, err := w.Lanes.Unmined(t.Context(), base, account, uint64(from), 10)
		ok(t, err)
		same(t, got, want)
		same(t, in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.RelayTransaction, error) {
			return r.Lanes.Unmined(ctx, base, account, uint64(from), 10)
		}), want)
	}
}

func relayedSpent(t *testing.T, w World) {
	account := EVMAccount()
	spent := func(since time.Time, want int64) {
		t.Helper()
		got, err := w.Lanes.Spent(t.Context(), base, since)
		ok(t, err)
		same(t, got, big.NewInt(want))
		same(t, in(t, w, func(ctx context.Context, r ports.Repos) (*big.Int, error) {
			return r.Lanes.Spent(ctx, base, since)
		}), big.NewInt(want))
	}
	spent(Epoch, 0)
	tx := func(nonce uint64, maxFee int64, after time.Duration) ports.RelayTransaction {
		t := Relayed(account, nonce, x402.ClaimKey{})
		t.Fees.MaxFee, t.SignedAt = big.NewInt(maxFee), Epoch.Add(after)
		return t
	}
	burnt, void := tx(0, 10, 0), tx(0, 11, 0)
	cheap, dear, filler := tx(1, 10, 0), tx(1, 12, time.Second), tx(1, 3, 2*time.Second)
	old, other := tx(2, 10, -time.Hour), tx(3, 10, 0)
	other.Network = base + 1
	add(t, w, burnt, void, cheap, dear, filler, old, other)
	spent(Epoch, 1_100_000+1_200_000)
	ok(t, mine(t, w, burnt.TxID, Epoch.Add(time.Minute), 777))
	spent(Epoch, 777+1_200_000)
	spent(Epoch.Add(-time.Hour), 777+1_200_000+1_000_000)
	spent(Epoch.Add(2*time.Second), 777+300_000)
	spent(Epoch.Add(time.Minute), 777)
	spent(Epoch.Add(time.Minute+time.Microsecond), 0)
}
