package postgres

import (
	"bytes"
	"context"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// ring is who asks whose a credential or a project is: nearly every request. No credential is remembered, so that what was
// revoked is revoked at once; but whoever asks at the same time shares a read.
type ring struct {
	public, secret gathered[string, ownerRow]
	apiKeys        gathered[string, apiKeyRow]
	logins         gathered[string, homeRow]
	visits         gathered[string, visitorRow]
	projects       gathered[merchant.ProjectID, projectRow]
}

// ownerRow is a pair with what a request needs to know of its owner.
type ownerRow struct {
	pairRow
	ClientID        merchant.ClientID
	Disabled        bool
	RecordedCharges bool
}

const ownerQuery = "SELECT " + pairColumns + `, m.client_id, p.disabled, p.recorded_charges
	FROM key_pairs k
	JOIN projects p ON p.id = k.project_id
	JOIN merchants m ON m.id = k.merchant_id `

// owner makes the asker's own of what others may have been answered too.
func (r ownerRow) owner() (ports.KeyOwner, error) {
	r.Digest, r.Sealed = bytes.Clone(r.Digest), bytes.Clone(r.Sealed)
	pair, err := r.pair()
	return ports.KeyOwner{
		Pair: pair, ClientID: r.ClientID, ProjectDisabled: r.Disabled, RecordedCharges: r.RecordedCharges,
	}, err
}

// ByPublicKey implements ports.KeyRing.
func (s *Store) ByPublicKey(ctx context.Context, publicKey string) (ports.KeyOwner, error) {
	if !isText(publicKey) {
		return ports.KeyOwner{}, ports.ErrNotFound
	}
	row, err := s.ring.public.ask(ctx, publicKey, s.publicKeys, ports.ErrNotFound)
	if err != nil {
		return ports.KeyOwner{}, err
	}
	return row.owner()
}

func (s *Store) publicKeys(ctx context.Context, of []string) (map[string]ownerRow, error) {
	rows, err := all[ownerRow](ctx, s.in(), ownerQuery+"WHERE k.public_key = ANY($1::text[])", prepared, of)
	return by(rows, func(r ownerRow) string { return r.PublicKey }), err
}

// BySecret implements ports.KeyRing.
func (s *Store) BySecret(ctx context.Context, digest []byte) (ports.KeyOwner, error) {
	row, err := s.ring.secret.ask(ctx, string(digest), s.secrets, ports.ErrNotFound)
	if err != nil {
		return ports.KeyOwner{}, err
	}
	return row.owner()
}

func (s *Store) secrets(ctx context.Context, of []string) (map[string]ownerRow, error) {
	rows, err := all[ownerRow](ctx, s.in(), ownerQuery+"WHERE k.digest = ANY($1::bytea[])", prepared, asBytes(of))
	return by(rows, func(r ownerRow) string { return string(r.Digest) }), err
}

// APIKey implements ports.KeyRing.
func (s *Store) APIKey(ctx context.Context, digest []byte) (keys.APIKey, error) {
	row, err := s.ring.apiKeys.ask(ctx, string(digest), s.apiKeys, ports.ErrNotFound)
	if err != nil {
		return keys.APIKey{}, err
	}
	mode, err := merchant.ParseMode(row.Mode)
	return keys.APIKey{
		MerchantID: row.MerchantID, ProjectID: row.ProjectID, Mode: mode, Digest: bytes.Clone(row.Digest),
		Hint: row.Hint, CreatedAt: row.CreatedAt,
	}, err
}

func (s *Store) apiKeys(ctx context.Context, of []string) (map[string]apiKeyRow, error) {
	rows, err := all[apiKeyRow](ctx, s.in(), `
		SELECT merchant_id, mode, project_id, digest, hint, created_at
		FROM api_keys WHERE digest = ANY($1::bytea[])`, prepared, asBytes(of))
	return by(rows, func(r apiKeyRow) string { return string(r.Digest) }), err
}

// homeRow is a login with the project it works in.
type homeRow struct {
	loginRow
	HomeID   merchant.ProjectID
	HomeMode string
}

// homeQuery finds the project that was made first by itself for each login: one index knows it.
const homeQuery = `
	SELECT l.id, l.merchant_id, l.member_id, l.refresh_digest, l.created_at, l.expires_at, l.revoked_at,
		p.id AS home_id, p.mode AS home_mode
	FROM logins l CROSS JOIN LATERAL (
		SELECT o.id, o.mode FROM projects o WHERE o.merchant_id = l.merchant_id
		ORDER BY o.created_at, o.id LIMIT 1) p
	WHERE l.id = ANY($1::text[])`

// Login implements ports.KeyRing.
func (s *Store) Login(ctx context.Context, id string) (keys.Login, merchant.Principal, error) {
	if !isText(id) {
		return keys.Login{}, merchant.Principal{}, ports.ErrNotFound
	}
	row, err := s.ring.logins.ask(ctx, id, s.logins, ports.ErrNotFound)
	if err != nil {
		return keys.Login{}, merchant.Principal{}, err
	}
	row.RefreshDigest = bytes.Clone(row.RefreshDigest)
	mode, err := merchant.ParseMode(row.HomeMode)
	return row.login(), merchant.Principal{Merchant: row.MerchantID, Project: row.HomeID, Mode: mode}, err
}

func (s *Store) logins(ctx context.Context, of []string) (map[string]homeRow, error) {
	rows, err := all[homeRow](ctx, s.in(), homeQuery, prepared, of)
	return by(rows, func(r homeRow) string { return r.ID }), err
}

// by is rows by their keys.
func by[K comparable, R any](rows []R, key func(R) K) map[K]R {
	found := make(map[K]R, len(rows))
	for _, row := range rows {
		found[key(row)] = row
	}
	return found
}

// asBytes makes an array of keys that are no text.
func asBytes(list []string) [][]byte {
	out := make([][]byte, len(list))
	for i, s := range list {
		out[i] = []byte(s)
	}
	return out
}
