package x402

import (
	"bytes"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

const (
	keySignatureBytes = 65 // r, s and v
	firstV            = 27 // v is 27 or 28 on chain; some wallets count from 0
	// maxSignatureBytes bounds what a wallet contract is asked about.
	maxSignatureBytes = 4 << 10
)

// wrapped ends the signature of a wallet that may have to be deployed first (ERC-6492).
var wrapped = bytes.Repeat([]byte{0x64, 0x92}, wordBytes/2)

// Signature is what a payload brings in proof: of a key, or for a wallet contract to judge.
type Signature struct {
	raw     string // as presented
	text    string // the signature proper, unwrapped
	factory *Deployment
}

// Deployment is how the wallet of an ERC-6492 signature says it comes into being. It is the payer's word:
// no key of ours may ever sign a call to a factory that is not on a list.
type Deployment struct {
	Factory Address
	Call    []byte
}

// ReadSignature reads what Presented answered, as a store kept it; ok is false for what no payload can
// have brought.
func ReadSignature(raw []byte) (s Signature, ok bool) { return readSignature(raw) }

// readSignature takes a signature apart; ok is false if it is empty, too long or wrapped wrongly.
func readSignature(raw []byte) (s Signature, ok bool) {
	if len(raw) == 0 || len(raw) > maxSignatureBytes {
		return Signature{}, false
	}
	inside, isWrapped := bytes.CutSuffix(raw, wrapped)
	if !isWrapped {
		return Signature{raw: string(raw), text: string(raw)}, true
	}
	factory, call, signature, ok := unwrap(inside)
	// A wrapper within a wrapper has fooled verifiers that unwrap once and believe the rest.
	if !ok || len(signature) == 0 || bytes.HasSuffix(signature, wrapped) {
		return Signature{}, false
	}
	return Signature{
		raw: string(raw), text: string(signature), factory: &Deployment{Factory: factory, Call: call},
	}, true
}

// unwrap reads the ABI encoding of (address, bytes, bytes).
func unwrap(b []byte) (factory Address, call, signature []byte, ok bool) {
	const head = 3 * wordBytes
	if len(b) < head {
		return factory, nil, nil, false
	}
	copy(factory[:], b[wordBytes-addressBytes:])
	call, hasCall := tail(b, b[wordBytes:2*wordBytes])
	signature, hasSignature := tail(b, b[2*wordBytes:head])
	return factory, call, signature, word(factory) == Hash(b[:wordBytes]) && hasCall && hasSignature
}

// tail reads the bytes an offset leads to: their length in a word, then they.
func tail(b, offset []byte) ([]byte, bool) {
	at, ok := small(offset, len(b)-wordBytes)
	if !ok {
		return nil, false
	}
	b = b[at:]
	n, ok := small(b[:wordBytes], len(b)-wordBytes)
	if !ok {
		return nil, false
	}
	return bytes.Clone(b[wordBytes : wordBytes+n]), true
}

// small reads a word as a number no greater than most.
func small(w []byte, most int) (int, bool) {
	n, ok := uintFrom(Hash(w)).Uint64()
	if !ok || most < 0 || n > uint64(most) {
		return 0, false
	}
	return int(n), true //nolint:gosec // no greater than an int
}

// Presented is the signature as the payload brought it, what ERC-6492 wraps around it included.
func (s Signature) Presented() []byte { return []byte(s.raw) }

// Bytes is the signature proper, without what ERC-6492 wraps around it: what a wallet contract is asked
// about, and what the token's bytes overload takes.
func (s Signature) Bytes() []byte { return []byte(s.text) }

// Deployment is how an ERC-6492 signature's wallet is deployed; nil for any other signature.
func (s Signature) Deployment() *Deployment { return s.factory }

// VRS are the parts of a key's signature as the token's v, r, s overload takes them: v is 27 or 28.
// ok is false for what is not one.
func (s Signature) VRS() (v byte, r, sv Hash, ok bool) {
	if len(s.text) != keySignatureBytes || s.factory != nil {
		return 0, r, sv, false
	}
	copy(r[:], s.text)
	copy(sv[:], s.text[wordBytes:])
	v = s.text[keySignatureBytes-1]
	if v <= 1 {
		v += firstV
	}
	return v, r, sv, v == firstV || v == firstV+1
}

// signer is whose key signed a digest. High s is refused: tokens refuse it, and it is how somebody else
// makes a second signature out of one.
func (s Signature) signer(digest Hash) (by Address, ok bool) {
	v, r, sv, ok := s.VRS()
	if !ok {
		return by, false
	}
	var scalar secp256k1.ModNScalar
	if overflow := scalar.SetBytes((*[wordBytes]byte)(&sv)); overflow != 0 || scalar.IsOverHalfOrder() {
		return by, false
	}
	var compact [keySignatureBytes]byte
	compact[0] = v
	copy(compact[1:], r[:])
	copy(compact[1+wordBytes:], sv[:])
	key, _, err := ecdsa.RecoverCompact(compact[:], digest[:])
	if err != nil {
		return by, false
	}
	sum := keccak(key.SerializeUncompressed()[1:])
	copy(by[:], sum[wordBytes-addressBytes:])
	return by, true
}
