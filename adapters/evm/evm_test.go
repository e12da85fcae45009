package evm_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/evm"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func TestConfigurationIsChecked(t *testing.T) {
	url := []string{"http://localhost:1"}
	for name, cfg := range map[string]evm.Config{
		"no network":            {RPCURLs: url},
		"an unknown network":    {Network: "fantom", RPCURLs: url},
		"Tron":                  {Network: chain.Tron, RPCURLs: url},
		"the test chain":        {Network: chain.Sandbox, RPCURLs: url},
		"no node":               {Network: chain.Base},
		"a socket":              {Network: chain.Base, RPCURLs: []string{"ws://localhost"}},
		"a node that is no URL": {Network: chain.Base, RPCURLs: []string{"http://a b"}},
	} {
		cfg.Clock = &hand{}
		if _, err := evm.New(cfg); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for _, n := range chain.Networks() {
		if n.EVMChainID() == 0 {
			continue
		}
		c, err := evm.New(evm.Config{Network: n, RPCURLs: url, Clock: &hand{}})
		if err != nil || c.Network() != n || len(c.Assets()) == 0 {
			t.Errorf("%s: %v", n, err)
		}
	}
}

// A node that contradicts what we were told is refused: another chain, no contract, other decimals.
// What a contract calls itself contradicts nothing.
func TestTheChainIsHeldToItsWord(t *testing.T) {
	bsc := openWorld(t, chain.BSC)
	tokens := chain.BSC.Tokens()
	other := anviltest.StartChain(t, chain.Polygon.EVMChainID())
	for name, c := range map[string]struct {
		spoil func()
		url   string
		class ethrpc.Class
		says  string
	}{
		"as it should be, whatever its name": {func() {}, bsc.node.URL, ethrpc.None, ""},
		"another chain":                      {func() {}, other.URL, ethrpc.WrongChain, "chain 137, the configuration says 56"},
	} {
		c.spoil()
		expect(t, bsc, name, c.url, c.class, c.says)
	}
	bsc.node.Place("TetherToken", raw(t, chain.Address(tokens[0].Contract)))
	expect(t, bsc, "six decimals", bsc.node.URL, ethrpc.WrongToken, "0x6 decimals, the configuration says 18")
	bsc.node.Place("PeggedToken", raw(t, chain.Address(tokens[0].Contract)))
	bsc.node.Call("anvil_setCode", tokens[1].Contract, "0x")
	expect(t, bsc, "no second coin", bsc.node.URL, ethrpc.WrongToken, "no contract is there")
}

func expect(t *testing.T, w *world, name, url string, class ethrpc.Class, says string) {
	t.Helper()
	c := w.open(url)
	checked, err := c.Check(t.Context())
	if (err == nil) != (class == ethrpc.None) || checked[0].Class != class || !strings.Contains(checked[0].Problem, says) {
		t.Errorf("%s: %+v, %v", name, checked, err)
	}
	if class == ethrpc.None {
		return
	}
	if !errors.Is(err, ethrpc.ErrMisfit) {
		t.Errorf("%s: %v", name, err)
	}
	if _, err := c.Head(t.Context()); !errors.Is(err, ports.ErrChainUnavailable) {
		t.Errorf("%s: the node was used: %v", name, err)
	}
}

// Two coins of one network are told apart by contract, in every question, and no amount loses a
// digit: 18 decimals do not fit 64 bits.
func TestEveryCoinOfTheNetworkIsRead(t *testing.T) {
	w := openWorld(t, chain.BSC)
	to := w.Receiver()
	exact, _ := new(big.Int).SetString("123456789000100000000000001", 10)
	want := map[string]chain.TxID{}
	for symbol, coin := range w.coins {
		want[symbol] = w.mined(coin.Transfer(anviltest.Payer, raw(t, to), exact), true)
	}
	w.Grow(anviltest.FinalityLag)
	head, err := w.chain.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	span, err := w.chain.Scan(t.Context(), 1, head.Final, ports.Watch{Assets: w.chain.Assets(), Receivers: []chain.Address{to}})
	if err != nil || len(span.Transfers) != len(want) {
		t.Fatalf("%+v, %v", span, err)
	}
	for _, tr := range span.Transfers {
		if tr.TxID != want[tr.Asset.Symbol] || tr.Units.Cmp(exact) != 0 || tr.Asset.Decimals != 18 || tr.To != to {
			t.Errorf("transfer %+v", tr)
		}
		if found, err := w.chain.Lookup(t.Context(), tr.TxID); err != nil || len(found) != 1 || found[0].Asset != tr.Asset {
			t.Errorf("looked up %+v, %v", found, err)
		}
	}
}

// An address in another case, of another chain or cut short is nobody's, and stops nothing.
func TestReceiversAreReadExactly(t *testing.T) {
	w := openWorld(t, chain.Base)
	to := w.Receiver()
	w.Pay(portstest.Units(to, 5))
	w.Grow(anviltest.FinalityLag)
	head, err := w.chain.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		receiver chain.Address
		want     int
	}{
		"as written":     {to, 1},
		"small letters":  {chain.Address(strings.ToLower(string(to))), 0},
		"without prefix": {to[2:], 0},
		"of Tron":        {chain.TronAddress(raw(t, to)), 0},
		"nothing":        {"", 0},
	} {
		span, err := w.chain.Scan(t.Context(), 1, head.Final, ports.Watch{
			Assets: w.chain.Assets(), Receivers: []chain.Address{c.receiver},
		})
		if err != nil || len(span.Transfers) != c.want {
			t.Errorf("%s: %d transfers, %v", name, len(span.Transfers), err)
		}
	}
}
