package postgres

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

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

type knownRow struct {
	Address chain.Address
	Since   time.Time
}

const knownSinceQuery = `
	SELECT a.address, first.since
	FROM unnest($2::text[]) AS a (address)
	CROSS JOIN LATERAL (
		SELECT min(since) AS since FROM (
			(SELECT i.created_at AS since FROM intents i
				WHERE i.network = $1 AND i.address = a.address ORDER BY i.created_at, i.id LIMIT 1)
			UNION ALL
			SELECT r.created_at FROM receiving_accounts r
				WHERE r.network = $1 AND r.address = a.address
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
	rows, err := all[knownRow](ctx, s.in(), knownSinceQuery, prepared, n, addresses)
	for _, row := range rows {
		known[row.Address] = row.Since
	}
	return known, err
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
			WHERE r.network = $1 AND r.address = a.address AND r.removed_at IS NULL
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
