package bench

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/evm/relayer"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/e2e/rig"
	"github.com/101pay/101pay/ports"
)

const (
	sepolia = 84532
	// senders is how many accounts send at once.
	senders = 8
	// mostSettled is how many payments are signed beforehand for each second on a node.
	mostSettled = 1500
)

// beach is a node with USDC on it, and a gateway that settles there by keys of its own.
type beach struct {
	node *anviltest.Node
	g    *rig.Gateway
	path string
	bill agenttest.Bill
	by   agenttest.Payer

	turn int // of the node alone: each has accounts of its own
	sold int
}

// relayed measures settling on a node against what the node itself takes: each transaction alone, signed
// beforehand, put into a block of its own as soon as it is there.
func (s *stage) relayed(t *testing.T) {
	b := &beach{node: anviltest.StartChain(t, sepolia), by: agenttest.Named("bench")}
	usdc, _ := x402.ParseAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
	b.node.Place("AuthToken", anviltest.Account(usdc))
	b.node.Call("evm_setAutomine", true)
	b.node.Call("eth_sendTransaction", map[string]string{
		"from": b.by.Address().String(), "to": usdc.String(), "gas": "0x30d40", "gasPrice": "0x0",
		"data": fmt.Sprintf("0x%x", b.node.Calldata("AuthToken", "mint(address,uint256)",
			anviltest.Account(b.by.Address()), new(big.Int).Lsh(big.NewInt(1), 200))),
	})
	var keys []string
	for _, p := range b.accounts("gateway") {
		keys = append(keys, p.Key())
	}
	b.g = rig.Start(t, map[string]string{
		"DATABASE_URL": s.database(t, "beach"), "TRUSTED_PROXIES": "127.0.0.0/8",
		"X402_RELAYER_KEYS": strings.Join(keys, ","), "X402_TEST_RPC_URLS": b.node.URL,
		"X402_GAS_BUDGET": "base-sepolia=1000", // what one day may cost is no limit here
	})
	b.path = sell(t, b.g.Register(t), b.g.URL)
	b.bill = billOf(t, b.g, b.path)
	s.against(t, contest{"a node alone, 8 accounts", 0, b.alone},
		contest{"x402: settle on a node, 64 clients", 0.8, b.settle})
	b.check(t)
}

// accounts are senders with coins for gas.
func (b *beach) accounts(name string) (out []agenttest.Payer) {
	for i := range senders {
		p := agenttest.Named(fmt.Sprintf("%s %d", name, i))
		b.node.Call("anvil_setBalance", p.Address().String(), "0x56bc75e2d63100000")
		out = append(out, p)
	}
	return out
}

// settle pays for things.
func (b *beach) settle(t *testing.T, d time.Duration) pace {
	address := strings.TrimPrefix(b.g.URL, "http://")
	shots := payments(t, b.by, b.bill, b.path, d*mostSettled/mostPerSecond)
	n, p := load{address, shots, http.StatusOK, buyers, true}.fire(t, d)
	b.sold += n
	return p
}

// alone hands the node transactions and waits until it has them all in blocks.
func (b *beach) alone(t *testing.T, d time.Duration) pace {
	b.turn++
	accounts := b.accounts(fmt.Sprintf("alone %d", b.turn))
	shots := b.signed(t, accounts, int(mostSettled*d.Seconds())/senders)
	before, began := b.mined(t, accounts), time.Now()
	n, p := load{strings.TrimPrefix(b.node.URL, "http://"), shots, http.StatusOK, senders, true}.fire(t, d)
	rig.Eventually(t, answerLimit, "the node has mined what it took", func() bool {
		return b.mined(t, accounts)-before == n
	})
	p.perSecond = float64(n) / time.Since(began).Seconds()
	return p
}

// mined is how many transactions of accounts are in blocks.
func (b *beach) mined(t *testing.T, of []agenttest.Payer) (n int) {
	t.Helper()
	for _, p := range of {
		var count string
		if err := json.Unmarshal(b.node.Call("eth_getTransactionCount", p.Address().String(), "latest"), &count); err != nil {
			t.Fatal(err)
		}
		one, err := strconv.ParseInt(strings.TrimPrefix(count, "0x"), 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		n += int(one)
	}
	return n
}

// signed are requests that hand a node so many settlements of each account, in the order of their nonces.
func (b *beach) signed(t *testing.T, accounts []agenttest.Payer, each int) (out [][]byte) {
	t.Helper()
	offer, relay := b.terms(t, accounts)
	b.bill.Now = time.Now()
	fees := ports.RelayFees{Gas: 120_000, MaxFee: big.NewInt(1_000_000_000), Tip: big.NewInt(1)}
	for _, account := range relay.Accounts() {
		for nonce := range each {
			p, err := x402.Decode(x402.V2, sign(t, b.by, b.bill))
			if err != nil {
				t.Fatal(err)
			}
			v, err := offer.Verify(p, b.bill.Now)
			if err != nil {
				t.Fatal(err)
			}
			tx, err := relay.Sign(account, uint64(nonce), v.Due(), ports.OrderOf(v, x402.RouteKey), fees)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, shot(nonce, http.MethodPost, "/", fmt.Appendf(nil,
				`{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["0x%x"]}`, tx.Raw)))
		}
	}
	return out
}

// terms are what the gateway asks for, and a relay that settles it by accounts of ours.
func (b *beach) terms(t *testing.T, accounts []agenttest.Payer) (x402.Offer, *relayer.Relay) {
	t.Helper()
	way := b.bill.Way
	asset, _ := x402.ParseAddress(way.Asset)
	payTo, _ := x402.ParseAddress(way.PayTo)
	usdc, err := x402.NewToken(sepolia, asset, way.Name, way.Version)
	if err != nil {
		t.Fatal(err)
	}
	units, err := strconv.ParseUint(way.Amount, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	offer, err := x402.NewOffer(x402.Resource{URL: b.g.URL + b.path}, x402.Requirements{
		Token: usdc, Amount: x402.Uint(units), PayTo: payTo, Timeout: time.Duration(way.Timeout) * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := ethrpc.New(ethrpc.Config{
		Endpoints: []ethrpc.Endpoint{{URL: b.node.URL}}, ChainID: sepolia, Now: system.Clock{}.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	chain, err := relayer.New(relayer.Config{
		Network: sepolia, Client: client, Tokens: []relayer.Listed{{Contract: asset, Decimals: 6}}, Clock: system.Clock{},
	})
	if err != nil {
		t.Fatal(err)
	}
	keys := make([]relayer.Key, len(accounts))
	for i, p := range accounts {
		if keys[i], err = relayer.ParseKey(p.Key()); err != nil {
			t.Fatal(err)
		}
	}
	relay, err := relayer.NewRelay(chain, keys, big.NewInt(1_000_000_000_000))
	if err != nil {
		t.Fatal(err)
	}
	return offer, relay
}

// check holds what is booked against what was acknowledged, and the books against the chain.
func (b *beach) check(t *testing.T) {
	t.Helper()
	conn := connect(t, b.g.Env()["DATABASE_URL"])
	for _, query := range []string{
		"SELECT count(*) FROM transactions",
		"SELECT count(*) FROM x402_settlements WHERE status = 'settled'",
		"SELECT count(DISTINCT txid) FROM x402_settlements",
	} {
		var n int
		if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != b.sold {
			t.Errorf("%s: %d, want %d", query, n, b.sold)
		}
	}
	if out, code := b.g.Command("audit"); code != 0 {
		t.Errorf("the audit ends with %d:\n%s", code, out)
	}
}
