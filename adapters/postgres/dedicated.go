package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type dedicated struct{ *unit }

// networksOf names the networks of a family, for a query.
func networksOf(f chain.Family) []string { return texts(f.Networks()) }

func (r dedicated) AddPool(
	ctx context.Context, s merchant.AddressSource, at []chain.Address, now time.Time,
) error {
	addresses := texts(at)
	accounts, err := exec(ctx, r.in(), `SELECT FROM receiving_accounts
		WHERE network = ANY($1::text[]) AND address = ANY($2::text[]) LIMIT 1`,
		networksOf(s.Family), addresses)
	if err != nil {
		return err
	}
	if accounts > 0 {
		return ports.ErrTaken
	}
	return r.apart(ctx, func() error {
		added, err := exec(ctx, r.in(), `
			INSERT INTO dedicated_addresses (family, address, source_id, idx, free_from)
			SELECT $1, a.address, $2, $3::bigint + a.position - 1, $4
			FROM unnest($5::text[]) WITH ORDINALITY AS a (address, position)
			ON CONFLICT (family, address) DO NOTHING`, s.Family, s.ID, s.NextIndex, now, addresses)
		switch {
		case err != nil:
			return err
		case added != int64(len(at)):
			return ports.ErrTaken
		}
		return exists(exec(ctx, r.in(), `UPDATE address_sources SET next_index = next_index + $2
			WHERE id = $1`, s.ID, added))
	})
}

type tallyRow struct{ Total, Free, Resting, Received int }

func (r dedicated) Tally(
	ctx context.Context, id merchant.SourceID, now time.Time,
) (ports.SourceTally, error) {
	if !isUUID(id) {
		return ports.SourceTally{}, nil
	}
	row, err := one[tallyRow](ctx, r.in(), `
		SELECT count(*) AS total,
			count(*) FILTER (WHERE NOT spent AND free_from <= $2) AS free,
			count(*) FILTER (WHERE NOT spent AND free_from > $2) AS resting,
			count(*) FILTER (WHERE received) AS received
		FROM dedicated_addresses WHERE source_id = $1`, id, now)
	return ports.SourceTally(row), err
}

// Take relies on the lock of the source: whoever gives out addresses of it takes turns.
func (r dedicated) Take(ctx context.Context, t ports.Taking) (chain.Address, error) {
	if !isUUID(t.Session) {
		return "", fmt.Errorf("take an address: no session %q", t.Session)
	}
	has, err := one[addressRow](ctx, r.in(), `SELECT address FROM dedicated_addresses
		WHERE session_id = $1 AND source_id = $2`, prepared, t.Session, t.Source.ID)
	if !errors.Is(err, ports.ErrNotFound) {
		return has.Address, err
	}
	// What was free for the longest comes first, so that the index alone finds it.
	again, err := one[addressRow](ctx, r.in(), `
		UPDATE dedicated_addresses SET session_id = $2, issued_at = $3, free_from = $4
		WHERE (family, address) = (
			SELECT d.family, d.address FROM dedicated_addresses d
			WHERE d.source_id = $1 AND NOT d.spent AND d.free_from <= $3 AND NOT EXISTS (
				SELECT FROM intents i
				WHERE i.network = ANY($5::text[]) AND i.address = d.address AND i.held)
			ORDER BY d.free_from, d.idx LIMIT 1)
		RETURNING address`, prepared, t.Source.ID, t.Session, t.Now, t.RestUntil, networksOf(t.Source.Family))
	if !errors.Is(err, ports.ErrNotFound) || t.Next == "" {
		return again.Address, err
	}
	return t.Next, r.issueNext(ctx, t)
}

func (r dedicated) issueNext(ctx context.Context, t ports.Taking) error {
	added, err := exec(ctx, r.in(), `
		INSERT INTO dedicated_addresses (family, address, source_id, idx, session_id, issued_at, free_from)
		SELECT $1, $2, $3, $4, $5, $6, $7
		WHERE NOT EXISTS (SELECT FROM receiving_accounts
			WHERE network = ANY($8::text[]) AND address = $2::text)
		ON CONFLICT (family, address) DO NOTHING`, prepared,
		t.Source.Family, t.Next, t.Source.ID, t.Source.NextIndex, t.Session, t.Now, t.RestUntil,
		networksOf(t.Source.Family))
	if err != nil {
		return err
	}
	if added == 0 {
		return ports.ErrTaken
	}
	return exists(exec(ctx, r.in(), "UPDATE address_sources SET next_index = $2 WHERE id = $1", prepared,
		t.Source.ID, t.Source.NextIndex+1))
}

func (r dedicated) Received(
	ctx context.Context, f chain.Family, at []chain.Address, restUntil time.Time,
) error {
	addresses := texts(at)
	if len(addresses) == 0 {
		return nil
	}
	_, err := exec(ctx, r.in(), `
		UPDATE dedicated_addresses d
		SET received = true, spent = s.kind = 'xpub', free_from = greatest(d.free_from, $3)
		FROM address_sources s
		WHERE d.family = $1 AND d.address = ANY($2::text[]) AND s.id = d.source_id`, prepared,
		f, addresses, restUntil)
	return err
}

func (r dedicated) Known(ctx context.Context, f chain.Family, at chain.Address) (bool, error) {
	if !isText(at) {
		return false, nil
	}
	n, err := exec(ctx, r.in(), "SELECT FROM dedicated_addresses WHERE family = $1 AND address = $2", f, at)
	return n > 0, err
}

type sourceRow struct {
	ID          merchant.SourceID
	MerchantID  merchant.ID
	ProjectID   merchant.ProjectID
	Family      chain.Family
	Kind        merchant.SourceKind
	Label       string
	Sealed      []byte
	Fingerprint string
	First       []string `bun:",array"`
	NextIndex   int64
	CreatedAt   time.Time
	ActiveFrom  time.Time `bun:",nullzero"`
	RemovedAt   time.Time `bun:",nullzero"`
}

const sourceQuery = `SELECT id, merchant_id, project_id, family, kind, label, sealed, fingerprint, first,
	next_index, created_at, active_from, removed_at FROM address_sources `

func (r sourceRow) source() (merchant.AddressSource, error) {
	s := merchant.AddressSource{
		ID: r.ID, MerchantID: r.MerchantID, ProjectID: r.ProjectID, Family: r.Family, Kind: r.Kind,
		Label: r.Label, Sealed: r.Sealed, Fingerprint: r.Fingerprint, NextIndex: r.NextIndex,
		CreatedAt: r.CreatedAt, ActiveFrom: r.ActiveFrom, RemovedAt: r.RemovedAt,
	}
	for _, at := range r.First {
		s.First = append(s.First, chain.Address(at))
	}
	return s, nil
}

func (r dedicated) AddSource(ctx context.Context, s merchant.AddressSource) error {
	if err := r.lockProject(ctx, s.ProjectID); err != nil {
		return err
	}
	list, err := r.List(ctx, s.ProjectID)
	if err != nil {
		return err
	}
	if len(list) >= merchant.MaxSources {
		return merchant.ErrTooManySources
	}
	_, err = exec(ctx, r.in(), `
		INSERT INTO address_sources (id, merchant_id, project_id, family, kind, label, sealed, fingerprint,
			first, next_index, created_at, active_from, removed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		s.ID, s.MerchantID, s.ProjectID, s.Family, s.Kind, s.Label, s.Sealed, s.Fingerprint, texts(s.First),
		s.NextIndex, s.CreatedAt, orNull(s.ActiveFrom), orNull(s.RemovedAt))
	return err
}

func (r dedicated) LoadSource(
	ctx context.Context, p merchant.ProjectID, id merchant.SourceID,
) (merchant.AddressSource, error) {
	if !isUUID(p) || !isUUID(id) {
		return merchant.AddressSource{}, ports.ErrNotFound
	}
	row, err := one[sourceRow](ctx, r.in(), sourceQuery+`
		WHERE id = $1 AND project_id = $2 AND removed_at IS NULL FOR UPDATE`, id, p)
	if err != nil {
		return merchant.AddressSource{}, err
	}
	return row.source()
}

func (r dedicated) SaveSource(ctx context.Context, s merchant.AddressSource) error {
	return r.apart(ctx, func() error {
		return exists(exec(ctx, r.in(), `UPDATE address_sources
			SET label = $2, next_index = $3, active_from = $4, removed_at = $5 WHERE id = $1`,
			s.ID, s.Label, s.NextIndex, orNull(s.ActiveFrom), orNull(s.RemovedAt)))
	})
}

func (r dedicated) List(
	ctx context.Context, p merchant.ProjectID,
) ([]merchant.AddressSource, error) {
	found, err := r.ListOf(ctx, []merchant.ProjectID{p})
	return found[p], err
}

func (r dedicated) ListOf(
	ctx context.Context, of []merchant.ProjectID,
) (map[merchant.ProjectID][]merchant.AddressSource, error) {
	found := make(map[merchant.ProjectID][]merchant.AddressSource)
	asked := uuids(of)
	if len(asked) == 0 {
		return found, nil
	}
	rows, err := all[sourceRow](ctx, r.in(), sourceQuery+`
		WHERE project_id = ANY($1::text[]::uuid[]) AND removed_at IS NULL ORDER BY created_at DESC, id DESC`,
		prepared, asked)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		s, err := row.source()
		if err != nil {
			return nil, err
		}
		found[s.ProjectID] = append(found[s.ProjectID], s)
	}
	return found, nil
}

func (r dedicated) LoadActive(
	ctx context.Context, p merchant.ProjectID, f chain.Family, now time.Time,
) (merchant.AddressSource, error) {
	if !isUUID(p) {
		return merchant.AddressSource{}, ports.ErrNotFound
	}
	row, err := one[sourceRow](ctx, r.in(), sourceQuery+`
		WHERE project_id = $1 AND family = $2 AND active_from <= $3 AND removed_at IS NULL FOR UPDATE`,
		prepared, p, f, now)
	if err != nil {
		return merchant.AddressSource{}, err
	}
	return row.source()
}

type reachedRow struct{ Reached int64 }

func (r dedicated) Reached(ctx context.Context, f chain.Family, fingerprint string) (int64, error) {
	row, err := one[reachedRow](ctx, r.in(), `SELECT coalesce(max(next_index), 0) AS reached
		FROM address_sources WHERE family = $1 AND fingerprint = $2 AND kind = 'xpub'`, f, fingerprint)
	return row.Reached, err
}

func (r dedicated) Served(
	ctx context.Context, s merchant.AddressSource, since time.Time,
) (bool, error) {
	if !isUUID(s.ProjectID) || !isUUID(s.ID) {
		return false, nil
	}
	n, err := exec(ctx, r.in(), `SELECT FROM address_sources
		WHERE project_id = $1 AND family = $2 AND id <> $3 AND ($4 = '' OR fingerprint <> $4)
			AND active_from IS NOT NULL AND (removed_at IS NULL OR removed_at >= $5) LIMIT 1`,
		s.ProjectID, s.Family, s.ID, s.Fingerprint, since)
	return n > 0, err
}
