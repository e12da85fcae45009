package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// IntentsOf implements ports.SessionReads.
func (s *Store) IntentsOf(
	ctx context.Context, id checkout.SessionID, limit int,
) ([]checkout.Intent, error) {
	if !isUUID(id) {
		return nil, nil
	}
	rows, err := all[intentRow](ctx, s.in(), "SELECT "+intentColumns+` FROM intents i
		WHERE i.session_id = $1 ORDER BY i.created_at DESC, i.id DESC LIMIT $2`, id, limited(limit))
	if err != nil {
		return nil, err
	}
	return each(rows, intentRow.intent)
}

// newestBlock orders what arrived.
const newestBlock = " ORDER BY block_time DESC, height DESC, txid DESC, idx DESC LIMIT "

// Arrived implements ports.Explanations.
func (s *Store) Arrived(ctx context.Context, q ports.ArrivalQuery) ([]ports.TransferRow, error) {
	if !isText(q.At) {
		return nil, nil
	}
	query := transferQuery + `WHERE receiver = $1 AND network = ANY($2::text[])
		AND block_time BETWEEN $3 AND $4`
	args := []any{q.At, texts(q.On), q.From, q.Until, limited(q.Limit)}
	if q.Near != nil {
		scale := func(column string) string {
			return "power(10::numeric, greatest(0, " + strconv.Itoa(ports.NearScale) + " - " + column + "))"
		}
		query += " AND units * " + scale("decimals") + " BETWEEN $6::numeric * " + scale("$8::int") +
			" AND $7::numeric * " + scale("$8::int")
		args = append(args, q.Near.Low.String(), q.Near.High.String(), int(q.Near.Decimals))
	}
	rows, err := all[transferRow](ctx, s.in(), query+newestBlock+"$5", args...)
	if err != nil {
		return nil, err
	}
	return each(rows, transferRow.row)
}

// InSight implements ports.Explanations.
func (s *Store) InSight(
	ctx context.Context, at chain.Address, on []chain.Network, limit int,
) ([]ports.Sighting, error) {
	if !isText(at) {
		return nil, nil
	}
	rows, err := all[sightingRow](ctx, s.in(), "SELECT "+movedColumns+`, session_id FROM sightings
		WHERE receiver = $1 AND network = ANY($2::text[])`+newestBlock+"$3", at, texts(on), limited(limit))
	if err != nil {
		return nil, err
	}
	return each(rows, sightingRow.sighting)
}

const ignoredColumns = "network, txid, idx, contract, sender, receiver, units, height, block_time, reason"

type ignoredRow struct {
	Network   chain.Network
	Txid      chain.TxID
	Idx       uint32
	Contract  string
	Sender    chain.Address
	Receiver  chain.Address
	Units     string
	Height    uint64
	BlockTime time.Time
	Reason    ports.IgnoredReason
}

func (r ignoredRow) event() (ports.IgnoredTransfer, error) {
	units, err := integer(r.Units)
	return ports.IgnoredTransfer{
		Network: r.Network, TxID: r.Txid, Index: r.Idx, Contract: r.Contract, From: r.Sender,
		To: r.Receiver, Units: units, Height: r.Height, BlockTime: r.BlockTime, Reason: r.Reason,
	}, err
}

type moreRow struct{ More int }

// Ignored implements ports.Explanations.
func (s *Store) Ignored(
	ctx context.Context, q ports.ArrivalQuery,
) (list []ports.IgnoredTransfer, more int, err error) {
	if !isText(q.At) {
		return nil, 0, nil
	}
	rows, err := all[ignoredRow](ctx, s.in(), "SELECT "+ignoredColumns+` FROM ignored_transfers
		WHERE receiver = $1 AND network = ANY($2::text[]) AND block_time BETWEEN $3 AND $4`+
		newestBlock+"$5", q.At, texts(q.On), q.From, q.Until, limited(q.Limit))
	if err != nil {
		return nil, 0, err
	}
	if list, err = each(rows, ignoredRow.event); err != nil {
		return nil, 0, err
	}
	count, err := one[moreRow](ctx, s.in(), `SELECT coalesce(sum(more), 0)::bigint AS more FROM ignored_days
		WHERE receiver = $1 AND network = ANY($2::text[]) AND day BETWEEN $3 AND $4`,
		q.At, texts(q.On), day(q.From), day(q.Until))
	return list, count.More, err
}

// day is the day (UTC) of a moment.
func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// MarkBefore implements ports.Explanations.
func (s *Store) MarkBefore(ctx context.Context, n chain.Network, at time.Time) (ports.Cursor, error) {
	row, err := one[cursorRow](ctx, s.in(), "SELECT "+cursorColumns+` FROM watch_marks
		WHERE network = $1 AND block_time <= $2 ORDER BY block_time DESC, height DESC LIMIT 1`, n, at)
	return row.cursor(), err
}

type gapRow struct {
	Network chain.Network
	FromAt  time.Time
	Until   time.Time
}

// Gaps implements ports.Explanations.
func (s *Store) Gaps(
	ctx context.Context, n chain.Network, from, until time.Time, limit int,
) ([]ports.WatchGap, error) {
	rows, err := all[gapRow](ctx, s.in(), `SELECT network, from_at, until FROM watch_gaps
		WHERE network = $1 AND until >= $2 AND from_at <= $3 ORDER BY from_at LIMIT $4`,
		n, from, until, limited(limit))
	var out []ports.WatchGap
	for _, row := range rows {
		out = append(out, ports.WatchGap{Network: row.Network, From: row.FromAt, Until: row.Until})
	}
	return out, err
}
