package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

type authorizations struct{ *unit }

// Claim is one insert, as most payments are new; only a refused one is looked into.
func (r authorizations) Claim(ctx context.Context, a ports.AuthorizationRow) error {
	now := a.Settlement.Snapshot()
	if !a.Order.Moves(now.Due) {
		return ports.ErrOtherOrder
	}
	d, b := now.Due, now.Binding
	n, err := exec(ctx, r.in(), `
		INSERT INTO x402_settlements (id, network, asset, payer, pay_to, nonce, value, valid_after,
			valid_before, signature, route, merchant_id, project_id, mode, sku, request, signed, client, version,
			resource_id, session_id, price_currency, price, title, payment_id, status, txid, reason, order_no,
			claimed_at, settled_at, look_at, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
			$22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)
		ON CONFLICT DO NOTHING`,
		prepared, a.ID, chainID(d.Network), d.Asset[:], d.Payer[:], d.PayTo[:], d.Nonce[:], d.Value.String(),
		a.Order.Authorization.ValidAfter.String(), d.ValidBefore.String(), orEmpty(a.Order.Signature),
		routes[a.Order.Route], b.MerchantID, a.ProjectID, a.Mode.String(), b.SKU, b.Request[:],
		b.Authorization[:], b.Client[:], int16(a.Version), orNoID(a.ResourceID), orNoID(a.SessionID),
		a.Price.Currency().String(), a.Price.MinorText(), a.Title, a.PaymentID, now.Status.String(),
		hashOrNull(now.TxID), reasonText(now.Reason), a.OrderNo, now.ClaimedAt, orNull(now.SettledAt),
		orNull(a.LookAt), a.ChangedAt)
	if err != nil || n > 0 {
		return err
	}
	_, err = one[claimKeyRow](ctx, r.in(), "SELECT key FROM x402_settlements WHERE key = $1",
		prepared, keyBytes(d.Key()))
	switch {
	case err == nil:
		return ports.ErrTaken
	case errors.Is(err, ports.ErrNotFound):
		return ports.ErrTaken.About("payment_id")
	}
	return err
}

// reasonText is a reason as its column has it.
func reasonText(r x402.Reason) string {
	if r == 0 {
		return ""
	}
	return r.String()
}

func (r authorizations) Load(
	ctx context.Context, k x402.ClaimKey,
) (ports.AuthorizationRow, error) {
	row, err := one[authorizationRow](ctx, r.in(), "SELECT "+authorizationColumns+
		" FROM x402_settlements s WHERE s.key = $1 FOR UPDATE", prepared, keyBytes(k))
	if err != nil {
		return ports.AuthorizationRow{}, err
	}
	return row.row()
}

// Save writes what may change; what is due is compared, so that a row of another payment under the same
// key is refused and not half kept.
func (r authorizations) Save(
	ctx context.Context, from x402.Status, a ports.AuthorizationRow,
) error {
	now := a.Settlement.Snapshot()
	d, b := now.Due, now.Binding
	if !a.Order.Moves(d) {
		return ports.ErrOtherOrder
	}
	n, err := exec(ctx, r.in(), `
		UPDATE x402_settlements SET valid_after = $6, signature = $7, route = $8, sku = $9, request = $10,
			signed = $11, client = $12, version = $13, status = $14, txid = $15, reason = $16, order_no = $17,
			claimed_at = $18, settled_at = $19, look_at = $20, changed_at = $21
		WHERE key = $1 AND status = $2 AND pay_to = $3 AND value = $4 AND valid_before = $5`,
		prepared, keyBytes(d.Key()), from.String(), d.PayTo[:], d.Value.String(), d.ValidBefore.String(),
		a.Order.Authorization.ValidAfter.String(), orEmpty(a.Order.Signature), routes[a.Order.Route], b.SKU,
		b.Request[:], b.Authorization[:], b.Client[:], int16(a.Version), now.Status.String(),
		hashOrNull(now.TxID), reasonText(now.Reason), a.OrderNo, now.ClaimedAt, orNull(now.SettledAt),
		orNull(a.LookAt), a.ChangedAt)
	if err != nil || n > 0 {
		return err
	}
	_, err = one[claimKeyRow](ctx, r.in(), "SELECT key FROM x402_settlements WHERE key = $1 AND status = $2",
		prepared, keyBytes(d.Key()), from.String())
	switch {
	case err == nil:
		return ports.ErrOtherOrder
	case errors.Is(err, ports.ErrNotFound):
		return ports.ErrStale
	}
	return err
}

func (r authorizations) Wake(
	ctx context.Context, n x402.Network, id x402.Hash, at time.Time,
) (int, error) {
	woken, err := exec(ctx, r.in(), `UPDATE x402_settlements SET look_at = $3
		WHERE network = $1 AND txid = $2 AND status = 'settled'`, chainID(n), id[:], at)
	return int(woken), err
}

func (r authorizations) Paying(ctx context.Context, id checkout.SessionID) ([]x402.ClaimKey, error) {
	if !isUUID(id) {
		return nil, nil
	}
	rows, err := all[claimKeyRow](ctx, r.in(), `SELECT key FROM x402_settlements
		WHERE session_id = $1 AND status NOT IN ('settled', 'refused', 'failed') ORDER BY claimed_at, id`, id)
	if err != nil {
		return nil, err
	}
	return each(rows, claimKeyRow.key)
}

func (r authorizations) WakeSession(
	ctx context.Context, id checkout.SessionID, at time.Time,
) (int, error) {
	if !isUUID(id) {
		return 0, nil
	}
	woken, err := exec(ctx, r.in(), `UPDATE x402_settlements SET look_at = $2
		WHERE session_id = $1 AND status = 'settled'`, id, at)
	return int(woken), err
}

func (r authorizations) Keep(
	ctx context.Context, k x402.ClaimKey, answer ports.AuthorizationAnswer,
) error {
	if len(answer.Body) > ports.MaxAnswerBytes {
		return ports.ErrAnswerTooLong
	}
	headers := []byte("{}")
	if len(answer.Headers) > 0 {
		var err error
		if headers, err = json.Marshal(answer.Headers); err != nil {
			return err
		}
	}
	return exists(exec(ctx, r.in(), `
		INSERT INTO x402_answers (key, status, headers, body, expires_at)
		SELECT key, $2::integer, $3::jsonb, $4::bytea, $5::timestamptz FROM x402_settlements WHERE key = $1
		ON CONFLICT (key) DO UPDATE SET status = EXCLUDED.status, headers = EXCLUDED.headers,
			body = EXCLUDED.body, expires_at = EXCLUDED.expires_at`,
		prepared, keyBytes(k), answer.Status, string(headers), orEmpty(answer.Body), answer.Expires))
}

func (r authorizations) Answer(
	ctx context.Context, k x402.ClaimKey,
) (ports.AuthorizationAnswer, error) {
	row, err := one[deliveredRow](ctx, r.in(),
		"SELECT "+deliveredColumns+" FROM x402_answers a WHERE a.key = $1", prepared, keyBytes(k))
	if err != nil {
		return ports.AuthorizationAnswer{}, err
	}
	return row.answer()
}

func (r authorizations) PruneAnswers(
	ctx context.Context, now time.Time, limit int,
) (int, error) {
	n, err := exec(ctx, r.in(), `DELETE FROM x402_answers WHERE key IN (
		SELECT key FROM x402_answers WHERE expires_at < $1
		ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, now, limited(limit))
	return int(n), err
}
