package graphql

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/101pay/101pay/domain/fault"
)

// A browser that went away is nobody's failure; a cancellation of our own is one, and so is all else.
func TestWhatIsLogged(t *testing.T) {
	gone, leave := context.WithCancel(t.Context())
	leave()
	for name, c := range map[string]struct {
		ctx    context.Context
		err    error
		logged bool
	}{
		"the browser went away":   {gone, fmt.Errorf("read: %w", context.Canceled), false},
		"our own cancellation":    {t.Context(), fmt.Errorf("read: %w", context.Canceled), true},
		"a failure":               {t.Context(), errors.New("broken"), true},
		"a failure, and he went":  {gone, errors.New("broken"), true},
		"what a caller did wrong": {t.Context(), fault.ErrNotFound, false},
	} {
		var log bytes.Buffer
		a := &API{Log: slog.New(slog.NewTextHandler(&log, nil))}
		told := a.present(c.ctx, c.err)
		if told == nil || (log.Len() > 0) != c.logged {
			t.Errorf("%s: told %v, logged %q", name, told, log.String())
		}
	}
}
