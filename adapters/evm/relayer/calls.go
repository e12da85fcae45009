package relayer

import (
	"errors"
	"slices"

	"github.com/101pay/101pay/domain/x402"
)

// Bounds of gas. Networks whose gas pays for Ethereum's too (Arbitrum) count several times what others do.
const (
	maxGas          = 1_000_000
	maxGasDeploying = 3_000_000
	maxGasFilling   = 400_000
)

// batchCaller is the contract that makes several calls in one transaction, at the same address on every
// network (Multicall3). It has no rights of its own, so a factory that is called by it meets a stranger.
var batchCaller, _ = x402.ParseAddress("0xcA11bde05977b3631167028862bE2a173976CA11")

// arguments are those both overloads of transferWithAuthorization begin with.
func arguments(a x402.Authorization) []byte {
	return slices.Concat(wordOf(a.From), wordOf(a.To), wordOf(a.Value), wordOf(a.ValidAfter), wordOf(a.ValidBefore),
		wordOf(a.Nonce))
}

// byKey is the call of transferWithAuthorization that takes a key's signature.
func byKey(a x402.Authorization, s x402.Signature) ([]byte, error) {
	v, r, sv, ok := s.VRS()
	if !ok {
		return nil, errors.New("the signature is not one by a key")
	}
	return slices.Concat(selectByKey, arguments(a), wordOf(v), wordOf(r), wordOf(sv)), nil
}

// byBytes is the call of transferWithAuthorization that has the payer's contract judge the signature.
func byBytes(a x402.Authorization, signature []byte) []byte {
	const offset = 7 * wordBytes
	return slices.Concat(selectByBytes, arguments(a), wordOf(offset), bytesArg(signature))
}

// isValid is the question of EIP-1271.
func isValid(digest x402.Hash, signature []byte) []byte {
	const offset = 2 * wordBytes
	return slices.Concat(selectValid, wordOf(digest), wordOf(offset), bytesArg(signature))
}

// part is one of several calls in one.
type part struct {
	to      x402.Address
	mayFail bool
	input   []byte
}

// bundle is the call of batchCaller that makes several.
func bundle(parts ...part) []byte {
	const head = 3 * wordBytes
	var offsets, bodies []byte
	for _, p := range parts {
		var mayFail byte
		if p.mayFail {
			mayFail = 1
		}
		offsets = append(offsets, wordOf(len(parts)*wordBytes+len(bodies))...)
		bodies = slices.Concat(bodies, wordOf(p.to), wordOf(mayFail), wordOf(head), bytesArg(p.input))
	}
	return slices.Concat(selectAggregate, wordOf(wordBytes), wordOf(len(parts)), offsets, bodies)
}

// result is what one of several calls came to.
type result struct {
	success bool
	data    []byte
}

// maxResults is more than is ever asked at once.
const maxResults = 8

// resultsOf reads the answer to a bundle.
func resultsOf(b []byte) (out []result, ok bool) {
	at, ok := smallAt(b, 0)
	if !ok {
		return nil, false
	}
	b = b[at:]
	n, ok := smallAt(b, 0)
	if !ok || n > maxResults {
		return nil, false
	}
	b = b[wordBytes:]
	for i := range n {
		at, ok := smallAt(b, i*wordBytes)
		if !ok {
			return nil, false
		}
		success, ok := smallAt(b, at)
		if !ok || success > 1 {
			return nil, false
		}
		data, ok := bytesAt(b[at:], wordBytes)
		if !ok {
			return nil, false
		}
		out = append(out, result{success == 1, data})
	}
	return out, true
}
