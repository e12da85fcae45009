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

func movedArgs(t chain.Transfer) []any {
	return []any{
		t.Network, t.TxID, int64(t.Index), t.Asset.Symbol, t.Asset.Contract, int16(t.Asset.Decimals),
		t.From, t.To, t.Units.String(), height(t.Height), t.BlockID, t.BlockTime,
	}
}

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
	OrderNo     string
	RecordedAt  time.Time
}

const transferQuery = "SELECT " + movedColumns +
	", project_id, session_id, intent_id, disposition, order_no, recorded_at FROM transfers "

func (r transferRow) row() (ports.TransferRow, error) {
	t, err := r.transfer()
	return ports.TransferRow{
		Transfer: t, ProjectID: r.ProjectID, SessionID: r.SessionID, IntentID: r.IntentID,
		Disposition: r.Disposition, OrderNo: r.OrderNo, RecordedAt: r.RecordedAt,
	}, err
}

func (r transfers) list(
	ctx context.Context, rest string, args ...any,
) ([]ports.TransferRow, error) {
	rows, err := all[transferRow](ctx, r.in(), transferQuery+rest, args...)
	if err != nil {
		return nil, err
	}
	return each(rows, transferRow.row)
}

func (r transfers) Add(ctx context.Context, t ports.TransferRow) (bool, error) {
	args := append([]any{prepared}, movedArgs(t.Transfer)...)
	args = append(args, orNoID(t.ProjectID), orNoID(t.SessionID), orNoID(t.IntentID), t.Disposition,
		t.OrderNo, t.RecordedAt)
	n, err := exec(ctx, r.in(), "INSERT INTO transfers ("+movedColumns+`,
			project_id, session_id, intent_id, disposition, order_no, recorded_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (network, txid, idx) DO UPDATE SET
			symbol = EXCLUDED.symbol, contract = EXCLUDED.contract, decimals = EXCLUDED.decimals,
			sender = EXCLUDED.sender, receiver = EXCLUDED.receiver, units = EXCLUDED.units,
			height = EXCLUDED.height, block_id = EXCLUDED.block_id, block_time = EXCLUDED.block_time,
			project_id = EXCLUDED.project_id, session_id = EXCLUDED.session_id,
			intent_id = EXCLUDED.intent_id, disposition = EXCLUDED.disposition,
			order_no = EXCLUDED.order_no, recorded_at = EXCLUDED.recorded_at
		WHERE transfers.disposition = 'reversed'`, args...)
	return n > 0, err
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

func (r transfers) Queue(
	ctx context.Context, p merchant.ProjectID, limit int,
) ([]ports.TransferRow, error) {
	if !isUUID(p) {
		return nil, nil
	}
	return r.list(ctx, queueFilter, p, limited(limit))
}

// queueFilter finds what waits through two indexes: of transfers that paid nothing, and of sessions whose
// merchant has to decide.
const queueFilter = `
	WHERE (network, txid, idx) IN (
		SELECT network, txid, idx FROM (
			(SELECT network, txid, idx, recorded_at, height FROM transfers
				WHERE project_id = $1 AND disposition IN ('held', 'duplicate', 'unmatched')
				ORDER BY recorded_at DESC, height DESC, idx DESC, txid DESC LIMIT $2)
			UNION ALL
			(SELECT t.network, t.txid, t.idx, t.recorded_at, t.height
				FROM sessions s JOIN transfers t ON t.session_id = s.id AND t.disposition = 'part'
				WHERE s.project_id = $1 AND s.underpaid_held
				ORDER BY t.recorded_at DESC LIMIT $2)
		) AS waiting ORDER BY recorded_at DESC, height DESC, idx DESC, txid DESC LIMIT $2)
	ORDER BY recorded_at DESC, height DESC, idx DESC, txid DESC`
