package chain

import (
	"errors"
	"math/big"
	"testing"
	"time"
)

// A transfer is proven early only when it is as deep as was promised, and never shallower than its
// network bears.
func TestEarlyProofsNeedDepth(t *testing.T) {
	at := func(n Network, height uint64) Transfer {
		return Transfer{
			Network: n, TxID: "ab", To: "T", Units: big.NewInt(1), Height: height,
			BlockTime: time.Unix(1, 0),
		}
	}
	head := Head{Network: Ethereum, Latest: 100, Final: 40}
	for name, c := range map[string]struct {
		transfer      Transfer
		head          Head
		confirmations int
		ok, early     bool
	}{
		"just deep enough":        {at(Ethereum, 98), head, 3, true, true},
		"one block short":         {at(Ethereum, 99), head, 3, false, false},
		"final already":           {at(Ethereum, 40), head, 12, true, false},
		"the first above final":   {at(Ethereum, 41), head, 12, true, true},
		"shallower than it bears": {at(Ethereum, 50), head, 2, false, false},
		"no promise":              {at(Ethereum, 50), head, 0, false, false},
		"a negative promise":      {at(Ethereum, 50), head, -1, false, false},
		"beyond the newest":       {at(Ethereum, 101), head, 3, false, false},
		"another network's head":  {at(Base, 50), head, 12, false, false},
		"a network without": {
			at(Tron, 50), Head{Network: Tron, Latest: 100, Final: 40}, 19, false, false,
		},
	} {
		got, err := ConfirmEarly(c.transfer, c.head, c.confirmations)
		if (err == nil) != c.ok || got.Early() != c.early {
			t.Errorf("%s: early %t, %v", name, got.Early(), err)
		}
		if err != nil && !errors.Is(err, ErrNotFinal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	incomplete := at(Ethereum, 50)
	incomplete.Units = new(big.Int)
	if _, err := ConfirmEarly(incomplete, head, 12); err == nil {
		t.Error("a transfer of nothing was proven")
	}
}
