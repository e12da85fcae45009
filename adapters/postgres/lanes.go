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
	var key []byte
	if t.Key != (x402.ClaimKey{}) {
		key = keyBytes(t.Key)
	}
	n, err := exec(ctx, r.source, `
		INSERT INTO x402_transactions (txid, network, account, nonce, key, raw, gas, max_fee, tip,
			expected_price, signed_at, sent_at, mined_at, cost)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (txid) DO NOTHING`,
		prepared, t.TxID[:], chainID(t.Network), t.Account[:], height(t.Nonce), key, orEmpty(t.Raw),
		height(t.Fees.Gas), t.Fees.MaxFee.String(), t.Fees.Tip.String(), wei(t.Fees.ExpectedPrice), t.SignedAt,
		orNull(t.SentAt), orNull(t.MinedAt), wei(t.Cost))
	if err == nil && n == 0 {
		return ports.ErrTaken
	}
	return err
}

// wei keeps an amount nobody knows as NULL.
func wei(n *big.Int) *string {
	if n == nil {
		return nil
	}
	s := n.String()
	return &s
}

func (r lanes) Sent(ctx context.Context, id x402.Hash, at time.Time) error {
	return exists(exec(ctx, r.source, "UPDATE x402_transactions SET sent_at = $2 WHERE txid = $1",
		prepared, id[:], at))
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
