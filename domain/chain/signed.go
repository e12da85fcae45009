package chain

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// What a wallet puts before a text it signs, so that a signed text is never a signed transaction:
// EIP-191 (personal_sign) and TIP-191.
const (
	evmPreamble  = "\x19Ethereum Signed Message:\n"
	tronPreamble = "\x19TRON Signed Message:\n"
)

const (
	signatureBytes = 65 // r, s and which of the possible keys it is
	compactOffset  = 27 // what that number begins with
)

// Signer is whose key signed a text as the network's wallets do: personal_sign (EIP-191) on EVM
// networks, signMessageV2 (TIP-191) on TRON. ok is false for what is no signature. Contracts have no
// key and sign nothing.
func Signer(n Network, text, signature string) (at Address, ok bool) {
	raw, err := hex.DecodeString(strings.TrimPrefix(signature, evmPrefix))
	if err != nil || len(raw) != signatureBytes {
		return "", false
	}
	which := raw[signatureBytes-1]
	if which < compactOffset {
		which += compactOffset // some wallets count from 0
	}
	preamble := tronPreamble
	if n.EVMChainID() != 0 {
		preamble = evmPreamble
	}
	digest := keccak256([]byte(preamble + strconv.Itoa(len(text)) + text))
	key, _, err := ecdsa.RecoverCompact(append([]byte{which}, raw[:signatureBytes-1]...), digest)
	if err != nil {
		return "", false
	}
	b := accountOf(key)
	if n.EVMChainID() != 0 {
		return EVMAddress(b), true
	}
	return TronAddress(b), true
}

// accountOf is the account of a public key: the last 20 bytes of its hash.
func accountOf(key *secp256k1.PublicKey) (out [addressBytes]byte) {
	sum := keccak256(key.SerializeUncompressed()[1:])
	copy(out[:], sum[len(sum)-addressBytes:])
	return out
}
