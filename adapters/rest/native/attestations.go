package native

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
)

// WellKnown is the prefix of what is published for machines of anybody.
const WellKnown = "/.well-known/"

// keysPath is where the public keys of statements are.
const keysPath = WellKnown + "101pay-keys.json"

// didPath is where programs that verify x402's signed offers and receipts look for the keys (did:web).
const didPath = WellKnown + "did.json"

// keysCaching lets keys be kept for an hour: a new one is published when it signs.
const keysCaching = "public, max-age=3600"

func (a *API) mountAttestations(e *gin.Engine, v1 *gin.RouterGroup) {
	e.GET(keysPath, a.limits.public, failing(a.statementKeys))
	e.GET(didPath, a.limits.public, failing(a.statementIssuer))
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
		set.Keys = append(set.Keys, jwk(k))
	}
	c.Header("Cache-Control", keysCaching)
	show(c, set)
	return nil
}

// issuerJSON is a DID document (W3C DID Core 1.0) with keys as JsonWebKey2020.
type issuerJSON struct {
	Context []string       `json:"@context"`
	ID      string         `json:"id"`
	Methods []issuerMethod `json:"verificationMethod"`
	Asserts []string       `json:"assertionMethod"`
}

type issuerMethod struct {
	ID         string        `json:"id"`
	Type       string        `json:"type"`
	Controller string        `json:"controller"`
	Key        publicKeyJSON `json:"publicKeyJwk"`
}

// statementIssuer answers the same keys as the document of the gateway's DID.
func (a *API) statementIssuer(c *gin.Context) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	did := a.Attestations.DID()
	if did == "" {
		return fault.ErrNotFound
	}
	doc := issuerJSON{
		Context: []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"}, ID: did,
	}
	for _, k := range a.Attestations.Keys() {
		id := did + "#" + k.ID()
		doc.Methods = append(doc.Methods, issuerMethod{id, "JsonWebKey2020", did, jwk(k)})
		doc.Asserts = append(doc.Asserts, id)
	}
	c.Header("Cache-Control", keysCaching)
	show(c, doc)
	return nil
}

func jwk(k attest.Key) publicKeyJSON {
	return publicKeyJSON{"OKP", "Ed25519", k.Text(), k.ID(), "sig", "EdDSA"}
}
