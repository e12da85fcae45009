package bench

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/vault"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// What every request does a few times; go test -bench . tells what each costs.

func BenchmarkReadAmount(b *testing.B) {
	for b.Loop() {
		if _, err := money.Parse(money.USDC, "50.013400"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkKeyDigest is what a private key is found by, beside the plain hash that is its limit.
func BenchmarkKeyDigest(b *testing.B) {
	v, secret := vault.New(vault.NewMasterKey(sha256.Sum256([]byte("bench")))), keys.NewSecret(private(1))
	b.Run("digest", func(b *testing.B) {
		for b.Loop() {
			v.Digest(secret)
		}
	})
	b.Run("sha256", func(b *testing.B) {
		for b.Loop() {
			sha256.Sum256([]byte(secret.Reveal()))
		}
	})
}

// BenchmarkContentHash is of an ordinary charge.
func BenchmarkContentHash(b *testing.B) {
	amount, err := money.Parse(money.USDC, "9.99")
	if err != nil {
		b.Fatal(err)
	}
	const id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	charge := ledger.Transaction{
		OrderNo: "20260517000000042", MerchantID: id, ProjectID: id, Mode: merchant.Test, Kind: ledger.KindCharge,
		SourceRef: "20260517000000042", Description: "bench",
		Postings: []ledger.Posting{{
			Source:      ledger.World(merchant.Test, "merchant"),
			Destination: ledger.Of(id, merchant.Test, ledger.Charged), Amount: amount,
		}},
		BookedAt: ledger.Instant(time.Unix(1_800_000_000, 0)),
	}
	for b.Loop() {
		charge.ContentHash()
	}
}
