package postgres

import (
	"context"
	"maps"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Authorizations answers questions about settlements: ports.AuthorizationReads.
func (s *Store) Authorizations() ports.AuthorizationReads {
	return authorizationReads{s.in(), &s.payments}
}

type authorizationReads struct {
	source

	known *gathered[x402.ClaimKey, knownPayment]
}

type answeredRow struct {
	authorizationRow
	deliveredRow
}

// knownPayment is a settlement with its answer, nil if there is none; or why it cannot be read.
type knownPayment struct {
	row    ports.AuthorizationRow
	answer *ports.AuthorizationAnswer
	err    error
}

func (r answeredRow) known() (k knownPayment) {
	if k.row, k.err = r.row(); k.err != nil || r.AnswerExpires.IsZero() {
		return k
	}
	answer, err := r.answer()
	k.answer, k.err = &answer, err
	return k
}

// ByKey shares its read with whoever asks at the same time: it is asked of every payment.
func (r authorizationReads) ByKey(
	ctx context.Context, k x402.ClaimKey,
) (ports.AuthorizationRow, *ports.AuthorizationAnswer, error) {
	found, err := r.known.ask(ctx, k, r.byKeys, ports.ErrNotFound)
	if err == nil {
		err = found.err
	}
	if err != nil {
		return ports.AuthorizationRow{}, nil, err
	}
	if found.answer == nil {
		return found.row, nil, nil
	}
	answer := *found.answer // his own, as others may have been answered the same
	answer.Headers = maps.Clone(answer.Headers)
	return found.row, &answer, nil
}

func (r authorizationReads) byKeys(
	ctx context.Context, keys []x402.ClaimKey,
) (map[x402.ClaimKey]knownPayment, error) {
	wanted := make([][]byte, len(keys))
	for i, k := range keys {
		wanted[i] = keyBytes(k)
	}
	rows, err := all[answeredRow](ctx, r.source, "SELECT "+authorizationColumns+", "+deliveredColumns+`
		FROM unnest($1::bytea[]) AS w (key) JOIN x402_settlements s ON s.key = w.key
		LEFT JOIN x402_answers a ON a.key = s.key`, prepared, wanted)
	if err != nil {
		return nil, err
	}
	out := make(map[x402.ClaimKey]knownPayment, len(rows))
	for _, row := range rows {
		out[x402.ClaimKey{
			Network: x402.Network(row.Network), Asset: x402.Address(row.Asset), Payer: x402.Address(row.Payer),
			Nonce: x402.Nonce(row.Nonce),
		}] = row.known()
	}
	return out, nil
}

func (r authorizationReads) list(
	ctx context.Context, rest string, args ...any,
) ([]ports.AuthorizationRow, error) {
	rows, err := all[authorizationRow](ctx, r.source,
		"SELECT "+authorizationColumns+" FROM x402_settlements s"+rest, args...)
	if err != nil {
		return nil, err
	}
	return each(rows, authorizationRow.row)
}

// only answers the one row a question found, or ErrNotFound.
func only(rows []ports.AuthorizationRow, err error) (ports.AuthorizationRow, error) {
	if err == nil && len(rows) == 0 {
		err = ports.ErrNotFound
	}
	if err != nil {
		return ports.AuthorizationRow{}, err
	}
	return rows[0], nil
}

func (r authorizationReads) ByID(
	ctx context.Context, m merchant.ID, id string,
) (ports.AuthorizationRow, error) {
	if !isUUID(m) || !isUUID(id) {
		return ports.AuthorizationRow{}, ports.ErrNotFound
	}
	return only(r.list(ctx, " WHERE s.id = $1 AND s.merchant_id = $2", prepared, id, m))
}

func (r authorizationReads) ByPaymentID(
	ctx context.Context, m merchant.ID, paymentID string,
) (ports.AuthorizationRow, error) {
	if !isUUID(m) || !isText(paymentID) || paymentID == "" {
		return ports.AuthorizationRow{}, ports.ErrNotFound
	}
	return only(r.list(ctx, " WHERE s.merchant_id = $1 AND s.payment_id = $2 AND s.payment_id <> ''",
		prepared, m, paymentID))
}

func (r authorizationReads) PaidBy(
	ctx context.Context, m merchant.ID, sku string, payer x402.Address,
) (bool, error) {
	if !isUUID(m) || !isText(sku) || sku == "" {
		return false, nil
	}
	rows, err := all[struct{ Key []byte }](ctx, r.source,
		"SELECT key FROM x402_settlements WHERE merchant_id = $1 AND sku = $2 AND payer = $3 AND status = 'settled' LIMIT 1",
		prepared, m, sku, payer[:])
	return len(rows) > 0, err
}

func (r authorizationReads) Page(
	ctx context.Context, q ports.AuthorizationQuery,
) ([]ports.AuthorizationRow, bool, error) {
	if !isUUID(q.Project) || (q.Before != ports.AuthorizationMark{} && !isUUID(q.Before.ID)) {
		return nil, false, nil
	}
	f := &filter{}
	f.add("s.project_id = $?", q.Project)
	f.add("s.mode = $?", q.Mode.String())
	f.add("s.status NOT IN ('claimed', 'refused')")
	if (q.Before != ports.AuthorizationMark{}) {
		f.add("(s.claimed_at, s.id) < ($?, $?)", q.Before.ClaimedAt, q.Before.ID)
	}
	rows, err := r.list(ctx, f.page("s.claimed_at DESC, s.id DESC", q.Limit), f.args...)
	if err != nil {
		return nil, false, err
	}
	page, more := cut(rows, q.Limit)
	return page, more, nil
}

func (r authorizationReads) Due(
	ctx context.Context, now time.Time, limit int,
) ([]x402.ClaimKey, error) {
	rows, err := all[claimKeyRow](ctx, r.source,
		"SELECT key FROM x402_settlements WHERE look_at <= $1 ORDER BY look_at LIMIT $2",
		prepared, now, limited(limit))
	if err != nil {
		return nil, err
	}
	return each(rows, claimKeyRow.key)
}

type owningRow struct {
	Position int
	Key      []byte
}

// owningQuery finds each transfer's settlement, by the words of two indexes.
const owningQuery = `
	SELECT t.position, s.key
	FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::numeric[], $7::bytea[])
		AS t (position, network, asset, payer, pay_to, value, txid)
	CROSS JOIN LATERAL (
		SELECT key FROM (
			SELECT key, txid, claimed_at, id FROM x402_settlements
			WHERE network = t.network AND asset = t.asset AND payer = t.payer AND pay_to = t.pay_to
				AND value = t.value
				AND status <> 'settled' AND (status NOT IN ('refused', 'failed') OR look_at IS NOT NULL)
			UNION ALL
			SELECT key, txid, claimed_at, id FROM x402_settlements
			WHERE network = t.network AND asset = t.asset AND payer = t.payer AND pay_to = t.pay_to
				AND value = t.value AND status = 'settled' AND txid = t.txid
		) alike
		ORDER BY txid IS DISTINCT FROM t.txid, claimed_at, id LIMIT 1
	) s`

func (r authorizationReads) Owning(
	ctx context.Context, ts []chain.Transfer,
) ([]*x402.ClaimKey, error) {
	owners := make([]*x402.ClaimKey, len(ts))
	var positions, networks []int64
	var assets, payers, payees, ids [][]byte
	var values []string
	for i, t := range ts {
		d, id, ok := moved(t)
		if !ok {
			continue
		}
		positions, networks = append(positions, int64(i)), append(networks, chainID(d.Network))
		assets, payers = append(assets, d.Asset[:]), append(payers, d.Payer[:])
		payees, values = append(payees, d.PayTo[:]), append(values, d.Value.String())
		ids = append(ids, id[:])
	}
	if len(positions) == 0 {
		return owners, nil
	}
	rows, err := all[owningRow](ctx, r.source, owningQuery, prepared,
		positions, networks, assets, payers, payees, values, ids)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		k := keyIn(row.Key)
		owners[row.Position] = &k
	}
	return owners, nil
}

// moved is what a transfer has moved, as an authorization's due says it, and its transaction; ok is false
// for what no authorization moves.
func moved(t chain.Transfer) (d x402.Due, id x402.Hash, ok bool) {
	var isToken, isPayer, isPayee, isValue bool
	d.Network = x402.NetworkOf(t.Network)
	d.Asset, isToken = x402.AddressOf(chain.Address(t.Asset.Contract))
	d.Payer, isPayer = x402.AddressOf(t.From)
	d.PayTo, isPayee = x402.AddressOf(t.To)
	d.Value, isValue = x402.UintOf(t.Units)
	id, _ = x402.ParseHash("0x" + string(t.TxID))
	return d, id, d.Network != 0 && isToken && isPayer && isPayee && isValue
}
