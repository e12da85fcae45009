package x402

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

var beyond = new(big.Int).Lsh(big.NewInt(1), 256)

// A number is what a big integer of the same text is, up to the last that fits.
func TestNumbersAreThoseOfBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 0, 33).Draw(t, "bytes")
		n := new(big.Int).SetBytes(raw)
		u, ok := ParseUint(n.String())
		if fits := n.Cmp(beyond) < 0; ok != fits {
			t.Fatalf("%s: taken %t", n, ok)
		}
		if !ok {
			return
		}
		b := u.Bytes()
		of, whole := UintOf(n)
		if u.Big().Cmp(n) != 0 || u.String() != n.String() || uintFrom(b) != u || !whole || of != u {
			t.Fatalf("%s became %s", n, u)
		}
		if small, ok := u.Uint64(); ok != n.IsUint64() || ok && small != n.Uint64() {
			t.Fatalf("%s: %d, %t", n, small, ok)
		}
	})
}

func TestNumbersAtTheEdge(t *testing.T) {
	last := new(big.Int).Sub(beyond, big.NewInt(1))
	for text, want := range map[string]bool{
		"0": true, last.String(): true, beyond.String(): false, "": false, "00": false, "01": false, "-1": false,
		"1_0": false, "18446744073709551616": true, "1" + beyond.String(): false,
	} {
		if u, ok := ParseUint(text); ok != want || ok && u.String() != text {
			t.Errorf("%q: %s, %t", text, u, ok)
		}
	}
	for _, n := range []*big.Int{nil, big.NewInt(-1), beyond} {
		if _, ok := UintOf(n); ok {
			t.Errorf("%v is taken", n)
		}
	}
}
