package ethrpc_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/simnode"
)

// spoiledAnswers is how many bad answers the client has to live through.
const spoiledAnswers = 10_000

// gale is a simulated chain read through two nodes of which none can be relied on.
type gale struct {
	*testing.T
	r        *rand.Rand
	hand     *hand
	chain    *simnode.Chain
	nodes    []*simnode.Node
	client   *ethrpc.Client
	merchant ethrpc.Address
	spoiled  map[simnode.Fault]int
	huge     int // how often the turn came to a huge answer
	txs      []*simnode.Tx
	final    uint64 // as the client was told last
	denied   bool   // a node that has everything else denied a receipt or its logs since this was cleared
}

// galeFinality is how many blocks are above a final one.
const galeFinality = 12

func openGale(t *testing.T, seed uint64) *gale {
	s := &gale{
		T: t, r: rand.New(rand.NewPCG(seed, 1)), hand: &hand{now: time.Unix(1_700_000_000, 0)},
		merchant: ethrpc.Address{1: 7}, spoiled: map[simnode.Fault]int{},
	}
	coin := simnode.Coin{Contract: simnode.Address(usdt.Contract), Symbol: usdt.Symbol, Decimals: usdt.Decimals}
	s.chain = simnode.New(1, galeFinality, s.hand.Now().Unix(), coin)
	wire := &simnode.Wire{Nodes: map[string]*simnode.Node{}, Weather: s.weather, Cut: s.r.IntN}
	cfg := ethrpc.Config{ChainID: 1, Tokens: []ethrpc.Token{usdt}, Now: s.hand.Now, Transport: wire}
	for _, host := range []string{"a", "b"} {
		n := simnode.NewNode(s.chain)
		s.nodes, wire.Nodes[host] = append(s.nodes, n), n
		cfg.Endpoints = append(cfg.Endpoints, ethrpc.Endpoint{URL: "http://" + host})
	}
	var err error
	if s.client, err = ethrpc.New(cfg); err != nil {
		t.Fatal(err)
	}
	return s
}

// weather spoils every third answer or so.
func (s *gale) weather(string) (simnode.Fault, error) {
	all := simnode.Faults()
	if n := s.r.IntN(3 * len(all)); n < len(all) {
		if all[n] == simnode.Huge {
			s.huge++
			if s.huge%100 != 1 {
				return simnode.Honest, nil // huge answers take their time: a few are enough
			}
		}
		s.spoiled[all[n]]++
		s.denied = s.denied || all[n] == simnode.NoReceipts || all[n] == simnode.BareReceipts
		return all[n], nil
	}
	return simnode.Honest, nil
}

// grow lets time pass, blocks come and go, and nodes fall behind.
func (s *gale) grow() {
	s.hand.move(time.Duration(1+s.r.IntN(30)) * time.Second)
	if s.r.IntN(8) == 0 && len(s.chain.Blocks()) > galeFinality {
		depth := 1 + s.r.IntN(galeFinality-1)
		homeless := s.chain.Undo(depth)
		for range depth + 1 {
			s.mine(homeless...)
			homeless = nil
		}
	}
	s.mine()
	for _, n := range s.nodes {
		switch s.r.IntN(4) {
		case 0: // stays where it is, be it on a fork
		case 1:
			n.Follow(s.r.IntN(galeFinality))
		default:
			n.Follow(0)
		}
	}
}

func (s *gale) mine(again ...*simnode.Tx) {
	txs := again
	for range s.r.IntN(4) {
		tx := &simnode.Tx{ID: simnode.Hash{0: byte(len(s.txs)), 1: byte(len(s.txs) >> 8), 2: 1}, Failed: s.r.IntN(9) == 0}
		for range 1 + s.r.IntN(3) {
			tx.Logs = append(tx.Logs, s.log())
		}
		s.txs = append(s.txs, tx)
		txs = append(txs, tx)
	}
	s.chain.Mine(s.hand.Now().Unix(), txs...)
}

// log pays the merchant, or only nearly.
func (s *gale) log() simnode.Log {
	to, from, units, contract := s.merchant, ethrpc.Address{1: 9}, int64(1+s.r.IntN(1000)), usdt.Contract
	switch s.r.IntN(8) {
	case 0:
		to = ethrpc.Address{1: 8}
	case 1:
		units = 0
	case 2:
		contract = ethrpc.Address{1: 6}
	case 3:
		from = to
	}
	topic := func(a ethrpc.Address) (h simnode.Hash) {
		copy(h[12:], a[:])
		return h
	}
	return simnode.Log{
		Contract: simnode.Address(contract),
		Topics:   []simnode.Hash{simnode.Hash(ethrpc.TransferTopic), topic(from), topic(to)},
		Data:     new(big.Int).SetInt64(units).FillBytes(make([]byte, 32)),
	}
}

// paid lists, from the chain itself, what a block pays whom; "" if nothing.
func (s *gale) paid(b *simnode.Block, toAnyone bool) (out []string) {
	for _, tx := range b.Txs {
		for at, l := range tx.Logs {
			from, to := ethrpc.Address(l.Topics[1][12:]), ethrpc.Address(l.Topics[2][12:])
			units := new(big.Int).SetBytes(l.Data)
			if !tx.Failed && l.Contract == simnode.Address(usdt.Contract) && (to == s.merchant || toAnyone) &&
				from != to && units.Sign() > 0 {
				out = append(out, line(b.Number, ethrpc.Hash(tx.ID), at, units))
			}
		}
	}
	return out
}

func line(height uint64, tx ethrpc.Hash, at int, units *big.Int) string {
	return fmt.Sprintf("%d %s/%d %s", height, tx.Hex()[:8], at, units)
}

func lines(found []ethrpc.Transfer) (out []string) {
	for _, t := range found {
		out = append(out, line(t.Block.Number, t.TxID, int(t.Position), t.Units))
	}
	return out
}

func (s *gale) filter() ethrpc.Filter {
	return ethrpc.NewFilter([]ethrpc.Address{usdt.Contract}, []ethrpc.Address{s.merchant}, nil)
}

// scan reads final blocks; true if it was answered.
func (s *gale) scan() bool {
	final := s.chain.FinalHeight()
	from := uint64(s.r.IntN(int(final) + 1))
	to := from + uint64(s.r.IntN(int(min(final-from, 40))+1))
	got, err := s.client.Transfers(s.Context(), from, to, s.filter())
	if err != nil {
		return false
	}
	var want []string
	for _, b := range s.chain.Blocks()[from : to+1] {
		want = append(want, s.paid(b, false)...)
	}
	have := lines(got.Transfers)
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) || got.Last.ID != ethrpc.Hash(s.chain.Blocks()[to].ID) {
		s.Fatalf("blocks %d to %d: read %v, on the chain are %v", from, to, have, want)
	}
	if from > 0 && got.Parent != ethrpc.Hash(s.chain.Blocks()[from-1].ID) {
		s.Fatalf("blocks %d to %d continue another block than they do on the chain", from, to)
	}
	return true
}

// lookUp reads one transaction. Of one that is known to be final nothing may be missing. That one is
// unknown is the one thing a node can say without proof, so nothing is booked or closed for it.
func (s *gale) lookUp() bool {
	if len(s.txs) == 0 {
		return false
	}
	tx := s.txs[s.r.IntN(len(s.txs))]
	s.denied = false
	found, err := s.client.TransfersOf(s.Context(), ethrpc.Hash(tx.ID), s.filter())
	if err != nil || s.denied && len(found) == 0 {
		return false
	}
	for _, b := range s.chain.Mined(tx.ID) {
		if !s.chain.Counts(b) || b.Number > s.final {
			continue
		}
		alone := *b
		alone.Txs = []*simnode.Tx{tx}
		if have, want := lines(found), s.paid(&alone, true); !slices.Equal(have, want) {
			s.Fatalf("transaction of block %d: read %v, on the chain is %v", b.Number, have, want)
		}
	}
	return true
}

// head and block must be of the chain, as far as it is final.
func (s *gale) head() bool {
	h, err := s.client.Head(s.Context())
	if err != nil {
		return false
	}
	if h.Final.Number > s.chain.FinalHeight() ||
		h.Final.ID != ethrpc.Hash(s.chain.Blocks()[h.Final.Number].ID) {
		s.Fatalf("block %d is called final", h.Final.Number)
	}
	s.final = h.Final.Number
	return true
}

// block reads one that was told to be final.
func (s *gale) block() bool {
	height := uint64(s.r.IntN(int(s.final) + 1))
	h, err := s.client.Block(s.Context(), height)
	if err != nil {
		return false
	}
	if h.ID != ethrpc.Hash(s.chain.Blocks()[height].ID) {
		s.Fatalf("another block %d", height)
	}
	return true
}

// Whatever nodes answer, what is read of the final chain is what is there, or an error: never a hole,
// never a payment nobody made.
func TestAStormOfBadAnswersLeavesNoHole(t *testing.T) {
	seed := rand.Uint64()
	if given := os.Getenv("SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("SEED=%d", seed)
	s := openGale(t, seed)
	answered := map[string]int{}
	for spoiled := 0; spoiled < spoiledAnswers; {
		s.grow()
		for _, q := range []struct {
			name string
			ask  func() bool
		}{{"scan", s.scan}, {"look up", s.lookUp}, {"head", s.head}, {"block", s.block}} {
			if q.ask() {
				answered[q.name]++
			}
		}
		spoiled = 0
		for _, n := range s.spoiled {
			spoiled += n
		}
	}
	t.Logf("%d blocks, %d transactions; bad answers by fault: %v; questions answered: %v",
		len(s.chain.Blocks()), len(s.txs), s.spoiled, answered)
	for _, f := range simnode.Faults() {
		if s.spoiled[f] == 0 {
			t.Errorf("fault %d was never played", f)
		}
	}
	for name, n := range answered {
		if n < 100 {
			t.Errorf("%q was answered %d times only, so little was compared", name, n)
		}
	}
}
