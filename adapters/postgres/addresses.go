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

// receiversQuery steps network by network of a family, and there from address to address through the index, so that it costs as much as there
// are addresses, however many intents were issued at each. At every address it asks the indexes for
// the last end of a hold, and for anything still held. (EXISTS would say it more plainly, but may be
// planned as one look at all intents; the orders name the index to use.)
const receiversQuery = `
	SELECT DISTINCT r.address FROM unnest($1::text[]) AS n (network) CROSS JOIN LATERAL (
		WITH RECURSIVE used (address) AS (
			(SELECT address FROM intents WHERE network = n.network ORDER BY address LIMIT 1)
			UNION ALL
			SELECT (SELECT i.address FROM intents i WHERE i.network = n.network AND i.address > used.address
				ORDER BY i.address LIMIT 1)
			FROM used WHERE used.address IS NOT NULL
		)
		SELECT address FROM used WHERE address IS NOT NULL AND (
			(SELECT i.hold_until FROM intents i WHERE i.network = n.network AND i.address = used.address
				ORDER BY i.hold_until DESC LIMIT 1) >= $2
			OR (SELECT true FROM intents i WHERE i.network = n.network AND i.address = used.address AND i.held
				ORDER BY i.contract, i.units LIMIT 1))
		UNION ALL
		SELECT address FROM receiving_accounts
		WHERE network = n.network AND (removed_at IS NULL OR removed_at >= $2)
	) AS r`

// Receivers implements ports.SessionReads.
func (s *Store) Receivers(
	ctx context.Context, n chain.Network, since time.Time,
) ([]chain.Address, error) {
	rows, err := all[addressRow](ctx, s.in(), receiversQuery, prepared, texts(n.Family()), since)
	var out []chain.Address
	for _, row := range rows {
		out = append(out, row.Address)
	}
	return out, err
}

// awaitsQuery steps from address to address as receiversQuery does, and asks at each only for what is
// held there in the asset.
const awaitsQuery = `
	WITH RECURSIVE used (address) AS (
		(SELECT address FROM intents WHERE network = $1 AND held ORDER BY address LIMIT 1)
		UNION ALL
		SELECT (SELECT i.address FROM intents i WHERE i.network = $1 AND i.held AND i.address > used.address
			ORDER BY i.address LIMIT 1)
		FROM used WHERE used.address IS NOT NULL
	)
	SELECT
		EXISTS (SELECT FROM used WHERE address IS NOT NULL AND (
			SELECT true FROM intents i
			WHERE i.network = $1 AND i.address = used.address AND i.contract = $2 AND i.held
				AND i.hold_until >= $5
			ORDER BY i.units LIMIT 1)) AS promised,
		EXISTS (SELECT FROM receiving_accounts
			WHERE network = $1 AND asset = $3 AND (removed_at IS NULL OR removed_at >= $4)) AS invited`

type awaitRow struct{ Promised, Invited bool }

// Awaits implements ports.SessionReads.
func (s *Store) Awaits(
	ctx context.Context, a chain.Asset, since, promised time.Time,
) (ports.Await, error) {
	if !isText(a.Contract) || !isText(a.Symbol) {
		return ports.Nobody, nil
	}
	rows, err := all[awaitRow](ctx, s.in(), awaitsQuery, prepared, a.Network, a.Contract, a.Symbol, since, promised)
	switch {
	case err != nil:
		return ports.Nobody, err
	case rows[0].Promised:
		return ports.Promised, nil
	case rows[0].Invited:
		return ports.Invited, nil
	}
	return ports.Nobody, nil
}

const awaitedSinceQuery = `
	SELECT min(created_at) AS since FROM receiving_accounts
	WHERE network = $1 AND asset = $2 AND (removed_at IS NULL OR removed_at >= $3)`

type sinceRow struct{ Since *time.Time }

// AwaitedSince implements ports.SessionReads.
func (s *Store) AwaitedSince(ctx context.Context, a chain.Asset, since time.Time) (time.Time, error) {
	if !isText(a.Symbol) {
		return time.Time{}, nil
	}
	rows, err := all[sinceRow](ctx, s.in(), awaitedSinceQuery, prepared, a.Network, a.Symbol, since)
	if err != nil || rows[0].Since == nil {
		return time.Time{}, err
	}
	return *rows[0].Since, nil
}

type knownRow struct {
	Address chain.Address
	Since   time.Time
}

const knownSinceQuery = `
	SELECT a.address, first.since
	FROM unnest($2::text[]) AS a (address)
	CROSS JOIN LATERAL (
		SELECT min(known.since) AS since FROM unnest($1::text[]) AS n (network) CROSS JOIN LATERAL (
			(SELECT i.created_at AS since FROM intents i
				WHERE i.network = n.network AND i.address = a.address ORDER BY i.created_at, i.id LIMIT 1)
			UNION ALL
			SELECT r.created_at FROM receiving_accounts r
				WHERE r.network = n.network AND r.address = a.address
		) AS known
	) AS first
	WHERE first.since IS NOT NULL`

// KnownSince implements ports.SessionReads.
func (s *Store) KnownSince(
	ctx context.Context, n chain.Network, at []chain.Address,
) (map[chain.Address]time.Time, error) {
	known := make(map[chain.Address]time.Time)
	addresses := texts(at)
	if len(addresses) == 0 {
		return known, nil
	}
	rows, err := all[knownRow](ctx, s.in(), knownSinceQuery, prepared, texts(n.Family()), addresses)
	for _, row := range rows {
		known[row.Address] = row.Since
	}
	return known, err
}

const ownersQuery = `
	SELECT a.address, owner.project_id
	FROM unnest($2::text[]) AS a (address)
	CROSS JOIN LATERAL (
		SELECT o.project_id FROM unnest($1::text[]) AS n (network) CROSS JOIN LATERAL (
			(SELECT i.project_id, 1 AS rank, i.created_at, i.id FROM intents i
				WHERE i.network = n.network AND i.address = a.address
				ORDER BY i.created_at DESC, i.id DESC LIMIT 1)
			UNION ALL
			(SELECT r.project_id, 2, r.created_at, r.id FROM receiving_accounts r
				WHERE r.network = n.network AND r.address = a.address AND (r.removed_at IS NULL OR EXISTS (
					SELECT FROM receiving_accounts w WHERE w.replaces = r.id AND w.removed_at IS NULL
						AND w.active_from = r.removed_at))
				ORDER BY r.created_at DESC, r.id DESC LIMIT 1)
		) AS o
		ORDER BY n.network <> $3, o.rank, o.created_at DESC, o.id DESC LIMIT 1
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
	rows, err := all[addressRow](ctx, s.in(), ownersQuery, prepared, texts(n.Family()), addresses, n)
	for _, row := range rows {
		owners[row.Address] = row.ProjectID
	}
	return owners, err
}
