package base58

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What decodes is what was encoded, leading zeros included, and no other text of it is accepted.
func TestTextsAndPayloadsAreOneToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOfN(rapid.Byte(), 1, 78).Draw(t, "payload")
		text := Encode(payload)
		back, ok := Decode(text)
		if !ok || !bytes.Equal(back, payload) {
			t.Fatalf("%x encodes to %s, which decodes to %x, %v", payload, text, back, ok)
		}
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		letter := rapid.SampledFrom([]byte(alphabet)).Draw(t, "letter")
		if letter == text[at] {
			return
		}
		if _, ok := Decode(text[:at] + string(letter) + text[at+1:]); ok {
			t.Fatalf("%s is accepted with %q at %d", text, letter, at)
		}
	})
}

// Texts that are none are refused, however long.
func TestWhatIsNoBase58CheckIsRefused(t *testing.T) {
	for _, text := range []string{"", "1", "1111", "0OIl", " 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", strings.Repeat("1", maxText+1)} {
		if payload, ok := Decode(text); ok {
			t.Errorf("%q decodes to %x", text, payload)
		}
	}
}
