package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/101pay/101pay/ports"
)

type claims struct{ *unit }

// lockKey names an advisory lock. Two names meet in one key by chance once in 2^64.
func lockKey(purpose, name string) int64 {
	sum := sha256.Sum256([]byte(purpose + " " + strconv.Quote(name)))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // a hash has no sign to lose
}

type answerRow struct {
	Fingerprint []byte
	Status      int
	Body        []byte
}

// Take locks the key without waiting, and looks only then: the answer of whoever held it before is
// committed by the time his lock is gone, and a statement sees what was committed before it began.
func (r claims) Take(
	ctx context.Context, scope, key string, fingerprint []byte,
) (*ports.Answer, error) {
	var got bool
	lock := lockKey("claim", strconv.Quote(scope)+" "+key)
	err := r.tx.Tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock($1)", prepared, lock).Scan(&got)
	if err != nil {
		return nil, translate(err)
	}
	if !got {
		return nil, ports.ErrInProgress
	}
	kept, err := one[answerRow](ctx, r.in(),
		"SELECT fingerprint, status, body FROM answers WHERE scope = $1 AND key = $2",
		prepared, scope, key)
	switch {
	case errors.Is(err, ports.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !bytes.Equal(kept.Fingerprint, fingerprint):
		return nil, ports.ErrKeyReused
	}
	return &ports.Answer{Status: kept.Status, Body: kept.Body}, nil
}

func (r claims) Keep(
	ctx context.Context, scope, key string, fingerprint []byte, a ports.Answer, expires time.Time,
) error {
	_, err := exec(ctx, r.in(), `
		INSERT INTO answers (scope, key, fingerprint, status, body, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (scope, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint,
			status = EXCLUDED.status, body = EXCLUDED.body, expires_at = EXCLUDED.expires_at`,
		prepared, scope, key, orEmpty(fingerprint), a.Status, orEmpty(a.Body), expires)
	return err
}

// orEmpty keeps no bytes as empty bytes: NULL would say that nobody knows them.
func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (r claims) Prune(ctx context.Context, now time.Time, limit int) (int, error) {
	n, err := exec(ctx, r.in(), `DELETE FROM answers WHERE (scope, key) IN (
		SELECT scope, key FROM answers WHERE expires_at < $1
		ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, now, limited(limit))
	return int(n), err
}
