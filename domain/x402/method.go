package x402

// Method is how a payment moves its token. The zero value is the ordinary one.
type Method uint8

// The methods.
const (
	// EIP3009 moves exactly the price: the token itself takes what the payer signed.
	EIP3009 Method = iota
	// Permit2 moves exactly the price of any token whose payer lets the contract Permit2 move it; he signs
	// a permit for the contract of x402 that names payee and price (ExactProxy).
	Permit2
	// Permit2UpTo moves what was used, at most the price: the payer signs the most, for UpToProxy, and
	// who may settle it.
	Permit2UpTo
)

// SchemeUpTo is the scheme that moves what was used, at most the price.
const SchemeUpTo = "upto"

// The names of transfer methods in extra.assetTransferMethod. Left out is the first.
const (
	transferEIP3009 = "eip3009"
	transferPermit2 = "permit2"
)

// The contracts of payments by Permit2. They are the same on every network: payers sign for them by their
// addresses, which the official clients have in their code.
var (
	Permit2Contract = mustAddress("0x000000000022D473030F116dDEE9F6B43aC78BA3")
	ExactProxy      = mustAddress("0x402085c248EeA27D92E8b30b2C58ed07f9E20001")
	UpToProxy       = mustAddress("0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002")
)

func mustAddress(s string) Address {
	a, ok := ParseAddress(s)
	if !ok {
		panic("x402: no address: " + s) // a literal of ours
	}
	return a
}

var methodNames = map[Method]string{EIP3009: transferEIP3009, Permit2: transferPermit2, Permit2UpTo: SchemeUpTo}

// Methods lists every method.
func Methods() []Method { return []Method{EIP3009, Permit2, Permit2UpTo} }

// ParseMethod reads the name a store keeps.
func ParseMethod(name string) (Method, bool) {
	for _, m := range Methods() {
		if methodNames[m] == name {
			return m, true
		}
	}
	return 0, false
}

// String is the method's name.
func (m Method) String() string {
	if name, ok := methodNames[m]; ok {
		return name
	}
	return "???"
}

// Scheme is the scheme of the protocol that the method is of.
func (m Method) Scheme() string {
	if m == Permit2UpTo {
		return SchemeUpTo
	}
	return SchemeExact
}

// transfer is what extra.assetTransferMethod calls it.
func (m Method) transfer() string {
	if m.Permits() {
		return transferPermit2
	}
	return transferEIP3009
}

// Permits reports whether the payer signs a permit for a contract of x402, and not for the token.
func (m Method) Permits() bool { return m == Permit2 || m == Permit2UpTo }

// Proxy is the contract that settles payments of this method, the only one a permit may be signed for;
// zero where the token itself does.
func (m Method) Proxy() Address {
	switch m {
	case Permit2:
		return ExactProxy
	case Permit2UpTo:
		return UpToProxy
	case EIP3009:
	}
	return Address{}
}

// methodOf is the method a scheme and a transfer method name. Payments up to a price are made by Permit2
// only, so that one need not say so.
func methodOf(scheme, transfer string) (m Method, ok bool) {
	switch {
	case scheme == SchemeExact && (transfer == "" || transfer == transferEIP3009):
		return EIP3009, true
	case scheme == SchemeExact && transfer == transferPermit2:
		return Permit2, true
	case scheme == SchemeUpTo && (transfer == "" || transfer == transferPermit2):
		return Permit2UpTo, true
	}
	return 0, false
}
