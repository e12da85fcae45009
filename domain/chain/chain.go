// Package chain says what a payment looks like on any chain: on which network, of what asset, to
// whom, how much, and how final.
//
// It owns networks, assets, addresses and their checks, transfers, and the one value that proves
// a transfer final. It does not own how a chain is read (the adapters) nor what a transfer pays
// (package checkout).
//
// Invariants: a Confirmed can only be made by Confirm, from a transfer at or below the network's
// final height, or by ConfirmEarly, from one deep enough; amounts are whole base units, never fractions.
package chain

import (
	"math/big"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/money"
)

// Network names a chain the gateway can watch. The zero value is not a network.
type Network string

// Faults of addresses and networks.
var (
	ErrUnsupportedNetwork = fault.New(fault.Invalid, "unsupported_network",
		"network must be one of "+strings.Join(Standards(), ", ")).About("network")
	ErrUnsupportedAsset = fault.New(fault.Invalid, "unsupported_asset",
		"asset must be a coin of the network: USDT, USDC, ETH, BNB").About("asset")
	ErrInvalidAddress = fault.New(fault.Invalid, "invalid_address",
		"address must be a TRON address: 34 characters beginning with T, copied exactly (capital and small letters matter)").About("address")
	ErrAddressChainMismatch = fault.New(fault.Invalid, "address_chain_mismatch",
		"this is an address of another chain; a TRON address begins with T").About("address")
)

// Asset is a coin on one network: a token, or the network's own coin. Contract, not Symbol, is its
// identity: tokens that merely carry a known symbol are routine fraud.
type Asset struct {
	Network  Network
	Symbol   string // as in "USDT"
	Contract string // canonical address of the token contract, or Native
	Decimals uint8  // of a contract, checked against the chain when a watcher starts; 18 of a native coin
}

// Native is what stands for the contract of a network's own coin, which no contract issues. It is
// the text of no address.
const Native = "native"

// sandboxNative begins the Contract of the sandbox's own coins: it plays every network, so it has
// those of all.
const sandboxNative = Native + "-"

// IsNative reports whether the asset is its network's own coin: moved by value, not by a token.
func (a Asset) IsNative() bool {
	return a.Contract == Native ||
		a.Network == Sandbox && strings.HasPrefix(a.Contract, sandboxNative)
}

// Currency is the ledger's unit for amounts of this asset, as in USDT/6.
func (a Asset) Currency() (money.Currency, error) {
	return money.ParseNotation(a.Symbol + "/" + big.NewInt(int64(a.Decimals)).String())
}

// Address is a chain address in its canonical text. Two addresses are the same if and only if
// their texts are; parse functions are the only way from foreign text to an Address.
type Address string

// TxID identifies an on-chain transaction: lower-case hex, without the 0x that EVM explorers print.
type TxID string

// FirstNative is the Index of a transaction's first movement of the network's own coin, with the
// highest bit set: no transaction writes that many logs, so that such an index is never a token's.
//
// Counted are the calls, creations and self-destructions that moved more than nothing and were not
// undone by a call around them failing, in the order they were begun (depth first). Frames that move
// nothing are not counted, because nodes disagree about which of those to list.
const FirstNative uint32 = 1 << 31

// Transfer is one movement of an asset observed on a chain. (Network, TxID, Index) identifies it: one
// transaction may hold several.
type Transfer struct {
	Network   Network
	TxID      TxID
	Index     uint32 // place of a token's log in its transaction; from FirstNative on for a native coin
	Asset     Asset
	From, To  Address
	Units     *big.Int // base units, positive
	Height    uint64
	BlockID   string // hash of the block, lower-case hex
	BlockTime time.Time
}

// Head is what a network has reached: the newest block, and the newest block that can no longer be
// undone by the network's own rule.
type Head struct {
	Network   Network
	Latest    uint64
	Final     uint64
	FinalID   string    // hash of the final block
	FinalTime time.Time // block time of the final block
}

// Confirmed is a transfer proven final, or deep enough for terms that credit it earlier. It cannot be
// made outside this package, so whatever asks for one cannot be handed a sighting, a claim by a
// caller, or an unfinished block.
type Confirmed struct {
	transfer Transfer
	early    bool
}

// ErrNotFinal reports a transfer above the final height, of another network, or of nothing.
var ErrNotFinal = fault.New(fault.Rejected, "not_final",
	"the transfer is not final yet")

// Confirm proves a transfer final against the network's head. Only the watcher calls it.
func Confirm(t Transfer, head Head) (Confirmed, error) {
	if !t.on(head) || t.Height > head.Final {
		return Confirmed{}, ErrNotFinal
	}
	return Confirmed{transfer: t}, nil
}

// ConfirmEarly proves that a transfer is deep enough: at least so many blocks, its own included, hold
// it, and no fewer than the network bears (EarliestConfirmations). The network may still undo it.
// Only the watcher calls it.
func ConfirmEarly(t Transfer, head Head, confirmations int) (Confirmed, error) {
	least := t.Network.EarliestConfirmations()
	if !t.on(head) || least == 0 || confirmations < 0 || uint64(confirmations) < least ||
		t.Confirmations(head) < uint64(confirmations) {
		return Confirmed{}, ErrNotFinal
	}
	return Confirmed{transfer: t, early: t.Height > head.Final}, nil
}

// on reports whether a transfer is a whole one of the head's network.
func (t Transfer) on(head Head) bool {
	return t.Network != "" && t.Network == head.Network && t.Units != nil && t.Units.Sign() > 0 &&
		t.TxID != "" && t.To != "" && !t.BlockTime.IsZero()
}

// Confirmations is how many blocks up to the newest hold a transfer, its own included.
func (t Transfer) Confirmations(head Head) uint64 {
	if t.Height > head.Latest {
		return 0
	}
	return head.Latest - t.Height + 1
}

// Transfer is the transfer that was proven.
func (c Confirmed) Transfer() Transfer { return c.transfer }

// Early reports whether the network may still undo the transfer by its own rule.
func (c Confirmed) Early() bool { return c.early }
