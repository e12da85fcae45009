package vault

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

const (
	// issuer and audience keep a token of ours from passing elsewhere, and one of another service
	// that shares a key by mistake from passing here.
	issuer   = "101pay"
	audience = "101pay-api"
	// maxTokenBytes bounds what is parsed; ours have about 350 bytes.
	maxTokenBytes = 1 << 10
)

var errClaims = errors.New("sign access token: it lacks merchant, login or end")

// Tokens implements ports.Tokens: JWTs signed with Ed25519.
type Tokens struct {
	private ed25519.PrivateKey
	public  ed25519.PublicKey
	id      string // of the key, so that keys can be told apart when they rotate

	known remembered
}

// accessClaims is a token's content. The login's id is the registered claim "sid".
type accessClaims struct {
	jwt.RegisteredClaims
	LoginID string `json:"sid"`
}

// NewTokens answers the signer of a master key.
func NewTokens(master MasterKey) *Tokens {
	private := ed25519.NewKeyFromSeed(master.derive(labelToken, ""))
	public, _ := private.Public().(ed25519.PublicKey)
	sum := sha256.Sum256(public)
	return &Tokens{private: private, public: public, id: hex.EncodeToString(sum[:8])}
}

// Sign issues a token. Its end is cut to whole seconds.
func (t *Tokens) Sign(c ports.AccessClaims, now time.Time) (string, error) {
	if c.Merchant == "" || c.LoginID == "" || c.Expires.IsZero() {
		return "", errClaims
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: string(c.Merchant),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(c.Expires),
		},
		LoginID: c.LoginID,
	})
	token.Header["kid"] = t.id
	text, err := token.SignedString(t.private)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return text, nil
}

// Read checks signature, algorithm, key, issuer, audience and time; everything it refuses is
// keys.ErrUnauthorized, whatever was wrong.
func (t *Tokens) Read(token string, now time.Time) (ports.AccessClaims, error) {
	if len(token) > maxTokenBytes {
		return ports.AccessClaims{}, keys.ErrUnauthorized
	}
	if known, found := t.known.find(token, now); found {
		return known, nil
	}
	var c accessClaims
	_, err := jwt.ParseWithClaims(token, &c, t.key,
		// The algorithm is ours to say, never the token's.
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithStrictDecoding())
	if err != nil || c.Subject == "" || c.LoginID == "" {
		return ports.AccessClaims{}, keys.ErrUnauthorized
	}
	claims := ports.AccessClaims{
		Merchant: merchant.ID(c.Subject), LoginID: c.LoginID, Expires: c.ExpiresAt.UTC(),
	}
	t.known.keep(token, claims)
	return claims, nil
}

// key answers the key a token names, if it is ours.
func (t *Tokens) key(token *jwt.Token) (any, error) {
	if token.Header["kid"] != t.id {
		return nil, keys.ErrUnauthorized
	}
	return t.public, nil
}
