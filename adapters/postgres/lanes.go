package postgres

import (
	"context"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// lanes are the nonces of relayers, and what they signed.
type lanes struct {
	laneReads
}

type laneRow struct{ Next uint64 }

// Load writes, because a row that is not there yet cannot be locked.
func (r lanes) Load(
	ctx context.Context, n x402.Network, account x402.Address,
) (ports.Lane, error) {
	row, err := one[laneRow](ctx, r.source, `INSERT INTO x402_lanes (network, account, next) VALUES ($1, $2, 0)
		ON CONFLICT (network, account) DO UPDATE SET next = x402_lanes.next RETURNING next`,
		prepared, chainID(n), account[:])
	return ports.Lane{Network: n, Account: account, Next: row.Next}, err
}

func (r lanes) Save(ctx context.Context, l ports.Lane) error {
	_, err := exec(ctx, r.source, `INSERT INTO x402_lanes (network, account, next) VALUES ($1, $2, $3)
		ON CONFLICT (network, account) DO UPDATE SET next = EXCLUDED.next`,
		prepared, chainID(l.Network), l.Account[:], height(l.Next))
	return err
}

func (r lanes) Add(ctx context.Context, t ports.RelayTransaction) error {
	return r.AddAll(ctx, []ports.RelayTransaction{t})
}

// AddAll is one statement, because the lane is held while it runs.
func (r lanes) AddAll(ctx context.Context, ts []ports.RelayTransaction) error {
	var rows relayedRows
	for _, t := range ts {
		rows.add(t)
	}
	n, err := exec(ctx, r.source, `
		INSERT INTO x402_transactions (txid, network, account, nonce, key, raw, gas, max_fee, tip,
			expected_price, signed_at, sent_at, mined_at, cost)
		SELECT txid, network, account, nonce, key, raw, gas, max_fee, tip, expected_price, signed_at, sent_at,
			mined_at, cost
		FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bytea[],
			$7::bigint[], $8::numeric[], $9::numeric[], $10::numeric[], $11::timestamptz[], $12::timestamptz[],
			$13::timestamptz[], $14::numeric[]) WITH ORDINALITY AS f (txid, network, account, nonce, key, raw, gas,
			max_fee, tip, expected_price, signed_at, sent_at, mined_at, cost, position)
		ORDER BY position ON CONFLICT (txid) DO NOTHING`,
		prepared, rows.ids, rows.networks, rows.accounts, rows.nonces, rows.keys, rows.raws, rows.gas, rows.maxFees,
		rows.tips, rows.prices, rows.signed, rows.sent, rows.mined, rows.costs)
	if err == nil && n < int64(len(ts)) {
		return ports.ErrTaken
	}
	return err
}

// relayedRows are transactions, column by column.
type relayedRows struct {
	ids, accounts, keys, raws [][]byte
	networks, nonces, gas     []int64
	maxFees, tips             []string
	prices, costs             []*string
	signed                    []time.Time
	sent, mined               []*time.Time
}

func (c *relayedRows) add(t ports.RelayTransaction) {
	var key []byte
	if t.Key != (x402.ClaimKey{}) {
		key = keyBytes(t.Key)
	}
	c.ids, c.accounts = append(c.ids, t.TxID[:]), append(c.accounts, t.Account[:])
	c.keys, c.raws = append(c.keys, key), append(c.raws, orEmpty(t.Raw))
	c.networks, c.nonces = append(c.networks, chainID(t.Network)), append(c.nonces, height(t.Nonce))
	c.gas = append(c.gas, height(t.Fees.Gas))
	c.maxFees, c.tips = append(c.maxFees, t.Fees.MaxFee.String()), append(c.tips, t.Fees.Tip.String())
	c.prices, c.costs = append(c.prices, wei(t.Fees.ExpectedPrice)), append(c.costs, wei(t.Cost))
	c.signed = append(c.signed, t.SignedAt)
	c.sent, c.mined = append(c.sent, orNull(t.SentAt)), append(c.mined, orNull(t.MinedAt))
}

// wei keeps an amount nobody knows as NULL.
func wei(n *big.Int) *string {
	if n == nil {
		return nil
	}
	s := n.String()
	return &s
}

func (r lanes) Sent(ctx context.Context, at time.Time, ids ...x402.Hash) error {
	sent := make([][]byte, len(ids))
	for i, id := range ids {
		sent[i] = id[:]
	}
	n, err := exec(ctx, r.source, "UPDATE x402_transactions SET sent_at = $2 WHERE txid = ANY($1::bytea[])",
		prepared, sent, at)
	if err == nil && n < int64(len(ids)) {
		err = ports.ErrNotFound
	}
	return err
}

type minedMark struct{ Same bool }

// Mined writes all transactions of the nonce at once: of two that are said to be mined, whoever comes
// second waits for the first and finds his void.
func (r lanes) Mined(ctx context.Context, id x402.Hash, at time.Time, cost *big.Int) error {
	n, err := exec(ctx, r.source, `
		UPDATE x402_transactions t SET
			mined_at = CASE WHEN t.txid = $1 THEN $2::timestamptz END,
			cost = CASE WHEN t.txid = $1 THEN $3::numeric END,
			void = t.txid <> $1
		FROM x402_transactions m
		WHERE m.txid = $1 AND t.network = m.network AND t.account = m.account AND t.nonce = m.nonce
			AND t.mined_at IS NULL AND NOT t.void AND `+noneMined, prepared, id[:], at, cost.String())
	if err != nil || n > 0 {
		return err
	}
	mark, err := one[minedMark](ctx, r.source,
		"SELECT mined_at IS NOT NULL AS same FROM x402_transactions WHERE txid = $1", prepared, id[:])
	if err == nil && !mark.Same {
		return ports.ErrStale
	}
	return err
}

// noneMined says of a transaction t that none of its nonce was mined. Those that were there are void
// since; one that was signed at the same moment is not.
const noneMined = `NOT EXISTS (SELECT FROM x402_transactions o WHERE o.network = t.network
	AND o.account = t.account AND o.nonce = t.nonce AND o.mined_at IS NOT NULL)`
