package native_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// specClock moves the bubble's clock, which starts in 2000, to a day that suits the examples.
type specClock struct{}

var specEpoch = time.Date(2026, 5, 17, 9, 30, 0, 0, time.UTC)

func (specClock) Now() time.Time {
	return specEpoch.Add(time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
}

type specIDs struct{}

func (specIDs) UUID() string { return portstest.UUID() }
func (specIDs) Bytes(n int) []byte {
	var out []byte
	for len(out) < n {
		b := portstest.Unique()
		out = append(out, b[:]...)
	}
	return out[:n]
}
func (specIDs) Intn(n int) int { return int(portstest.Unique()[0]) % n }

// specVault seals nothing: what is tested here is how answers read.
type specVault struct{}

func (specVault) Seal(_ string, plain []byte) ([]byte, error)  { return plain, nil }
func (specVault) Open(_ string, sealed []byte) ([]byte, error) { return sealed, nil }
func (specVault) Digest(s keys.Secret) []byte {
	sum := sha256.Sum256([]byte(s.Reveal()))
	return sum[:]
}

func (specVault) Tag(purpose, text string) []byte {
	sum := sha256.Sum256([]byte(purpose + text))
	return sum[:12]
}

type specPasswords struct{}

func (specPasswords) Hash(_ context.Context, password string) (string, error) {
	return "hash of " + password, nil
}

func (specPasswords) Verify(_ context.Context, password, hash string) (bool, error) {
	return hash == "hash of "+password, nil
}
func (specPasswords) Weak(password string) bool { return password == "password1234" }

// specTokens print a token's claims.
type specTokens struct{}

func (specTokens) Sign(c ports.AccessClaims, _ time.Time) (string, error) {
	text, err := json.Marshal(c)
	return "eyJhbGciOiJFZERTQSJ9." + base64.RawURLEncoding.EncodeToString(text) + ".c2lnbmF0dXJl", err
}

func (specTokens) Read(token string, now time.Time) (c ports.AccessClaims, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, keys.ErrUnauthorized
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &c) != nil || !now.Before(c.Expires) {
		return c, keys.ErrUnauthorized
	}
	return c, nil
}

// specRates are pegs; the yen has no source.
type specRates struct{}

func (specRates) Rate(_ context.Context, _ merchant.Mode, from money.Currency, asset string) (money.Rate, error) {
	if from == money.JPY {
		return money.Rate{}, money.ErrRateUnavailable
	}
	one, err := money.Parse(from, "1")
	return money.Rate{From: from.Code(), To: asset, Price: one.Decimal(), Source: "peg", At: specClock{}.Now()}, err
}

// specChain is a network for real money on which nothing ever happens.
type specChain struct {
	ports.Chain
	network chain.Network
}

func (c specChain) Network() chain.Network { return c.network }
func (c specChain) Assets() []chain.Asset  { return c.network.Tokens() }

func (c specChain) Head(context.Context) (chain.Head, error) {
	return chain.Head{Network: c.network, Latest: 20, Final: 1}, nil
}

func (specChain) Seen(context.Context, chain.Head, ports.Watch) ([]chain.Transfer, error) {
	return nil, nil
}
