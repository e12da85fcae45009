package native_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/101pay/101pay/ports"
)

type unit = func(ctx context.Context, r ports.Repos) error

// takes claims a key with a fingerprint.
func takes(scope, key string, fingerprint []byte) unit {
	return func(ctx context.Context, r ports.Repos) error {
		_, err := r.Claims.Take(ctx, scope, key, fingerprint)
		return err
	}
}

// takeAway holds a key while something else is tried.
func takeAway(scope, key string, try func()) unit {
	return func(ctx context.Context, r ports.Repos) error {
		if _, err := r.Claims.Take(ctx, scope, key, nil); err != nil {
			return err
		}
		try()
		return nil
	}
}

// prunes forgets what has expired, as a tick does now and then.
func prunes(now time.Time) unit {
	return func(ctx context.Context, r ports.Repos) error {
		_, err := r.Claims.Prune(ctx, now, 100)
		return err
	}
}

// plainFingerprint is what a fingerprint would be without a key.
func plainFingerprint(c call) []byte {
	content := sha256.Sum256([]byte(c.body))
	sum := sha256.Sum256([]byte("request " + c.method + " " + c.path + " " + hex.EncodeToString(content[:])))
	return sum[:]
}
