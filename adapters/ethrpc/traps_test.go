package ethrpc_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/ports"
)

// The traps are numbered as in the project's study of payment gateways that lost money to them.
// Those about expiry, cursors and matching (6, 7, 8, 17) are the watcher's; 3 is the index's
// (package tron).

// A node that is behind answers "no logs" for blocks it does not have. Whoever believes it moves on
// and never looks there again.
func TestTrapT01SilentEmptyIsNoAnswer(t *testing.T) {
	for name, height := range map[string]func(s *scene) uint64{
		"lacks the last block":     func(s *scene) uint64 { return s.final - 1 },
		"lacks the payment":        func(s *scene) uint64 { return s.paid.Block - 1 },
		"has nothing but genesis":  func(*scene) uint64 { return 0 },
		"has it, but not as final": func(s *scene) uint64 { return s.final },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, 2)
			behind := anviltest.Behind(height(s))
			s.proxies[0].Play(behind)
			s.sound()
			s.blames(0, ethrpc.Lagging)
			s.proxies[1].Play(behind)
			s.client = s.connect(nil) // one that was never told the blocks are final
			_, err := s.scan()
			s.unavailable(err)
		})
	}
}

// Behind one address several nodes answer, and the one asked for logs may be another than the one
// asked for the head a moment ago.
func TestTrapT01BalancedBackendsAreHeldToOneAnswer(t *testing.T) {
	s := open(t, 1)
	if _, err := s.client.Head(s.Context()); err != nil { // by the backend that is up to date
		t.Fatal(err)
	}
	s.proxies[0].Play(anviltest.Behind(s.paid.Block - 1))
	_, err := s.scan()
	s.unavailable(err)
	s.blames(0, ethrpc.Lagging)
	found, err := s.client.TransfersOf(s.Context(), hash(t, s.paid.ID), s.filter())
	if err == nil {
		t.Fatalf("a lagging backend was believed: %+v", found)
	}
	s.proxies[0].Play(nil)
	s.sound()
}

// Where a range is refused to its last block, receipts are read instead; java-tron answers an empty
// list for a block whose receipts it has lost.
func TestTrapT01ReceiptsOfABlockAreCounted(t *testing.T) {
	refusal := `error {"code":-32005,"message":"query returned more than 10000 results"}`
	for name, c := range map[string]struct {
		receipts string // "" leaves them
		class    ethrpc.Class
	}{
		"all there": {"", ethrpc.None},
		"none":      {`[]`, ethrpc.Contradicting},
		"null":      {`null`, ethrpc.Lagging},
		"no list":   {`{}`, ethrpc.Broken},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, 1)
			logs := anviltest.Instead("eth_getLogs", refusal)
			s.proxies[0].Play(logs)
			if c.receipts != "" {
				s.proxies[0].Play(anviltest.Both(logs, anviltest.Instead("eth_getBlockReceipts", c.receipts)))
			}
			at := s.paid.Block
			if _, err := s.client.Transfers(s.Context(), at-1, at, s.filter()); !errors.Is(err, ports.ErrSpanTooWide) {
				t.Fatalf("two blocks: %v", err)
			}
			r, err := s.client.Transfers(s.Context(), at, at, s.filter())
			if c.class == ethrpc.None {
				s.amounts(r.Transfers, err, units)
				return
			}
			s.unavailable(err)
			s.blames(0, c.class)
		})
	}
}

// toBlock beyond the head is clamped without a word by many nodes: only final blocks are asked for.
func TestTrapT02OnlyFinalBlocksAreAskedFor(t *testing.T) {
	s := open(t, 1)
	_, err := s.client.Transfers(s.Context(), 1, s.final+1, s.filter())
	s.unavailable(err)
	if slices.Contains(s.proxies[0].Asked(), "eth_getLogs") {
		t.Fatal("the node was asked for logs of blocks that are not final")
	}
}

// Calldata is not a transfer: money comes by transferFrom, and out of contracts whose calldata
// names no token at all.
func TestTrapT04MoneyMovedByContractsCounts(t *testing.T) {
	s := open(t, 1)
	to, spender := anviltest.Account(s.merchant), anviltest.Named("spender")
	seven, eight := big.NewInt(7), big.NewInt(8)
	s.node.Send(anviltest.Payer, anviltest.USDT,
		s.node.Calldata("TetherToken", "approve(address,uint256)", spender, seven))
	s.node.Send(spender, anviltest.USDT, s.node.Calldata(
		"TetherToken", "transferFrom(address,address,uint256)", anviltest.Payer, to, seven))
	s.node.PayMany([]anviltest.Account{anviltest.Named("x"), to}, []*big.Int{seven, eight})
	s.final = s.node.Finalize()
	found, err := s.scan()
	s.amounts(found, err, units, 7, 8)
}

// A transaction that failed moved nothing, whatever its calldata asked for, what an index calls its
// result, or a log says. A missing status is a failure too.
func TestTrapT05FailedTransactionsPayNobody(t *testing.T) {
	receipt := "eth_getTransactionReceipt"
	for name, c := range map[string]struct {
		trick anviltest.Trick
		fails bool // the answer does not count; otherwise it counts, and holds no payment
	}{
		"failed":         {changeField(receipt, "status", "0x0"), false},
		"another status": {changeField(receipt, "status", "0x2"), false},
		"no status":      {anviltest.Replace(receipt, `"status"`, `"state"`), true},
		"null status":    {anviltest.Replace(receipt, `"status":"0x1"`, `"status":null`), true},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, 1)
			s.proxies[0].Play(c.trick)
			found, err := s.scan()
			if c.fails {
				s.unavailable(err)
				return
			}
			s.amounts(found, err)
			if s.ignored[ethrpc.FailedTransaction] != 1 {
				t.Errorf("ignored: %v", s.ignored)
			}
			found, err = s.client.TransfersOf(s.Context(), hash(t, s.paid.ID), s.filter())
			s.amounts(found, err)
		})
	}
	t.Run("on a real node", func(t *testing.T) {
		s := open(t, 1)
		loud := anviltest.Named("loud")
		s.node.Place("RevertingToken", loud)
		failed := s.node.Send(anviltest.Payer, loud, s.node.Calldata(
			"RevertingToken", "transfer(address,uint256)", anviltest.Account(s.merchant), big.NewInt(9)))
		poor := s.node.Transfer(anviltest.Named("poor"), anviltest.Account(s.merchant), big.NewInt(9))
		if failed.OK || poor.OK {
			t.Fatal("the transactions did not fail")
		}
		s.final = s.node.Finalize()
		s.sound()
	})
}

// Reading only the newest few transfers loses the one that follows a storm of dust. Here the storm
// makes the range too wide, and every part of it is read.
func TestTrapT09DustHidesNothing(t *testing.T) {
	s := open(t, 1)
	to := anviltest.Account(s.merchant)
	from := s.node.Height() + 1
	storm := s.node.OneBlock(func() {
		for range 600 {
			s.node.Pay(to, 1)
		}
	})
	s.node.OneBlock(func() {
		for range 600 {
			s.node.Pay(to, 1)
		}
		s.node.Pay(to, 9_990_100)
	})
	s.final = s.node.Finalize()
	if _, err := s.client.Transfers(s.Context(), from, s.final, s.filter()); !errors.Is(err, ports.ErrSpanTooWide) {
		t.Fatalf("the whole storm at once: %v", err)
	}
	var sum int64
	for height := storm; height <= s.final; height++ {
		r, err := s.client.Transfers(s.Context(), height, height, s.filter())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range r.Transfers {
			sum += one.Units.Int64()
		}
	}
	if sum != 1200+9_990_100 {
		t.Fatalf("%d units were found", sum)
	}
}

// Amounts are whole numbers of the chain's own: not rounded, not cut, not through a float.
func TestTrapT10AmountsAreExact(t *testing.T) {
	s := open(t, 1)
	to := anviltest.Account(s.merchant)
	beyondFloat := int64(1)<<53 + 1
	s.node.Pay(to, units-1)
	s.node.Pay(to, beyondFloat)
	s.final = s.node.Finalize()
	found, err := s.scan()
	s.amounts(found, err, units, units-1, beyondFloat)
}

// Events that are nearly, but not quite, transfers come from anybody. None may stop the reading,
// and none may count.
func TestTrapT11OddEventsStopNothing(t *testing.T) {
	s := open(t, 1)
	odd := anviltest.Named("odd token")
	s.node.Place("OddToken", odd)
	topic := [32]byte(ethrpc.TransferTopic)
	var from, to, dirty [32]byte
	payer := anviltest.Payer
	copy(from[12:], payer[:])
	copy(to[12:], s.merchant[:])
	dirty = to
	dirty[0] = 1 // more than an address
	one := make([]byte, 32)
	one[31] = 1
	for _, words := range [][]byte{nil, {1}, one[:31], append(slices.Clone(one), 0), make([]byte, 1000)} {
		s.node.Send(payer, odd, s.node.Calldata(
			"OddToken", "log3(bytes32,bytes32,bytes32,bytes)", topic, from, to, words))
	}
	s.node.Send(payer, odd, s.node.Calldata("OddToken", "log2(bytes32,bytes32,bytes)", topic, to, one))
	s.node.Send(payer, odd, s.node.Calldata(
		"OddToken", "log3(bytes32,bytes32,bytes32,bytes)", topic, from, dirty, one))
	s.node.Send(payer, odd, s.node.Calldata(
		"OddToken", "log4(bytes32,bytes32,bytes32,bytes32,bytes)", topic, from, to, from, one))
	s.node.Send(payer, odd, s.node.Calldata(
		"OddToken", "log3(bytes32,bytes32,bytes32,bytes)", topic, from, to, one)) // this one is lawful
	s.final = s.node.Finalize()

	watch := func(receivers ...ethrpc.Address) ethrpc.Filter {
		return ethrpc.NewFilter([]ethrpc.Address{ethrpc.Address(odd)}, receivers,
			func(r ethrpc.Reason, _ ethrpc.Log) { s.ignored[r]++ })
	}
	r, err := s.client.Transfers(s.Context(), 1, s.final, watch(s.merchant))
	s.amounts(r.Transfers, err, 1)
	if s.ignored[ethrpc.Malformed] < 6 {
		t.Errorf("ignored: %v", s.ignored)
	}
	var crowd []ethrpc.Address
	for i := range 5000 { // so many that every transfer of the token is fetched
		crowd = append(crowd, ethrpc.Address(anviltest.Named(fmt.Sprint("crowd ", i))))
	}
	r, err = s.client.Transfers(s.Context(), 1, s.final, watch(append(crowd, s.merchant)...))
	s.amounts(r.Transfers, err, 1)
}

// Two transfers in one transaction are two payments, even of one amount to one receiver, and even
// if the node found only one of them.
func TestTrapT12TransfersAreNotTransactions(t *testing.T) {
	s := open(t, 1)
	to, five := anviltest.Account(s.merchant), big.NewInt(5)
	many := s.node.PayMany([]anviltest.Account{to, to, to}, []*big.Int{five, five, five})
	s.final = s.node.Finalize()
	check := func() {
		t.Helper()
		r, err := s.client.Transfers(s.Context(), many.Block, many.Block, s.filter())
		s.amounts(r.Transfers, err, 5, 5, 5)
		for i, one := range r.Transfers {
			if one.Position != uint32(i) || one.TxID.Hex() != many.ID {
				t.Errorf("transfer %d is %s/%d", i, one.TxID.Hex(), one.Position)
			}
		}
	}
	check()
	s.proxies[0].Play(anviltest.FirstOnly("eth_getLogs"))
	check()
}

// One request per block never catches up with a chain that makes one every three seconds. What a
// range costs does not depend on how many blocks it has.
func TestTrapT13RangesCostTheSame(t *testing.T) {
	s := open(t, 1)
	s.node.Mine(3000)
	s.final = s.node.Finalize()
	cost := func(from, to uint64) []string {
		t.Helper()
		s.proxies[0].Asked()
		if _, err := s.client.Transfers(s.Context(), from, to, s.filter()); err != nil {
			t.Fatal(err)
		}
		return s.proxies[0].Asked()
	}
	cost(s.final, s.final) // getting to know each other costs once
	narrow, wide := cost(s.final-1, s.final), cost(s.final-2999, s.final)
	if len(wide) != 3 || !slices.Equal(narrow, wide) {
		t.Fatalf("two blocks cost %v, three thousand %v", narrow, wide)
	}
}

// A node whose answers changed shape gave "100 % scan success" and no payments. An answer we cannot
// read is an error; what is left out is counted.
func TestTrapT14DriftIsLoud(t *testing.T) {
	for _, field := range []string{
		"address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex",
	} {
		s := open(t, 1)
		s.proxies[0].Play(anviltest.Replace("eth_getLogs", `"`+field+`"`, `"the_`+field+`"`))
		_, err := s.scan()
		s.unavailable(err)
		s.blames(0, ethrpc.Broken)
	}
}

// A token is its contract: what another logs, and what a node offers although it was not asked for,
// is nothing. Nor is an amount of nothing, which anybody can send in anybody's name.
func TestTrapT15FakeTokensAndPoisonAreIgnored(t *testing.T) {
	s := open(t, 1)
	fake, to := anviltest.Named("fake"), anviltest.Account(s.merchant)
	s.node.Place("FakeUSDT", fake)
	pay := s.node.Calldata("FakeUSDT", "transfer(address,uint256)", to, big.NewInt(units))
	s.node.Send(anviltest.Payer, fake, pay)
	s.node.Pay(to, 0)
	s.node.Transfer(anviltest.Account(s.merchant), to, big.NewInt(1)) // to itself
	s.node.Mint(to, big.NewInt(9))                                    // issued, paid by nobody
	s.final = s.node.Finalize()
	s.sound()
	s.proxies[0].Play(anviltest.IgnoreAddressFilter)
	s.sound()
	if s.ignored[ethrpc.ForeignContract] != 1 || s.ignored[ethrpc.ZeroAmount] == 0 ||
		s.ignored[ethrpc.SelfTransfer] == 0 || s.ignored[ethrpc.Minted] == 0 {
		t.Errorf("ignored: %v", s.ignored)
	}
}

// What a node offers beside the question is left out, and counted.
func TestLogsBesideTheQuestionAreIgnored(t *testing.T) {
	s := open(t, 1)
	s.node.Mine(1)
	s.final = s.node.Finalize()
	s.proxies[0].Play(anviltest.IgnoreRange)
	r, err := s.client.Transfers(t.Context(), s.final, s.final, s.filter())
	s.amounts(r.Transfers, err)
	if s.ignored[ethrpc.OutsideRange] != 1 {
		t.Errorf("ignored: %v", s.ignored)
	}
	s.proxies[0].Play(anviltest.Replace("eth_getLogs", `"removed":false`, `"removed":true`))
	found, err := s.scan()
	s.amounts(found, err)
	if s.ignored[ethrpc.Undone] != 1 {
		t.Errorf("ignored: %v", s.ignored)
	}
}

// USDT can take a fee. The event says what arrived, the calldata what was asked for.
func TestTrapT16FeesAreSeenInTheEvent(t *testing.T) {
	s := open(t, 1)
	s.node.Send(anviltest.Issuer, anviltest.USDT,
		s.node.Calldata("TetherToken", "setParams(uint256,uint256)", big.NewInt(10), big.NewInt(40_000_000)))
	s.node.Pay(anviltest.Account(s.merchant), 10_000_000)
	s.final = s.node.Finalize()
	found, err := s.scan()
	s.amounts(found, err, units, 10_000_000-10_000)
}

// A caller that goes away gets no answer, and no endpoint is blamed.
func TestCallersGoAway(t *testing.T) {
	s := open(t, 1)
	ctx, leave := context.WithCancel(s.Context())
	leave()
	_, err := s.client.Transfers(ctx, 1, s.final, s.filter())
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	s.blames(0, ethrpc.None)
	s.sound()
}

// What providers say when a range is too wide, and when we ask too often. The words are their own;
// the difference decides between asking for less and asking later.
func TestProvidersWordsAreUnderstood(t *testing.T) {
	wide := map[string]int{
		"exceed max block range: 5000": -32602,
		"query returned more than 10000 results. Try with this block range [0x1, 0x2].":             -32005,
		"Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range": -32602,
		"eth_getLogs is limited to a 10,000 range":                                                  -32614,
		"Block range limit exceeded":                                                                -32600,
		"block range is too wide":                                                                   -32000,
		"ranges over 10000 blocks are not supported on freetier":                                    35,
		"query exceeds max results 20000, retry with the range 1-2":                                 -32000,
		"Requested range exceeds maximum RPC range limit":                                           -32000,
		"response size should not greater than 10000000 bytes":                                      -32000,
		"logs matched by query exceeds limit of 10000":                                              -32005,
		"backend response too large":                                                                -32008,
		"limit exceeded":                                                                            -32005,
	}
	for words, code := range wide {
		t.Run(words, func(t *testing.T) {
			s := open(t, 1)
			s.proxies[0].Play(anviltest.NarrowRanges(1, code, words))
			if _, err := s.scan(); !errors.Is(err, ports.ErrSpanTooWide) {
				t.Fatalf("error %v", err)
			}
			s.blames(0, ethrpc.None)
			found, err := s.client.Above(s.Context(), s.paid.Block-1, s.filter())
			s.amounts(found, err, units) // halved until it fits
		})
	}
	for words, code := range map[string]int{
		"Your app has exceeded its compute units per second capacity": -32000,
		"daily request count exceeded, request rate limited":          -32005,
		"Too Many Requests":         -32005,
		"request limit":             429,
		"project rate limit":        -32029,
		"you are out of credits":    -32600,
		"monthly quota was reached": -32000,
	} {
		t.Run(words, func(t *testing.T) {
			s := open(t, 2)
			s.proxies[0].Play(anviltest.NarrowRanges(0, code, words))
			s.sound() // by the other endpoint
			s.blames(0, ethrpc.Limited)
			if h := s.health(0); h.Circuit != ethrpc.Open || !strings.Contains(h.LastDetail, words) {
				t.Errorf("endpoint: %+v", h)
			}
		})
	}
}
