package x402

import "time"

// Authorization is what a payer signs: whoever has it and the signature may move Value from From to To,
// once, within the window (in Unix seconds). By EIP-3009 it is a call of the token's
// transferWithAuthorization; by Permit2 a permit of a token for a contract of x402 (Spender), which moves
// the value to To, or of at most the value what Facilitator says.
type Authorization struct {
	From, To                Address
	Value                   Uint256
	ValidAfter, ValidBefore Uint256
	Nonce                   Nonce

	Method         Method
	Token, Spender Address // of a permit; zero by EIP-3009
	Facilitator    Address // of a permit of at most the value; zero otherwise
}

// Digest is what a payer signs for a token (EIP-712).
func (a Authorization) Digest(t Token) Hash {
	if a.Method.Permits() {
		return a.permitDigest(t.network)
	}
	const fields = 7
	var b [fields * wordBytes]byte
	put := func(field int, w [wordBytes]byte) { copy(b[field*wordBytes:], w[:]) }
	put(0, transfer)
	put(1, word(a.From))
	put(2, word(a.To))
	put(3, a.Value.Bytes())
	put(4, a.ValidAfter.Bytes())
	put(5, a.ValidBefore.Bytes())
	put(6, a.Nonce)
	signed := keccak(b[:])
	return keccak([]byte{0x19, 0x01}, t.domain[:], signed[:])
}

// window refuses an authorization that does not hold at a moment, will not hold long enough to be
// settled, or would hold for longer than the offer gives.
func (a Authorization) window(now time.Time, timeout time.Duration) error {
	if instant, ok := a.ValidAfter.Uint64(); !ok || instant > unix(now) {
		return ReasonNotYetValid.Refuse("the authorization is not valid yet: validAfter is in the future")
	}
	until, ok := a.ValidBefore.Uint64()
	if ok && until < unix(now.Add(SettleMargin)) {
		return ReasonExpired.Refuse("the authorization has expired, or will before it can be settled")
	}
	if !ok || until > unix(now.Add(timeout+ClockSkew)) {
		return ReasonWindow.Refuse("the authorization holds for longer than maxTimeoutSeconds allow; " +
			"sign one with validBefore no later than that")
	}
	return nil
}

// unix is a moment in whole seconds; nothing is before 1970.
func unix(t time.Time) uint64 { return uint64(max(0, t.Unix())) }
