package postgres

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Lanes answers what relayers sent: ports.LaneReads.
func (s *Store) Lanes() ports.LaneReads { return laneReads{s.in()} }

type laneReads struct{ source }

type relayedRow struct {
	Txid          []byte
	Network       uint64
	Account       []byte
	Nonce         uint64
	Key           []byte
	Raw           []byte
	Gas           uint64
	MaxFee        string
	Tip           string
	ExpectedPrice string
	SignedAt      time.Time
	SentAt        time.Time
	MinedAt       time.Time
	Cost          string
}

const relayedColumns = `t.txid, t.network, t.account, t.nonce, t.key, t.raw, t.gas, t.max_fee, t.tip,
	t.expected_price, t.signed_at, t.sent_at, t.mined_at, t.cost`

func (r relayedRow) transaction() (ports.RelayTransaction, error) {
	t := ports.RelayTransaction{
		Network: x402.Network(r.Network), Account: x402.Address(r.Account), Nonce: r.Nonce,
		TxID: x402.Hash(r.Txid), Key: keyIn(r.Key), Raw: r.Raw, Fees: ports.RelayFees{Gas: r.Gas},
		SignedAt: r.SignedAt, SentAt: r.SentAt, MinedAt: r.MinedAt,
	}
	for _, n := range []struct {
		text string
		to   **big.Int
	}{
		{r.MaxFee, &t.Fees.MaxFee},
		{r.Tip, &t.Fees.Tip},
		{r.ExpectedPrice, &t.Fees.ExpectedPrice},
		{r.Cost, &t.Cost},
	} {
		if n.text == "" {
			continue
		}
		var err error
		if *n.to, err = integer(n.text); err != nil {
			return t, fmt.Errorf("transaction %s: %w", t.TxID, err)
		}
	}
	return t, nil
}

func (r laneReads) OfSettlement(
	ctx context.Context, k x402.ClaimKey,
) ([]ports.RelayTransaction, error) {
	rows, err := all[relayedRow](ctx, r.source, "SELECT "+relayedColumns+
		" FROM x402_transactions t WHERE t.key = $1 ORDER BY t.number DESC", prepared, keyBytes(k))
	if err != nil {
		return nil, err
	}
	return each(rows, relayedRow.transaction)
}

func (r laneReads) Unmined(
	ctx context.Context, n x402.Network, account x402.Address, from uint64, limit int,
) ([]ports.RelayTransaction, error) {
	rows, err := all[relayedRow](ctx, r.source, "SELECT DISTINCT ON (t.nonce) "+relayedColumns+`
		FROM x402_transactions t
		WHERE t.network = $1 AND t.account = $2 AND t.nonce >= $3 AND t.mined_at IS NULL AND NOT t.void
			AND `+noneMined+`
		ORDER BY t.nonce, t.number DESC LIMIT $4`, prepared, chainID(n), account[:], height(from), limited(limit))
	if err != nil {
		return nil, err
	}
	return each(rows, relayedRow.transaction)
}

type spentRow struct{ Wei string }

// Spent reads the part of an index that is of the time asked for, and no table: 7 ms where 33,000 transactions
// were mined in that time among a million, and as much longer as there were more.
func (r laneReads) Spent(ctx context.Context, n x402.Network, since time.Time) (*big.Int, error) {
	row, err := one[spentRow](ctx, r.source, `
		SELECT (SELECT COALESCE(sum(cost), 0) FROM x402_transactions
				WHERE network = $1 AND mined_at >= $2)
			+ (SELECT COALESCE(sum(most), 0) FROM (
				SELECT max(t.gas * t.max_fee) AS most FROM x402_transactions t
				WHERE t.network = $1 AND t.mined_at IS NULL AND NOT t.void AND t.signed_at >= $2 AND `+noneMined+`
				GROUP BY t.account, t.nonce) open) AS wei`, prepared, chainID(n), since)
	if err != nil {
		return nil, err
	}
	return integer(row.Wei)
}
