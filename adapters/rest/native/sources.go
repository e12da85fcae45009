package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

func (a *API) mountSources(v1 *gin.RouterGroup) {
	a.forLogin(v1, http.MethodGet, "/address-sources", orFail(a.listSources))
	a.forLogin(v1, http.MethodPost, "/address-sources", orFail(a.addSource))
	a.forLogin(v1, http.MethodPost, "/address-sources/:id/confirm", orFail(a.confirmSource))
	a.forLogin(v1, http.MethodPost, "/address-sources/:id/addresses", orFail(a.appendSource))
	a.forLogin(v1, http.MethodDelete, "/address-sources/:id", orFail(a.removeSource))
}

// sourceJSON is an address source. The key of one is nowhere in it.
type sourceJSON struct {
	ID             merchant.SourceID    `json:"id"`
	Family         chain.Family         `json:"family"`
	Networks       []string             `json:"networks"` // as wallets print them
	Kind           merchant.SourceKind  `json:"kind"`
	Label          string               `json:"label"`
	State          merchant.SourceState `json:"state"`
	Fingerprint    string               `json:"fingerprint,omitempty"`
	FirstAddresses []chain.Address      `json:"firstAddresses"`
	Addresses      tallyJSON            `json:"addresses"`
	Low            bool                 `json:"low"`
	CreatedAt      string               `json:"createdAt"`
	ActiveFrom     string               `json:"activeFrom,omitempty"`
}

type tallyJSON struct {
	Total       int `json:"total"`
	Free        int `json:"free"`
	Quarantined int `json:"quarantined"`
	Received    int `json:"received"`
}

func showSource(s app.SourceState) sourceJSON {
	shown := sourceJSON{
		ID: s.ID, Family: s.Family, Kind: s.Kind, Label: s.Label, State: s.State, Fingerprint: s.Fingerprint,
		FirstAddresses: s.First, Low: s.Low(), CreatedAt: instant(s.CreatedAt), ActiveFrom: instant(s.ActiveFrom),
		Addresses: tallyJSON{s.Tally.Total, s.Tally.Free, s.Tally.Resting, s.Tally.Received},
	}
	for _, n := range s.Family.Networks() {
		shown.Networks = append(shown.Networks, n.Standard())
	}
	return shown
}

func oneSource(s app.SourceState) any {
	return struct {
		AddressSource sourceJSON `json:"addressSource"`
	}{showSource(s)}
}

func sourceID(c *gin.Context) merchant.SourceID { return merchant.SourceID(c.Param("id")) }

func (a *API) listSources(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	sources, err := a.Sources.List(c.Request.Context(), who)
	if err != nil {
		return err
	}
	shown := make([]sourceJSON, len(sources))
	for i, s := range sources {
		shown[i] = showSource(s)
	}
	show(c, struct {
		AddressSources []sourceJSON `json:"addressSources"`
	}{shown})
	return nil
}

func (a *API) addSource(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Family    *string  `json:"family"`
		Xpub      string   `json:"xpub"`
		Addresses []string `json:"addresses"`
		Label     string   `json:"label"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	family, err := required("family", body.Family)
	if err != nil {
		return err
	}
	if err := checkLabel(body.Label); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusCreated, oneSource)
	if err != nil {
		return err
	}
	in := app.SourceInput{Family: family, Xpub: body.Xpub, Addresses: body.Addresses, Label: body.Label}
	source, stored, err := a.Sources.Register(c.Request.Context(), who, in, once)
	respond(c, once, source, stored, err)
	return nil
}

func (a *API) confirmSource(c *gin.Context, who merchant.Principal) error {
	var body struct {
		FirstAddress *string `json:"firstAddress"`
		Password     string  `json:"password"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	first, err := required("firstAddress", body.FirstAddress)
	if err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, oneSource)
	if err != nil {
		return err
	}
	by, err := confirmation(c, body.Password)
	if err != nil {
		return err
	}
	in := app.SourceConfirmation{ID: sourceID(c), First: first, By: by}
	source, stored, err := a.Sources.Confirm(c.Request.Context(), who, in, once)
	respond(c, once, source, stored, err)
	return nil
}

func (a *API) appendSource(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Addresses []string `json:"addresses"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, oneSource)
	if err != nil {
		return err
	}
	source, stored, err := a.Sources.Append(c.Request.Context(), who, sourceID(c), body.Addresses, once)
	respond(c, once, source, stored, err)
	return nil
}

func (a *API) removeSource(c *gin.Context, who merchant.Principal) error {
	if err := noBody(c); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusNoContent, func(struct{}) any { return nil })
	if err != nil {
		return err
	}
	done, stored, err := a.Sources.Remove(c.Request.Context(), who, sourceID(c), once)
	respond(c, once, done, stored, err)
	return nil
}
