package postgres

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

type (
	ignored  struct{ *unit }
	watchLog struct{ *unit }
)

// crowd are the events of an address and a day.
type crowd struct {
	to   chain.Address
	day  time.Time
	list []ports.IgnoredTransfer
	more int
}

// crowds groups events by address and day, in one order, so that two units never wait for each other.
func crowds(s ports.Strange, at time.Time) []*crowd {
	var out []*crowd
	of := func(to chain.Address, t time.Time) *crowd {
		day := day(t)
		i := slices.IndexFunc(out, func(c *crowd) bool { return c.to == to && c.day.Equal(day) })
		if i < 0 {
			i, out = len(out), append(out, &crowd{to: to, day: day})
		}
		return out[i]
	}
	for _, t := range s.Transfers {
		c := of(t.To, t.BlockTime)
		c.list = append(c.list, t)
	}
	for to, more := range s.More {
		of(to, at).more += more
	}
	slices.SortFunc(out, func(a, b *crowd) int { return cmp.Or(cmp.Compare(a.to, b.to), a.day.Compare(b.day)) })
	return out
}

func (r ignored) Note(ctx context.Context, n chain.Network, s ports.Strange, at time.Time) error {
	for _, c := range crowds(s, at) {
		if err := r.note(ctx, n, c); err != nil {
			return err
		}
	}
	return nil
}

type keptRow struct{ Kept int }

type noticedRow struct {
	Txid chain.TxID
	Idx  uint32
}

// note keeps as many of a crowd as the day still takes, and counts the others.
func (r ignored) note(ctx context.Context, n chain.Network, c *crowd) error {
	_, err := exec(ctx, r.in(), `INSERT INTO ignored_days (network, receiver, day, kept, more)
		VALUES ($1, $2, $3, 0, 0) ON CONFLICT DO NOTHING`, n, c.to, c.day)
	if err != nil {
		return err
	}
	day, err := one[keptRow](ctx, r.in(), `SELECT kept FROM ignored_days
		WHERE receiver = $1 AND day = $2 AND network = $3 FOR UPDATE`, c.to, c.day, n)
	if err != nil {
		return err
	}
	fresh, err := r.fresh(ctx, n, c.list)
	if err != nil {
		return err
	}
	room := max(0, min(len(fresh), ports.IgnoredPerDay-day.Kept))
	for _, t := range fresh[:room] {
		_, err := exec(ctx, r.in(), "INSERT INTO ignored_transfers ("+ignoredColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, prepared,
			n, t.TxID, int64(t.Index), t.Contract, t.From, t.To, t.Units.String(), height(t.Height),
			t.BlockTime, t.Reason)
		if err != nil {
			return err
		}
	}
	_, err = exec(ctx, r.in(), `UPDATE ignored_days SET kept = kept + $4, more = more + $5
		WHERE receiver = $1 AND day = $2 AND network = $3`,
		c.to, c.day, n, room, c.more+len(fresh)-room)
	return err
}

// fresh are the events that are not kept yet.
func (r ignored) fresh(
	ctx context.Context, n chain.Network, list []ports.IgnoredTransfer,
) (out []ports.IgnoredTransfer, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	var ids []chain.TxID
	for _, t := range list {
		ids = append(ids, t.TxID)
	}
	rows, err := all[noticedRow](ctx, r.in(), `SELECT txid, idx FROM ignored_transfers
		WHERE network = $1 AND txid = ANY($2::text[])`, n, texts(ids))
	if err != nil {
		return nil, err
	}
	known := make(map[noticedRow]bool, len(rows))
	for _, row := range rows {
		known[row] = true
	}
	for _, t := range list {
		if e := (noticedRow{t.TxID, t.Index}); !known[e] {
			known[e] = true
			out = append(out, t)
		}
	}
	return out, nil
}

func (r ignored) Prune(ctx context.Context, before time.Time) (int, error) {
	n, err := exec(ctx, r.in(), `DELETE FROM ignored_transfers WHERE (network, txid, idx) IN (
		SELECT network, txid, idx FROM ignored_transfers WHERE block_time < $1
		ORDER BY block_time LIMIT $2)`, before, ports.IgnoredBatch)
	if err != nil {
		return 0, err
	}
	_, err = exec(ctx, r.in(), "DELETE FROM ignored_days WHERE day < $1",
		day(before))
	return int(n), err
}

func (r watchLog) Mark(ctx context.Context, c ports.Cursor) error {
	_, err := exec(ctx, r.in(), "INSERT INTO watch_marks ("+cursorColumns+`)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (network, height) DO UPDATE SET block_id = EXCLUDED.block_id,
			block_time = EXCLUDED.block_time, updated_at = EXCLUDED.updated_at`,
		c.Network, height(c.Height), c.BlockID, c.BlockTime, c.UpdatedAt)
	return err
}

func (r watchLog) Gap(ctx context.Context, g ports.WatchGap) error {
	_, err := exec(ctx, r.in(), `INSERT INTO watch_gaps (network, from_at, until)
		VALUES ($1, $2, $3)
		ON CONFLICT (network, from_at) DO UPDATE SET until = greatest(watch_gaps.until, EXCLUDED.until)`,
		g.Network, g.From, g.Until)
	return err
}

func (r watchLog) Prune(ctx context.Context, before time.Time) (int, error) {
	marks, err := exec(ctx, r.in(), "DELETE FROM watch_marks WHERE block_time < $1", before)
	if err != nil {
		return 0, err
	}
	gaps, err := exec(ctx, r.in(), "DELETE FROM watch_gaps WHERE until < $1", before)
	return int(marks + gaps), err
}
