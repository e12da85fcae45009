package attest

import (
	"crypto/ed25519"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
)

var (
	noon    = time.Date(2026, 5, 17, 12, 0, 0, 123_456_000, time.UTC)
	private = ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))
	own     = Key(private.Public().(ed25519.PublicKey))
	who     = Parties{"https://pay.example", "101000000000042", "Müller & 山田 \"<Books>\""}
)

func sign(message []byte) []byte { return ed25519.Sign(private, message) }

// asked is a live session of 50.0034 USDC on Base.
func asked() checkout.Snapshot {
	usdc := chain.Base.Tokens()[0]
	return checkout.Snapshot{
		ID: "3f1a7c52-9f0e-4f3b-8f4e-0d6b2a7c9e11", MerchantID: "m", Mode: merchant.Live, Status: checkout.Awaiting,
		ExpiresAt: noon.Add(30 * time.Minute),
		Intent: &checkout.Intent{
			ID: "c5369d3a-9b54-4957-9f16-c6f6b5cf009e", Asset: usdc,
			Address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Units: big.NewInt(50_003_400),
			Terms: checkout.PlainTerms(), CreatedAt: noon, ExpiresAt: noon.Add(30 * time.Minute),
		},
	}
}

// paid is asked, settled by one transfer.
func paid() (checkout.Snapshot, []Booked) {
	s := asked()
	s.Status = checkout.Settled
	s.Receipt = &checkout.Receipt{Units: s.Intent.Units, OrderNo: "20260517000000042", Late: true}
	booking := ledger.Transaction{OrderNo: "20260517000000042", BookedAt: noon.Add(time.Hour)}
	return s, []Booked{{
		Transfer: chain.Transfer{
			Network: chain.Base, TxID: chain.TxID(strings.Repeat("9c", 32)), Index: 7, Asset: s.Intent.Asset,
			From: "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", To: s.Intent.Address, Units: s.Intent.Units,
			Height: 12345678, BlockID: strings.Repeat("ab", 32), BlockTime: noon.Add(31 * time.Minute),
		},
		Booking: booking, Content: ledger.Hash{1, 2, 3},
	}}
}

func instructed(t testing.TB) Signed {
	t.Helper()
	i, err := Instruct(who, asked())
	if err != nil {
		t.Fatal(err)
	}
	signed, err := i.Sign(own, sign)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func receipted(t testing.TB) Signed {
	t.Helper()
	s, by := paid()
	r, err := Acknowledge(who, s, by)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := r.Sign(own, sign)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// forge signs any header and payload by our own key, however they are written.
func forge(header, payload string) string {
	input := coding.EncodeToString([]byte(header)) + "." + coding.EncodeToString([]byte(payload))
	return input + "." + coding.EncodeToString(sign([]byte(input)))
}

func headerOf(typ string) string {
	return `{"alg":"EdDSA","kid":"` + own.ID() + `","typ":"` + typ + `"}`
}
