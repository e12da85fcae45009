package vault

import (
	"context"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/101pay/101pay/domain/fault"
)

const (
	// slots is how many passwords are hashed at once: each takes 19 MiB and a core.
	slots = 2
	// queue is how many more may wait. Beyond it a caller is turned away, so that guessing passwords
	// cannot take the machine from those who pay.
	queue = 8

	saltLength = 16
	hashLength = 32
	// What a stored hash may ask for at most, should parameters ever grow: a row must not be able to
	// take all memory.
	maxMemoryKiB   = 64 << 10
	maxIterations  = 8
	maxParallelism = 4
)

// params are those OWASP advises: 19 MiB, two passes, one thread.
var params = argon2id.Params{
	Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: saltLength, KeyLength: hashLength,
}

// nobody is the hash of a password nobody knows. Comparing with it costs what any comparison costs.
var nobody = "$argon2id$v=19$m=19456,t=2,p=1$" +
	strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)

// ErrBusy turns away who would have to wait too long.
var ErrBusy = fault.New(fault.Limited, "rate_limited",
	"too many log-ins at this moment; wait as long as Retry-After says").After(2 * time.Second)

// Passwords implements ports.Passwords with argon2id.
type Passwords struct {
	present chan struct{} // who works or waits
	working chan struct{} // who works
}

// NewPasswords answers a hasher.
func NewPasswords() *Passwords {
	return &Passwords{
		present: make(chan struct{}, slots+queue), working: make(chan struct{}, slots),
	}
}

// Hash answers an encoded hash with its parameters. ErrBusy if too many wait already.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	return argon2id.CreateHash(password, &params)
}

// Verify compares in constant time. A hash that is empty or not one of ours costs what a good one
// costs and never matches. ErrBusy if too many wait already.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (bool, error) {
	if err := p.enter(ctx); err != nil {
		return false, err
	}
	defer p.leave()
	ours := isOurs(hash)
	if !ours {
		hash = nobody
	}
	matches, err := argon2id.ComparePasswordAndHash(password, hash)
	return matches && ours, err
}

// isOurs refuses a hash we cannot have made: one of no bytes would match every password.
func isOurs(hash string) bool {
	p, _, _, err := argon2id.DecodeHash(hash)
	return err == nil && p.KeyLength == hashLength && p.SaltLength == saltLength &&
		p.Memory <= maxMemoryKiB && p.Iterations >= 1 && p.Iterations <= maxIterations &&
		p.Parallelism >= 1 && p.Parallelism <= maxParallelism
}

// enter waits for a slot.
func (p *Passwords) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.present <- struct{}{}:
	default:
		return ErrBusy
	}
	select {
	case p.working <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-p.present
		return ctx.Err()
	}
}

func (p *Passwords) leave() {
	<-p.working
	<-p.present
}
