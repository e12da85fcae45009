package merchant

import (
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
)

// SourceID identifies an address source: a UUID in lower case.
type SourceID string

// SourceKind says where a source's addresses come from.
type SourceKind string

// The kinds of sources.
const (
	SourceXpub SourceKind = "xpub" // derived from an account's extended public key, without end
	SourcePool SourceKind = "pool" // written down by the merchant
)

// SourceState is where a source is in its life.
type SourceState string

// The states of a source.
const (
	SourceUnconfirmed SourceState = "unconfirmed" // the merchant has not shown that the addresses are his
	SourcePending     SourceState = "pending"     // confirmed; it begins later
	SourceActive      SourceState = "active"      // payments get its addresses
	SourceRemoved     SourceState = "removed"
)

// AddressSource is where the addresses of a project's payments come from, one for each payment, on all
// networks of a family. At most one per project and family is confirmed and not removed. The key that
// addresses are derived from is sealed: it is never shown again.
type AddressSource struct {
	ID          SourceID
	MerchantID  ID
	ProjectID   ProjectID
	Family      chain.Family
	Kind        SourceKind
	Label       string
	Sealed      []byte          // the extended public key; nil for a pool
	Fingerprint string          // of that key; "" for a pool
	First       []chain.Address // the first ones, for the merchant to compare with his wallet
	NextIndex   int64           // of the next address that nobody got yet
	CreatedAt   time.Time
	ActiveFrom  time.Time // zero until confirmed
	RemovedAt   time.Time // zero unless removed
}

// State is where the source is in its life at a moment.
func (s AddressSource) State(now time.Time) SourceState {
	switch {
	case !s.RemovedAt.IsZero():
		return SourceRemoved
	case s.ActiveFrom.IsZero():
		return SourceUnconfirmed
	case now.Before(s.ActiveFrom):
		return SourcePending
	}
	return SourceActive
}

// Confirm makes payments get the source's addresses from a moment on, if the merchant read its first
// address out of his own wallet: a key of another wallet, level or coin leads elsewhere.
func (s AddressSource) Confirm(first string, from time.Time) (AddressSource, error) {
	switch {
	case !s.ActiveFrom.IsZero():
		return s, ErrSourceConfirmed
	case len(s.First) == 0 || first != string(s.First[0]):
		return s, ErrFirstAddress
	}
	s.ActiveFrom = from
	return s, nil
}

// Limits of address sources.
const (
	ShownAddresses = 3       // of a source, to be compared with a wallet
	MaxSources     = 16      // of a project that are not removed
	MaxPoolRequest = 1000    // addresses added at once
	MaxPool        = 100_000 // addresses of a pool
	LowPool        = 20      // free addresses below which a pool is called low
	// MaxSkipped is how many indexes one payment may pass over because their addresses serve something
	// else.
	MaxSkipped = 64
	// AddressRest is how long an address that was given to a payment is given to no other after that has
	// ended: payers keep old pages and old e-mails (decision 14).
	AddressRest = WatchAfterRemoval
)

// Faults of address sources.
var (
	ErrUnknownFamily = fault.New(fault.Invalid, "unknown_family",
		"family must be \"evm\" (Ethereum and the networks with its addresses) or \"tron\"").About("family")
	ErrSourceKind = fault.New(fault.Invalid, "invalid_address_source",
		"send either xpub, the extended public key of an account, or addresses, a list of 1 to 1000 addresses")
	ErrSourceConfirmed = fault.New(fault.Conflict, "address_source_confirmed",
		"this address source is confirmed already")
	ErrSourceActive = fault.New(fault.Conflict, "address_source_active",
		"another address source serves these networks for this project, or the same key serves another project; remove that one first")
	ErrFirstAddress = fault.New(fault.Invalid, "first_address_mismatch",
		"firstAddress is not the first address of this source; copy the first receiving address of this very account "+
			"out of your wallet, and if it differs from the one shown here, export the right account").About("firstAddress")
	ErrTooManySources = fault.New(fault.Conflict, "too_many_address_sources",
		"a project may have at most 16 address sources; remove one that is not used")
	ErrPoolOnly = fault.New(fault.Conflict, "not_a_pool",
		"addresses can be added to a pool only; those of an xpub are derived")
	ErrPoolFull = fault.New(fault.Conflict, "pool_full",
		"a pool holds at most 100000 addresses")
	ErrAddressTaken = fault.New(fault.Conflict, "address_taken",
		"one of these addresses is known to this gateway already, as a receiving account or in an address source; "+
			"a payment's own address must serve nothing else").About("addresses")
	ErrAddressRepeated = fault.New(fault.Invalid, "address_repeated",
		"an address is in the list twice").About("addresses")
	ErrAddressesExhausted = fault.New(fault.Conflict, "addresses_exhausted",
		"the shop has no free address for this payment right now; it has to add some to its pool")
)
