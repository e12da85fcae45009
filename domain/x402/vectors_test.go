package x402

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What the contracts themselves answer to DOMAIN_SEPARATOR(); the name differs from network to network.
func TestDomainIsTheContractsOwn(t *testing.T) {
	for _, c := range []struct {
		n              Network
		contract, name string
		want           string
	}{
		{1, "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USD Coin", "0x06c37168a7db5138defc7866392bb87a741f9b3d104deb5094588ce041cae335"},
		{137, "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", "USD Coin", "0xcaa2ce1a5703ccbe253a34eb3166df60a705c561b44b192061e28f2a985be2ca"},
		{8453, usdcBase, "USD Coin", "0x02fa7265e7c5d81118673727957699e4d68f74cd74b7db77da710fe8a2c7834f"},
		{sepolia, usdcSepolia, "USDC", "0x71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818"},
	} {
		if got := token(t, c.n, c.contract, c.name).Domain().String(); got != c.want {
			t.Errorf("%s: domain %s, want %s", c.n, got, c.want)
		}
	}
}

// The type hashes EIP-3009 prints.
func TestTypeHashesArePublished(t *testing.T) {
	for got, want := range map[Hash]string{
		transfer:      "0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267",
		usedEvent:     "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5",
		transferEvent: "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
	} {
		if got.String() != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// The specification's example was really signed by its payer: another implementation's signature holds
// the decoder, both hashes and the recovery to account.
func TestTheSpecificationsExampleIsPaid(t *testing.T) {
	offer := offerOf(t, usdc(t))
	for name, p := range map[string]payment{"version 2": specPayment(), "version 1": specPayment().v1()} {
		t.Run(name, func(t *testing.T) {
			v, err := offer.Verify(p.decode(t), specNow)
			if err != nil {
				t.Fatal(err)
			}
			if v.Standing() != ByKey {
				t.Errorf("standing %d, want that of a key", v.Standing())
			}
			if got := v.Due().Payer.String(); got != specPayer {
				t.Errorf("payer %s, want %s", got, specPayer)
			}
		})
	}
}

// clients is what the official clients, unmodified and with default settings, made of our challenge.
type clients struct {
	SignedAt int64             `json:"signedAt"`
	Payer    string            `json:"payer"`
	Headers  map[string]string `json:"headers"`
}

// The challenge was given to x402-fetch 1.2.0 and @x402/fetch 2.27.0 (testdata/clients.mjs); what they
// sent back pays it.
func TestOfficialClientsPayTheChallenge(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "clients.json"))
	if err != nil {
		t.Fatal(err)
	}
	var made clients
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	offer, now := goldenOffer(t), time.Unix(made.SignedAt, 0)
	for version, name := range map[Version]string{V1: HeaderPaymentV1, V2: HeaderPaymentV2} {
		p, err := Decode(version, made.Headers[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v, err := offer.Verify(p, now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v.Standing() != ByKey || v.Due().Payer.String() != made.Payer {
			t.Errorf("%s: standing %d of %s, want the key of %s", name, v.Standing(), v.Due().Payer, made.Payer)
		}
	}
}

// goldenOffer sells on networks of both versions, the first unknown to version 1.
func goldenOffer(t testing.TB) Offer {
	t.Helper()
	optimism := usdc(t)
	optimism.Token = token(t, 10, "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85", "USD Coin")
	return offerOf(t, optimism, usdc(t))
}

// testdata/challenge.json is what clients.mjs gives to the official clients. UPDATE=1 writes it anew.
func TestChallengeIsWhatTheClientsWereGiven(t *testing.T) {
	c := goldenOffer(t).Challenge(nil)
	required, err := base64.StdEncoding.DecodeString(c.Required)
	if err != nil {
		t.Fatal(err)
	}
	got := string(c.Body) + "\n" + string(required) + "\n"
	path := filepath.Join("testdata", "challenge.json")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("challenge differs; UPDATE=1, then run testdata/clients.mjs (-kept +made):\n%s", diff)
	}
}
