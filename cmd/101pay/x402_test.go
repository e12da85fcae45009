package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
)

// relayerKey is of relayerAccount, as everybody knows.
var relayerKey = strings.Repeat("00", 31) + "01"

const relayerAccount = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"

// settled reads settings, which must be right.
func settled(t *testing.T, a agentSettings) *Config {
	t.Helper()
	c := &Config{X402: a}
	c.X402.settle(func(name string, err error) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	return c
}

func played() *sandbox.Tokens {
	store := memory.New()
	return sandbox.NewTokens(store, store, system.Clock{})
}

func railsOf(t *testing.T, c *Config) app.TokenRails {
	t.Helper()
	rails, err := tokenRails(c, played(), system.Clock{})
	if err != nil {
		t.Fatal(err)
	}
	return rails
}

// Without any setting programs pay in the sandbox, and nowhere else, whatever is watched.
func TestOnlyTheSandboxSettlesByItself(t *testing.T) {
	c := settled(t, agentSettings{})
	c.evm = []evmNodes{{chain.Base, []string{"http://127.0.0.1:1"}}}
	rails := railsOf(t, c)
	r, ok := rails.For(merchant.Test, sandbox.TokenNetwork)
	if len(rails) != 1 || !ok || r.Relay == nil || r.Delegate != nil || r.Confirmations != 1 || r.Watched != "" {
		t.Errorf("rails %+v", rails)
	}
}

// Nodes that are down hold up no start: nothing is asked of them.
func TestRailsFollowTheSettings(t *testing.T) {
	c := settled(t, agentSettings{
		RelayerKeys: relayerKey, TestRPCURLs: []string{"http://127.0.0.1:1/KEY"}, Confirmations: "base=7",
		GasBudget: "0.5,base=none", FacilitatorURL: "https://facilitator.example",
	})
	c.evm = []evmNodes{
		{chain.Base, []string{"http://127.0.0.1:1"}}, {chain.Ethereum, []string{"http://127.0.0.1:1"}},
	}
	rails := railsOf(t, c)
	if len(rails) != 3 {
		t.Fatalf("rails %+v", rails)
	}
	for i, want := range []struct {
		mode          merchant.Mode
		network       x402.Network
		confirmations uint64
		watched       chain.Network
		budget        string
	}{
		{merchant.Test, 84532, 1, "", "500000000000000000"},
		{merchant.Live, 8453, 7, chain.Base, "<nil>"},
		{merchant.Live, 1, 2, chain.Ethereum, "500000000000000000"},
	} {
		r := rails[i]
		if r.Mode != want.mode || r.Network() != want.network || r.Confirmations != want.confirmations ||
			r.Watched != want.watched || fmt.Sprint(r.Budget) != want.budget {
			t.Errorf("rail %d: %+v, want %+v", i, r, want)
		}
		if r.Delegate != nil || r.Relay == nil || r.Relay.Accounts()[0].String() != relayerAccount {
			t.Errorf("rail %d is not settled by our key", i)
		}
	}
	c = settled(t, agentSettings{FacilitatorURL: "https://facilitator.example/v2", FacilitatorToken: "TOKEN"})
	c.evm = []evmNodes{{chain.Base, []string{"http://127.0.0.1:1"}}}
	rails = railsOf(t, c)
	if len(rails) != 2 || rails[1].Delegate == nil || rails[1].Relay != nil {
		t.Errorf("by a facilitator: %+v", rails)
	}
}

// What is wrong is said by the name of its setting, and no key is repeated.
func TestWrongAgentSettingsAreRefused(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		given agentSettings
		says  string
	}{
		"a key that is none":       {agentSettings{RelayerKeys: "SECRETSECRETSECRET"}, "X402_RELAYER_KEYS: key 1"},
		"a key twice":              {agentSettings{RelayerKeys: relayerKey + ",0x" + relayerKey}, "key 2 is there twice"},
		"two places":               {agentSettings{RelayerKeys: relayerKey, RelayerKeysFile: "x"}, "cannot both be set"},
		"no file":                  {agentSettings{RelayerKeysFile: "/no/such/file"}, "X402_RELAYER_KEYS_FILE"},
		"an empty file":            {agentSettings{RelayerKeysFile: empty}, "it is empty"},
		"test nodes and no key":    {agentSettings{TestRPCURLs: []string{"http://x"}}, "X402_TEST_RPC_URLS: needs"},
		"a node that is no URL":    {agentSettings{RelayerKeys: relayerKey, TestRPCURLs: []string{"ws://SECRET"}}, "X402_TEST_RPC_URLS: must be a URL"},
		"a token for nobody":       {agentSettings{FacilitatorToken: "SECRET"}, "X402_FACILITATOR_TOKEN"},
		"a facilitator":            {agentSettings{FacilitatorURL: "facilitator"}, "X402_FACILITATOR_URL"},
		"a factory":                {agentSettings{Factories: []string{"0x12"}}, "X402_FACTORIES"},
		"no confirmations":         {agentSettings{Confirmations: "base=0"}, "X402_CONFIRMATIONS: entry 1: is out of bounds"},
		"half a confirmation":      {agentSettings{Confirmations: "1.5"}, "X402_CONFIRMATIONS: entry 1: must be a number"},
		"an unknown network":       {agentSettings{MaxFeeGwei: "1,fantom=2"}, "X402_MAX_FEE_GWEI: entry 2: the network must be one of"},
		"a network twice":          {agentSettings{LowGas: "base=1,base=2"}, "X402_LOW_GAS: entry 2: is there twice"},
		"a fee of less than a wei": {agentSettings{MaxFeeGwei: "0.0000000001"}, "X402_MAX_FEE_GWEI"},
		"no bound for fees":        {agentSettings{MaxFeeGwei: "none"}, "X402_MAX_FEE_GWEI"},
		"a budget that is a word":  {agentSettings{GasBudget: "much"}, "X402_GAS_BUDGET"},
		"a negative budget":        {agentSettings{GasBudget: "-1"}, "X402_GAS_BUDGET"},
	} {
		var said []string
		c.given.settle(func(name string, err error) {
			if err != nil {
				said = append(said, name+": "+err.Error())
			}
		})
		all := strings.Join(said, "\n")
		if !strings.Contains(all, c.says) || strings.Contains(all, "SECRET") || strings.Contains(all, relayerKey) {
			t.Errorf("%s: %q, want %q", name, all, c.says)
		}
	}
}

func TestKeysMayComeFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	other := strings.Repeat("00", 31) + "02"
	if err := os.WriteFile(file, []byte("0x"+relayerKey+"\n"+other+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := settled(t, agentSettings{RelayerKeysFile: file})
	if len(c.X402.keys) != 2 || c.X402.keys[0].Account().String() != relayerAccount {
		t.Errorf("keys %v", c.X402.keys)
	}
}

// The settings in use are shown with accounts in place of keys, and what holds for a network is what was
// last said of it.
func TestAgentSettingsAreShownWithoutSecrets(t *testing.T) {
	c := settled(t, agentSettings{
		RelayerKeys: relayerKey, TestRPCURLs: []string{"https://node.example/SECRET"}, LowGas: "0.5,base=0.25",
		FacilitatorURL: "https://f.example/SECRET", FacilitatorToken: "SECRET", GasBudget: "none,base-sepolia=2",
	})
	text := fmt.Sprint(c.redacted()) + fmt.Sprintf("%+v", c.X402.keys)
	if strings.Contains(text, "SECRET") || strings.Contains(text, relayerKey) {
		t.Errorf("a secret is shown: %s", text)
	}
	for _, want := range []string{
		"[X402_RELAYER_KEYS " + relayerAccount + "]", "[X402_TEST_RPC_URLS node.example]", "[X402_LOW_GAS 0.5,base=0.25]",
		"[X402_GAS_BUDGET base-sepolia=2,none]", "[X402_MAX_FEE_GWEI 5,avalanche=100,ethereum=60,polygon=1000]",
		"[X402_CONFIRMATIONS 1,bsc=3,ethereum=2,polygon=3]",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}

// node answers what a relayer asks of its account; each answer is that of the moment.
func node(t *testing.T, balance *string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var calls []struct {
			ID     int
			Method string
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		if err := json.Unmarshal(body.Bytes(), &calls); err != nil {
			calls = append(calls, struct {
				ID     int
				Method string
			}{})
			_ = json.Unmarshal(body.Bytes(), &calls[0])
		}
		answers := map[string]string{
			"eth_chainId": "0x14a34", "web3_clientVersion": "test", "eth_getTransactionCount": "0x7", "eth_getBalance": *balance,
		}
		out := make([]string, len(calls))
		for i, c := range calls {
			out[i] = fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":%q}`, c.ID, answers[c.Method])
		}
		text := strings.Join(out, ",")
		if bytes.HasPrefix(body.Bytes(), []byte("[")) {
			text = "[" + text + "]"
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// An account that runs out of gas is told once, on every surface; so is one that cannot be looked at.
func TestAnAccountThatRunsOutOfGasIsTold(t *testing.T) {
	balance := "0x71afd498d0000" // 0.002, which is enough
	c := settled(t, agentSettings{RelayerKeys: relayerKey, TestRPCURLs: []string{node(t, &balance)}})
	var log bytes.Buffer
	store := memory.New()
	r := &relayers{
		rails: ownRails(railsOf(t, c)), lanes: store.Lanes(), low: c.X402.lowGas, clock: system.Clock{},
		log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	look := func(low bool, warnings int) {
		t.Helper()
		if err := r.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		reports, states := r.reports(), r.states()
		if len(reports) != 1 || reports[0].Low != low || reports[0].NextNonce != 7 || reports[0].Network != testNetwork ||
			len(states) != 1 || states[0].Low != low || states[0].Account != relayerAccount {
			t.Errorf("reports %+v, states %+v", reports, states)
		}
		if got := strings.Count(log.String(), "runs out of gas"); got != warnings {
			t.Errorf("told %d times, want %d:\n%s", got, warnings, &log)
		}
	}
	look(false, 0)
	balance = "0x71afd498cffff"
	look(true, 1)
	look(true, 1)
	balance = "0xde0b6b3a7640000"
	look(false, 1)
	if states := r.states(); states[0].Balance != 1 {
		t.Errorf("states %+v", states)
	}
	balance = "nonsense"
	if err := r.Look(t.Context()); err != nil || len(r.states()) != 0 || r.reports()[0].Problem == "" {
		t.Errorf("%v, %+v", err, r.reports())
	}
	text, err := json.Marshal(withRelayers{readiness{Status: "ready"}, r.reports()})
	if err != nil || !strings.Contains(string(text), `"status":"ready"`) || !strings.Contains(string(text), `"relayers":[{"network":"base-sepolia"`) {
		t.Errorf("%s, %v", text, err)
	}
}

// The doctor says who settles, and what of it is ill.
func TestTheDoctorLooksAtRelayers(t *testing.T) {
	balance := "0x1"
	for want, given := range map[string]agentSettings{
		"programs pay in test mode only":                          {},
		"less than 0.002":                                         {RelayerKeys: relayerKey, TestRPCURLs: []string{node(t, &balance)}},
		"check the endpoints of this network":                     {RelayerKeys: relayerKey, TestRPCURLs: []string{"http://127.0.0.1:1"}},
		"relayer " + relayerAccount + " has 0.000000000000000001": {RelayerKeys: relayerKey, TestRPCURLs: []string{node(t, &balance)}},
	} {
		var out strings.Builder
		f := &findings{out: &out}
		examineAgents(t.Context(), f, settled(t, given))
		if !strings.Contains(out.String(), want) || f.sick != (given.RelayerKeys != "") {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}
