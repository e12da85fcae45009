package postgres

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type transfers struct{ *unit }

// movedRow is a token movement as transfers and sightings keep it.
type movedRow struct {
	Network   chain.Network
	Txid      chain.TxID
	Idx       uint32
	Symbol    string
	Contract  string
	Decimals  uint8
	Sender    chain.Address
	Receiver  chain.Address
	Units     string
	Height    uint64
	BlockID   string
	BlockTime time.Time
}

const movedColumns = "network, txid, idx, symbol, contract, decimals, sender, receiver, units," +
	" height, block_id, block_time"

func (r movedRow) transfer() (chain.Transfer, error) {
	units, err := integer(r.Units)
	return chain.Transfer{
		Network: r.Network, TxID: r.Txid, Index: r.Idx,
		Asset: chain.Asset{
			Network: r.Network, Symbol: r.Symbol, Contract: r.Contract, Decimals: r.Decimals,
		},
		From: r.Sender, To: r.Receiver, Units: units, Height: r.Height, BlockID: r.BlockID,
		BlockTime: r.BlockTime,
	}, err
}

type transferRow struct {
	movedRow
	ProjectID   merchant.ProjectID
	SessionID   checkout.SessionID
	IntentID    checkout.IntentID
	Disposition ports.Disposition
	Reason      *ports.Reason
	OrderNo     string
	RecordedAt  time.Time

	Decision     ports.Action
	DecidedAt    time.Time
	DecisionNote string
	ReturnTxid   chain.TxID
}

const transferQuery = "SELECT " + movedColumns +
	", project_id, session_id, intent_id, disposition, reason, order_no, recorded_at, decision, decided_at," +
	" decision_note, return_txid FROM transfers "

func (r transferRow) row() (ports.TransferRow, error) {
	t, err := r.transfer()
	row := ports.TransferRow{
		Transfer: t, ProjectID: r.ProjectID, SessionID: r.SessionID, IntentID: r.IntentID,
		Disposition: r.Disposition, OrderNo: r.OrderNo, RecordedAt: r.RecordedAt,
		Decision: ports.Decision{
			Action: r.Decision, Note: r.DecisionNote, ReturnTxID: r.ReturnTxid, At: r.DecidedAt,
		},
	}
	if r.Reason != nil {
		row.Reason = *r.Reason
	}
	return row, err
}

func (r transfers) list(
	ctx context.Context, rest string, args ...any,
) ([]ports.TransferRow, error) {
	return r.rows(ctx, transferQuery+rest, args...)
}

func (r transfers) rows(ctx context.Context, query string, args ...any) ([]ports.TransferRow, error) {
	rows, err := all[transferRow](ctx, r.in(), query, args...)
	if err != nil {
		return nil, err
	}
	return each(rows, transferRow.row)
}

func (r transfers) Add(ctx context.Context, t ports.TransferRow) (bool, error) {
	fresh, err := r.AddAll(ctx, []ports.TransferRow{t})
	return err == nil && fresh[0], err
}

const addTransfers = "INSERT INTO transfers (" + movedColumns + `,
		project_id, session_id, intent_id, disposition, order_no, recorded_at, reason)
	SELECT ` + movedValues + `, m.project_id::uuid, m.session_id::uuid, m.intent_id::uuid, m.disposition,
		m.order_no, m.recorded_at, m.reason
	FROM unnest(` + movedTypes + `, $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
		$18::timestamptz[], $19::text[]) AS m (` + movedColumns + `,
		project_id, session_id, intent_id, disposition, order_no, recorded_at, reason)
	ON CONFLICT (network, txid, idx) DO UPDATE SET
		symbol = EXCLUDED.symbol, contract = EXCLUDED.contract, decimals = EXCLUDED.decimals,
		sender = EXCLUDED.sender, receiver = EXCLUDED.receiver, units = EXCLUDED.units,
		height = EXCLUDED.height, block_id = EXCLUDED.block_id, block_time = EXCLUDED.block_time,
		project_id = EXCLUDED.project_id, session_id = EXCLUDED.session_id,
		intent_id = EXCLUDED.intent_id, disposition = EXCLUDED.disposition,
		order_no = EXCLUDED.order_no, recorded_at = EXCLUDED.recorded_at, reason = EXCLUDED.reason,
		decision = '', decided_at = NULL, decision_note = '', return_txid = ''
	WHERE transfers.disposition = 'reversed' OR transfers.disposition = 'unmatched' AND transfers.decision = ''
		AND transfers.reason IS DISTINCT FROM 'x402_settlement' AND EXCLUDED.session_id IS NOT NULL
	RETURNING network, txid, idx`

// keyRow is what tells a transfer from others.
type keyRow struct {
	Network chain.Network
	Txid    chain.TxID
	Idx     uint32
}

func (r transfers) AddAll(ctx context.Context, ts []ports.TransferRow) ([]bool, error) {
	fresh := make([]bool, len(ts))
	if len(ts) == 0 {
		return fresh, nil
	}
	var m moves
	var a attributions
	first := make(map[transferKey]int, len(ts))
	for i, t := range ts {
		if _, twice := first[keyOf(t.Transfer)]; !twice {
			first[keyOf(t.Transfer)] = i
			m.add(t.Transfer)
			a.add(t)
		}
	}
	args := append([]any{prepared}, m.args()...)
	added, err := all[keyRow](ctx, r.in(), addTransfers, append(args, a.args()...)...)
	for _, k := range added {
		fresh[first[transferKey{k.Network, k.Txid, k.Idx}]] = true
	}
	return fresh, err
}

func (r transfers) LoadAbove(
	ctx context.Context, n chain.Network, above uint64,
) ([]ports.TransferRow, error) {
	return r.list(ctx, `WHERE network = $1 AND height > $2 AND disposition <> 'reversed'
		ORDER BY height, idx, txid FOR UPDATE`, n, height(above))
}

func (r transfers) Reverse(
	ctx context.Context, n chain.Network, id chain.TxID, index uint32,
) error {
	if !isText(id) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `UPDATE transfers SET disposition = 'reversed'
		WHERE network = $1 AND txid = $2 AND idx = $3`, n, id, int64(index)))
}

func (r transfers) Demote(
	ctx context.Context, n chain.Network, id chain.TxID, index uint32,
) error {
	if !isText(id) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `UPDATE transfers SET disposition = 'part'
		WHERE network = $1 AND txid = $2 AND idx = $3 AND disposition = 'settled'`, n, id, int64(index)))
}

func (r transfers) Move(ctx context.Context, t chain.Transfer) error {
	return exists(exec(ctx, r.in(), `UPDATE transfers
		SET height = $4, block_id = $5, block_time = $6
		WHERE network = $1 AND txid = $2 AND idx = $3`,
		t.Network, t.TxID, int64(t.Index), height(t.Height), t.BlockID, t.BlockTime))
}

// heldForASource says of a row that it waits for a second source; the words are those of the index.
const heldForASource = "disposition = 'held' AND reason IN ('awaiting_second_source', 'sources_disagree')"

func (r transfers) Release(ctx context.Context, t ports.TransferRow) (bool, error) {
	n, err := exec(ctx, r.in(), `UPDATE transfers
		SET disposition = $4, reason = $5, order_no = $6, session_id = $7, intent_id = $8
		WHERE network = $1 AND txid = $2 AND idx = $3 AND `+heldForASource,
		t.Transfer.Network, t.Transfer.TxID, int64(t.Transfer.Index), t.Disposition, orNoID(t.Reason),
		t.OrderNo, orNoID(t.SessionID), orNoID(t.IntentID))
	return n > 0, err
}

func (r transfers) Note(ctx context.Context, t chain.Transfer, because ports.Reason) error {
	return exists(exec(ctx, r.in(), `UPDATE transfers
		SET reason = CASE WHEN `+heldForASource+` THEN reason ELSE $4 END
		WHERE network = $1 AND txid = $2 AND idx = $3`,
		t.Network, t.TxID, int64(t.Index), orNoID(because)))
}

func (r transfers) Waiting(
	ctx context.Context, n chain.Network, limit int,
) ([]ports.TransferRow, error) {
	return r.list(ctx, "WHERE network = $1 AND "+heldForASource+
		" ORDER BY network, recorded_at, height, idx, txid LIMIT $2", n, limited(limit))
}

func (r transfers) Between(
	ctx context.Context, n chain.Network, from, to uint64,
) ([]ports.TransferRow, error) {
	return r.list(ctx, `WHERE network = $1 AND height BETWEEN $2 AND $3 AND disposition <> 'reversed'
		ORDER BY height, idx, txid`, n, height(from), height(to))
}

func (r transfers) OfSession(
	ctx context.Context, id checkout.SessionID,
) ([]ports.TransferRow, []ports.Sighting, error) {
	if !isUUID(id) {
		return nil, nil, nil
	}
	rows, err := r.list(ctx, "WHERE session_id = $1 ORDER BY height, idx, txid", id)
	if err != nil {
		return nil, nil, err
	}
	seen, err := r.sightings(ctx, "WHERE session_id = $1 ORDER BY height, idx, txid", id)
	return rows, seen, err
}

func (r transfers) Load(
	ctx context.Context, n chain.Network, id chain.TxID, index uint32,
) (ports.TransferRow, error) {
	if !isText(id) {
		return ports.TransferRow{}, ports.ErrNotFound
	}
	row, err := one[transferRow](ctx, r.in(),
		transferQuery+"WHERE network = $1 AND txid = $2 AND idx = $3 FOR UPDATE", n, id, int64(index))
	if err != nil {
		return ports.TransferRow{}, err
	}
	return row.row()
}

func (r transfers) Decide(ctx context.Context, t ports.TransferRow) error {
	var decided *time.Time
	if t.Decision.Action != "" {
		decided = &t.Decision.At
	}
	return exists(exec(ctx, r.in(), `UPDATE transfers
		SET disposition = $4, session_id = $5, intent_id = $6, order_no = $7, decision = $8,
			decided_at = $9, decision_note = $10, return_txid = $11
		WHERE network = $1 AND txid = $2 AND idx = $3`,
		t.Transfer.Network, t.Transfer.TxID, int64(t.Transfer.Index), t.Disposition,
		orNoID(t.SessionID), orNoID(t.IntentID), t.OrderNo, t.Decision.Action, decided,
		t.Decision.Note, t.Decision.ReturnTxID))
}

func (r transfers) Queue(ctx context.Context, q ports.QueueQuery) (ports.QueuePage, error) {
	if !isUUID(q.Project) || !isText(q.Before.TxID) {
		return ports.QueuePage{}, nil
	}
	where := "WHERE project_id = $1 AND (CASE network WHEN 'sandbox' THEN 'test' ELSE 'live' END) = $2"
	args := []any{q.Project, q.Mode.String(), limited(q.Limit) + 1}
	end := " ORDER BY recorded_at DESC, height DESC, idx DESC, txid DESC LIMIT $3"
	if !q.Before.RecordedAt.IsZero() {
		end = " AND (recorded_at, height, idx, txid) < ($4, $5, $6, $7)" + end
		args = append(args, q.Before.RecordedAt, height(q.Before.Height), int64(q.Before.Index), q.Before.TxID)
	}
	query := transferQuery + where + " AND decision <> ''" + end
	if !q.Decided {
		// Each half is found by an index: what paid nothing, and parts of sessions that wait.
		query = "(" + transferQuery + where + " AND disposition IN ('held', 'duplicate', 'unmatched') AND decision = ''" +
			end + ") UNION ALL (" + transferQuery + where + ` AND disposition = 'part' AND decision = '' AND session_id IN (
				SELECT id FROM sessions WHERE project_id = $1 AND underpaid_held)` + end + ")" +
			" ORDER BY recorded_at DESC, height DESC, idx DESC, txid DESC LIMIT $3"
	}
	rows, err := r.rows(ctx, query, append([]any{prepared}, args...)...)
	if err != nil {
		return ports.QueuePage{}, err
	}
	page, more := cut(rows, q.Limit)
	return ports.QueuePage{Rows: page, More: more}, nil
}
