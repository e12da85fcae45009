package postgres_test

import (
	"context"
	"testing"

	"github.com/101pay/101pay/ports"
)

// A key that is held stops nobody else's: where the scope ends and the key begins must matter to the
// lock too, or one merchant's request is told that another's is in progress.
func TestClaimsDoNotMeet(t *testing.T) {
	s := open(t, migrated(t))
	take := func(scope, key string, then func() error) error {
		return s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			if _, err := r.Claims.Take(ctx, scope, key, nil); err != nil {
				return err
			}
			return then()
		})
	}
	err := take("a", "bc", func() error {
		for _, other := range [][2]string{{"ab", "c"}, {"abc", ""}, {"", "abc"}, {"a ", "bc"}, {"a", " bc"}, {`a" "b`, "c"}} {
			if err := take(other[0], other[1], func() error { return nil }); err != nil {
				t.Errorf("claim of %q: %v", other, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
