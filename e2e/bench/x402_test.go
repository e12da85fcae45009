package bench

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/101pay/101pay/domain/x402"
)

// agent measures what an agent's payment costs before the chain is asked: from header to verdict, beside
// the recovery of its signature, which nobody can do without.
func (s *stage) agent(t *testing.T) {
	offer, header, digest, compact := agentPayment(t)
	now := time.Unix(1_800_000_000, 0)
	repeat := func(d time.Duration, run func() error) pace {
		begin, n := time.Now(), 0
		for ; time.Since(begin) < d; n++ {
			if err := run(); err != nil {
				t.Fatal(err)
			}
		}
		return pace{perSecond: float64(n) / time.Since(begin).Seconds()}
	}
	s.against(t, contest{name: "recover the signer alone", run: func(_ *testing.T, d time.Duration) pace {
		return repeat(d, func() error {
			_, _, err := ecdsa.RecoverCompact(compact, digest[:])
			return err
		})
	}}, contest{"x402: from header to verdict", 0.91, func(_ *testing.T, d time.Duration) pace {
		return repeat(d, func() error {
			p, err := x402.Decode(x402.V2, header)
			if err != nil {
				return err
			}
			v, err := offer.Verify(p, now)
			if err == nil && v.Standing() != x402.ByKey {
				return fmt.Errorf("the payer's signature stands as %d", v.Standing())
			}
			return err
		})
	}})
}

// agentPayment is an offer, a header that pays it, what was signed and the signature as the curve's
// library takes it.
func agentPayment(t *testing.T) (o x402.Offer, header string, digest x402.Hash, compact []byte) {
	t.Helper()
	const (
		contract = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
		shop     = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C"
		payer    = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf" // of the key 1
	)
	asset, _ := x402.ParseAddress(contract)
	payTo, _ := x402.ParseAddress(shop)
	usdc, err := x402.NewToken(84532, asset, "USDC", "2")
	if err != nil {
		t.Fatal(err)
	}
	o, err = x402.NewOffer(x402.Resource{URL: "https://shop.example/v1/resource/weather"}, x402.Requirements{
		Token: usdc, Amount: x402.Uint(10_000), PayTo: payTo, Timeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	text := func(signature []byte) []byte {
		return fmt.Appendf(nil, `{"x402Version":2,"accepted":{"scheme":"exact","network":"eip155:84532",`+
			`"amount":"10000","asset":%q,"payTo":%q,"maxTimeoutSeconds":60,"extra":{"name":"USDC","version":"2"}},`+
			`"payload":{"signature":"0x%x","authorization":{"from":%q,"to":%q,"value":"10000","validAfter":"0",`+
			`"validBefore":"1800000060","nonce":"0x%s"}}}`, contract, shop, signature, payer, shop,
			hex.EncodeToString(make([]byte, 32)))
	}
	unsigned, err := x402.DecodeJSON(x402.V2, text([]byte{0}))
	if err != nil {
		t.Fatal(err)
	}
	digest = unsigned.Authorization().Digest(usdc)
	compact = ecdsa.SignCompact(secp256k1.PrivKeyFromBytes([]byte{1}), digest[:], false)
	return o, base64.StdEncoding.EncodeToString(text(append(compact[1:65:65], compact[0]))), digest, compact
}
