package vault

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

func TestTokens(t *testing.T) {
	portstest.Tokens(t, func(_ *testing.T, master [32]byte) ports.Tokens { return NewTokens(NewMasterKey(master)) })
}

// A token says which algorithm it is signed by. Nobody listens.
func TestTokensOfOtherAlgorithmsAndPartiesAreRefused(t *testing.T) {
	mine := NewTokens(NewMasterKey([32]byte{1}))
	now := portstest.Epoch.Truncate(time.Second)
	good := func() *jwt.Token {
		token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, accessClaims{
			RegisteredClaims: jwt.RegisteredClaims{
				Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: "m",
				IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute)),
			},
			LoginID: "l",
		})
		token.Header["kid"] = mine.id
		return token
	}
	signed := func(token *jwt.Token, key any) string {
		t.Helper()
		text, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if _, err := mine.Read(signed(good(), mine.private), now); err != nil {
		t.Fatalf("a good token: %v", err)
	}
	// The last letter holds four bits that mean nothing. A token has one spelling all the same.
	text := signed(good(), mine.private)
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, last := range letters {
		respelt := text[:len(text)-1] + string(last)
		if _, err := mine.Read(respelt, now); (err == nil) != (respelt == text) {
			t.Errorf("ending in %q: %v", last, err)
		}
	}
	change := func(f func(token *jwt.Token, c *accessClaims)) *jwt.Token {
		token := good()
		c, _ := token.Claims.(accessClaims)
		f(token, &c)
		token.Claims = c
		return token
	}
	by := func(m jwt.SigningMethod) *jwt.Token {
		return change(func(token *jwt.Token, _ *accessClaims) {
			token.Method, token.Header["alg"] = m, m.Alg()
		})
	}
	_, foreign, _ := ed25519.GenerateKey(rand.Reader)
	for name, text := range map[string]string{
		"alg none":             signed(by(jwt.SigningMethodNone), jwt.UnsafeAllowNoneSignatureType),
		"HS256 by public key":  signed(by(jwt.SigningMethodHS256), []byte(mine.public)),
		"HS256 by no key":      signed(by(jwt.SigningMethodHS256), []byte{}),
		"foreign key, our kid": signed(good(), foreign),
		"no kid":               signed(change(func(token *jwt.Token, _ *accessClaims) { delete(token.Header, "kid") }), mine.private),
		"no end":               signed(change(func(_ *jwt.Token, c *accessClaims) { c.ExpiresAt = nil }), mine.private),
		"ended":                signed(change(func(_ *jwt.Token, c *accessClaims) { c.ExpiresAt = jwt.NewNumericDate(now) }), mine.private),
		"other issuer":         signed(change(func(_ *jwt.Token, c *accessClaims) { c.Issuer = "other" }), mine.private),
		"no issuer":            signed(change(func(_ *jwt.Token, c *accessClaims) { c.Issuer = "" }), mine.private),
		"other audience":       signed(change(func(_ *jwt.Token, c *accessClaims) { c.Audience = jwt.ClaimStrings{"other"} }), mine.private),
		"no audience":          signed(change(func(_ *jwt.Token, c *accessClaims) { c.Audience = nil }), mine.private),
		"no subject":           signed(change(func(_ *jwt.Token, c *accessClaims) { c.Subject = "" }), mine.private),
		"no login":             signed(change(func(_ *jwt.Token, c *accessClaims) { c.LoginID = "" }), mine.private),
		"long":                 signed(change(func(_ *jwt.Token, c *accessClaims) { c.ID = strings.Repeat("x", 1000) }), mine.private),
	} {
		if _, err := mine.Read(text, now); !errors.Is(err, keys.ErrUnauthorized) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []ports.AccessClaims{
		{LoginID: "l", Expires: now}, {Merchant: "m", Expires: now}, {Merchant: "m", LoginID: "l"},
	} {
		if _, err := mine.Sign(c, now); err == nil {
			t.Errorf("signed %+v", c)
		}
	}
}

// However many tokens there are, each is read as it was signed, and few are remembered.
func TestTokensAreRememberedWithinBounds(t *testing.T) {
	signer := NewTokens(NewMasterKey([32]byte{1}))
	now := portstest.Epoch.Truncate(time.Second)
	sign := func(login string) string {
		token, err := signer.Sign(ports.AccessClaims{Merchant: "m", LoginID: login, Expires: now.Add(time.Minute)}, now)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	first := sign("first")
	if _, err := signer.Read(first, now); err != nil || len(signer.known.good) != 1 {
		t.Fatalf("%v; %d are remembered", err, len(signer.known.good))
	}
	for n := range maxRemembered {
		signer.known.keep(strconv.Itoa(n), ports.AccessClaims{})
	}
	second := sign("second")
	for range 2 {
		for token, login := range map[string]string{first: "first", second: "second"} {
			if c, err := signer.Read(token, now); err != nil || c.LoginID != login {
				t.Errorf("the token of %s is read as of %q, %v", login, c.LoginID, err)
			}
		}
	}
	if _, err := signer.Read("no token", now); err == nil || len(signer.known.good) != maxRemembered {
		t.Errorf("%v; %d are remembered", err, len(signer.known.good))
	}
}
