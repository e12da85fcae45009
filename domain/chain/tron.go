package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/101pay/101pay/domain/base58"
)

// Facts of the Tron main network.
const (
	TronChainID     = 728126428 // eth_chainId of the main network
	TronUSDT        = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
	tronPrefix      = 0x41
	sandboxPrefix   = 0x3f // makes addresses that begin with S and that every Tron wallet refuses
	addressBytes    = 20
	addressTextSize = 34
)

// foreignVersions are Base58Check version bytes of other chains, told apart so that a merchant
// hears what he did wrong: Bitcoin, Litecoin, Dogecoin.
var foreignVersions = []byte{0x00, 0x05, 0x30, 0x32, 0x1e, 0x16}

// ParseTronAddress reads a Base58Check Tron address, exactly as written: case matters, no spaces.
// The zero address and the USDT contract itself are refused: money sent there is lost.
func ParseTronAddress(s string) (Address, error) {
	payload, ok := base58.Decode(s)
	switch {
	case !ok || len(payload) != addressBytes+1:
		return "", ErrInvalidAddress
	case bytes.IndexByte(foreignVersions, payload[0]) >= 0:
		return "", ErrAddressChainMismatch
	case payload[0] != tronPrefix || len(s) != addressTextSize:
		return "", ErrInvalidAddress
	case bytes.Count(payload[1:], []byte{0}) == addressBytes:
		return "", ErrInvalidAddress
	case s == TronUSDT:
		return "", ErrInvalidAddress.Saying(sayToken)
	}
	return Address(s), nil
}

// TronAddress prints the 20 bytes an Ethereum-style JSON-RPC answer uses as a Tron address.
func TronAddress(b [addressBytes]byte) Address {
	return Address(base58.Encode(append([]byte{tronPrefix}, b[:]...)))
}

// Bytes20 is the 20 bytes behind a Tron or sandbox address.
func (a Address) Bytes20() (out [addressBytes]byte, ok bool) {
	payload, ok := base58.Decode(string(a))
	if !ok || len(payload) != addressBytes+1 || payload[0] != tronPrefix && payload[0] != sandboxPrefix {
		return out, false
	}
	copy(out[:], payload[1:])
	return out, true
}

// SandboxAddress derives a receiving address of the sandbox chain from a seed. Its version byte is
// not Tron's, so that nobody can send real money to it by mistake.
func SandboxAddress(seed string) Address {
	sum := sha256.Sum256([]byte("101pay sandbox address " + seed))
	return Address(base58.Encode(append([]byte{sandboxPrefix}, sum[:addressBytes]...)))
}

// ParseTxID reads a 32-byte transaction id in hex, with or without 0x, in any case.
func ParseTxID(s string) (TxID, bool) {
	s = strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X"))
	if b, err := hex.DecodeString(s); err != nil || len(b) != sha256.Size {
		return "", false
	}
	return TxID(s), true
}
