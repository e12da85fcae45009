package vault

import (
	"bytes"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func TestVault(t *testing.T) {
	portstest.Vault(t, func(_ *testing.T, master [32]byte) ports.Vault { return New(NewMasterKey(master)) })
}

// What was sealed by an earlier release must open: these texts were sealed once and are kept.
func TestOldSealsOpen(t *testing.T) {
	v := New(NewMasterKey([32]byte{7}))
	sealed, err := hex.DecodeString(sealedOnce)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := v.Open("purpose", sealed); err != nil || string(plain) != "kept" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if got := hex.EncodeToString(v.Digest(keys.NewSecret("sk_test_a"))); got != digestOnce {
		t.Errorf("the digest of a key changed to %s: nobody could log in", got)
	}
	if got := hex.EncodeToString(v.Tag("cursor", "text")); got != tagOnce {
		t.Errorf("the tag changed to %s", got)
	}
}

const (
	sealedOnce = "0112c87096713613ac53855bbcf44ec3423b5ae3694e8d66704934b4aa45" +
		"fc8360e92990a9fa6ca8f62c4a5407df97b33f"
	digestOnce = "684156a4031690e644831760cf026ee41a65e87718e5747d6513a58c6f5d5f97"
	tagOnce    = "c7ba31b0db86e1de2177b0a824f39479"
)

// Purposes and texts of any shape never run into one another.
func TestPurposesNeverMeet(t *testing.T) {
	v := New(NewMasterKey([32]byte{1}))
	rapid.Check(t, func(r *rapid.T) {
		a, b := rapid.String().Draw(r, "a"), rapid.String().Draw(r, "b")
		plain := rapid.SliceOf(rapid.Byte()).Draw(r, "plain")
		sealed, err := v.Seal(a, plain)
		if err != nil {
			r.Fatal(err)
		}
		opened, err := v.Open(b, sealed)
		if (err == nil) != (a == b) || (a == b && !bytes.Equal(opened, plain)) {
			r.Fatalf("sealed for %q, opened for %q: %v", a, b, err)
		}
	})
}
