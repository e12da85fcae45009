package x402

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"pgregory.net/rapid"
)

func hexText(b []byte) string { return hexPrefix + hex.EncodeToString(b) }

// wrap is the ERC-6492 form of a signature.
func wrap(factory Address, call, signature []byte) []byte {
	at := func(n int) []byte { b := Uint(uint64(n)).Bytes(); return b[:] }
	padded := func(b []byte) []byte { return append(bytes.Clone(b), make([]byte, -len(b)&(wordBytes-1))...) }
	w := word(factory)
	callAt := 3 * wordBytes
	signatureAt := callAt + wordBytes + len(padded(call))
	return slices.Concat(w[:], at(callAt), at(signatureAt), at(len(call)), padded(call),
		at(len(signature)), padded(signature), wrapped)
}

func TestSignaturesOfTheKey(t *testing.T) {
	alice, bob := payerNamed("alice"), payerNamed("bob")
	digest := keccak([]byte("anything"))
	good := alice.raw(digest)
	edit := func(change func([]byte) []byte) []byte { return change(bytes.Clone(good)) }
	for name, c := range map[string]struct {
		raw  []byte
		want Standing
	}{
		"v of 27 or 28":       {good, ByKey},
		"v of 0 or 1":         {edit(func(b []byte) []byte { b[64] -= 27; return b }), ByKey},
		"the other v":         {edit(func(b []byte) []byte { b[64] = 27 + 28 - b[64]; return b }), ByWallet},
		"v of 29":             {edit(func(b []byte) []byte { b[64] += 2; return b }), ByWallet},
		"v of 31":             {edit(func(b []byte) []byte { b[64] += 4; return b }), ByWallet},
		"v of 2":              {edit(func(b []byte) []byte { b[64] = 2; return b }), ByWallet},
		"high s":              {malleated(good), ByWallet},
		"64 bytes (EIP-2098)": {good[:64], ByWallet},
		"66 bytes":            {append(bytes.Clone(good), 0), ByWallet},
		"r of 0":              {append(make([]byte, 32), good[32:]...), ByWallet},
		"s of 0":              {slices.Concat(good[:32], make([]byte, 32), good[64:]), ByWallet},
		"r too great":         {append(bytes.Repeat([]byte{0xff}, 32), good[32:]...), ByWallet},
		"s too great":         {slices.Concat(good[:32], bytes.Repeat([]byte{0xff}, 32), good[64:]), ByWallet},
		"somebody else's":     {bob.raw(digest), ByWallet},
	} {
		t.Run(name, func(t *testing.T) {
			s, ok := readSignature(c.raw)
			if got := s.standing(digest, alice.address()); !ok || got != c.want {
				t.Errorf("standing %d, want %d", got, c.want)
			}
		})
	}
}

// malleated is the second signature anybody can make out of one: s' = n - s, and the other v.
func malleated(raw []byte) []byte {
	var s secp256k1.ModNScalar
	s.SetByteSlice(raw[32:64])
	s.Negate()
	other := s.Bytes()
	return slices.Concat(raw[:32], other[:], []byte{27 + 28 - raw[64]})
}

// The token's overload takes v as 27 or 28 only, however the wallet counted.
func TestVRSIsAsContractsTakeIt(t *testing.T) {
	raw := payerNamed("alice").raw(keccak(nil))
	short := bytes.Clone(raw)
	short[64] -= 27
	for _, b := range [][]byte{raw, short} {
		s, _ := readSignature(b)
		v, r, sv, ok := s.VRS()
		if !ok || v != raw[64] || !bytes.Equal(r[:], raw[:32]) || !bytes.Equal(sv[:], raw[32:64]) {
			t.Errorf("v %d, ok %t", v, ok)
		}
	}
	wrappedKey, _ := readSignature(wrap(Address{1}, nil, raw))
	if _, _, _, ok := wrappedKey.VRS(); ok {
		t.Error("a wallet's signature was taken apart as a key's")
	}
}

// A wallet that is yet to be deployed wraps its signature. The wrapper proves nothing: it names a
// contract of the payer's choice and what to call there.
func TestWrappedSignatures(t *testing.T) {
	alice, factory := payerNamed("alice"), Address{0xfa}
	digest := keccak([]byte("anything"))
	inner := alice.raw(digest)
	whole := wrap(factory, []byte("deploy"), inner)
	s, ok := readSignature(whole)
	if !ok {
		t.Fatal("not read")
	}
	d := s.Deployment()
	if d == nil || d.Factory != factory || string(d.Call) != "deploy" || !bytes.Equal(s.Bytes(), inner) {
		t.Errorf("deployment %+v of %x", d, s.Bytes())
	}
	// Even where the inner signature is the key's own: that is how a verifier was fooled that let the
	// inner signature stand for the wallet.
	if got := s.standing(digest, alice.address()); got != ByFactory {
		t.Errorf("standing %d, want that of a factory", got)
	}
	for name, raw := range map[string][]byte{
		"nothing but the mark":   wrapped,
		"a word short":           whole[wordBytes:],
		"a dirty address":        append([]byte{1}, whole[1:]...),
		"wrapped twice":          wrap(factory, nil, whole),
		"wrapping nothing":       wrap(factory, nil, nil),
		"an offset beyond":       slices.Concat(whole[:63], []byte{0xff}, whole[64:]),
		"an offset past 64 bits": slices.Concat(whole[:32], []byte{1}, whole[33:]),
		"a length beyond":        slices.Concat(whole[:3*32], bytes.Repeat([]byte{0xff}, 32), whole[4*32:]),
	} {
		if _, ok := readSignature(raw); ok {
			t.Errorf("%s: read", name)
		}
	}
}

func TestWrappingIsUndone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		call := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "call")
		inner := rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "signature")
		s, ok := readSignature(wrap(Address{7}, call, inner))
		if !ok || !bytes.Equal(s.Bytes(), inner) || !bytes.Equal(s.Deployment().Call, call) {
			t.Fatalf("%x in %x came out as %x", inner, call, s.Bytes())
		}
	})
}

// By code, never by length: an account with code is judged by its code alone, as the token will.
func TestRoutes(t *testing.T) {
	for _, c := range []struct {
		standing Standing
		hasCode  bool
		want     Route
		refused  Reason
	}{
		{ByKey, false, RouteKey, 0},
		{ByKey, true, RouteWallet, 0},
		{ByWallet, false, 0, ReasonSignature},
		{ByWallet, true, RouteWallet, 0},
		{ByFactory, false, RouteFactory, 0},
		{ByFactory, true, RouteWallet, 0},
		{0, false, 0, ReasonSignature},
		{0, true, 0, ReasonSignature},
	} {
		got, err := c.standing.Route(c.hasCode)
		wants(t, err, c.refused)
		if got != c.want {
			t.Errorf("standing %d, code %t: route %d, want %d", c.standing, c.hasCode, got, c.want)
		}
	}
}

// What a store keeps of a signature is what was presented, and reads as it did.
func TestPresentedSignaturesAreReadAgain(t *testing.T) {
	inner := bytes.Repeat([]byte{7}, keySignatureBytes)
	for name, raw := range map[string][]byte{"a key's": inner, "a wallet's": wrap(Address{7}, []byte("deploy"), inner)} {
		s, ok := ReadSignature(raw)
		again, okAgain := ReadSignature(s.Presented())
		if !ok || !okAgain || !bytes.Equal(s.Presented(), raw) || !bytes.Equal(again.Bytes(), inner) ||
			(again.Deployment() == nil) != (s.Deployment() == nil) {
			t.Errorf("%s: %+v, %v, was %+v, %v", name, again, okAgain, s, ok)
		}
	}
	if _, ok := ReadSignature(nil); ok {
		t.Error("nothing is a signature")
	}
}
