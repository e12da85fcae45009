package portstest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/sha3"

	"github.com/101pay/101pay/domain/x402"
)

// SignIn answers the question of a challenge whether a wallet has paid before (sign-in-with-x), as the value
// of its header. required is the challenge as version 2 has it, in JSON.
func (p TokenPayer) SignIn(t testing.TB, required []byte) string {
	t.Helper()
	var asked struct {
		Extensions map[string]struct {
			Info struct {
				Domain, URI, Version, Statement, Nonce, IssuedAt, ExpirationTime string
				Resources                                                        []string
			}
			SupportedChains []struct{ ChainID string }
		}
	}
	if err := json.Unmarshal(required, &asked); err != nil {
		t.Fatal(err)
	}
	question, is := asked.Extensions[x402.ExtensionSignIn]
	if !is || len(question.SupportedChains) == 0 {
		t.Fatalf("nobody is asked in %s", required)
	}
	info, chain := question.Info, question.SupportedChains[0].ChainID
	message := fmt.Sprintf("%s wants you to sign in with your Ethereum account:\n%s\n\n%s\n\nURI: %s\nVersion: %s\n"+
		"Chain ID: %s\nNonce: %s\nIssued At: %s\nExpiration Time: %s\nResources:\n- %s",
		info.Domain, p.Account, info.Statement, info.URI, info.Version, strings.TrimPrefix(chain, "eip155:"), info.Nonce,
		info.IssuedAt, info.ExpirationTime, strings.Join(info.Resources, "\n- "))
	sum := sha3.NewLegacyKeccak256()
	fmt.Fprintf(sum, "\x19Ethereum Signed Message:\n%d%s", len(message), message)
	said, err := json.Marshal(map[string]any{
		"domain": info.Domain, "address": p.Account.String(), "statement": info.Statement, "uri": info.URI,
		"version": info.Version, "chainId": chain, "type": "eip191", "nonce": info.Nonce, "issuedAt": info.IssuedAt,
		"expirationTime": info.ExpirationTime, "resources": info.Resources,
		"signature": fmt.Sprintf("0x%x", p.Raw(x402.Hash(sum.Sum(nil)))),
	})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(said)
}
