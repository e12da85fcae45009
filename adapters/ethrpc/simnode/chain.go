// Package simnode is a simulated chain of Ethereum's kind, and nodes that serve it in memory: for
// tests that need a million payments, histories no real node can be brought to, or a node that fails
// on cue.
//
// It owns blocks, forks and finality, what nodes answer to the questions this gateway asks, and how
// they misbehave. It does not own what is made of the answers (package ethrpc). It stands for a real
// node and is none: what real ones answer is anviltest's to show.
//
// Invariants: the same calls in the same order give the same chain and the same answers; a block is
// never changed; nothing leaves the process.
package simnode

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Address is the 20 bytes of an account or contract, as in package ethrpc, which this one serves and
// so cannot import.
type Address [20]byte

// Hash is the hash of a block or transaction, or one word of a log.
type Hash [32]byte

// Coin is a token contract on the chain.
type Coin struct {
	Contract Address
	Symbol   string
	Decimals uint8
}

// Log is an event of a transaction.
type Log struct {
	Contract Address
	Topics   []Hash
	Data     []byte
}

// Tx is a transaction, which may be mined in several blocks of several forks.
type Tx struct {
	ID     Hash
	Failed bool // it is mined and did nothing, though a lying contract's logs may be told of
	Logs   []Log
}

// Block is a block of some fork.
type Block struct {
	Number uint64
	ID     Hash
	Time   int64 // Unix seconds
	Txs    []*Tx
	Final  bool // some node has called it final

	parent   *Block
	header   []byte // JSON
	logs     []logText
	receipts map[Hash][]byte
}

// Chain is the truth: the fork that counts now, and all that ever was.
type Chain struct {
	id       uint64
	finality uint64
	coins    []Coin
	blocks   []*Block // the fork that counts, by height
	forks    uint64
	at       map[Hash][]*Block // where transactions were mined, on any fork
}

// New answers a chain with one block, of a time in Unix seconds. A block is final when finality others
// are above it.
func New(id, finality uint64, genesis int64, coins ...Coin) *Chain {
	c := &Chain{id: id, finality: finality, coins: coins, at: map[Hash][]*Block{}}
	c.Mine(genesis)
	return c
}

// Tip is the newest block.
func (c *Chain) Tip() *Block { return c.blocks[len(c.blocks)-1] }

// Blocks is the fork that counts, by height.
func (c *Chain) Blocks() []*Block { return c.blocks }

// FinalHeight is how far the fork that counts is final.
func (c *Chain) FinalHeight() uint64 {
	return c.Tip().Number - min(c.Tip().Number, c.finality)
}

// Mine adds a block, later than the one before it whatever time is asked for.
func (c *Chain) Mine(at int64, txs ...*Tx) *Block {
	b := &Block{Number: uint64(len(c.blocks)), Time: at, Txs: txs, receipts: map[Hash][]byte{}}
	seed := binary.BigEndian.AppendUint64(nil, c.id)
	seed = binary.BigEndian.AppendUint64(seed, c.forks)
	if b.Number > 0 {
		b.parent = c.Tip()
		b.Time = max(at, b.parent.Time+1)
		seed = append(seed, b.parent.ID[:]...)
	}
	for _, tx := range txs {
		seed = append(seed, tx.ID[:]...)
		c.at[tx.ID] = append(c.at[tx.ID], b)
	}
	b.ID = sha256.Sum256(seed)
	b.encode()
	c.blocks = append(c.blocks, b)
	return b
}

// Undo takes the newest blocks off the fork that counts and answers their transactions, oldest first.
// The first block stays.
func (c *Chain) Undo(depth int) []*Tx {
	from := max(1, len(c.blocks)-depth)
	var out []*Tx
	for _, b := range c.blocks[from:] {
		out = append(out, b.Txs...)
	}
	c.blocks = slices.Clone(c.blocks[:from]) // nodes may still look at the old fork
	c.forks++
	return out
}

// Return makes the fork that a block ends count again, and answers the transactions of the one that
// counted and that are not on this one, oldest first.
func (c *Chain) Return(tip *Block) []*Tx {
	was := c.blocks
	c.blocks = make([]*Block, tip.Number+1)
	for b := tip; b != nil; b = b.parent {
		c.blocks[b.Number] = b
	}
	c.forks++
	var out []*Tx
	for _, b := range was {
		for _, tx := range b.Txs {
			if !slices.ContainsFunc(c.at[tx.ID], c.Counts) {
				out = append(out, tx)
			}
		}
	}
	return out
}

// Mined answers where a transaction was ever mined, on whichever fork.
func (c *Chain) Mined(id Hash) []*Block { return c.at[id] }

// Counts reports whether a block is of the fork that counts.
func (c *Chain) Counts(b *Block) bool {
	return b.Number < uint64(len(c.blocks)) && c.blocks[b.Number] == b
}

// settle marks a block and all below it as called final.
func settle(b *Block) {
	for ; b != nil && !b.Final; b = b.parent {
		b.Final = true
	}
}
