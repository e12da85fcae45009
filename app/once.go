package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/ports"
)

// answersKept is how long a stored answer is replayed (decision 18).
const answersKept = 24 * time.Hour

// Core is what nearly every use case needs.
type Core struct {
	Work  ports.UnitOfWork
	Clock ports.Clock
	IDs   ports.IDs
	Vault ports.Vault
}

// Once is an Idempotency-Key and how its answer is printed. The zero value means the request came
// without one. Render must be pure: it runs inside the unit of work that did the work, so that work
// and answer are stored together or not at all.
type Once[T any] struct {
	Key         string
	Fingerprint []byte
	Render      func(T) (ports.Answer, error)
}

// run does work in one unit of work, at most once per (scope, key). The answer is non-nil when an
// earlier request with the same key already led to it; the value is then the zero value.
func run[T any](ctx context.Context, c Core, scope string, once Once[T],
	work func(ctx context.Context, r ports.Repos) (T, error),
) (T, *ports.Answer, error) {
	var value T
	var stored *ports.Answer
	err := c.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		var zero T
		value, stored = zero, nil
		if once.Key != "" {
			found, err := r.Claims.Take(ctx, scope, once.Key, once.Fingerprint)
			if err != nil {
				return err
			}
			if found != nil {
				stored = found
				return nil
			}
		}
		v, err := work(ctx, r)
		if err != nil {
			return err
		}
		value = v
		if once.Key == "" {
			return nil
		}
		return keepAnswer(ctx, c, r, scope, once, v)
	})
	if err != nil {
		var zero T
		return zero, nil, err
	}
	if stored != nil {
		body, err := c.Vault.Open(answerPurpose, stored.Body)
		if err != nil {
			return value, nil, fmt.Errorf("open stored answer: %w", err)
		}
		return value, &ports.Answer{Status: stored.Status, Body: body}, nil
	}
	return value, nil, nil
}

const answerPurpose = "idempotent answer"

func keepAnswer[T any](ctx context.Context, c Core, r ports.Repos, scope string, once Once[T], v T) error {
	answer, err := once.Render(v)
	if err != nil {
		return fmt.Errorf("render answer: %w", err)
	}
	// Sealed because an answer may hold a private key that is shown only once.
	if answer.Body, err = c.Vault.Seal(answerPurpose, answer.Body); err != nil {
		return fmt.Errorf("seal answer: %w", err)
	}
	return r.Claims.Keep(ctx, scope, once.Key, once.Fingerprint, answer, c.Clock.Now().Add(answersKept))
}

// Repeatable does work that is harmless to do twice, and stores its answer under the request's key,
// so that a repeated request is answered as before even when the world has moved on. Unlike run it
// does not keep a unit of work open: the work may look at a chain or wait. Two requests at once with
// one key may both work, and are answered alike.
func Repeatable[T any](ctx context.Context, c Core, scope string, once Once[T],
	work func(ctx context.Context) (T, error),
) (T, *ports.Answer, error) {
	var value T
	if once.Key == "" {
		value, err := work(ctx)
		return value, nil, err
	}
	_, stored, err := run(ctx, c, scope, once, func(context.Context, ports.Repos) (T, error) {
		return value, errNotYet
	})
	if !errors.Is(err, errNotYet) {
		return value, stored, err
	}
	if value, err = work(ctx); err != nil {
		return value, nil, err
	}
	return run(ctx, c, scope, once, func(context.Context, ports.Repos) (T, error) { return value, nil })
}

// errNotYet gives a claim back that was only looked at.
var errNotYet = errors.New("no answer is stored")
