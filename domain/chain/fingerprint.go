package chain

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Fingerprint is a code of an address that people compare and read out, as in "4821 0937": the first
// four bytes of the SHA-256 of its text, as a number modulo 10^8. It shows that an address was mixed up
// or exchanged; together with the first and last six characters nobody can make another address that
// passes for it.
func (a Address) Fingerprint() string {
	const half = 10_000
	sum := sha256.Sum256([]byte(a))
	n := binary.BigEndian.Uint32(sum[:]) % (half * half)
	return fmt.Sprintf("%04d %04d", n/half, n%half)
}
