package chain

// Family is a set of networks whose addresses follow from keys in the same way, so that one account of
// a wallet has the same address on all of them. The zero value is no family.
type Family string

// The families whose addresses can be derived.
const (
	FamilyEVM  Family = "evm"
	FamilyTron Family = "tron"
)

// Families lists the families, in the order choices are shown.
func Families() []Family { return []Family{FamilyEVM, FamilyTron} }

// KeyFamily is the family of a network, "" of one whose addresses are not derived (the sandbox).
func (n Network) KeyFamily() Family {
	switch {
	case n == Tron:
		return FamilyTron
	case n.EVMChainID() != 0:
		return FamilyEVM
	}
	return ""
}

// Networks lists the networks of a family, in the order choices are shown.
func (f Family) Networks() []Network {
	var out []Network
	for _, n := range Networks() {
		if n.KeyFamily() == f {
			out = append(out, n)
		}
	}
	return out
}

// KeyAddress is the address of a public key on the networks of a family, from the 64 bytes of its
// uncompressed form without the leading 0x04: the last 20 bytes of their Keccak-256 hash.
func (f Family) KeyAddress(key [64]byte) Address {
	var b [addressBytes]byte
	copy(b[:], keccak256(key[:])[12:])
	if f == FamilyTron {
		return TronAddress(b)
	}
	return EVMAddress(b)
}

// ParseAddress reads an address of the family's networks, exactly as written, and refuses those where
// money would be lost.
func (f Family) ParseAddress(s string) (Address, error) {
	if f == FamilyTron {
		return ParseTronAddress(s)
	}
	return ParseEVMAddress(s)
}
