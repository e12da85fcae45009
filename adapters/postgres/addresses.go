package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type addresses struct{ *unit }

func (r addresses) At(
	ctx context.Context, at chain.Address, since time.Time,
) ([]merchant.ReceivingAccount, error) {
	if !isText(at) {
		return nil, nil
	}
	if _, err := exec(ctx, r.in(), "SELECT pg_advisory_xact_lock($1)",
		lockKey("address", string(at))); err != nil {
		return nil, err
	}
	return accounts(all[receivingRow](ctx, r.in(), "SELECT "+receivingColumns+`
		FROM receiving_accounts WHERE address = $1 AND (removed_at IS NULL OR removed_at >= $2)
		ORDER BY created_at, id`, at, since))
}

func (r addresses) Due(
	ctx context.Context, now time.Time, limit int,
) ([]merchant.ReceivingAccount, error) {
	return accounts(all[receivingRow](ctx, r.in(), "SELECT "+receivingColumns+`
		FROM receiving_accounts
		WHERE told_at IS NULL AND active_from <= $1 AND (removed_at IS NULL OR removed_at > $1)
		ORDER BY active_from, id LIMIT $2`, now, limited(limit)))
}

func (r addresses) All(
	ctx context.Context, after merchant.ReceivingID, now time.Time, limit int,
) ([]merchant.ReceivingAccount, error) {
	return accounts(all[receivingRow](ctx, r.in(), "SELECT "+receivingColumns+`
		FROM receiving_accounts
		WHERE ($1 = '' OR id > nullif($1, '')::uuid) AND (removed_at IS NULL OR removed_at > $2)
		ORDER BY id LIMIT $3`, after, now, limited(limit)))
}

type waitRow struct {
	Hours, NextHours int
	NextFrom         time.Time
}

func (r addresses) Wait(ctx context.Context, p merchant.ProjectID) (merchant.ChangeWait, error) {
	if !isUUID(p) {
		return merchant.DefaultChangeWait(), nil
	}
	row, err := one[waitRow](ctx, r.in(),
		"SELECT hours, next_hours, next_from FROM address_waits WHERE project_id = $1", p)
	if errors.Is(err, ports.ErrNotFound) {
		return merchant.DefaultChangeWait(), nil
	}
	return merchant.ChangeWait{Hours: row.Hours, NextHours: row.NextHours, NextFrom: row.NextFrom}, err
}

func (r addresses) SetWait(ctx context.Context, p merchant.ProjectID, w merchant.ChangeWait) error {
	_, err := exec(ctx, r.in(), `INSERT INTO address_waits (project_id, hours, next_hours, next_from)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (project_id) DO UPDATE SET hours = EXCLUDED.hours, next_hours = EXCLUDED.next_hours,
			next_from = EXCLUDED.next_from`, p, w.Hours, w.NextHours, orNull(w.NextFrom))
	return err
}

type addressRow struct {
	Address   chain.Address
	ProjectID merchant.ProjectID
}

// receiversQuery steps from address to address through the index, so that it costs as much as there
// are addresses, however many intents were issued at each. At every address it asks the indexes for
// the last end of a hold, and for anything still held. (EXISTS would say it more plainly, but may be
// planned as one look at all intents; the orders name the index to use.)
const receiversQuery = `
	WITH RECURSIVE used (address) AS (
		(SELECT address FROM intents WHERE network = $1 ORDER BY address LIMIT 1)
		UNION ALL
		SELECT (SELECT i.address FROM intents i WHERE i.network = $1 AND i.address > used.address
			ORDER BY i.address LIMIT 1)
		FROM used WHERE used.address IS NOT NULL
	)
	SELECT address FROM used WHERE address IS NOT NULL AND (
		(SELECT i.hold_until FROM intents i WHERE i.network = $1 AND i.address = used.address
			ORDER BY i.hold_until DESC LIMIT 1) >= $2
		OR (SELECT true FROM intents i WHERE i.network = $1 AND i.address = used.address AND i.held
			ORDER BY i.contract, i.units LIMIT 1))
	UNION
	SELECT address FROM receiving_accounts
	WHERE network = $1 AND (removed_at IS NULL OR removed_at >= $2)`

// Receivers implements ports.SessionReads.
func (s *Store) Receivers(
	ctx context.Context, n chain.Network, since time.Time,
) ([]chain.Address, error) {
	rows, err := all[addressRow](ctx, s.in(), receiversQuery, prepared, n, since)
	var out []chain.Address
	for _, row := range rows {
		out = append(out, row.Address)
	}
	return out, err
}

const ownersQuery = `
	SELECT a.address, owner.project_id
	FROM unnest($2::text[]) AS a (address)
	CROSS JOIN LATERAL (
		(SELECT i.project_id, 1 AS rank FROM intents i
			WHERE i.network = $1 AND i.address = a.address
			ORDER BY i.created_at DESC, i.id DESC LIMIT 1)
		UNION ALL
		(SELECT r.project_id, 2 FROM receiving_accounts r
			WHERE r.network = $1 AND r.address = a.address AND (r.removed_at IS NULL OR EXISTS (
				SELECT FROM receiving_accounts n WHERE n.replaces = r.id AND n.removed_at IS NULL
					AND n.active_from = r.removed_at))
			ORDER BY r.created_at DESC, r.id DESC LIMIT 1)
		ORDER BY rank LIMIT 1
	) AS owner`

// Owners implements ports.SessionReads.
func (s *Store) Owners(
	ctx context.Context, n chain.Network, at []chain.Address,
) (map[chain.Address]merchant.ProjectID, error) {
	owners := make(map[chain.Address]merchant.ProjectID)
	addresses := texts(at)
	if len(addresses) == 0 {
		return owners, nil
	}
	rows, err := all[addressRow](ctx, s.in(), ownersQuery, prepared, n, addresses)
	for _, row := range rows {
		owners[row.Address] = row.ProjectID
	}
	return owners, err
}
