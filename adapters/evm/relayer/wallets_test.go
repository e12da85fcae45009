package relayer_test

import (
	"encoding/json"
	"fmt"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports/portstest"
)

func (w *world) Wallet(kind portstest.WalletKind) (portstest.TokenPayer, bool) {
	w.t.Helper()
	owner := portstest.NewTokenPayer()
	p := owner
	switch kind {
	case portstest.Deployed:
		p.Account = w.wallet(owner.Account)
	case portstest.DeployedForged:
		p.Account = w.wallet(portstest.NewTokenPayer().Account)
	case portstest.KeyWithCode:
		w.node.Place("KeyWallet", anviltest.Account(owner.Account)) // owned by nobody: it refuses
	case portstest.Undeployed:
		p = w.undeployed(listed, owner, owner)
	case portstest.UndeployedFalse:
		p = w.undeployed(listed, portstest.NewTokenPayer(), owner)
	case portstest.UndeployedByKey:
		p = w.undeployed(listed, owner, owner)
		p.Account = owner.Account
	case portstest.Unlisted:
		p = w.undeployed(unlisted, owner, owner)
	}
	w.fund(p.Account)
	return p, true
}

// wallet is a deployed wallet of an owner.
func (w *world) wallet(owner x402.Address) x402.Address {
	w.t.Helper()
	w.named++
	at := anviltest.Named(fmt.Sprint("wallet ", w.named))
	w.node.Place("KeyWallet", at)
	w.node.Call("anvil_setStorageAt", hexOf(at[:]), "0x0", fmt.Sprintf("0x%064x", owner[:]))
	return x402.Address(at)
}

// undeployed is a wallet of an owner that a factory would deploy, in whose name somebody signs.
func (w *world) undeployed(factory anviltest.Account, owner, signer portstest.TokenPayer) portstest.TokenPayer {
	w.t.Helper()
	salt := [32]byte{31: 1}
	raw := w.node.Call("eth_call", map[string]any{
		"to":   hexOf(factory[:]),
		"data": hexOf(w.node.Calldata("KeyWalletFactory", "addressOf(address,bytes32)", anviltest.Account(owner.Account), salt)),
	}, "latest")
	var word string
	if err := json.Unmarshal(raw, &word); err != nil {
		w.t.Fatal(err)
	}
	at, ok := x402.ParseAddress("0x" + word[len(word)-40:])
	if !ok {
		w.t.Fatalf("address %s", word)
	}
	deploy := w.node.Calldata("KeyWalletFactory", "deploy(address,bytes32)", anviltest.Account(owner.Account), salt)
	signer.Account = at
	signer.Wrap = func(signature []byte) []byte {
		return portstest.WrapFactory(x402.Address(factory), deploy, signature)
	}
	return signer
}
