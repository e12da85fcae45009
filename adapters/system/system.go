// Package system is the clock, the identifiers and the randomness of the machine we run on.
//
// It owns nothing else. It does not own what identifiers look like beyond a bare UUID: prefixes and
// keys are made from its bytes in the domain.
//
// Invariants: all randomness comes from the operating system's generator; time is UTC and no finer
// than what the database keeps, so that what was written equals what is read back.
package system

import (
	"crypto/rand"
	"math/big"
	"time"

	"github.com/google/uuid"
)

// Clock implements ports.Clock.
type Clock struct{}

// Now is the time in UTC, to the microsecond (the resolution of PostgreSQL).
func (Clock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// IDs implements ports.IDs. The generator never fails: the standard library ends the process rather
// than answer bytes that are not random.
type IDs struct{}

// UUID is a random (version 4) UUID in lower case.
func (IDs) UUID() string { return uuid.NewString() }

// Bytes answers n random bytes.
func (IDs) Bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented never to answer an error
	return b
}

// Intn answers a random number in [0, n), each as likely as the others.
func (IDs) Intn(n int) int {
	if n <= 0 {
		panic("system: Intn of a number that is not positive")
	}
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // as rand.Read does
	}
	return int(i.Int64())
}
