package relayer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/x402"
)

const (
	wordBytes    = 32
	addressBytes = 20
	latest       = "latest"
	finalized    = "finalized"
)

// The functions that are called, by the first four bytes of the hash of their signatures.
var (
	selectName      = selector("name()")
	selectVersion   = selector("version()")
	selectDecimals  = selector("decimals()")
	selectDomain    = selector("DOMAIN_SEPARATOR()")
	selectBalance   = selector("balanceOf(address)")
	selectUsed      = selector("authorizationState(address,bytes32)")
	selectValid     = selector("isValidSignature(bytes32,bytes)") // also the answer that means yes
	selectByKey     = selector("transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)")
	selectByBytes   = selector("transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)")
	selectAllowance = selector("allowance(address,address)")
	selectNonces    = selector("nonces(address)")
	selectBitmap    = selector("nonceBitmap(address,uint256)")
	selectPermit2   = selector("PERMIT2()")
	selectWitness   = selector("WITNESS_TYPEHASH()")
	selectAggregate = selector("aggregate3((address,bool,bytes)[])")
)

func selector(signature string) []byte {
	sum := keccak([]byte(signature))
	return sum[:4]
}

// wordOf writes an argument of 32 bytes: an account, a number, a hash.
func wordOf[T x402.Address | x402.Hash | x402.Nonce | x402.Uint256 | int | byte](v T) []byte {
	out := make([]byte, wordBytes)
	switch v := any(v).(type) {
	case x402.Address:
		copy(out[wordBytes-addressBytes:], v[:])
	case x402.Hash:
		copy(out, v[:])
	case x402.Nonce:
		copy(out, v[:])
	case x402.Uint256:
		b := v.Bytes()
		copy(out, b[:])
	case int:
		big.NewInt(int64(v)).FillBytes(out)
	case byte:
		out[wordBytes-1] = v
	}
	return out
}

// bytesArg writes bytes as the encoding has them where an offset leads to: their length, then they, padded.
func bytesArg(b []byte) []byte {
	padding := make([]byte, (wordBytes-len(b)%wordBytes)%wordBytes)
	return slices.Concat(wordOf(len(b)), b, padding)
}

// text reads an ABI-encoded string.
func text(b []byte) (string, bool) {
	raw, ok := bytesAt(b, 0)
	return string(raw), ok
}

// bytesAt reads the bytes that the offset in a word leads to.
func bytesAt(b []byte, at int) ([]byte, bool) {
	offset, ok := smallAt(b, at)
	if !ok {
		return nil, false
	}
	size, ok := smallAt(b, offset)
	if !ok || size > len(b)-offset-wordBytes {
		return nil, false
	}
	return b[offset+wordBytes : offset+wordBytes+size], true
}

// smallAt reads a word as a number that is no greater than what it is read from.
func smallAt(b []byte, at int) (int, bool) {
	if at < 0 || at > len(b)-wordBytes {
		return 0, false
	}
	n, ok := number(b[at : at+wordBytes])
	if !ok || n > uint64(len(b)) {
		return 0, false
	}
	return int(n), true //nolint:gosec // no greater than a length
}

// number reads one word of 64 bits.
func number(b []byte) (uint64, bool) {
	if len(b) != wordBytes {
		return 0, false
	}
	n := new(big.Int).SetBytes(b)
	return n.Uint64(), n.IsUint64()
}

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }

func quantity(n uint64) string { return "0x" + strconv.FormatUint(n, 16) }

// call is an eth_call as of the newest block; gas 0 leaves the bound to the node.
func call(from, to x402.Address, input []byte, gas uint64) ethrpc.Question {
	return callAt(latest, from, to, input, gas)
}

func callAt(block string, from, to x402.Address, input []byte, gas uint64) ethrpc.Question {
	what := map[string]any{"to": to.String(), "data": hexOf(input)}
	if from != (x402.Address{}) {
		what["from"] = from.String()
	}
	if gas > 0 {
		what["gas"] = quantity(gas)
	}
	return ethrpc.Question{Method: "eth_call", Params: []any{what, block}}
}

// errNotHex says that an answer is not what it must be.
var errNotHex = errors.New("not bytes in hex")

// bytesOf reads a reply of bytes in hex.
func bytesOf(r ethrpc.Reply) ([]byte, error) {
	if r.Refused != nil {
		return nil, r.Refused
	}
	return unhex(r.Result)
}

// unhex reads a JSON text of 0x and hex.
func unhex(raw []byte) ([]byte, error) {
	digits, ok := bytes.CutPrefix(bytes.Trim(raw, `"`), []byte("0x"))
	if !ok {
		return nil, errNotHex
	}
	return hex.AppendDecode(nil, digits)
}

// bigOf reads a reply of a number in hex.
func bigOf(r ethrpc.Reply) (*big.Int, error) {
	if r.Refused != nil {
		return nil, r.Refused
	}
	var digits string
	if err := json.Unmarshal(r.Result, &digits); err != nil {
		return nil, errNotHex
	}
	return bigText(digits)
}

func bigText(s string) (*big.Int, error) {
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok || digits == "" || len(digits) > 2*wordBytes {
		return nil, errNotHex
	}
	n, ok := new(big.Int).SetString(digits, 16)
	if !ok || n.Sign() < 0 {
		return nil, errNotHex
	}
	return n, nil
}

// smallText reads a number of 64 bits in hex.
func smallText(s string) (uint64, error) {
	n, err := bigText(s)
	if err != nil || !n.IsUint64() {
		return 0, errNotHex
	}
	return n.Uint64(), nil
}

// block is what is read of a block.
type block struct {
	ethrpc.Header
	BaseFee *big.Int // wei per gas; nil where there is none
}

func blockBy(which string) ethrpc.Question {
	return ethrpc.Question{Method: "eth_getBlockByNumber", Params: []any{which, false}}
}

// blockOf reads a block. A node answers null for one it lacks.
func blockOf(r ethrpc.Reply) (b block, err error) {
	if r.Refused != nil {
		return b, ethrpc.Doubt("it does not tell a block: " + r.Refused.Error())
	}
	var told *struct{ Number, Hash, Timestamp, BaseFeePerGas string }
	if err := json.Unmarshal(r.Result, &told); err != nil {
		return b, ethrpc.Doubt("no block")
	}
	if told == nil {
		return b, ethrpc.Behind("the node has not the block")
	}
	id, known := x402.ParseHash(told.Hash)
	height, err := smallText(told.Number)
	seconds, err2 := smallText(told.Timestamp)
	const centuries = 1 << 40 // of seconds
	if !known || err != nil || err2 != nil || seconds > centuries {
		return b, ethrpc.Doubt("no block")
	}
	b.Number, b.ID, b.Time = height, ethrpc.Hash(id), time.Unix(int64(seconds), 0).UTC()
	b.BaseFee, _ = bigText(told.BaseFeePerGas)
	return b, nil
}
