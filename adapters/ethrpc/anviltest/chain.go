package anviltest

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// gasPerTx is enough for whatever tests send, and little enough that hundreds fit in a block.
const gasPerTx = "0x200000"

// plenty is more of the chain's own coin than there is on any chain, and little enough for several
// accounts to have it.
var plenty = new(big.Int).Lsh(big.NewInt(1), 252)

// Tx is a mined transaction.
type Tx struct {
	ID    string // lower-case hex, without 0x
	Block uint64 // that holds it
	OK    bool   // it did not revert
}

// Send mines a transaction from any account, whose key nobody needs, to a contract, into a block of
// its own. In OneBlock it is only sent, and Block and OK are not known yet.
func (n *Node) Send(from, to Account, words []byte) Tx {
	n.t.Helper()
	return n.SendValue(from, to, new(big.Int), words)
}

// SendValue is Send with an amount of the chain's own coin, of which every account has more than any
// test sends.
func (n *Node) SendValue(from, to Account, units *big.Int, words []byte) Tx {
	n.t.Helper()
	if !n.funded[from] {
		n.Call("anvil_setBalance", from.hex(), "0x"+plenty.Text(16))
		n.funded[from] = true
	}
	id := ask[string](n, "eth_sendTransaction", map[string]any{
		"from": from.hex(), "to": to.hex(), "value": "0x" + units.Text(16),
		"data": fmt.Sprintf("0x%x", words), "gas": gasPerTx,
	})
	tx := Tx{ID: strings.TrimPrefix(id, "0x")}
	if !n.packing {
		n.Mine(1)
		tx.look(n)
	}
	return tx
}

// look learns where a transaction was mined.
func (tx *Tx) look(n *Node) {
	n.t.Helper()
	receipt := ask[*struct{ BlockNumber, Status string }](n, "eth_getTransactionReceipt", "0x"+tx.ID)
	if receipt != nil {
		tx.Block, tx.OK = n.number(receipt.BlockNumber), receipt.Status == "0x1"
	}
}

// OneBlock runs fn and then mines all it sent into one block, whose height it answers.
func (n *Node) OneBlock(fn func()) uint64 {
	n.t.Helper()
	n.packing = true
	fn()
	n.packing = false
	n.Mine(1)
	return n.Height()
}

// Mine adds blocks; the first takes in what was sent and not mined.
func (n *Node) Mine(blocks uint64) {
	n.t.Helper()
	const atOnce = 250 // blocks a busy machine makes well within callLimit
	for blocks > 0 {
		next := min(blocks, atOnce)
		n.Call("anvil_mine", hex(next))
		blocks -= next
	}
}

// Finalize mines until everything mined so far is final, and answers the final height.
func (n *Node) Finalize() uint64 {
	n.t.Helper()
	n.Mine(FinalityLag)
	return n.Height() - FinalityLag
}

// Height is the newest block's.
func (n *Node) Height() uint64 {
	n.t.Helper()
	return n.number(ask[string](n, "eth_blockNumber"))
}

// BlockID is the hash of the block at a height, lower-case hex without 0x.
func (n *Node) BlockID(height uint64) string {
	n.t.Helper()
	block := ask[*struct{ Hash string }](n, "eth_getBlockByNumber", hex(height), false)
	if block == nil {
		n.t.Fatalf("there is no block %d", height)
	}
	return strings.TrimPrefix(block.Hash, "0x")
}

// Reorg replaces the newest blocks by as many others, all empty: what they held is gone.
func (n *Node) Reorg(depth uint64) {
	n.t.Helper()
	n.Call("anvil_reorg", depth, []any{})
}

// NextTime sets the time of the next block, in Unix seconds; it must be after the newest one's.
func (n *Node) NextTime(seconds int64) {
	n.t.Helper()
	n.Call("evm_setNextBlockTimestamp", seconds)
}

// number reads "0x1a".
func (n *Node) number(s string) uint64 {
	n.t.Helper()
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	if err != nil {
		n.t.Fatalf("the node wrote the number %q", s)
	}
	return v
}

func hex(v uint64) string { return "0x" + strconv.FormatUint(v, 16) }

// Logs are the raw logs of a mined transaction.
func (n *Node) Logs(tx Tx) []json.RawMessage {
	n.t.Helper()
	return ask[struct{ Logs []json.RawMessage }](n, "eth_getTransactionReceipt", "0x"+tx.ID).Logs
}
