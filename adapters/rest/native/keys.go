package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
)

func (a *API) mountKeys(v1 *gin.RouterGroup) {
	a.forLogin(v1, http.MethodPost, "/keys", orFail(a.createKey))
	a.forLogin(v1, http.MethodGet, "/keys", orFail(a.listKeys))
	a.forLogin(v1, http.MethodGet, "/keys/:id", orFail(a.getKey))
	a.forLogin(v1, http.MethodPatch, "/keys/:id", orFail(a.relabelKey))
	a.forLogin(v1, http.MethodDelete, "/keys/:id", orFail(a.revokeKey))
	a.forLogin(v1, http.MethodPost, "/keys/:id/revoke", orFail(a.revokeKey))
	a.forLogin(v1, http.MethodPost, "/keys/:id/rotate", orFail(a.rotateKey))
	a.forLogin(v1, http.MethodPost, "/auth/api-key/rotate", orFail(a.rotateAPIKey))
}

type keyJSON struct {
	ID         keys.PairID `json:"id"`
	PublicKey  string      `json:"publicKey"`
	PrivateKey string      `json:"privateKey"` // masked, but in the answer that made it
	Label      string      `json:"label"`
	Mode       string      `json:"mode"`
	Status     string      `json:"status"`
	CreatedAt  string      `json:"createdAt"`
	RevokedAt  string      `json:"revokedAt,omitempty"`
}

type oneKey struct {
	Key keyJSON `json:"key"`
}

func showKey(p keys.Pair) keyJSON {
	status := "active"
	if !p.Live() {
		status = "revoked"
	}
	return keyJSON{
		ID: p.ID, PublicKey: p.PublicKey, PrivateKey: p.Hint, Label: p.Label, Mode: p.Mode.String(),
		Status: status, CreatedAt: instant(p.CreatedAt), RevokedAt: instant(p.RevokedAt),
	}
}

func oneShownKey(p keys.Pair) any { return oneKey{showKey(p)} }

// oneNewKey is the only answer that holds a private key.
func oneNewKey(n app.NewPair) any {
	shown := showKey(n.Pair)
	shown.PrivateKey = n.Private.Reveal()
	return oneKey{shown}
}

func pairID(c *gin.Context) keys.PairID { return keys.PairID(c.Param("id")) }

func (a *API) createKey(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Label string  `json:"label"`
		Mode  *string `json:"mode"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	if err := checkLabel(body.Label); err != nil {
		return err
	}
	holder, err := readMode(who, body.Mode)
	if err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusCreated, oneNewKey)
	if err != nil {
		return err
	}
	made, stored, err := a.Keys.Create(c.Request.Context(), holder, body.Label, once)
	respond(c, once, made, stored, err)
	return nil
}

func (a *API) listKeys(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	pairs, err := a.Keys.List(c.Request.Context(), who)
	if err != nil {
		return err
	}
	shown := make([]keyJSON, len(pairs))
	for i, p := range pairs {
		shown[i] = showKey(p)
	}
	show(c, struct {
		Keys []keyJSON `json:"keys"`
	}{shown})
	return nil
}

func (a *API) getKey(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	pair, err := a.Keys.Get(c.Request.Context(), who, pairID(c))
	if err != nil {
		return err
	}
	show(c, oneShownKey(pair))
	return nil
}

func (a *API) relabelKey(c *gin.Context, who merchant.Principal) error {
	label, err := readLabel(c)
	if err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, oneShownKey)
	if err != nil {
		return err
	}
	relabelled := keys.Pair{ID: pairID(c), Label: label}
	pair, stored, err := a.Keys.Relabel(c.Request.Context(), who, relabelled, once)
	respond(c, once, pair, stored, err)
	return nil
}

// readLabel reads a body that holds nothing but a label.
func readLabel(c *gin.Context) (string, error) {
	var body struct {
		Label *string `json:"label"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return "", err
	}
	label, err := required("label", body.Label)
	if err != nil {
		return "", err
	}
	return label, checkLabel(label)
}

func (a *API) revokeKey(c *gin.Context, who merchant.Principal) error {
	if err := noBody(c); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, oneShownKey)
	if err != nil {
		return err
	}
	pair, stored, err := a.Keys.Revoke(c.Request.Context(), who, pairID(c), once)
	respond(c, once, pair, stored, err)
	return nil
}

func (a *API) rotateKey(c *gin.Context, who merchant.Principal) error {
	if err := noBody(c); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusCreated, oneNewKey)
	if err != nil {
		return err
	}
	made, stored, err := a.Keys.Rotate(c.Request.Context(), who, pairID(c), once)
	respond(c, once, made, stored, err)
	return nil
}

func (a *API) rotateAPIKey(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Mode *string `json:"mode"`
	}
	if err := decodeOptional(c, &body); err != nil {
		return err
	}
	holder, err := readMode(who, body.Mode)
	if err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusCreated, func(n app.NewAPIKey) any {
		return struct {
			APIKey    string `json:"apiKey"`
			Mode      string `json:"mode"`
			CreatedAt string `json:"createdAt"`
		}{n.Text.Reveal(), n.Key.Mode.String(), instant(n.Key.CreatedAt)}
	})
	if err != nil {
		return err
	}
	made, stored, err := a.Keys.RotateAPIKey(c.Request.Context(), holder, once)
	respond(c, once, made, stored, err)
	return nil
}
