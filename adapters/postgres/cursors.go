package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// trailDepth is how many blocks behind the cursor the trail reaches, a week of Tron's. A network that
// undoes more than that has other troubles.
const trailDepth = 200_000

type cursors struct{ *unit }

type cursorRow struct {
	Network   chain.Network
	Height    uint64
	BlockID   string
	BlockTime time.Time
	UpdatedAt time.Time
}

const cursorColumns = "network, height, block_id, block_time, updated_at"

func (r cursorRow) cursor() ports.Cursor { return ports.Cursor(r) }

func (r cursors) Load(ctx context.Context, n chain.Network) (ports.Cursor, error) {
	row, err := one[cursorRow](ctx, r.in(),
		"SELECT "+cursorColumns+" FROM cursors WHERE network = $1 FOR UPDATE", n)
	return row.cursor(), err
}

func (r cursors) Start(ctx context.Context, c ports.Cursor) error {
	n, err := exec(ctx, r.in(), "INSERT INTO cursors ("+cursorColumns+`)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (network) DO NOTHING`,
		c.Network, height(c.Height), c.BlockID, c.BlockTime, c.UpdatedAt)
	if err != nil || n == 0 {
		return err
	}
	return r.remember(ctx, c)
}

// remember adds a block to the trail and drops what is too far behind it.
func (r cursors) remember(ctx context.Context, c ports.Cursor) error {
	_, err := exec(ctx, r.in(), "INSERT INTO cursor_trail ("+cursorColumns+`)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (network, height) DO UPDATE SET block_id = EXCLUDED.block_id,
			block_time = EXCLUDED.block_time, updated_at = EXCLUDED.updated_at`,
		c.Network, height(c.Height), c.BlockID, c.BlockTime, c.UpdatedAt)
	if err != nil || c.Height <= trailDepth {
		return err
	}
	_, err = exec(ctx, r.in(), "DELETE FROM cursor_trail WHERE network = $1 AND height < $2",
		c.Network, height(c.Height-trailDepth))
	return err
}

func (r cursors) Stand(ctx context.Context, c ports.Cursor) error {
	return stale(exec(ctx, r.in(),
		"SELECT FROM cursors WHERE network = $1 AND height = $2 AND block_id = $3 FOR SHARE",
		c.Network, height(c.Height), c.BlockID))
}

func (r cursors) Advance(ctx context.Context, from, c ports.Cursor) error {
	switch {
	case c.Height < from.Height:
		return fmt.Errorf("advance %s from %d to %d: backwards", c.Network, from.Height, c.Height)
	case c.Height == from.Height:
		return stale(exec(ctx, r.in(),
			"UPDATE cursors SET updated_at = $4 WHERE network = $1 AND height = $2 AND block_id = $3",
			c.Network, height(from.Height), from.BlockID, c.UpdatedAt))
	}
	return r.set(ctx, from, c)
}

// set moves the cursor from where it must stand and remembers its block.
func (r cursors) set(ctx context.Context, from, c ports.Cursor) error {
	err := stale(exec(ctx, r.in(), `UPDATE cursors
		SET height = $4, block_id = $5, block_time = $6, updated_at = $7
		WHERE network = $1 AND height = $2 AND block_id = $3`,
		c.Network, height(from.Height), from.BlockID, height(c.Height), c.BlockID, c.BlockTime, c.UpdatedAt))
	if err != nil {
		return err
	}
	return r.remember(ctx, c)
}

// stale turns "nothing was changed" into ErrStale.
func stale(n int64, err error) error {
	if err == nil && n == 0 {
		return ports.ErrStale
	}
	return err
}

func (r cursors) Trail(
	ctx context.Context, n chain.Network, from uint64, limit int,
) ([]ports.Cursor, error) {
	rows, err := all[cursorRow](ctx, r.in(), "SELECT "+cursorColumns+`
		FROM cursor_trail WHERE network = $1 AND height <= $2 ORDER BY height DESC LIMIT $3`,
		n, height(from), limited(limit))
	return cursorsOf(rows), err
}

func cursorsOf(rows []cursorRow) []ports.Cursor {
	var out []ports.Cursor
	for _, row := range rows {
		out = append(out, row.cursor())
	}
	return out
}

func (r cursors) Since(
	ctx context.Context, n chain.Network, at time.Time,
) (ports.Cursor, error) {
	row, err := one[cursorRow](ctx, r.in(), "SELECT "+cursorColumns+` FROM cursor_trail
		WHERE network = $1 AND block_time >= $2 ORDER BY block_time, height LIMIT 1`, n, at)
	return row.cursor(), err
}

func (r cursors) Rewind(ctx context.Context, from, c ports.Cursor) error {
	if err := r.set(ctx, from, c); err != nil {
		return err
	}
	_, err := exec(ctx, r.in(), "DELETE FROM cursor_trail WHERE network = $1 AND height > $2",
		c.Network, height(c.Height))
	return err
}

// Cursors implements ports.CursorReads. Whoever waits for a payment asks for them each time he looks.
func (s *Store) Cursors(ctx context.Context) ([]ports.Cursor, error) {
	found, err := s.cursors.ask(ctx, allCursors{}, s.readCursors, nil)
	return slices.Clone(found), err // his own, as others may have been answered the same
}

// allCursors is the only question there is about them.
type allCursors struct{}

func (s *Store) readCursors(ctx context.Context, _ []allCursors) (map[allCursors][]ports.Cursor, error) {
	rows, err := all[cursorRow](ctx, s.in(), "SELECT "+cursorColumns+" FROM cursors ORDER BY network", prepared)
	return map[allCursors][]ports.Cursor{{}: cursorsOf(rows)}, err
}
