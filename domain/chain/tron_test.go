package chain

import (
	"encoding/hex"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/fault"
)

// The published pairs of Base58Check and hex pin the codec to the network's own.
func TestTronAddressMatchesPublishedPairs(t *testing.T) {
	for text, hex20 := range map[string]string{
		"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH": "c8599111f29c1e1e061265b4af93ea1f274ad78a",
		"TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK": "b6e708a39781c96bd399c7657780ff9fe9f052a8",
		"TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx": "f4f35fff5ca9ee43aca2c57ded9d9ec66ac42dd0",
	} {
		got, err := ParseTronAddress(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		b, ok := got.Bytes20()
		if !ok || hex.EncodeToString(b[:]) != hex20 {
			t.Errorf("%s decodes to %x, want %s", text, b, hex20)
		}
		if back := TronAddress(b); back != got {
			t.Errorf("%s encodes back to %s", text, back)
		}
	}
}

// A mistyped receiving address would send every payment of a merchant to nobody.
func TestTronAddressRefusesWhatWouldLoseMoney(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want *fault.Fault
	}{
		"wrong case of the last letter": {"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdh", ErrInvalidAddress},
		"USDT contract":                 {TronUSDT, ErrInvalidAddress},
		"zero address":                  {string(TronAddress([20]byte{})), ErrInvalidAddress},
		"33 characters":                 {"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYd", ErrInvalidAddress},
		"35 characters":                 {"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdHH", ErrInvalidAddress},
		"letter outside the alphabet":   {"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYd0", ErrInvalidAddress},
		"hex form":                      {"41c8599111f29c1e1e061265b4af93ea1f274ad78a", ErrInvalidAddress},
		"EVM address":                   {"0x9858EfFD232B4033E47d90003D41EC34EcaEda94", ErrInvalidAddress},
		"space":                         {" TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH", ErrInvalidAddress},
		"sandbox address":               {string(SandboxAddress("x")), ErrInvalidAddress},
		"bitcoin address":               {"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ErrAddressChainMismatch},
		"dogecoin address":              {"DBus3bamQjgJULBJtYXpEzDWQRwF5iwxgC", ErrAddressChainMismatch},
		"empty":                         {"", ErrInvalidAddress},
	} {
		if _, err := ParseTronAddress(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// Sandbox addresses are told apart by eye and by every Tron wallet.
func TestSandboxAddressBeginsWithS(t *testing.T) {
	for _, seed := range []string{"a", "b", "project 3", "zz"} {
		if a := SandboxAddress(seed); a[0] != 'S' || len(a) != 34 {
			t.Errorf("sandbox address %q", a)
		}
	}
}

// Only a transfer at or below the final height can become Confirmed: it is the one door to paid.
func TestConfirmRefusesWhatIsNotFinal(t *testing.T) {
	good := Transfer{Network: Tron, TxID: "aa", To: "T", Units: one(), Height: 10, BlockTime: epoch()}
	head := Head{Network: Tron, Latest: 30, Final: 10}
	if _, err := Confirm(good, head); err != nil {
		t.Fatalf("final transfer refused: %v", err)
	}
	above, elsewhere, empty := good, good, good
	above.Height, elsewhere.Network, empty.Units = 11, Sandbox, nil
	for name, tr := range map[string]Transfer{"above final": above, "other network": elsewhere, "no amount": empty, "zero": {}} {
		if _, err := Confirm(tr, head); !errors.Is(err, ErrNotFinal) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func one() *big.Int { return big.NewInt(1) }

func epoch() time.Time { return time.Unix(1_700_000_000, 0) }
