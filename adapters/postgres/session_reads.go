package postgres

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// ByID implements ports.SessionReads. It shares its read with whoever asks at the same time: all who wait
// for a payment ask for little else. Each makes a session of his own of what was read.
func (s *Store) ByID(ctx context.Context, id checkout.SessionID) (*checkout.Session, error) {
	if !isUUID(id) {
		return nil, ports.ErrNotFound
	}
	row, err := s.opened.ask(ctx, id, s.byIDs, ports.ErrNotFound)
	if err != nil {
		return nil, err
	}
	return row.session()
}

func (s *Store) byIDs(
	ctx context.Context, ids []checkout.SessionID,
) (map[checkout.SessionID]sessionRow, error) {
	rows, err := all[sessionRow](ctx, s.in(), sessionQuery+"WHERE s.id = ANY($1::text[]::uuid[])", prepared, texts(ids))
	return by(rows, func(r sessionRow) checkout.SessionID { return r.ID }), err
}

// filter gathers conditions with their bound arguments.
type filter struct {
	conditions []string
	args       []any
}

// add adds a condition; each $ in it stands for the next argument.
func (f *filter) add(condition string, args ...any) {
	for _, arg := range args {
		f.args = append(f.args, arg)
		condition = strings.Replace(condition, "$?", fmt.Sprintf("$%d", len(f.args)), 1)
	}
	f.conditions = append(f.conditions, condition)
}

func (f *filter) where() string {
	if len(f.conditions) == 0 {
		return " "
	}
	return " WHERE " + strings.Join(f.conditions, " AND ")
}

// page adds an order and a limit; one more row than asked for tells whether more follows.
func (f *filter) page(order string, limit int) string {
	return f.first(order, limited(limit)+1)
}

// first adds an order and how many rows of it there shall be at most. The number is in the text, because a plan
// for whatever number is one for many rows.
func (f *filter) first(order string, rows int) string {
	return f.where() + fmt.Sprintf(" ORDER BY %s LIMIT %d", order, rows)
}

type unitsRow struct{ Units string }

// Taken implements ports.SessionReads.
func (s *Store) Taken(
	ctx context.Context, a chain.Asset, at chain.Address, from, to *big.Int,
) ([]*big.Int, error) {
	if !isText(at) {
		return nil, nil
	}
	rows, err := all[unitsRow](ctx, s.in(), `
		SELECT units FROM intents
		WHERE network = $1 AND address = $2 AND contract = $3 AND held
			AND units BETWEEN $4::numeric AND $5::numeric
		ORDER BY units`, prepared, a.Network, at, a.Contract, from.String(), to.String())
	if err != nil {
		return nil, err
	}
	return each(rows, func(r unitsRow) (*big.Int, error) { return integer(r.Units) })
}

type heldRow struct {
	Position int
	intentRow
}

// Held implements ports.SessionReads.
func (s *Store) Held(ctx context.Context, ts []chain.Transfer) ([]*ports.HeldAmount, error) {
	out := make([]*ports.HeldAmount, len(ts))
	var positions []int64
	var networks, addresses, contracts, units []string
	for n, t := range ts {
		if t.Asset.Network != t.Network || t.Units == nil || !isText(t.To) || !isText(t.Asset.Contract) {
			continue
		}
		positions = append(positions, int64(n))
		networks, addresses = append(networks, string(t.Network)), append(addresses, string(t.To))
		contracts, units = append(contracts, t.Asset.Contract), append(units, t.Units.String())
	}
	if len(positions) == 0 {
		return out, nil
	}
	rows, err := all[heldRow](ctx, s.in(), heldQuery, prepared,
		positions, networks, addresses, contracts, units)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		intent, err := row.intent()
		if err != nil {
			return nil, err
		}
		out[row.Position] = &ports.HeldAmount{Intent: intent, Owner: row.IntentProjectID}
	}
	return out, nil
}

// heldQuery asks one index for each rule of matching. An address is of one rule: were it of both, its
// own session would have it.
const heldQuery = `
	WITH t (position, network, address, contract, units) AS (
		SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]))
	SELECT t.position, ` + intentColumns + `
	FROM t JOIN intents i ON i.network = t.network AND i.address = t.address AND i.contract = t.contract
		AND i.units = t.units::numeric AND i.held AND i.matching <> 'dedicated'
	UNION ALL
	SELECT t.position, ` + intentColumns + `
	FROM t JOIN intents i ON i.network = t.network AND i.address = t.address AND i.contract = t.contract
		AND i.held AND i.matching = 'dedicated'`
