package simnode

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Node serves a chain as it last saw it.
type Node struct {
	chain *Chain
	view  []*Block
}

// NewNode answers a node that has seen the whole chain.
func NewNode(c *Chain) *Node {
	n := &Node{chain: c}
	n.Follow(0)
	return n
}

// Follow lets the node see the fork that counts but for its newest blocks. A node that is not told
// stays on whatever fork it saw last.
func (n *Node) Follow(lag int) {
	n.view = n.chain.blocks[:max(1, len(n.chain.blocks)-lag)]
	settle(n.view[n.final()])
}

func (n *Node) final() uint64 {
	newest := n.newest()
	return newest - min(newest, n.chain.finality)
}

func (n *Node) newest() uint64 { return n.view[len(n.view)-1].Number }

// question is one call of a request.
type question struct {
	ID     json.RawMessage   `json:"id"`
	Method string            `json:"method"`
	Params []json.RawMessage `json:"params"`
}

// reply is what is answered to one: a result, or an error if that is set.
type reply struct{ result, problem []byte }

var null = []byte("null")

// answer answers a question honestly.
func (n *Node) answer(q question) reply {
	param := func(i int) (s string) {
		if i < len(q.Params) && json.Unmarshal(q.Params[i], &s) != nil {
			return ""
		}
		return s
	}
	switch q.Method {
	case "eth_chainId":
		return reply{result: quoted(quantity(n.chain.id))}
	case "web3_clientVersion":
		return reply{result: quoted("simnode/1")}
	case "eth_getCode", "eth_call":
		return n.contract(q)
	case "eth_getBlockByNumber":
		if b := n.block(param(0)); b != nil {
			return reply{result: b.header}
		}
	case "eth_getLogs":
		return n.find(q)
	case "eth_getTransactionReceipt":
		return reply{result: n.receipt(parseHash(param(0)))}
	case "eth_getBlockReceipts":
		if b := n.block(param(0)); b != nil {
			return reply{result: b.allReceipts()}
		}
	default:
		return reply{problem: []byte(`{"code":-32601,"message":"the method does not exist"}`)}
	}
	return reply{result: null}
}

func quoted(s string) []byte { return strconv.AppendQuote(nil, s) }

// block finds a block of the node's view by height or tag.
func (n *Node) block(which string) *Block {
	height := n.newest()
	switch which {
	case "latest":
	case "finalized":
		height = n.final()
	default:
		height = number(which)
	}
	if height >= uint64(len(n.view)) {
		return nil
	}
	return n.view[height]
}

// number reads "0x1a"; anything else is a height no chain reaches.
func number(s string) uint64 {
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	if err != nil {
		return 1 << 62
	}
	return v
}

func parseHash(s string) (h Hash) {
	if raw, err := hex.DecodeString(strings.TrimPrefix(s, "0x")); err == nil {
		copy(h[:], raw)
	}
	return h
}

func (n *Node) receipt(id Hash) []byte {
	for _, b := range n.chain.at[id] {
		if b.Number < uint64(len(n.view)) && n.view[b.Number] == b {
			return b.receipts[id]
		}
	}
	return null
}

func (b *Block) allReceipts() []byte {
	texts := make([][]byte, len(b.Txs))
	for i, tx := range b.Txs {
		texts[i] = b.receipts[tx.ID]
	}
	return list(texts)
}

func list(texts [][]byte) []byte {
	return append(append([]byte{'['}, bytes.Join(texts, []byte{','})...), ']')
}

// contract answers what fitness is judged by: code, decimals() and symbol().
func (n *Node) contract(q question) reply {
	var call struct{ To, Data string }
	var to string
	if len(q.Params) > 0 && json.Unmarshal(q.Params[0], &to) != nil {
		_ = json.Unmarshal(q.Params[0], &call) // what is no call is of no contract
		to = call.To
	}
	at := slices.IndexFunc(n.chain.coins, func(c Coin) bool { return fixed(c.Contract[:]) == strings.ToLower(to) })
	switch {
	case at < 0:
		return reply{result: quoted("0x")}
	case q.Method == "eth_getCode":
		return reply{result: quoted("0x60")}
	case call.Data == "0x313ce567": // decimals()
		return reply{result: quoted(fmt.Sprintf("0x%064x", n.chain.coins[at].Decimals))}
	}
	var name Hash
	copy(name[:], n.chain.coins[at].Symbol)
	return reply{result: quoted(fixed(name[:]))}
}

// filter is what eth_getLogs is asked for.
type filter struct {
	FromBlock, ToBlock string
	Address            []string
	Topics             []json.RawMessage
}

// find answers eth_getLogs: of what is above its newest block a node knows nothing, and says so by an
// empty list.
func (n *Node) find(q question) reply {
	var f filter
	if len(q.Params) != 1 || json.Unmarshal(q.Params[0], &f) != nil {
		return reply{problem: []byte(`{"code":-32602,"message":"no filter"}`)}
	}
	contracts := map[Address]bool{}
	for _, a := range f.Address {
		var at Address
		raw, _ := hex.DecodeString(strings.TrimPrefix(a, "0x"))
		copy(at[:], raw)
		contracts[at] = true
	}
	wanted := make([]map[Hash]bool, len(f.Topics))
	for i, t := range f.Topics {
		wanted[i] = readTopics(t)
	}
	var found [][]byte
	last := min(n.height(f.ToBlock), n.newest())
	for at := n.height(f.FromBlock); at <= last; at++ {
		for _, l := range n.view[at].logs {
			if contracts[l.contract] && l.fits(wanted) {
				found = append(found, l.text)
			}
		}
	}
	return reply{result: list(found)}
}

func (n *Node) height(which string) uint64 {
	if b := n.block(which); b != nil {
		return b.Number
	}
	return number(which)
}

// readTopics reads one topic or several; nil stands for any.
func readTopics(t json.RawMessage) map[Hash]bool {
	var one string
	var many []string
	switch {
	case bytes.Equal(t, null):
		return nil
	case json.Unmarshal(t, &one) == nil:
		many = []string{one}
	case json.Unmarshal(t, &many) != nil:
		return map[Hash]bool{}
	}
	out := make(map[Hash]bool, len(many))
	for _, s := range many {
		out[parseHash(s)] = true
	}
	return out
}

func (l *logText) fits(wanted []map[Hash]bool) bool {
	for i, w := range wanted {
		if w != nil && (i >= len(l.topics) || !w[l.topics[i]]) {
			return false
		}
	}
	return true
}
