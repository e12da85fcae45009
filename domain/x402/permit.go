package x402

// What is signed for Permit2 (EIP-712): a permit to move so much of a token, which names the contract that
// may use it, and as its witness what that contract must do with it.
var (
	permit2Domain = keccak([]byte("EIP712Domain(string name,uint256 chainId,address verifyingContract)"))
	permit2Name   = keccak([]byte("Permit2"))
	permission    = keccak([]byte(typePermission))
	witnessExact  = keccak([]byte(typeWitnessExact))
	witnessUpTo   = keccak([]byte(typeWitnessUpTo))
	permitExact   = keccak([]byte(typePermit + typePermission + typeWitnessExact))
	permitUpTo    = keccak([]byte(typePermit + typePermission + typeWitnessUpTo))
)

const (
	typePermit = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce," +
		"uint256 deadline,Witness witness)"
	typePermission   = "TokenPermissions(address token,uint256 amount)"
	typeWitnessExact = "Witness(address to,uint256 validAfter)"
	typeWitnessUpTo  = "Witness(address to,address facilitator,uint256 validAfter)"
)

// WitnessType is the hash of the type of what a method's contract is bound to. The contract tells it as
// WITNESS_TYPEHASH(); zero where there is none.
func (m Method) WitnessType() Hash {
	switch m {
	case Permit2:
		return witnessExact
	case Permit2UpTo:
		return witnessUpTo
	case EIP3009:
	}
	return Hash{}
}

// words hashes words of 32 bytes one after another.
func words(in ...Hash) Hash {
	parts := make([]byte, 0, len(in)*wordBytes)
	for _, w := range in {
		parts = append(parts, w[:]...)
	}
	return keccak(parts)
}

// permitDigest is what a payer signs for Permit2 on a network.
func (a Authorization) permitDigest(n Network) Hash {
	kind, witness := permitExact, words(witnessExact, word(a.To), a.ValidAfter.Bytes())
	if a.Method == Permit2UpTo {
		kind, witness = permitUpTo, words(witnessUpTo, word(a.To), word(a.Facilitator), a.ValidAfter.Bytes())
	}
	permitted := words(permission, word(a.Token), a.Value.Bytes())
	signed := words(kind, permitted, word(a.Spender), Hash(a.Nonce), a.ValidBefore.Bytes(), witness)
	domain := Permit2Domain(n)
	return keccak([]byte{0x19, 0x01}, domain[:], signed[:])
}

// Permit2Domain is the hash of Permit2's EIP-712 domain on a network: what its DOMAIN_SEPARATOR() must answer.
func Permit2Domain(n Network) Hash {
	return words(permit2Domain, permit2Name, Uint(uint64(n)).Bytes(), word(Permit2Contract))
}

// The functions by which the contracts of x402 settle, by the first four bytes of the hashes of their
// signatures: with the permit alone, or with the payer's permit (EIP-2612) that lets Permit2 move the token.
var (
	settleExact    = selector("settle(" + argPermit + argsExact)
	settleUpTo     = selector("settle(" + argPermit + argsUpTo)
	sponsoredExact = selector("settleWithPermit(" + argAllowance + "," + argPermit + argsExact)
	sponsoredUpTo  = selector("settleWithPermit(" + argAllowance + "," + argPermit + argsUpTo)
)

const (
	selectorBytes   = 4
	allowanceFields = 5
	argsExact       = ",address,(address,uint256),bytes)"
	argsUpTo        = ",uint256,address,(address,address,uint256),bytes)"

	argPermit    = "((address,uint256),uint256,uint256)"
	argAllowance = "(uint256,uint256,bytes32,bytes32,uint8)"
)

func selector(signature string) [selectorBytes]byte {
	sum := keccak([]byte(signature))
	return [selectorBytes]byte(sum[:selectorBytes])
}

// Settling is the beginning of the call that settles what is due by a method's contract: all its arguments
// but the signature, after those of the allowance that goes with it (nil for none). order is what was signed;
// what it says of the payment must be what is due.
func (d Due) Settling(order Authorization, allowance *Allowance) []byte {
	function, fields := d.function(allowance != nil), d.arguments(order.ValidAfter, order.Facilitator)
	out := append([]byte(nil), function[:]...)
	if allowance != nil {
		for _, w := range allowance.arguments() {
			out = append(out, w[:]...)
		}
	}
	for _, w := range fields {
		out = append(out, w[:]...)
	}
	return out
}

func (d Due) function(sponsored bool) [selectorBytes]byte {
	switch {
	case d.Method == Permit2UpTo && sponsored:
		return sponsoredUpTo
	case d.Method == Permit2UpTo:
		return settleUpTo
	case sponsored:
		return sponsoredExact
	}
	return settleExact
}

// arguments are the words of a settlement's call before the offset of its signature.
func (d Due) arguments(after Uint256, facilitator Address) []Hash {
	out := []Hash{word(d.Asset), d.Permitted().Bytes(), Hash(d.Nonce), d.ValidBefore.Bytes()}
	if d.Method == Permit2UpTo {
		return append(out, d.Value.Bytes(), word(d.Payer), word(d.PayTo), word(facilitator), after.Bytes())
	}
	return append(out, word(d.Payer), word(d.PayTo), after.Bytes())
}

// SettledBy reports whether a transaction is a call that settles exactly this by its contract: this permit
// of this payer, for this payee, of this value. Who may have signed what else is not asked: the contract
// takes only what was signed.
func (d Due) SettledBy(to Address, input []byte) bool {
	if !d.Method.Permits() || to != d.Method.Proxy() || len(input) < selectorBytes {
		return false
	}
	function := [selectorBytes]byte(input)
	input = input[selectorBytes:]
	switch function {
	case d.function(false):
	case d.function(true):
		if len(input) < allowanceFields*wordBytes {
			return false
		}
		input = input[allowanceFields*wordBytes:]
	default:
		return false
	}
	want := d.arguments(Uint256{}, Address{})
	if len(input) < len(want)*wordBytes {
		return false
	}
	free := 1 // from when it holds is free, and who settles, last of all
	if d.Method == Permit2UpTo {
		free = 2
	}
	for i, w := range want[:len(want)-free] {
		if Hash(input[i*wordBytes:(i+1)*wordBytes]) != w {
			return false
		}
	}
	return true
}
