package postgres

import (
	"context"
	"errors"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Mine implements ports.SandboxTokens. Like Emit it holds the seal shared while it writes. That two calls
// with one authorization cannot both succeed is the unique index's word: who loses tries again and sees
// the winner.
func (s *Store) Mine(ctx context.Context, c ports.SandboxCall) error {
	err := s.mine(ctx, c)
	if errors.Is(err, ports.ErrTaken) {
		err = s.mine(ctx, c)
	}
	return err
}

func (s *Store) mine(ctx context.Context, c ports.SandboxCall) error {
	due := dueColumns(c.Due)
	n, err := exec(ctx, s.in(), `
		WITH seal AS (SELECT until FROM sandbox_seal FOR SHARE),
		block AS (SELECT greatest($11::timestamptz, seal.until) AS at FROM seal)
		INSERT INTO sandbox_calls AS c (account, nonce, txid, chain_id, asset, payer, nonce3009, payee, value,
			until, mined_at, gone_at, succeeded, method, token, most)
		SELECT $1::bytea, $2::bigint, $3::bytea, $4::numeric, $5::bytea, $6::bytea, $7::bytea, $8::bytea, $9::bytea,
			$10::bytea, block.at, $12::timestamptz, $5::bytea IS NULL OR NOT $13::boolean
				AND block.at < $14::timestamptz AND NOT EXISTS (
					SELECT FROM sandbox_calls o WHERE o.succeeded AND o.payer = $6::bytea
						AND o.nonce3009 = $7::bytea AND o.asset = $5::bytea AND o.chain_id = $4::numeric
						AND (o.account, o.nonce) <> ($1::bytea, $2::bigint)), $15::text, $16::bytea, $17::bytea
		FROM block
		ON CONFLICT (account, nonce) DO UPDATE SET txid = EXCLUDED.txid, chain_id = EXCLUDED.chain_id,
			asset = EXCLUDED.asset, payer = EXCLUDED.payer, nonce3009 = EXCLUDED.nonce3009,
			payee = EXCLUDED.payee, value = EXCLUDED.value, until = EXCLUDED.until,
			mined_at = EXCLUDED.mined_at, gone_at = EXCLUDED.gone_at, succeeded = EXCLUDED.succeeded,
			method = EXCLUDED.method, token = EXCLUDED.token, most = EXCLUDED.most
		WHERE c.mined_at > EXCLUDED.mined_at AND c.txid <> EXCLUDED.txid`,
		c.Account[:], height(c.Nonce), c.TxID[:], due.ChainID, due.Asset, due.Payer, due.Nonce3009, due.Payee,
		due.Value, due.Until, c.MinedAt, orNull(c.GoneAt), c.Fails, deadline(c.Due), due.Method, due.Token, due.Most)
	if err != nil || n > 0 {
		return err
	}
	there, err := s.call(ctx, "account = $1 AND nonce = $2", c.Account[:], height(c.Nonce))
	if err == nil && there.TxID != c.TxID {
		return ports.ErrNonceSpent
	}
	return err
}

// deadline is the moment from which the token refuses.
func deadline(d x402.Due) time.Time {
	const never = math.MaxInt32 // of a year no clock of ours will show
	until, small := d.ValidBefore.Uint64()
	if !small || until > never {
		until = never
	}
	return time.Unix(int64(until), 0)
}

// dueRow is what a call moves, column by column; nil for one that moves nothing.
type dueRow struct {
	ChainID                                      *string
	Asset, Payer, Nonce3009, Payee, Value, Until []byte
	Method                                       string
	Token, Most                                  []byte
}

func dueColumns(d x402.Due) dueRow {
	if d == (x402.Due{}) {
		return dueRow{Method: x402.EIP3009.String()}
	}
	id, value, until := strconv.FormatUint(uint64(d.Network), 10), d.Value.Bytes(), d.ValidBefore.Bytes()
	asset := d.Key().Asset
	row := dueRow{
		ChainID: &id, Asset: asset[:], Payer: d.Payer[:], Nonce3009: d.Nonce[:], Payee: d.PayTo[:],
		Value: value[:], Until: until[:], Method: d.Method.String(),
	}
	if d.Method.Permits() {
		row.Token = d.Asset[:]
	}
	if d.Method == x402.Permit2UpTo {
		most := d.Most.Bytes()
		row.Most = most[:]
	}
	return row
}

func (r dueRow) due() (d x402.Due) {
	if r.ChainID == nil {
		return d
	}
	id, _ := strconv.ParseUint(*r.ChainID, 10, 64) // the column's check holds it to 64 bits
	d.Network = x402.Network(id)
	d.Method, _ = x402.ParseMethod(r.Method) // the column takes no other names
	if copy(d.Asset[:], r.Asset); d.Method.Permits() {
		copy(d.Asset[:], r.Token)
	}
	if d.Method == x402.Permit2UpTo {
		d.Most = wholeNumber(r.Most)
	}
	copy(d.Payer[:], r.Payer)
	copy(d.PayTo[:], r.Payee)
	copy(d.Nonce[:], r.Nonce3009)
	d.Value, d.ValidBefore = wholeNumber(r.Value), wholeNumber(r.Until)
	return d
}

type callRow struct {
	Account []byte
	Nonce   uint64
	Txid    []byte
	dueRow
	MinedAt   time.Time
	GoneAt    *time.Time
	Succeeded bool
}

func (s *Store) call(ctx context.Context, where string, args ...any) (c ports.SandboxCall, err error) {
	row, err := one[callRow](ctx, s.in(), `SELECT account, nonce, txid, chain_id::text AS chain_id, asset, payer,
		nonce3009, payee, value, until, mined_at, gone_at, succeeded,
		method, token, most FROM sandbox_calls WHERE `+where, args...)
	if err != nil {
		return c, err
	}
	c = ports.SandboxCall{Nonce: row.Nonce, Due: row.due(), MinedAt: row.MinedAt, Succeeded: row.Succeeded}
	copy(c.Account[:], row.Account)
	copy(c.TxID[:], row.Txid)
	if row.GoneAt != nil {
		c.GoneAt = *row.GoneAt
	}
	return c, nil
}

// Call implements ports.SandboxTokens.
func (s *Store) Call(ctx context.Context, id x402.Hash) (ports.SandboxCall, error) {
	return s.call(ctx, "txid = $1", id[:])
}

// Used implements ports.SandboxTokens.
func (s *Store) Used(ctx context.Context, k x402.ClaimKey) (ports.SandboxCall, error) {
	return s.call(ctx, "succeeded AND payer = $1 AND nonce3009 = $2 AND asset = $3 AND chain_id = $4::numeric",
		k.Payer[:], k.Nonce[:], k.Asset[:], strconv.FormatUint(uint64(k.Network), 10))
}

type nonceRow struct{ Next uint64 }

// NextNonce implements ports.SandboxTokens.
func (s *Store) NextNonce(ctx context.Context, account x402.Address, now time.Time) (uint64, error) {
	row, err := one[nonceRow](ctx, s.in(), `
		WITH mined AS (SELECT nonce FROM sandbox_calls WHERE account = $1 AND mined_at <= $2)
		SELECT CASE WHEN EXISTS (SELECT FROM mined WHERE nonce = 0) THEN (
			SELECT min(m.nonce + 1) FROM mined m
			WHERE NOT EXISTS (SELECT FROM mined n WHERE n.nonce = m.nonce + 1)) ELSE 0 END AS next`,
		account[:], now)
	return row.Next, err
}

// wholeNumber reads a word of 32 bytes.
func wholeNumber(word []byte) x402.Uint256 {
	n, _ := x402.UintOf(new(big.Int).SetBytes(word)) // the column's check holds it to 32 bytes
	return n
}
