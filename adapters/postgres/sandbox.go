package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type sandbox struct{ *unit }

type sealRow struct{ Until time.Time }

// Emit holds the seal shared until the unit of work ends; Seal waits for that.
func (r sandbox) Emit(ctx context.Context, ts []ports.SandboxTransfer) error {
	seal, err := one[sealRow](ctx, r.in(), "SELECT until FROM sandbox_seal FOR SHARE")
	if err != nil {
		return err
	}
	for _, t := range ts {
		if t.MinedAt.Before(seal.Until) {
			t.MinedAt = seal.Until
		}
		n, err := exec(ctx, r.in(), `
			INSERT INTO sandbox_transfers (
				txid, idx, contract, symbol, sender, receiver, units, mined_at, gone)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (txid, idx) DO NOTHING`,
			t.TxID, int64(t.Index), t.Contract, t.Symbol, t.From, t.To, t.Units, t.MinedAt, t.Gone)
		if err != nil {
			return err
		}
		if n == 0 {
			return ports.ErrTaken
		}
	}
	return nil
}

// Seal implements ports.SandboxReads.
func (s *Store) Seal(ctx context.Context, until time.Time) error {
	_, err := exec(ctx, s.in(), "UPDATE sandbox_seal SET until = $1 WHERE until < $1", until)
	return err
}

func (r sandbox) Reorg(ctx context.Context, id chain.TxID, reorg ports.SandboxReorg) error {
	_, err := exec(ctx, r.in(), "UPDATE sandbox_transfers SET gone = true WHERE txid = $1", id)
	if err != nil {
		return err
	}
	_, err = exec(ctx, r.in(), "INSERT INTO sandbox_reorgs (at, height) VALUES ($1, $2)",
		reorg.At, height(reorg.Height))
	return err
}

func (r sandbox) Trouble(ctx context.Context, t ports.SandboxTrouble) error {
	_, err := exec(ctx, r.in(), `INSERT INTO sandbox_troubles (kind, project_id, from_at, until_at)
		VALUES ($1, $2, $3, $4)`, t.Kind, orNoID(t.Project), t.From, t.Until)
	return err
}

type minedRow struct {
	Txid     chain.TxID
	Idx      uint32
	Contract string
	Symbol   string
	Sender   chain.Address
	Receiver chain.Address
	Units    string
	MinedAt  time.Time
}

const minedQuery = `SELECT txid, idx, contract, symbol, sender, receiver, units, mined_at
	FROM sandbox_transfers WHERE NOT gone AND `

func (s *Store) mined(
	ctx context.Context, rest string, args ...any,
) ([]ports.SandboxTransfer, error) {
	rows, err := all[minedRow](ctx, s.in(), minedQuery+rest+" ORDER BY mined_at, txid, idx",
		args...)
	var out []ports.SandboxTransfer
	for _, row := range rows {
		out = append(out, ports.SandboxTransfer{
			TxID: row.Txid, Index: row.Idx, Contract: row.Contract, Symbol: row.Symbol,
			From: row.Sender, To: row.Receiver, Units: row.Units, MinedAt: row.MinedAt,
		})
	}
	return out, err
}

// Mined implements ports.SandboxReads.
func (s *Store) Mined(
	ctx context.Context, from, to time.Time, receivers []chain.Address,
) ([]ports.SandboxTransfer, error) {
	return s.mined(ctx, "mined_at >= $1 AND mined_at < $2 AND receiver = ANY($3::text[])",
		from, to, texts(receivers))
}

// Transaction implements ports.SandboxReads.
func (s *Store) Transaction(ctx context.Context, id chain.TxID) ([]ports.SandboxTransfer, error) {
	if !isText(id) {
		return nil, nil
	}
	return s.mined(ctx, "txid = $1", id)
}

type reorgRow struct {
	At     time.Time
	Height uint64
}

// sandboxQuestions are asked of the sandbox by whoever looks at its chain, for every step of a test payment.
type sandboxQuestions struct {
	reorgs   gathered[allReorgs, []ports.SandboxReorg]
	troubles gathered[time.Time, []ports.SandboxTrouble]
}

// Reorgs implements ports.SandboxReads.
func (s *Store) Reorgs(ctx context.Context) ([]ports.SandboxReorg, error) {
	found, err := s.sandbox.reorgs.ask(ctx, allReorgs{}, s.readReorgs, nil)
	return slices.Clone(found), err // his own, as others may have been answered the same
}

// allReorgs is the only question there is about them.
type allReorgs struct{}

func (s *Store) readReorgs(
	ctx context.Context, _ []allReorgs,
) (map[allReorgs][]ports.SandboxReorg, error) {
	rows, err := all[reorgRow](ctx, s.in(),
		"SELECT at, height FROM sandbox_reorgs ORDER BY at, height", prepared)
	var out []ports.SandboxReorg
	for _, row := range rows {
		out = append(out, ports.SandboxReorg(row))
	}
	return map[allReorgs][]ports.SandboxReorg{{}: out}, err
}

type troubleRow struct {
	Kind      string
	ProjectID merchant.ProjectID
	FromAt    time.Time
	UntilAt   time.Time
}

// Troubles implements ports.SandboxReads.
func (s *Store) Troubles(ctx context.Context, now time.Time) ([]ports.SandboxTrouble, error) {
	return s.sandbox.troubles.ask(ctx, now, s.readTroubles, nil)
}

func (s *Store) readTroubles(
	ctx context.Context, at []time.Time,
) (map[time.Time][]ports.SandboxTrouble, error) {
	rows, err := all[troubleRow](ctx, s.in(), `
		SELECT kind, project_id, from_at, until_at FROM sandbox_troubles
		WHERE from_at <= $1 AND until_at > $2 ORDER BY from_at, until_at`,
		prepared, slices.MaxFunc(at, time.Time.Compare), slices.MinFunc(at, time.Time.Compare))
	out := make(map[time.Time][]ports.SandboxTrouble, len(at))
	for _, now := range at {
		out[now] = nil
		for _, row := range rows {
			if !row.FromAt.After(now) && row.UntilAt.After(now) {
				out[now] = append(out[now], ports.SandboxTrouble{
					Kind: row.Kind, Project: row.ProjectID, From: row.FromAt, Until: row.UntilAt,
				})
			}
		}
	}
	return out, err
}
