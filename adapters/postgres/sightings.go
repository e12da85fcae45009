package postgres

import (
	"context"

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
	old, still := make(map[transferKey]ports.Sighting), make(map[transferKey]bool)
	for _, o := range before {
		old[keyOf(o.Transfer)] = o
	}
	for _, s := range now {
		k := keyOf(s.Transfer)
		still[k] = true
		if o, known := old[k]; known && sameSighting(o, s) {
			continue
		}
		if err := r.sight(ctx, s); err != nil {
			return nil, err
		}
	}
	var gone []ports.Sighting
	for _, o := range before {
		if still[keyOf(o.Transfer)] {
			continue
		}
		final, err := r.unsee(ctx, o)
		if err != nil {
			return nil, err
		}
		if !final {
			gone = append(gone, o)
		}
	}
	return gone, nil
}

func sameSighting(a, b ports.Sighting) bool {
	x, y := a.Transfer, b.Transfer
	return a.SessionID == b.SessionID && x.Asset == y.Asset && x.From == y.From && x.To == y.To &&
		x.Units.Cmp(y.Units) == 0 && x.Height == y.Height && x.BlockID == y.BlockID &&
		x.BlockTime.Equal(y.BlockTime)
}

func (r transfers) sight(ctx context.Context, s ports.Sighting) error {
	args := append([]any{prepared}, movedArgs(s.Transfer)...)
	_, err := exec(ctx, r.in(), "INSERT INTO sightings ("+movedColumns+`, session_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (network, txid, idx) DO UPDATE SET
			symbol = EXCLUDED.symbol, contract = EXCLUDED.contract, decimals = EXCLUDED.decimals,
			sender = EXCLUDED.sender, receiver = EXCLUDED.receiver, units = EXCLUDED.units,
			height = EXCLUDED.height, block_id = EXCLUDED.block_id, block_time = EXCLUDED.block_time,
			session_id = EXCLUDED.session_id`, append(args, orNoID(s.SessionID))...)
	return err
}

// unsee forgets a sighting and answers whether its transfer is recorded as final for its session.
func (r transfers) unsee(ctx context.Context, o ports.Sighting) (final bool, err error) {
	t := o.Transfer
	n, err := exec(ctx, r.in(), `
		WITH gone AS (DELETE FROM sightings WHERE network = $1 AND txid = $2 AND idx = $3)
		SELECT 1 FROM transfers
		WHERE network = $1 AND txid = $2 AND idx = $3 AND disposition <> 'reversed'
			AND session_id IS NOT DISTINCT FROM $4::uuid`,
		prepared, t.Network, t.TxID, int64(t.Index), orNoID(o.SessionID))
	return n > 0, err
}
