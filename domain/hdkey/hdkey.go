// Package hdkey derives receiving addresses from an extended public key (BIP32), so that every payment
// gets its own address while nobody but the merchant can spend what arrives there.
//
// It owns the reading and checking of extended keys and the derivation of public children. It does not
// own addresses (package chain), nor where keys are kept.
//
// Invariants: no private key is ever held: one that is pasted by mistake is refused before anything
// else is looked at, and no error repeats what was pasted; only keys of accounts (depth 3) are taken,
// because deeper ones derive what wallets do not show and shallower ones give away every account; an
// index is below 2^31.
package hdkey

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/101pay/101pay/domain/base58"
	"github.com/101pay/101pay/domain/chain"
)

// MaxIndex is the highest index of a derived address; above begin hardened ones, which need the
// private key.
const MaxIndex = 1<<31 - 1

// Where the fields of a serialised extended key are (BIP32): version, depth, parent's fingerprint,
// child number, chain code, key.
const (
	versionBytes = 4
	depthAt      = 4
	chainCodeAt  = 13
	keyAt        = 45
	keyBytes     = 33
	serialised   = keyAt + keyBytes

	accountDepth = 3 // m / purpose' / coin' / account'
	external     = 0 // the chain of addresses that are given to others
)

// Key is an account's extended public key.
type Key struct {
	text     string
	external node
}

// node is a public key that has children.
type node struct {
	key  *secp256k1.PublicKey
	code [32]byte
}

// Parse reads the extended public key of an account, exactly as a wallet exports it.
func Parse(text string) (Key, error) {
	if secret(text) {
		return Key{}, ErrPrivateKey
	}
	b, ok := base58.Decode(text)
	switch {
	case !ok || len(b) != serialised:
		return Key{}, ErrInvalidKey
	case b[keyAt] == 0 || private[version(b)]:
		return Key{}, ErrPrivateKey
	case version(b) != xpub:
		return Key{}, ErrInvalidKey.Saying(otherVersion(version(b)))
	case b[depthAt] != accountDepth:
		return Key{}, ErrWrongLevel.Saying(otherDepth(b[depthAt]))
	}
	account, err := read(b)
	if err != nil {
		return Key{}, ErrInvalidKey
	}
	first, err := account.child(external)
	if err != nil {
		return Key{}, ErrInvalidKey
	}
	return Key{text: text, external: first}, nil
}

// read reads the node of a serialised extended public key.
func read(b []byte) (node, error) {
	point, err := secp256k1.ParsePubKey(b[keyAt:])
	return node{key: point, code: [32]byte(b[chainCodeAt:keyAt])}, err
}

// Text is the key as it was read.
func (k Key) Text() string { return k.text }

// Fingerprint tells keys apart without showing them: the first 16 digits of the SHA-256 hash of the
// key's text, which its owner can recompute.
func (k Key) Fingerprint() string {
	sum := sha256.Sum256([]byte(k.text))
	return hex.EncodeToString(sum[:8])
}

// String hides the key from logs: whoever reads it sees every payment of its owner.
func (k Key) String() string { return "xpub…" }

// GoString hides the key from logs.
func (k Key) GoString() string { return k.String() }

// errIndex says that no address follows from an index: it is too high, or one of about one in 2^127
// that BIP32 says to skip.
var errIndex = errors.New("no address follows from this index")

// Address is the account's address 0/index on the networks of a family.
func (k Key) Address(f chain.Family, index int64) (chain.Address, error) {
	if k.external.key == nil || index < 0 || index > MaxIndex {
		return "", errIndex
	}
	child, err := k.external.child(uint32(index))
	if err != nil {
		return "", err
	}
	return f.KeyAddress([64]byte(child.key.SerializeUncompressed()[1:])), nil
}

// child is the public child of a node (CKDpub in BIP32).
func (n node) child(index uint32) (node, error) {
	mac := hmac.New(sha512.New, n.code[:])
	mac.Write(n.key.SerializeCompressed())
	mac.Write(binary.BigEndian.AppendUint32(nil, index))
	sum := mac.Sum(nil)
	var tweak secp256k1.ModNScalar
	if overflow := tweak.SetByteSlice(sum[:32]); overflow {
		return node{}, errIndex
	}
	var step, parent, point secp256k1.JacobianPoint
	secp256k1.ScalarBaseMultNonConst(&tweak, &step)
	n.key.AsJacobian(&parent)
	secp256k1.AddNonConst(&step, &parent, &point)
	if point.Z.IsZero() {
		return node{}, errIndex
	}
	point.ToAffine()
	return node{key: secp256k1.NewPublicKey(&point.X, &point.Y), code: [32]byte(sum[32:])}, nil
}

func version(b []byte) uint32 { return binary.BigEndian.Uint32(b[:versionBytes]) }

// secret recognises what gives money away if it is pasted: a phrase of words, a raw private key, one
// for wallets (WIF).
func secret(text string) bool {
	if words := len(strings.Fields(text)); words >= 12 {
		return true
	}
	digits := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(text), "0x"), "0X")
	if b, err := hex.DecodeString(digits); err == nil && len(b) == 32 {
		return true
	}
	b, ok := base58.Decode(text)
	if !ok {
		// A private key with a mistyped letter is private all the same.
		prefix := text[:min(len(text), 4)]
		return len(text) > 60 && bytes.HasSuffix([]byte(strings.ToLower(prefix)), []byte("prv"))
	}
	const wif = 0x80
	return b[0] == wif && (len(b) == 33 || len(b) == 34)
}
