package hdkey

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/base58"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
)

// Accounts of the test phrase "abandon … about".
const (
	ethereum = "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt"
	tron     = "xpub6D1AabNHCupeiLM65ZR9UStMhJ1vCpyV4XbZdyhMZBiJXALQtmn9p42VTQckoHVn8WNqS7dqnJokZHAHcHGoaQgmv8D45oNUKx6DZMNZBCd"
)

func parse(t *testing.T, text string) Key {
	t.Helper()
	k, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The addresses are those that wallets show for the same phrase.
func TestAddressesAreThoseOfWallets(t *testing.T) {
	for _, c := range []struct {
		key    string
		family chain.Family
		want   []chain.Address
	}{
		{ethereum, chain.FamilyEVM, []chain.Address{
			"0x9858EfFD232B4033E47d90003D41EC34EcaEda94", "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0",
			"0xb6716976A3ebe8D39aCEB04372f22Ff8e6802D7A",
		}},
		{tron, chain.FamilyTron, []chain.Address{
			"TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH", "TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK",
			"TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx",
		}},
	} {
		k := parse(t, c.key)
		for i, want := range c.want {
			got, err := k.Address(c.family, int64(i))
			if err != nil || got != want {
				t.Errorf("%s 0/%d is %s, %v; want %s", c.family, i, got, err, want)
			}
			if _, err := c.family.ParseAddress(string(got)); err != nil {
				t.Errorf("%s is no address to its own family: %v", got, err)
			}
		}
	}
}

// serialise prints a child as BIP32 does, to compare it with the published ones.
func serialise(t *testing.T, parent string, index uint32) string {
	t.Helper()
	b, ok := base58.Decode(parent)
	if !ok {
		t.Fatalf("%s is no vector", parent)
	}
	n, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.child(index)
	if err != nil {
		t.Fatal(err)
	}
	b[depthAt]++
	copy(b[depthAt+1:], fingerprints[parent])
	binary.BigEndian.PutUint32(b[9:], index)
	copy(b[chainCodeAt:], c.code[:])
	copy(b[keyAt:], c.key.SerializeCompressed())
	return base58.Encode(b)
}

// fingerprints are those of the published parents (the first bytes of a hash that derivation does not
// need).
var fingerprints = map[string]string{
	"xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw": "\x5c\x1b\xd6\x48",
	"xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5": "\xee\x7a\xb9\x0c",
}

// The published vectors of BIP32 (test vector 1): m/0'/1 of m/0', and m/0'/1/2'/2 of m/0'/1/2'.
func TestChildrenAreThoseOfBIP32(t *testing.T) {
	for _, c := range []struct {
		parent string
		index  uint32
		want   string
	}{
		{
			"xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw", 1,
			"xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ",
		},
		{
			"xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5", 2,
			"xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV",
		},
	} {
		if got := serialise(t, c.parent, c.index); got != c.want {
			t.Errorf("child %d is %s, want %s", c.index, got, c.want)
		}
	}
}

// altered is a key with some bytes replaced and a fresh checksum.
func altered(at int, with ...byte) string {
	b, _ := base58.Decode(ethereum)
	copy(b[at:], with)
	return base58.Encode(b)
}

// What would lose money or secrets is refused, and told in words that never repeat it.
func TestWrongKeysAreRefusedWithoutBeingRepeated(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want *fault.Fault
		says string
	}{
		"an extended private key":     {altered(0, 0x04, 0x88, 0xAD, 0xE4), ErrPrivateKey, "PRIVATE"},
		"one under a public version":  {altered(keyAt, 0), ErrPrivateKey, "PRIVATE"},
		"a zprv":                      {altered(0, 0x04, 0xB2, 0x43, 0x0C), ErrPrivateKey, "PRIVATE"},
		"a mistyped private key":      {"xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHX", ErrPrivateKey, "PRIVATE"},
		"a recovery phrase":           {strings.Repeat("abandon ", 11) + "about", ErrPrivateKey, "PRIVATE"},
		"a raw private key":           {"0x" + strings.Repeat("1f", 32), ErrPrivateKey, "PRIVATE"},
		"a wallet's private key":      {base58.Encode(append([]byte{0x80}, make([]byte, 33)...)), ErrPrivateKey, "PRIVATE"},
		"a ypub":                      {altered(0, 0x04, 0x9D, 0x7C, 0xB2), ErrInvalidKey, "a ypub is a key for Bitcoin"},
		"a zpub":                      {altered(0, 0x04, 0xB2, 0x47, 0x46), ErrInvalidKey, "a zpub is a key for Bitcoin"},
		"an unknown version":          {altered(0, 1, 2, 3, 4), ErrInvalidKey, "nobody here knows"},
		"the whole wallet":            {altered(depthAt, 0), ErrWrongLevel, "whole wallet"},
		"a purpose":                   {altered(depthAt, 1), ErrWrongLevel, "above the account"},
		"a coin":                      {altered(depthAt, 2), ErrWrongLevel, "above the account"},
		"the chain below the account": {altered(depthAt, 4), ErrWrongLevel, "one level below"},
		"a single address":            {altered(depthAt, 5), ErrWrongLevel, "single address"},
		"a wrong letter":              {ethereum[:50] + "x" + ethereum[51:], ErrInvalidKey, "copied whole"},
		"a cut key":                   {ethereum[:110], ErrInvalidKey, "copied whole"},
		"a space":                     {" " + ethereum, ErrInvalidKey, "copied whole"},
		"no point of the curve":       {altered(keyAt, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), ErrInvalidKey, "copied whole"},
		"an address":                  {"0x9858EfFD232B4033E47d90003D41EC34EcaEda94", ErrInvalidKey, "copied whole"},
		"nothing":                     {"", ErrInvalidKey, "copied whole"},
	} {
		_, err := Parse(c.text)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if c.text != "" && strings.Contains(err.Error(), strings.TrimSpace(c.text)) {
			t.Errorf("%s is repeated: %v", name, err)
		}
	}
}

// A key in a log line would show every payment of its owner to whoever reads logs.
func TestAKeyIsNotPrinted(t *testing.T) {
	k := parse(t, ethereum)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, k); strings.Contains(text, ethereum) {
			t.Errorf("%s prints the key", verb)
		}
	}
	if f := k.Fingerprint(); len(f) != 16 || f == parse(t, tron).Fingerprint() || k.Text() != ethereum {
		t.Errorf("fingerprint %s", f)
	}
}

// Indexes are bounded, and no two of them lead to one address.
func TestIndexesLeadToDifferentAddresses(t *testing.T) {
	k := parse(t, ethereum)
	for _, index := range []int64{-1, MaxIndex + 1} {
		if a, err := k.Address(chain.FamilyEVM, index); err == nil {
			t.Errorf("index %d is address %s", index, a)
		}
	}
	if _, err := (Key{}).Address(chain.FamilyEVM, 0); err == nil {
		t.Error("no key has an address")
	}
	seen := map[chain.Address]int64{}
	rapid.Check(t, func(t *rapid.T) {
		index := rapid.Int64Range(0, MaxIndex).Draw(t, "index")
		a, err := k.Address(chain.FamilyEVM, index)
		if err != nil {
			t.Fatal(err)
		}
		if was, known := seen[a]; known && was != index {
			t.Fatalf("%s is both %d and %d", a, was, index)
		}
		seen[a] = index
	})
}
