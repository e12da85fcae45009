package native

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/domain/checkout"
)

// WellKnown is the prefix of what is published for machines of anybody.
const WellKnown = "/.well-known/"

// keysPath is where the public keys of statements are.
const keysPath = WellKnown + "101pay-keys.json"

// keysCaching lets keys be kept for an hour: a new one is published when it signs.
const keysCaching = "public, max-age=3600"

func (a *API) mountAttestations(e *gin.Engine, v1 *gin.RouterGroup) {
	e.GET(keysPath, a.limits.public, failing(a.statementKeys))
	v1.GET("/checkout/sessions/:id/instructions", a.limits.public, a.signed(a.Attestations.Instruction))
	v1.GET("/checkout/sessions/:id/receipt", a.limits.public, a.signed(a.Attestations.Receipt))
}

// signed answers a statement about a session, beside the JWS its payload for reading. The payload is
// as it was signed, to the byte.
func (a *API) signed(
	say func(ctx context.Context, id checkout.SessionID) (attest.Signed, error),
) gin.HandlerFunc {
	return failing(func(c *gin.Context) error {
		if _, err := edge.Query(c); err != nil {
			return err
		}
		statement, err := say(c.Request.Context(), checkout.SessionID(c.Param("id")))
		if err != nil {
			return err
		}
		body := append([]byte(`{"jws":"`+statement.JWS+`","payload":`), statement.Payload...)
		c.Header("Cache-Control", "no-store")
		c.Data(http.StatusOK, jsonType, append(body, '}'))
		return nil
	})
}

// publicKeyJSON is a public key as a JWK (RFC 7517, RFC 8037).
type publicKeyJSON struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	ID        string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// statementKeys answers the keys statements are verified by, as a JWK set.
func (a *API) statementKeys(c *gin.Context) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	var set struct {
		Keys []publicKeyJSON `json:"keys"`
	}
	for _, k := range a.Attestations.Keys() {
		set.Keys = append(set.Keys, publicKeyJSON{"OKP", "Ed25519", k.Text(), k.ID(), "sig", "EdDSA"})
	}
	c.Header("Cache-Control", keysCaching)
	show(c, set)
	return nil
}
