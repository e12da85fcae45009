package relayer

import (
	"bytes"
	"encoding/binary"
	"math/big"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// feeMarket is the type of transactions that EIP-1559 introduced.
const feeMarket = 0x02

// transaction is a call that moves no coin of the network's own.
type transaction struct {
	network x402.Network
	nonce   uint64
	fees    ports.RelayFees
	to      x402.Address
	input   []byte
}

// fields are what is signed, in order: a value of nothing, and no access list.
func (t transaction) fields() []byte {
	return bytes.Join([][]byte{
		rlpUint(uint64(t.network)), rlpUint(t.nonce), rlpBig(t.fees.Tip), rlpBig(t.fees.MaxFee), rlpUint(t.fees.Gas),
		rlpBytes(t.to[:]), rlpUint(0), rlpBytes(t.input), rlpList(nil),
	}, nil)
}

func (t transaction) digest() x402.Hash {
	return keccak(append([]byte{feeMarket}, rlpList(t.fields())...))
}

// signed is the transaction as nodes take it, and its id.
func (t transaction) signed(by Key) (raw []byte, id x402.Hash) {
	odd, r, s := by.sign(t)
	fields := bytes.Join([][]byte{
		t.fields(), rlpUint(uint64(odd)), rlpBig(new(big.Int).SetBytes(r)), rlpBig(new(big.Int).SetBytes(s)),
	}, nil)
	raw = append([]byte{feeMarket}, rlpList(fields)...)
	return raw, keccak(raw)
}

// The first bytes of RLP: of a text and of a list, short or with the length of its length.
const (
	rlpText     = 0x80
	rlpListed   = 0xc0
	rlpShort    = 55
	rlpSelf     = 0x7f // a byte up to this stands for itself
	uint64Bytes = 8
)

// rlpBytes writes bytes.
func rlpBytes(b []byte) []byte {
	if len(b) == 1 && b[0] <= rlpSelf {
		return []byte{b[0]}
	}
	return append(rlpHead(rlpText, len(b)), b...)
}

// rlpList writes a list of what is written already.
func rlpList(members []byte) []byte { return append(rlpHead(rlpListed, len(members)), members...) }

func rlpHead(first byte, size int) []byte {
	if size <= rlpShort {
		return []byte{first + byte(size)} // #nosec G115 -- no more than 55
	}
	length := minimal(uint64(size))
	return append([]byte{first + rlpShort + byte(len(length))}, length...) // #nosec G115 -- no more than 8
}

// rlpUint writes a number without leading zeros; nothing is 0.
func rlpUint(n uint64) []byte { return rlpBytes(minimal(n)) }

func rlpBig(n *big.Int) []byte { return rlpBytes(n.Bytes()) }

func minimal(n uint64) []byte {
	return bytes.TrimLeft(binary.BigEndian.AppendUint64(make([]byte, 0, uint64Bytes), n), "\x00")
}
