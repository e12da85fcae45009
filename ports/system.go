package ports

import "time"

// Clock tells the time.
type Clock interface {
	Now() time.Time
}

// IDs mints identifiers and randomness, all from the operating system's generator.
type IDs interface {
	// UUID is a random (version 4) UUID in lower case: 122 random bits.
	UUID() string
	// Bytes answers n random bytes.
	Bytes(n int) []byte
	// Intn answers a random number in [0, n); n must be positive.
	Intn(n int) int
}
