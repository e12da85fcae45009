package chain

import (
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// The published example of web3.js (web3.eth.accounts.sign), made by another implementation.
func TestAWalletsSignatureIsRead(t *testing.T) {
	const (
		text   = "Some data"
		signer = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
		signed = "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd" +
			"6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c"
	)
	for _, form := range []string{signed, signed[2:], strings.ToUpper(signed[2:]), signed[:len(signed)-2] + "01"} {
		if at, ok := Signer(Base, text, form); !ok || at != signer {
			t.Errorf("%s: %s, %v", form, at, ok)
		}
	}
	if at, ok := Signer(Base, text+" ", signed); ok && at == signer {
		t.Error("a signature holds for another text")
	}
	if at, ok := Signer(Tron, text, signed); ok && at == TronAddress(mustEVM(t, signer)) {
		t.Error("a signature for Ethereum holds on TRON")
	}
	for _, wrong := range []string{
		"", "0x", signed[:len(signed)-2], signed + "00", "zz" + signed[4:], strings.Repeat("00", 65),
		strings.Repeat("ff", 65), signed[:len(signed)-2] + "ff", strings.Repeat("0", 1<<16),
	} {
		if at, ok := Signer(Base, text, wrong); ok {
			t.Errorf("%.80q is a signature by %s", wrong, at)
		}
	}
}

func mustEVM(t *testing.T, s string) [addressBytes]byte {
	t.Helper()
	b, ok := evmBytes(s)
	if !ok {
		t.Fatal(s)
	}
	return b
}

func TestATronWalletsSignatureIsRead(t *testing.T) {
	key := secp256k1.PrivKeyFromBytes([]byte("a key that nobody else may use .."))
	const text = "I receive payments\nhere: é"
	sig := ecdsa.SignCompact(key, keccak256([]byte("\x19TRON Signed Message:\n"+strconv.Itoa(len(text))+text)), false)
	form := hex.EncodeToString(append(sig[1:], sig[0]))
	if at, ok := Signer(Tron, text, form); !ok || at != TronAddress(accountOf(key.PubKey())) {
		t.Errorf("signed by %s, %v", at, ok)
	}
}

// What anybody can reckon: printf %s ADDRESS | sha256sum, eight digits, modulo 10^8.
func TestFingerprintsArePrintable(t *testing.T) {
	for at, want := range map[Address]string{
		"TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE": "4680 6552", // fd212018…
		"SdHNArUF5kJ9zs28BzYYrWhEGxqUwi4Nah": "0065 0263",
	} {
		if got := at.Fingerprint(); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}
