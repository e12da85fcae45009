package postgres

import (
	"context"

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
