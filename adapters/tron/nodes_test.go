package tron_test

import (
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/tron"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// A configuration that contradicts the nodes is told from nodes that are merely away: the first
// must stop a start, the second must not.
func TestCheckTellsMisfitsFromOutages(t *testing.T) {
	eighteen := anviltest.Instead("eth_call", `"0x`+strings.Repeat("0", 62)+`12"`)
	away := anviltest.Body(503, "")
	for name, c := range map[string]struct {
		first, second anviltest.Trick
		want          error
		classes       [2]ethrpc.Class
	}{
		"all is well":                {nil, nil, nil, [2]ethrpc.Class{}},
		"one is away":                {away, nil, nil, [2]ethrpc.Class{ethrpc.Broken, ""}},
		"one is of another chain":    {anviltest.Instead("eth_chainId", `"0x1"`), nil, nil, [2]ethrpc.Class{ethrpc.WrongChain, ""}},
		"all are away":               {away, away, ports.ErrChainUnavailable, [2]ethrpc.Class{ethrpc.Broken, ethrpc.Broken}},
		"all say 18 decimals":        {eighteen, eighteen, ethrpc.ErrMisfit, [2]ethrpc.Class{ethrpc.WrongToken, ethrpc.WrongToken}},
		"no contract, the other off": {anviltest.Instead("eth_getCode", `"0x"`), away, ethrpc.ErrMisfit, [2]ethrpc.Class{ethrpc.WrongToken, ethrpc.Broken}},
	} {
		t.Run(name, func(t *testing.T) {
			w := openWorld(t)
			other := anviltest.NewProxy(t, w.node.URL)
			w.proxy.Play(c.first)
			other.Play(c.second)
			checked, err := w.open(w.proxy.URL, other.URL).Check(t.Context())
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("error %v, want %v", err, c.want)
			}
			for i, class := range c.classes {
				if class != ethrpc.None && checked[i].Class != class {
					t.Errorf("node %d: %+v, want %q", i, checked[i], class)
				}
				if err != nil && !strings.Contains(err.Error(), checked[i].Health.Host) {
					t.Errorf("%v does not name %s", err, checked[i].Health.Host)
				}
			}
		})
	}
}

// A token that is not USDT's contract is not USDT, and a wrong configuration says so in words.
func TestTrapT15ContractIsHeldToItsWord(t *testing.T) {
	w := openWorld(t)
	odd := anviltest.Named("odd")
	w.node.Place("OddToken", odd) // 8 decimals, no symbol
	for name, c := range map[string]struct {
		contract chain.Address
		says     string
	}{
		"nothing there":      {chain.TronAddress(anviltest.Named("nobody")), "no contract is there"},
		"another's decimals": {chain.TronAddress(odd), "0x8 decimals, the configuration says 6"},
	} {
		c2, _, err := tron.New(tron.Config{
			RPCURLs: []string{w.node.URL}, Clock: w.hand, USDTContract: string(c.contract),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c2.Check(t.Context()); !errors.Is(err, ethrpc.ErrMisfit) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := c2.Head(t.Context()); !errors.Is(err, ports.ErrChainUnavailable) {
			t.Errorf("%s: the node was used: %v", name, err)
		}
	}
}

// java-tron left logs out of eth_getLogs until 4.8.1; a hole in an answer cannot be seen, so
// whoever makes them is not asked.
func TestTrapT02OldNodesAreRefused(t *testing.T) {
	for version, taken := range map[string]bool{
		"TRON/v4.7.5/Linux/Java1.8/GreatVoyage-v4.7.5": false,
		"TRON/v4.8.0/Linux/Java1.8":                    false,
		"TRON/v3.9.9/Linux":                            false,
		"TRON/v4.8.1/Linux/Java1.8":                    true,
		"TRON/v4.8.1.1/Linux/Java1.8":                  true,
		"TRON/v4.9.0/Linux":                            true,
		"TRON/v4.10.0/Linux":                           true,
		"TRON/v5.0.0/Linux":                            true,
		"anvil/v1.7.1":                                 true,
		"":                                             true,
	} {
		w := openWorld(t)
		w.proxy.Play(anviltest.Instead("web3_clientVersion", `"`+version+`"`))
		_, err := w.chain.Head(t.Context())
		if (err == nil) != taken {
			t.Errorf("%q: %v", version, err)
		}
		if e := w.chain.Endpoints()[0]; !taken &&
			(e.LastError != ethrpc.Outdated || !strings.Contains(e.LastDetail, "4.8.1 or newer")) {
			t.Errorf("%q: %+v", version, e)
		}
	}
}

// recorder answers nothing and remembers what it was asked.
type recorder struct {
	mu   sync.Mutex
	seen []string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, req.URL.String()+" "+req.Header.Get("Tron-Pro-Api-Key"))
	return &http.Response{StatusCode: 503, Body: http.NoBody, Request: req}, nil
}

// The key of one provider is not for the others to see.
func TestKeyGoesToTronGridOnly(t *testing.T) {
	seen := &recorder{}
	c, grid, err := tron.New(tron.Config{
		RPCURLs: []string{
			"https://node.example/jsonrpc", "https://api.trongrid.io", "https://nile.trongrid.io/jsonrpc",
			"https://trongrid.io.example", "http://mirror.example:8090/rpc", "https://faketrongrid.io/",
		},
		TronGridURL: "http://mirror.example:8090", TronGridKey: "secret", Clock: &hand{now: time.Now()},
		Transport: seen,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Head(t.Context()); err == nil {
		t.Fatal("nobody answered, and there is a head")
	}
	if _, err := grid.TransfersTo(t.Context(), c.Assets()[0], "T", time.Now(), 1); err == nil {
		t.Fatal("nobody answered, and there is a list")
	}
	with := []string{
		"https://api.trongrid.io/jsonrpc secret", "https://nile.trongrid.io/jsonrpc secret",
		"http://mirror.example:8090/rpc secret",
	}
	without := []string{
		"https://node.example/jsonrpc ", "https://trongrid.io.example ", "https://faketrongrid.io/ ",
	}
	for _, want := range slices.Concat(with, without) {
		if !slices.Contains(seen.seen, want) {
			t.Errorf("%q was not asked for: %q", want, seen.seen)
		}
	}
	if last := seen.seen[len(seen.seen)-1]; !strings.HasPrefix(last, "http://mirror.example:8090/v1/accounts/T/") ||
		!strings.HasSuffix(last, " secret") {
		t.Errorf("the index was asked %q", last)
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	url := []string{"http://localhost:1"}
	clock := &hand{}
	for name, cfg := range map[string]tron.Config{
		"no node":                  {Clock: clock},
		"a node that is no URL":    {RPCURLs: []string{"http://a b"}, Clock: clock},
		"a socket":                 {RPCURLs: []string{"ws://localhost"}, Clock: clock},
		"a contract in wrong case": {RPCURLs: url, Clock: clock, USDTContract: strings.ToLower(chain.TronUSDT)},
		"a contract in hex":        {RPCURLs: url, Clock: clock, USDTContract: "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c"},
		"a contract of test mode":  {RPCURLs: url, Clock: clock, USDTContract: string(chain.SandboxAddress("x"))},
		"an index that is no URL":  {RPCURLs: url, Clock: clock, TronGridURL: "trongrid"},
		"an index with a bad URL":  {RPCURLs: url, Clock: clock, TronGridURL: "http://a b"},
	} {
		if _, _, err := tron.New(cfg); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	c, grid, err := tron.New(tron.Config{RPCURLs: url, Clock: clock})
	if err != nil || grid != nil {
		t.Fatal(grid, err)
	}
	want := chain.Asset{Network: chain.Tron, Symbol: "USDT", Decimals: 6, Contract: chain.TronUSDT}
	if got := c.Assets(); len(got) != 1 || got[0] != want {
		t.Errorf("assets %+v", got)
	}
}

// Addresses differ if one letter's case differs; what is no address of the network is nobody's, and
// stops nothing.
func TestReceiversAreComparedAsBytes(t *testing.T) {
	w := openWorld(t)
	to := w.Receiver()
	w.Pay(portstest.Units(to, 5))
	b := raw(t, to)
	w.Grow(anviltest.FinalityLag)
	head, err := w.chain.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		receiver chain.Address
		want     int
	}{
		"as written":        {to, 1},
		"in another case":   {chain.Address(strings.ToUpper(string(to))), 0},
		"in hex":            {chain.Address("41" + hex.EncodeToString(b[:])), 0},
		"with a space":      {to + " ", 0},
		"nothing":           {"", 0},
		"of the test chain": {chain.SandboxAddress("x"), 0},
	} {
		span, err := w.chain.Scan(t.Context(), 1, head.Final, ports.Watch{
			Assets: w.chain.Assets(), Receivers: []chain.Address{c.receiver},
		})
		if err != nil || len(span.Transfers) != c.want {
			t.Errorf("%s: %d transfers, %v", name, len(span.Transfers), err)
		}
	}
}

// Logs that look like payments and are none are counted, so that somebody can see them grow.
func TestIgnoredLogsAreCounted(t *testing.T) {
	w := openWorld(t)
	to := w.Receiver()
	w.Pay(portstest.Units(to, 0))
	w.Pay(portstest.Units(to, 5))
	w.Grow(anviltest.FinalityLag)
	head, err := w.chain.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.chain.Scan(t.Context(), 1, head.Final, ports.Watch{
		Assets: w.chain.Assets(), Receivers: []chain.Address{to},
	}); err != nil {
		t.Fatal(err)
	}
	if got := w.chain.Ignored(); got[ethrpc.ZeroAmount] != 1 || len(got) != 1 {
		t.Errorf("ignored: %v", got)
	}
}
