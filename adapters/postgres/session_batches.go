package postgres

import (
	"cmp"
	"context"
	"slices"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// LoadAll locks first and looks only then, as Load does.
func (r sessions) LoadAll(
	ctx context.Context, ids []checkout.SessionID,
) (map[checkout.SessionID]*checkout.Session, error) {
	found := make(map[checkout.SessionID]*checkout.Session, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	if !allUUIDs(ids) {
		return nil, ports.ErrNotFound
	}
	asked := texts(ids)
	_, err := exec(ctx, r.in(), "SELECT id FROM sessions WHERE id = ANY($1::text[]::uuid[]) ORDER BY id FOR UPDATE",
		prepared, asked)
	if err != nil {
		return nil, err
	}
	rows, err := all[sessionRow](ctx, r.in(), sessionQuery+"WHERE s.id = ANY($1::text[]::uuid[])",
		prepared, asked)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if found[row.ID], err = row.session(); err != nil {
			return nil, err
		}
	}
	for _, id := range ids {
		if found[id] == nil {
			return nil, ports.ErrNotFound
		}
	}
	return found, nil
}

// addSessions records those whose order id is not taken, and counts them. A row that was just written takes
// an order id too. All are written before any is counted.
const addSessions = `
	WITH added AS (
	INSERT INTO sessions (
		merchant_id, project_id, mode, kind, due_currency, due_amount, method, description,
		order_id, metadata, success_url, fail_url, created_at,
		id, status, expires_at, updated_at, version, intent_id, paid, parts, underpaid_held, parts_closed,
		receipt_intent_id, receipt_network, receipt_txid, receipt_idx, receipt_sender, receipt_units,
		receipt_height, receipt_block_time, receipt_order_no, receipt_late)
	SELECT n.merchant_id::uuid, n.project_id::uuid, n.mode, n.kind, n.due_currency, n.due_amount::numeric,
		n.method, n.description, n.order_id, n.metadata::jsonb, n.success_url, n.fail_url, n.created_at,
		n.id::uuid, n.status, n.expires_at, n.updated_at, n.version, n.intent_id::uuid, n.paid::numeric,
		n.parts, n.underpaid_held, n.parts_closed, n.receipt_intent_id::uuid, n.receipt_network,
		n.receipt_txid, n.receipt_idx, n.receipt_sender, n.receipt_units::numeric, n.receipt_height,
		n.receipt_block_time, n.receipt_order_no, n.receipt_late
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
		$8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[],
		$14::text[], $15::text[], $16::timestamptz[], $17::timestamptz[], $18::bigint[], $19::text[],
		$20::text[], $21::bigint[], $22::boolean[], $23::boolean[], $24::text[], $25::text[], $26::text[],
		$27::bigint[], $28::text[], $29::text[], $30::bigint[], $31::timestamptz[], $32::text[],
		$33::boolean[]) AS n (merchant_id, project_id, mode, kind, due_currency, due_amount, method,
		description, order_id, metadata, success_url, fail_url, created_at, id, status, expires_at,
		updated_at, version, intent_id, paid, parts, underpaid_held, parts_closed, receipt_intent_id,
		receipt_network, receipt_txid, receipt_idx, receipt_sender, receipt_units, receipt_height,
		receipt_block_time, receipt_order_no, receipt_late)
	ON CONFLICT (project_id, mode, order_id) WHERE order_id <> '' DO NOTHING
	RETURNING id, project_id, mode, created_at
	), counted AS (` + countOpened + `
	)
	SELECT id FROM added`

// AddAll writes in one order, so that two who take the same order ids never wait for each other for ever.
func (r sessions) AddAll(
	ctx context.Context, list []*checkout.Session,
) (map[checkout.SessionID]bool, error) {
	if len(list) == 0 {
		return nil, nil
	}
	snapshots := make([]checkout.Snapshot, len(list))
	for i, session := range list {
		snapshots[i] = session.Snapshot()
	}
	slices.SortStableFunc(snapshots, byReference)
	var o orders
	var l lives
	for _, s := range snapshots {
		if err := r.reserved(ctx, s); err != nil {
			return nil, err
		}
		if err := o.add(s); err != nil {
			return nil, err
		}
		l.add(s)
	}
	args := append(append([]any{prepared}, o.args()...), l.args()...)
	added, err := all[sessionIDRow](ctx, r.in(), addSessions, args...)
	if err != nil {
		return nil, err
	}
	taken := make(map[checkout.SessionID]bool)
	if len(added) == len(list) {
		return taken, nil
	}
	for _, session := range list {
		taken[session.ID()] = true
	}
	for _, row := range added {
		delete(taken, row.ID)
	}
	return taken, nil
}

// byReference orders sessions by what may be taken of them.
func byReference(a, b checkout.Snapshot) int {
	return cmp.Or(cmp.Compare(a.ProjectID, b.ProjectID), cmp.Compare(a.Mode, b.Mode),
		cmp.Compare(a.OrderID, b.OrderID))
}

// saveSessions saves those that are older in the table and whose intents hold their amounts: rows of
// others would point nowhere. The hints go out with the commit, and only if there is one. What a session
// was before is what it is in the snapshot, because whoever saves it has locked it before.
const saveSessions = `
	WITH saved AS (
		UPDATE sessions s SET status = n.status, expires_at = n.expires_at, updated_at = n.updated_at,
			version = n.version, intent_id = n.intent_id::uuid, paid = n.paid::numeric, parts = n.parts,
			underpaid_held = n.underpaid_held, parts_closed = n.parts_closed,
			receipt_intent_id = n.receipt_intent_id::uuid, receipt_network = n.receipt_network,
			receipt_txid = n.receipt_txid, receipt_idx = n.receipt_idx,
			receipt_sender = n.receipt_sender, receipt_units = n.receipt_units::numeric,
			receipt_height = n.receipt_height, receipt_block_time = n.receipt_block_time,
			receipt_order_no = n.receipt_order_no, receipt_late = n.receipt_late
		FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::bigint[], $6::text[],
			$7::text[], $8::bigint[], $9::boolean[], $10::boolean[], $11::text[], $12::text[], $13::text[],
			$14::bigint[], $15::text[], $16::text[], $17::bigint[], $18::timestamptz[], $19::text[],
			$20::boolean[]) AS n (id, status, expires_at, updated_at, version, intent_id, paid, parts,
			underpaid_held, parts_closed, receipt_intent_id, receipt_network, receipt_txid, receipt_idx,
			receipt_sender, receipt_units, receipt_height, receipt_block_time, receipt_order_no,
			receipt_late)
		JOIN sessions was ON was.id = n.id::uuid
		WHERE s.id = was.id AND s.version < n.version AND (n.intent_id IS NULL OR EXISTS (
			SELECT FROM intents i WHERE i.id = n.intent_id::uuid AND i.session_id = s.id))
		RETURNING s.id, s.project_id, s.mode, s.created_at, s.status, was.status AS was
	), counted AS (` + countSettled + `
	)
	SELECT pg_notify('` + changedChannel + `', id || ' ' || project_id) FROM saved`

func (r sessions) SaveAll(ctx context.Context, list []*checkout.Session) error {
	if len(list) == 0 {
		return nil
	}
	var l lives
	for _, session := range list {
		s := session.Snapshot()
		if !isUUID(s.ID) {
			return ports.ErrNotFound
		}
		l.add(s)
		r.changed = append(r.changed, s.ID)
	}
	n, err := exec(ctx, r.in(), saveSessions, append([]any{prepared}, l.args()...)...)
	if err != nil || n == int64(len(list)) {
		return err
	}
	return r.notSaved(ctx, list)
}

// notSaved says why not all sessions could be saved.
func (r sessions) notSaved(ctx context.Context, list []*checkout.Session) error {
	for _, session := range list {
		if err := r.reserved(ctx, session.Snapshot()); err != nil {
			return err
		}
		if _, err := sessionBy(ctx, r.in(), session.ID()); err != nil {
			return err
		}
	}
	return ports.ErrStale
}
