package postgres

import (
	"context"
	"slices"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

type sightingRow struct {
	movedRow
	SessionID checkout.SessionID
}

func (r sightingRow) sighting() (ports.Sighting, error) {
	t, err := r.transfer()
	return ports.Sighting{Transfer: t, SessionID: r.SessionID}, err
}

func (r transfers) sightings(
	ctx context.Context, rest string, args ...any,
) ([]ports.Sighting, error) {
	rows, err := all[sightingRow](ctx, r.in(),
		"SELECT "+movedColumns+", session_id FROM sightings "+rest, args...)
	if err != nil {
		return nil, err
	}
	return each(rows, sightingRow.sighting)
}

// transferKey tells transfers apart.
type transferKey struct {
	network chain.Network
	id      chain.TxID
	index   uint32
}

func keyOf(t chain.Transfer) transferKey { return transferKey{t.Network, t.TxID, t.Index} }

// ReplaceSightings writes only what changed: between two blocks nearly everything stays in sight.
func (r transfers) ReplaceSightings(
	ctx context.Context, n chain.Network, now []ports.Sighting,
) ([]ports.Sighting, error) {
	before, err := r.sightings(ctx,
		"WHERE network = $1 ORDER BY height, idx, txid FOR UPDATE", n)
	if err != nil {
		return nil, err
	}
	old, still := make(map[transferKey]ports.Sighting), make(map[transferKey]ports.Sighting)
	for _, o := range before {
		old[keyOf(o.Transfer)] = o
	}
	var changed, left, gone []ports.Sighting
	for _, s := range now {
		still[keyOf(s.Transfer)] = s // of two the last counts
	}
	for k, s := range still {
		if o, known := old[k]; !known || !sameSighting(o, s) {
			changed = append(changed, s)
		}
	}
	for _, o := range before {
		s, inSight := still[keyOf(o.Transfer)]
		if !inSight {
			left = append(left, o)
		}
		if !inSight || s.SessionID != o.SessionID {
			gone = append(gone, o)
		}
	}
	if err := r.sight(ctx, changed); err != nil {
		return nil, err
	}
	if err := r.unsee(ctx, left); err != nil {
		return nil, err
	}
	return r.notFinal(ctx, gone)
}

func sameSighting(a, b ports.Sighting) bool {
	x, y := a.Transfer, b.Transfer
	return a.SessionID == b.SessionID && x.Asset == y.Asset && x.From == y.From && x.To == y.To &&
		x.Units.Cmp(y.Units) == 0 && x.Height == y.Height && x.BlockID == y.BlockID &&
		x.BlockTime.Equal(y.BlockTime)
}

const addSightings = "INSERT INTO sightings (" + movedColumns + `, session_id)
	SELECT ` + movedValues + `, m.session_id::uuid
	FROM unnest(` + movedTypes + `, $13::text[]) AS m (` + movedColumns + `, session_id)
	ON CONFLICT (network, txid, idx) DO UPDATE SET
		symbol = EXCLUDED.symbol, contract = EXCLUDED.contract, decimals = EXCLUDED.decimals,
		sender = EXCLUDED.sender, receiver = EXCLUDED.receiver, units = EXCLUDED.units,
		height = EXCLUDED.height, block_id = EXCLUDED.block_id, block_time = EXCLUDED.block_time,
		session_id = EXCLUDED.session_id`

// sight records sightings, each transfer once among them.
func (r transfers) sight(ctx context.Context, list []ports.Sighting) error {
	if len(list) == 0 {
		return nil
	}
	var m moves
	sessions := make([]*string, len(list))
	for i, s := range list {
		m.add(s.Transfer)
		sessions[i] = orNoID(s.SessionID)
	}
	_, err := exec(ctx, r.in(), addSightings, append(append([]any{prepared}, m.args()...), sessions)...)
	return err
}

// unsee forgets sightings.
func (r transfers) unsee(ctx context.Context, list []ports.Sighting) error {
	if len(list) == 0 {
		return nil
	}
	var k keyColumns
	for _, o := range list {
		k.add(o)
	}
	_, err := exec(ctx, r.in(), `DELETE FROM sightings s
		USING unnest($1::text[], $2::text[], $3::bigint[]) AS k (network, txid, idx)
		WHERE s.network = k.network AND s.txid = k.txid AND s.idx = k.idx`,
		prepared, k.networks, k.txids, k.indexes)
	return err
}

// keyColumns are what tells sightings apart, and whose they were, as columns.
type keyColumns struct {
	networks, txids []string
	indexes         []int64
	sessions        []*string
}

func (k *keyColumns) add(o ports.Sighting) {
	t := o.Transfer
	k.networks, k.txids = append(k.networks, string(t.Network)), append(k.txids, string(t.TxID))
	k.indexes, k.sessions = append(k.indexes, int64(t.Index)), append(k.sessions, orNoID(o.SessionID))
}

// notFinal answers those sightings whose transfers are not recorded as final for their sessions.
func (r transfers) notFinal(ctx context.Context, list []ports.Sighting) ([]ports.Sighting, error) {
	if len(list) == 0 {
		return nil, nil
	}
	var k keyColumns
	for _, o := range list {
		k.add(o)
	}
	rows, err := all[keyRow](ctx, r.in(), `SELECT t.network, t.txid, t.idx
		FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS k (network, txid, idx, session_id)
		JOIN transfers t ON t.network = k.network AND t.txid = k.txid AND t.idx = k.idx
		WHERE t.disposition <> 'reversed' AND t.session_id IS NOT DISTINCT FROM k.session_id::uuid`,
		prepared, k.networks, k.txids, k.indexes, k.sessions)
	if err != nil {
		return nil, err
	}
	final := make(map[transferKey]bool, len(rows))
	for _, row := range rows {
		final[transferKey{row.Network, row.Txid, row.Idx}] = true
	}
	return slices.DeleteFunc(list, func(o ports.Sighting) bool { return final[keyOf(o.Transfer)] }), nil
}
