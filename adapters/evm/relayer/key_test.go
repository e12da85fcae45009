package relayer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
)

// secret is the key of the examples for EIP-1559 of ethereumjs.
const secret = "8f2a55949038a9610f50fb23b5883af3b4ecb3c3bb792cbcefbd1542c692be63"

// An example of ethereumjs, which moves coins of the network's own, field by field.
func TestSignaturesAreThoseOfOthers(t *testing.T) {
	k, err := ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	to := append(make([]byte, 18), 0xaa, 0xaa)
	fields := bytes.Join([][]byte{
		rlpUint(4), rlpUint(819), rlpBig(big.NewInt(75853)), rlpBig(big.NewInt(121212)), rlpUint(35552),
		rlpBytes(to), rlpUint(43203529), rlpBytes(nil), rlpList(nil),
	}, nil)
	odd, r, s := k.over(keccak(append([]byte{feeMarket}, rlpList(fields)...)))
	signed := bytes.Join([][]byte{
		fields, rlpUint(uint64(odd)), rlpBig(new(big.Int).SetBytes(r)), rlpBig(new(big.Int).SetBytes(s)),
	}, nil)
	const want = "02f86e048203338301284d8301d97c828ae094000000000000000000000000000000000000aaaa8402933bc980c080" +
		"a00f924cb68412c8f1cfd74d9b581c71eeaf94fff6abdde3e5b02ca6b2931dcf47" +
		"a07dd1c50027c3e31f8b565e25ce68a5072110f61fce5eee81b195dd51273c2f83"
	if got := hex.EncodeToString(append([]byte{feeMarket}, rlpList(signed)...)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The examples of the definition of RLP.
func TestRLP(t *testing.T) {
	lorem := "Lorem ipsum dolor sit amet, consectetur adipisicing elit"
	for want, got := range map[string][]byte{
		"83646f67":           rlpBytes([]byte("dog")),
		"c88363617483646f67": rlpList(append(rlpBytes([]byte("cat")), rlpBytes([]byte("dog"))...)),
		"80":                 rlpUint(0),
		"c0":                 rlpList(nil),
		"0f":                 rlpUint(15),
		"820400":             rlpUint(1024),
		"8180":               rlpUint(128),
		"b838" + hex.EncodeToString([]byte(lorem)): rlpBytes([]byte(lorem)),
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("got %x, want %s", got, want)
		}
	}
}

// Whatever prints a key prints its account.
func TestAKeyIsNeverPrinted(t *testing.T) {
	k, err := ParseKey("0x" + secret)
	if err != nil {
		t.Fatal(err)
	}
	holder := struct {
		Key  Key
		Keys []Key
	}{k, []Key{k}}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", k, "holder", holder)
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", k, "holder", holder)
	text, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	all := log.String() + string(text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
		all += fmt.Sprintf(verb, k) + fmt.Sprintf(verb, &k) + fmt.Sprintf(verb, holder) + fmt.Sprintf(verb, k.secret != nil)
	}
	decimal, _ := new(big.Int).SetString(secret, 16)
	for _, leak := range []string{secret[:16], strings.ToUpper(secret[:16]), decimal.String()[:16], "143 42 85", "143, 42, 85"} {
		if strings.Contains(all, leak) {
			t.Errorf("a key is printed: %s in %s", leak, all)
		}
	}
	if !strings.Contains(all, k.Account().String()) {
		t.Error("its account is not")
	}
}

func TestOnlyKeysAreKeys(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":   "",
		"short":     secret[2:],
		"long":      secret + "00",
		"no hex":    strings.Repeat("zz", 32),
		"zero":      strings.Repeat("00", 32),
		"the order": "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
	} {
		if _, err := ParseKey(text); err == nil {
			t.Errorf("%s is taken", name)
		} else if len(text) > 10 && strings.Contains(err.Error(), text[:10]) {
			t.Errorf("%s: the error repeats it", name)
		}
	}
}
