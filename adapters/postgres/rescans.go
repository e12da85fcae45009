package postgres

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

type rescans struct{ *unit }

type rescanRow struct {
	Network    chain.Network
	FromHeight uint64
	ToHeight   uint64
	NextHeight uint64
	Found      int
	Missing    int
	Host       string
	Second     bool
	OwnUnread  bool
	StartedAt  time.Time
	UpdatedAt  time.Time
	FinishedAt *time.Time
}

const rescanColumns = "network, from_height, to_height, next_height, found, missing, host, second, own_unread," +
	" started_at, updated_at, finished_at"

func (r rescanRow) rescan() ports.Rescan {
	out := ports.Rescan{
		Network: r.Network, From: r.FromHeight, To: r.ToHeight, Next: r.NextHeight, Found: r.Found,
		Missing: r.Missing, Host: r.Host, Second: r.Second, OwnUnread: r.OwnUnread,
		StartedAt: r.StartedAt, UpdatedAt: r.UpdatedAt,
	}
	if r.FinishedAt != nil {
		out.FinishedAt = *r.FinishedAt
	}
	return out
}

// Start answers ErrTaken by an index that admits one rescan under way, not by a look.
func (r rescans) Start(ctx context.Context, begun ports.Rescan) error {
	n, err := exec(ctx, r.in(), "INSERT INTO rescans ("+rescanColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
		begun.Network, height(begun.From), height(begun.To), height(begun.Next), begun.Found,
		begun.Missing, begun.Host, begun.Second, begun.OwnUnread, begun.StartedAt, begun.UpdatedAt, orNull(begun.FinishedAt))
	if err == nil && n == 0 {
		return ports.ErrTaken
	}
	return err
}

func (r rescans) Latest(ctx context.Context, n chain.Network) (ports.Rescan, error) {
	row, err := one[rescanRow](ctx, r.in(), "SELECT "+rescanColumns+` FROM rescans
		WHERE network = $1 ORDER BY started_at DESC LIMIT 1 FOR UPDATE`, n)
	return row.rescan(), err
}

func (r rescans) Advance(ctx context.Context, from uint64, to ports.Rescan) error {
	return stale(exec(ctx, r.in(), `UPDATE rescans SET next_height = $4, found = $5, missing = $6,
			host = $7, second = $8, own_unread = $9, updated_at = $10, finished_at = $11
		WHERE network = $1 AND started_at = $2 AND next_height = $3 AND finished_at IS NULL`,
		to.Network, to.StartedAt, height(from), height(to.Next), to.Found, to.Missing, to.Host, to.Second,
		to.OwnUnread, to.UpdatedAt, orNull(to.FinishedAt)))
}

// Rescans implements ports.RescanReads.
func (s *Store) Rescans(ctx context.Context) ([]ports.Rescan, error) {
	rows, err := all[rescanRow](ctx, s.in(),
		"SELECT DISTINCT ON (network) "+rescanColumns+" FROM rescans ORDER BY network, started_at DESC")
	var out []ports.Rescan
	for _, row := range rows {
		out = append(out, row.rescan())
	}
	return out, err
}
