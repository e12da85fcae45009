package member

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/merchant"
)

// Hash is a SHA-256 hash.
type Hash [sha256.Size]byte

// String is the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Entry is one line of a merchant's audit log: who did what, from where. Before and After hold no
// secret; they say "role=viewer", never a key.
type Entry struct {
	MerchantID merchant.ID
	Sequence   int64 // from 1, without a gap, per merchant
	At         time.Time
	By         merchant.Agent
	Action     string // "member.role_changed"
	Subject    string // what it was done to, an id
	Before     string
	After      string
	Content    Hash
	Chain      Hash
}

// ContentText is what Content hashes: every field a reader can see, each with its length before it,
// so that no two entries are spelled alike.
func (e Entry) ContentText() string {
	var b strings.Builder
	b.WriteString("101pay audit entry v1\n")
	for _, field := range []string{
		string(e.MerchantID), strconv.FormatInt(e.Sequence, 10), e.At.UTC().Format(time.RFC3339Nano),
		e.By.Member, e.By.Name, e.By.IP, e.By.Device, e.Action, e.Subject, e.Before, e.After,
	} {
		b.WriteString(strconv.Itoa(len(field)))
		b.WriteByte(':')
		b.WriteString(field)
		b.WriteByte('\n')
	}
	return b.String()
}

// Link makes the entry the next one after a sequence and chain hash: SHA-256 of the hash before and
// the content's.
func (e Entry) Link(sequence int64, previous Hash) Entry {
	e.Sequence = sequence + 1
	e.Content = sha256.Sum256([]byte(e.ContentText()))
	e.Chain = ChainHash(previous, e.Content)
	return e
}

// Holds reports whether the entry is as it was written and follows from the one before it, whose chain hash
// is prior: nil where there is none, as before the first.
func (e Entry) Holds(prior *Hash) bool {
	if (prior == nil) != (e.Sequence == 1) {
		return false
	}
	var previous Hash
	if prior != nil {
		previous = *prior
	}
	right := e.Link(e.Sequence-1, previous)
	return right.Content == e.Content && right.Chain == e.Chain
}

// ChainHash links a content to all entries before it. The first one follows the zero hash.
func ChainHash(previous, content Hash) Hash {
	return sha256.Sum256(append(previous[:], content[:]...))
}
