package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type sessions struct{ *unit }

// changedChannel is where the ids of a changed session and of its project are told, a space between them.
const changedChannel = "session_changed"

// addSession records a session unless its reference is taken, and counts it.
const addSession = `
	WITH added AS (
		INSERT INTO sessions (
			id, merchant_id, project_id, mode, kind, due_currency, due_amount, method, description,
			order_id, metadata, success_url, fail_url, created_at,
			status, expires_at, updated_at, version, intent_id, paid, parts, underpaid_held, parts_closed,
			receipt_intent_id, receipt_network, receipt_txid, receipt_idx, receipt_sender, receipt_units,
			receipt_height, receipt_block_time, receipt_order_no, receipt_late
		) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
			$20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)
		ON CONFLICT (project_id, mode, order_id) WHERE order_id <> '' DO NOTHING
		RETURNING id, project_id, mode, created_at
	), counted AS (` + countOpened + `
	)
	SELECT id FROM added`

func (r sessions) Add(ctx context.Context, session *checkout.Session) error {
	s := session.Snapshot()
	if err := r.reserved(ctx, s); err != nil {
		return err
	}
	metadata, err := metadataText(s.Metadata)
	if err != nil {
		return err
	}
	args := append([]any{
		s.ID, s.MerchantID, s.ProjectID, s.Mode.String(), s.Kind, s.Due.Currency().String(),
		s.Due.MinorText(), s.Method, s.Description, s.OrderID, metadata, s.SuccessURL, s.FailURL,
		s.CreatedAt,
	}, changing(s)...)
	n, err := exec(ctx, r.in(), addSession, append([]any{prepared}, args...)...)
	if err == nil && n == 0 {
		return ports.ErrTaken.About("order_id")
	}
	return err
}

// changing lists what of a session may change, in the order of its columns.
func changing(s checkout.Snapshot) []any {
	list := []any{
		s.Status.String(), s.ExpiresAt, s.UpdatedAt, s.Version, currentIntent(s), paidText(s), s.Parts,
		s.UnderpaidHeld, s.PartsClosed,
	}
	r := s.Receipt
	if r == nil {
		return append(list, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil)
	}
	return append(list, r.IntentID, r.Network, r.TxID, int64(r.Index), r.From, r.Units.String(),
		height(r.Height), r.BlockTime, r.OrderNo, r.Late)
}

// paidText is what the paid column takes.
func paidText(s checkout.Snapshot) string {
	if s.Paid == nil {
		return "0"
	}
	return s.Paid.String()
}

func currentIntent(s checkout.Snapshot) *checkout.IntentID {
	if s.Intent == nil {
		return nil
	}
	return &s.Intent.ID
}

// reserved refuses a session whose intent holds no amount: the row would point nowhere.
func (r sessions) reserved(ctx context.Context, s checkout.Snapshot) error {
	if s.Intent == nil {
		return nil
	}
	err := exists(exec(ctx, r.in(), "SELECT id FROM intents WHERE id = $1 AND session_id = $2",
		prepared, s.Intent.ID, s.ID))
	if errors.Is(err, ports.ErrNotFound) {
		return fmt.Errorf("session %s: intent %s is not reserved", s.ID, s.Intent.ID)
	}
	return err
}

// Load locks first and looks only then. In one statement the session would be read anew after a wait
// for its lock, but its intent as it was before the wait: none at all, if it was issued meanwhile.
func (r sessions) Load(ctx context.Context, id checkout.SessionID) (*checkout.Session, error) {
	if !isUUID(id) {
		return nil, ports.ErrNotFound
	}
	err := exists(exec(ctx, r.in(), "SELECT id FROM sessions WHERE id = $1 FOR UPDATE", prepared, id))
	if err != nil {
		return nil, err
	}
	return sessionBy(ctx, r.in(), id)
}

func (r sessions) Save(ctx context.Context, session *checkout.Session) error {
	return r.SaveAll(ctx, []*checkout.Session{session})
}

func (r sessions) ByOrderID(
	ctx context.Context, p merchant.ProjectID, m merchant.Mode, orderID string,
) (*checkout.Session, error) {
	if !isUUID(p) || !isText(orderID) || orderID == "" {
		return nil, ports.ErrNotFound
	}
	row, err := one[sessionRow](ctx, r.in(), sessionQuery+`
		WHERE s.project_id = $1 AND s.mode = $2 AND s.order_id = $3 AND s.order_id <> ''`,
		p, m.String(), orderID)
	if err != nil {
		return nil, err
	}
	return row.session()
}

func (r sessions) Reserve(ctx context.Context, i checkout.Intent) error {
	n, err := r.ask(ctx, i, true)
	if err != nil || n > 0 {
		return err
	}
	if _, err := sessionBy(ctx, r.in(), i.SessionID); err != nil {
		return fmt.Errorf("reserve intent %s: session %s: %v", i.ID, i.SessionID, err) //nolint:errorlint // a session that is missing is our mistake, no answer
	}
	return ports.ErrTaken
}

// ask records an intent, unless what it asks for is taken.
func (r sessions) ask(ctx context.Context, i checkout.Intent, held bool) (int64, error) {
	return exec(ctx, r.in(), `
		INSERT INTO intents (
			id, session_id, project_id, method, network, symbol, contract, decimals, address, units,
			rate_from, rate_to, rate_price, rate_source, rate_at, created_at, expires_at, hold_until, held,
			matching, tolerance, confirmations, sources)
		SELECT $1, s.id, s.project_id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
			$17, $22, $18, $19, $20, $21
		FROM sessions s WHERE s.id = $2
		ON CONFLICT `+slotOf(i.Terms)+` DO NOTHING`, prepared,
		i.ID, i.SessionID, i.Method, i.Asset.Network, i.Asset.Symbol, i.Asset.Contract,
		int16(i.Asset.Decimals), i.Address, i.Units.String(), i.Rate.From, i.Rate.To,
		i.Rate.Price.String(), i.Rate.Source, i.Rate.At, i.CreatedAt, i.ExpiresAt, i.HoldUntil,
		i.Terms.Matching, toleranceText(i.Terms), i.Terms.Confirmations, int16(i.Terms.Sources), held) //nolint:gosec // one or two
}

// Invite looks only after it wrote, so that it finds what another one invited meanwhile.
func (r sessions) Invite(ctx context.Context, i checkout.Intent) (checkout.Intent, error) {
	if i.Terms.Matching != checkout.Authorized {
		return checkout.Intent{}, fmt.Errorf("invite by intent %s: it is %s", i.ID, i.Terms.Matching)
	}
	if _, err := r.ask(ctx, i, false); err != nil {
		return checkout.Intent{}, err
	}
	row, err := one[intentRow](ctx, r.in(), "SELECT "+intentColumns+`
		FROM intents i
		WHERE i.session_id = $1 AND i.network = $2 AND i.contract = $3 AND i.address = $4
			AND i.matching = 'authorized'`,
		i.SessionID, i.Asset.Network, i.Asset.Contract, i.Address)
	if err != nil {
		return checkout.Intent{}, err
	}
	return row.intent()
}

// slotOf names the index that an intent's claim is made against.
func slotOf(t checkout.Terms) string {
	if t.Matching == checkout.Authorized {
		return "(session_id, network, contract, address) WHERE matching = 'authorized'"
	}
	if t.Matching == checkout.Dedicated {
		return "(network, address, contract) WHERE held AND matching = 'dedicated'"
	}
	return "(network, address, contract, units) WHERE held"
}

// toleranceText is what the tolerance column takes.
func toleranceText(t checkout.Terms) string {
	if t.Tolerance == nil {
		return "0"
	}
	return t.Tolerance.String()
}

func (r sessions) IntentOf(
	ctx context.Context, id checkout.SessionID, a chain.Asset,
) (checkout.Intent, error) {
	if !isUUID(id) {
		return checkout.Intent{}, ports.ErrNotFound
	}
	row, err := one[intentRow](ctx, r.in(), "SELECT "+intentColumns+`
		FROM intents i
		WHERE i.session_id = $1 AND i.network = $2 AND i.contract = $3 AND i.symbol = $4
			AND i.decimals = $5 AND i.held
		ORDER BY i.created_at DESC, i.id DESC LIMIT 1`,
		id, a.Network, a.Contract, a.Symbol, int16(a.Decimals))
	if err != nil {
		return checkout.Intent{}, err
	}
	return row.intent()
}

func (r sessions) Extend(ctx context.Context, id checkout.IntentID, expires, hold time.Time) error {
	if !isUUID(id) {
		return ports.ErrNotFound
	}
	return r.apart(ctx, func() error {
		return exists(exec(ctx, r.in(), `
			UPDATE intents SET expires_at = $2, hold_until = $3, held = true WHERE id = $1`,
			id, expires, hold))
	})
}

func (r sessions) LetGo(ctx context.Context, n chain.Network, now time.Time, limit int) (int, error) {
	freed, err := exec(ctx, r.in(), `UPDATE intents SET held = false WHERE id IN (
		SELECT id FROM intents WHERE network = $1 AND held AND hold_until < $2
		ORDER BY network, hold_until, id LIMIT $3 FOR UPDATE SKIP LOCKED)`, n, now, limited(limit))
	return int(freed), err
}

func (r sessions) HoldAgain(ctx context.Context, n chain.Network, since time.Time) (int, error) {
	again, err := exec(ctx, r.in(), `UPDATE intents SET held = true WHERE id IN (
		SELECT DISTINCT ON (i.address, i.contract, CASE WHEN i.matching <> 'dedicated' THEN i.units END) i.id
		FROM intents i
		WHERE i.network = $1 AND NOT i.held AND i.hold_until >= $2
			AND (i.matching <> 'authorized' OR i.hold_until > i.created_at) AND NOT EXISTS (
			SELECT FROM intents o
			WHERE o.network = i.network AND o.address = i.address AND o.contract = i.contract AND o.held
				AND (o.units = i.units OR o.matching = 'dedicated'))
		ORDER BY i.address, i.contract, CASE WHEN i.matching <> 'dedicated' THEN i.units END, i.created_at DESC, i.id DESC)`,
		n, since)
	return int(again), err
}

func (r sessions) Due(
	ctx context.Context, now time.Time, finalTime map[chain.Network]time.Time, limit int,
) ([]checkout.SessionID, error) {
	networks, times := make([]string, 0, len(finalTime)), make([]time.Time, 0, len(finalTime))
	for n, t := range finalTime {
		networks, times = append(networks, string(n)), append(times, t)
	}
	rows, err := all[sessionIDRow](ctx, r.in(), `
		SELECT s.id FROM sessions s
		LEFT JOIN intents i ON i.id = s.intent_id
		WHERE s.status IN ('open', 'awaiting') AND s.expires_at < $1 AND (i.id IS NULL OR EXISTS (
			SELECT FROM unnest($2::text[], $3::timestamptz[]) AS final (network, time)
			WHERE final.network = i.network AND final.time > s.expires_at))
		ORDER BY s.expires_at, s.id LIMIT $4`, now, networks, times, limited(limit))
	ids := make([]checkout.SessionID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	return ids, err
}
