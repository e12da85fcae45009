package main

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/evm/relayer"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/x402"
)

// agentSettings are how payments by authorization are settled. Without a key and without a facilitator
// only test payments are, in the sandbox.
type agentSettings struct {
	RelayerKeys      string   `name:"x402-relayer-keys" help:"private keys, in hex, of accounts that pay the network's fees of settlements; fund them with little"`
	RelayerKeysFile  string   `name:"x402-relayer-keys-file" help:"a file with these keys, instead"`
	TestRPCURLs      []string `name:"x402-test-rpc-urls" help:"JSON-RPC endpoints of Base Sepolia, to settle test payments there instead of in the sandbox"`
	FacilitatorURL   string   `name:"x402-facilitator-url" help:"somebody else's x402 facilitator, to settle payments when there is no relayer's key"`
	FacilitatorToken string   `name:"x402-facilitator-token" help:"bearer token it asks for"`
	Confirmations    string   `name:"x402-confirmations" help:"blocks that must hold a settlement before it is answered, as in base=1,ethereum=2"`
	MaxFeeGwei       string   `name:"x402-max-fee-gwei" help:"most to pay for gas, in gwei, as in 5 or ethereum=60,base=5"`
	GasBudget        string   `name:"x402-gas-budget" help:"most to burn in 24 hours, in the network's own coin, as in base=0.02; none for no bound"`
	LowGas           string   `name:"x402-low-gas" help:"balance of a relayer's account below which to warn, in the network's own coin, as in base=0.002"`
	Factories        []string `name:"x402-factories" help:"contracts that may deploy the wallets of payers (ERC-6492)"`

	keys          []relayer.Key
	factories     []x402.Address
	confirmations map[string]*big.Int
	maxFee        map[string]*big.Int // wei per gas
	budget        map[string]*big.Int // wei
	lowGas        map[string]*big.Int // wei
}

// testNetwork is what Base Sepolia is called in settings.
const testNetwork = "base-sepolia"

// anyNetwork is the name under which a setting is kept that is for every network.
const anyNetwork = ""

// What holds where an operator says nothing, per network. Fees are several times what the networks ask on
// an ordinary day; budgets are enough for a few hundred settlements on Ethereum and for thousands elsewhere.
const (
	defaultConfirmations = "1,ethereum=2,bsc=3,polygon=3"
	defaultMaxFee        = "5,ethereum=60,polygon=1000,avalanche=100"
	defaultBudget        = "0.02,ethereum=0.1,bsc=0.1,polygon=100,avalanche=2"
	defaultLowGas        = "0.002,ethereum=0.02,bsc=0.01,polygon=5,avalanche=0.2"
)

const (
	gweiDigits       = 9 // decimals of a gwei in wei
	coinDigits       = 18
	maxConfirmations = 1000
	maxRelayers      = 16
	maxRelayersFile  = 64 << 10
	unbounded        = "none"
)

// settle reads the settings and reports what is wrong by the name of the setting.
func (a *agentSettings) settle(complain func(name string, err error)) {
	complain("X402_RELAYER_KEYS", a.settleKeys())
	a.TestRPCURLs = trim(a.TestRPCURLs)
	for _, u := range a.TestRPCURLs {
		complain("X402_TEST_RPC_URLS", checkBase(u))
	}
	switch {
	case len(a.TestRPCURLs) > ethrpc.MaxEndpoints:
		complain("X402_TEST_RPC_URLS", fmt.Errorf("must be at most %d", ethrpc.MaxEndpoints))
	case len(a.TestRPCURLs) > 0 && !a.settles():
		complain("X402_TEST_RPC_URLS", errors.New("needs X402_RELAYER_KEYS or X402_FACILITATOR_URL"))
	}
	if a.FacilitatorURL != "" {
		complain("X402_FACILITATOR_URL", checkBase(a.FacilitatorURL))
	}
	if a.FacilitatorToken != "" && a.FacilitatorURL == "" {
		complain("X402_FACILITATOR_TOKEN", errors.New("is of no use without X402_FACILITATOR_URL"))
	}
	for _, text := range trim(a.Factories) {
		factory, ok := x402.ParseAddress(text)
		if !ok {
			complain("X402_FACTORIES", errors.New("must be addresses as in 0x and 40 hexadecimal digits"))
			continue
		}
		a.factories = append(a.factories, factory)
	}
	for _, s := range []struct {
		name, text, otherwise string
		digits                int
		least, most           int64
		into                  *map[string]*big.Int
	}{
		{"X402_CONFIRMATIONS", a.Confirmations, defaultConfirmations, 0, 1, maxConfirmations, &a.confirmations},
		{"X402_MAX_FEE_GWEI", a.MaxFeeGwei, defaultMaxFee, gweiDigits, 1, 0, &a.maxFee},
		{"X402_GAS_BUDGET", a.GasBudget, defaultBudget, coinDigits, 1, 0, &a.budget},
		{"X402_LOW_GAS", a.LowGas, defaultLowGas, coinDigits, 0, 0, &a.lowGas},
	} {
		limits := bounds{s.digits, s.least, s.most, s.into == &a.budget}
		values, _ := perNetwork(s.otherwise, limits)
		given, err := perNetwork(s.text, limits)
		complain(s.name, err)
		if every, ok := given[anyNetwork]; ok {
			values = map[string]*big.Int{anyNetwork: every}
		}
		for n, v := range given {
			values[n] = v
		}
		*s.into = values
	}
}

// settles reports whether anything but the sandbox settles.
func (a *agentSettings) settles() bool { return len(a.keys) > 0 || a.FacilitatorURL != "" }

// settleKeys reads the keys. No error repeats one.
func (a *agentSettings) settleKeys() error {
	text := a.RelayerKeys
	if a.RelayerKeysFile != "" {
		if text != "" {
			return errors.New("and X402_RELAYER_KEYS_FILE cannot both be set")
		}
		file, err := os.Open(a.RelayerKeysFile)
		if err != nil {
			return fmt.Errorf("X402_RELAYER_KEYS_FILE: %w", err)
		}
		raw, err := io.ReadAll(io.LimitReader(file, maxRelayersFile))
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("X402_RELAYER_KEYS_FILE: %w", err)
		}
		if text = string(raw); strings.TrimSpace(text) == "" {
			return errors.New("X402_RELAYER_KEYS_FILE: it is empty")
		}
	}
	for i, one := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		key, err := relayer.ParseKey(one)
		switch {
		case err != nil:
			return fmt.Errorf("key %d: %w", i+1, err)
		case slices.ContainsFunc(a.keys, func(k relayer.Key) bool { return k.Account() == key.Account() }):
			return fmt.Errorf("key %d is there twice", i+1)
		case i >= maxRelayers:
			return fmt.Errorf("must be at most %d", maxRelayers)
		}
		a.keys = append(a.keys, key)
	}
	return nil
}

// bounds say which numbers a setting takes: decimals, the least and the most in its smallest unit (0 for
// no most), and whether it takes "none".
type bounds struct {
	digits      int
	least, most int64
	none        bool
}

// perNetwork reads "5,base=2": a number for every network, and numbers for some. nil in the map stands for
// none.
func perNetwork(text string, b bounds) (map[string]*big.Int, error) {
	out := map[string]*big.Int{}
	var wrong []error
	for i, entry := range trim(strings.Split(text, ",")) {
		name, number, found := strings.Cut(entry, "=")
		if !found {
			name, number = anyNetwork, entry
		}
		name = strings.TrimSpace(name)
		value, err := b.read(strings.TrimSpace(number))
		_, twice := out[name]
		switch {
		case name != anyNetwork && name != testNetwork && chain.Network(name).EVMChainID() == 0:
			err = fmt.Errorf("the network must be one of %s, %s", strings.Join(evmNames(), ", "), testNetwork)
		case twice:
			err = errors.New("is there twice")
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("entry %d: %w", i+1, err))
			continue
		}
		out[name] = value
	}
	return out, errors.Join(wrong...)
}

func (b bounds) read(text string) (*big.Int, error) {
	if text == unbounded && b.none {
		return nil, nil
	}
	whole, part, _ := strings.Cut(text, ".")
	digits := whole + part + strings.Repeat("0", max(0, b.digits-len(part)))
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	const longest = 60
	if whole == "" || len(part) > b.digits || len(digits) > longest ||
		strings.ContainsFunc(digits, func(r rune) bool { return !isDigit(r) }) {
		return nil, fmt.Errorf("must be a number with at most %d decimals", b.digits)
	}
	n, _ := new(big.Int).SetString(digits, 10)
	if n.Cmp(big.NewInt(b.least)) < 0 || b.most > 0 && n.Cmp(big.NewInt(b.most)) > 0 {
		return nil, errors.New("is out of bounds")
	}
	return n, nil
}

// of is a setting's value for a network.
func of(values map[string]*big.Int, network string) *big.Int {
	if v, ok := values[network]; ok {
		return v
	}
	return values[anyNetwork]
}

// redacted lists the settings without keys, whose accounts are shown instead.
func (a *agentSettings) redacted() [][2]string {
	accounts := make([]string, len(a.keys))
	for i, k := range a.keys {
		accounts[i] = k.Account().String()
	}
	hosts := make([]string, len(a.TestRPCURLs))
	for i, u := range a.TestRPCURLs {
		hosts[i] = hostOf(u)
	}
	token := ""
	if a.FacilitatorToken != "" {
		token = "[set]"
	}
	return [][2]string{
		{"X402_RELAYER_KEYS", strings.Join(accounts, ",")},
		{"X402_RELAYER_KEYS_FILE", a.RelayerKeysFile},
		{"X402_TEST_RPC_URLS", strings.Join(hosts, ",")},
		{"X402_FACILITATOR_URL", hostOf(a.FacilitatorURL)},
		{"X402_FACILITATOR_TOKEN", token},
		{"X402_CONFIRMATIONS", shown(a.confirmations, 0)},
		{"X402_MAX_FEE_GWEI", shown(a.maxFee, gweiDigits)},
		{"X402_GAS_BUDGET", shown(a.budget, coinDigits)},
		{"X402_LOW_GAS", shown(a.lowGas, coinDigits)},
		{"X402_FACTORIES", strings.Join(trim(a.Factories), ",")},
	}
}

// shown is a setting as an operator would write it.
func shown(values map[string]*big.Int, digits int) string {
	var out []string
	for n, v := range values {
		text := unbounded
		if v != nil {
			text = decimal(v, digits)
		}
		if n != anyNetwork {
			text = n + "=" + text
		}
		out = append(out, text)
	}
	slices.Sort(out) // digits come before names
	return strings.Join(out, ",")
}

// decimal writes a number of a smallest unit in the unit people use.
func decimal(n *big.Int, digits int) string {
	text := n.String()
	if digits == 0 {
		return text
	}
	text = strings.Repeat("0", max(0, digits+1-len(text))) + text
	whole, part := text[:len(text)-digits], strings.TrimRight(text[len(text)-digits:], "0")
	if part == "" {
		return whole
	}
	return whole + "." + part
}

// coins is an amount of a network's own coin, for metrics only.
func coins(wei *big.Int) float64 {
	n, _ := strconv.ParseFloat(decimal(wei, coinDigits), 64)
	return n
}
