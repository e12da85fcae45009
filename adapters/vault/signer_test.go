package vault

import (
	"testing"

	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func TestSigner(t *testing.T) {
	portstest.Signer(t, func(_ *testing.T, master [32]byte, retired ...attest.Key) ports.Signer {
		return NewSigner(NewMasterKey(master), retired)
	})
}

// Statements signed by an earlier release must verify: the key of a master key never changes. It is
// that of nothing else, or a token could be made to pass for a statement.
func TestTheSigningKeyStaysAndIsItsOwn(t *testing.T) {
	master := NewMasterKey([32]byte{7})
	key := NewSigner(master, nil).Keys()[0]
	if got := key.Text(); got != signingKeyOnce {
		t.Errorf("the signing key changed to %s", got)
	}
	if attest.Key(NewTokens(master).public) == key {
		t.Error("access tokens and statements share a key")
	}
}

const signingKeyOnce = "Y6YavKu1Goy_BpOGcIzUhoeLX6Ce2yH6aw1SLCwI93E"
