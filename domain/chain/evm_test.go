package chain

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/fault"
)

// The examples of EIP-55 itself, and of the key "test abandon … about" other wallets derive.
var published = []string{
	"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
	"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	"0x9858EfFD232B4033E47d90003D41EC34EcaEda94", "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0",
}

func TestKeccakMatchesPublishedHash(t *testing.T) {
	const empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
	if got := hex.EncodeToString(keccak256(nil)); got != empty {
		t.Errorf("keccak of nothing is %s", got)
	}
}

func TestEVMAddressMatchesPublishedChecksums(t *testing.T) {
	for _, text := range published {
		got, err := ParseEVMAddress(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		b, ok := got.EVMBytes()
		if !ok || EVMAddress(b) != Address(text) || !strings.EqualFold("0x"+hex.EncodeToString(b[:]), text) {
			t.Errorf("%s is %x and prints as %s", text, b, EVMAddress(b))
		}
	}
}

// Row C04: what is refused here would be money sent to nobody.
func TestEVMAddressRefusesWhatWouldLoseMoney(t *testing.T) {
	good := published[0]
	for name, c := range map[string]struct {
		in   string
		want *fault.Fault
	}{
		"one letter's case":    {strings.Replace(good, "aAeb", "aaeb", 1), ErrInvalidAddress},
		"no checksum":          {strings.ToLower(good), ErrInvalidAddress},
		"capitals":             {"0x" + strings.ToUpper(good[2:]), ErrInvalidAddress},
		"0X":                   {"0X" + good[2:], ErrInvalidAddress},
		"no prefix":            {good[2:], ErrInvalidAddress},
		"39 digits":            {good[:41], ErrInvalidAddress},
		"41 digits":            {good + "0", ErrInvalidAddress},
		"another digit":        {good[:41] + "g", ErrInvalidAddress},
		"space":                {good + " ", ErrInvalidAddress},
		"zero":                 {"0x0000000000000000000000000000000000000000", ErrInvalidAddress},
		"first precompile":     {"0x0000000000000000000000000000000000000001", ErrInvalidAddress},
		"last precompile":      {"0x0000000000000000000000000000000000000013", ErrInvalidAddress},
		"precompile of Osaka":  {"0x0000000000000000000000000000000000000100", ErrInvalidAddress},
		"BSC's own":            {"0x0000000000000000000000000000000000001000", ErrInvalidAddress},
		"where coins burn":     {"0x000000000000000000000000000000000000dEaD", ErrInvalidAddress},
		"USDC of Base":         {"0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", ErrInvalidAddress},
		"USDT of BSC":          {"0x55d398326f99059fF775485246999027B3197955", ErrInvalidAddress},
		"Tron":                 {"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH", ErrAddressChainMismatch},
		"Tron, mistyped":       {"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdh", ErrInvalidAddress},
		"Bitcoin":              {"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ErrAddressChainMismatch},
		"of the test chain":    {string(SandboxAddress("x")), ErrAddressChainMismatch},
		"empty":                {"", ErrInvalidAddress},
		"prefix only":          {"0x", ErrInvalidAddress},
		"digits of another 32": {"0x" + strings.Repeat("٠", 20), ErrInvalidAddress},
	} {
		if got, err := ParseEVMAddress(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v, want %v", name, got, err, c.want)
		}
	}
}

// Any 20 bytes print as an address that reads back, and no change of one letter's case does.
func TestEVMChecksumGuardsEveryLetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := [addressBytes]byte(rapid.SliceOfN(rapid.Byte(), addressBytes, addressBytes).Draw(t, "bytes"))
		b[0] |= 1 // not a reserved one
		a := EVMAddress(b)
		if back, ok := a.EVMBytes(); !ok || back != b {
			t.Fatalf("%x prints as %s, which reads as %x", b, a, back)
		}
		at := rapid.IntRange(2, len(a)-1).Draw(t, "at")
		if a[at] >= 'A' {
			other := []byte(a)
			other[at] ^= 'a' - 'A'
			if _, err := ParseEVMAddress(string(other)); err == nil {
				t.Fatalf("%s is taken for %s", other, a)
			}
		}
	})
}

// Facts are typed by hand; these are the mistakes a hand makes.
func TestNetworksAreSound(t *testing.T) {
	ids, names := map[uint64]bool{}, map[string]Network{}
	for _, n := range Networks() {
		if id := n.EVMChainID(); id != 0 && ids[id] {
			t.Errorf("%s shares chain id %d", n, id)
		} else {
			ids[id] = true
		}
		for _, name := range []string{string(n), strings.ToUpper(string(n)), n.Standard()} {
			if other, taken := names[name]; taken && other != n {
				t.Errorf("%s and %s are both called %s", n, other, name)
			}
			names[name] = n
			if got, err := ParseNetwork(name); err != nil || got != n {
				t.Errorf("%q reads as %q, %v", name, got, err)
			}
		}
		if n.FinalityDepth() == 0 || n.FinalityWait() == 0 || n.Title() == "" || len(n.Tokens()) == 0 {
			t.Errorf("%s lacks a fact: %+v", n, of(n))
		}
		contracts := map[string]bool{}
		for _, a := range n.Tokens() {
			if contracts[a.Contract] || a.Network != n || a.Decimals < 6 {
				t.Errorf("%+v of %s", a, n)
			}
			contracts[a.Contract] = true
			if a.IsNative() {
				continue
			}
			if _, ok := Address(a.Contract).EVMBytes(); ok != (n.EVMChainID() != 0) {
				t.Errorf("%s: %s is no address in its canonical form", n, a.Contract)
			}
			if _, err := ParseAddress(n, a.Contract); !errors.Is(err, ErrInvalidAddress) {
				t.Errorf("%s takes the token %s for an account", n, a.Contract)
			}
		}
	}
	for _, name := range []string{"", "sandbox", "SANDBOX", "erc20", "Trc20", "ETH", "bitcoin", "tron "} {
		if n, err := ParseNetwork(name); !errors.Is(err, ErrUnsupportedNetwork) {
			t.Errorf("%q reads as %q, %v", name, n, err)
		}
	}
}

// The identities of the coins are what the issuers publish: a changed digit here is lost money.
func TestCoinsAreWhereTheIssuersSay(t *testing.T) {
	if got := Carriers("USDC"); len(got) != 7 || got[0] != Ethereum || got[4] != Base {
		t.Errorf("USDC is on %v", got)
	}
	if got := Carriers("USDT"); len(got) != 7 || got[0] != Tron {
		t.Errorf("USDT is on %v", got)
	}
	if got := Carriers("BTC"); got != nil {
		t.Errorf("BTC is on %v", got)
	}
	if got := Carriers("ETH"); !slices.Equal(got, []Network{Ethereum, Arbitrum, Base, Optimism}) {
		t.Errorf("ETH is on %v", got)
	}
	if got := Carriers("BNB"); !slices.Equal(got, []Network{BSC}) {
		t.Errorf("BNB is on %v", got)
	}
	for _, a := range BSC.Tokens() {
		if a.Decimals != 18 {
			t.Errorf("%s has %d decimals on BSC", a.Symbol, a.Decimals)
		}
	}
}

// A coin without a contract is told by its own word, which no address can be.
func TestOnlyANetworksOwnCoinIsNative(t *testing.T) {
	for _, n := range append(Networks(), Sandbox) {
		for _, a := range n.Tokens() {
			if own := a.Symbol == "ETH" || a.Symbol == "BNB"; a.IsNative() != own {
				t.Errorf("%+v is native: %v", a, a.IsNative())
			}
			if _, isAddress := Address(a.Contract).EVMBytes(); isAddress && a.IsNative() {
				t.Errorf("%+v is native and has a contract", a)
			}
		}
	}
	for _, a := range []Asset{{}, {Network: Base, Contract: "native-eth"}, {Network: Base, Symbol: "ETH"}} {
		if a.IsNative() {
			t.Errorf("%+v is native", a)
		}
	}
}
