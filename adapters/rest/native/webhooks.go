package native

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
)

func (a *API) mountWebhooks(v1 *gin.RouterGroup) {
	a.forMerchant(v1, http.MethodPost, "/webhook-endpoints", a.addEndpoint)
	a.forMerchant(v1, http.MethodGet, "/webhook-endpoints", a.endpoints)
	a.forEndpoint(v1, http.MethodGet, "", a.endpoint)
	a.forEndpoint(v1, http.MethodPatch, "", a.changeEndpoint)
	a.forEndpoint(v1, http.MethodDelete, "", a.removeEndpoint)
	a.forEndpoint(v1, http.MethodPost, "/rotate", a.rotateEndpoint)
	a.forEndpoint(v1, http.MethodPost, "/test", a.testEndpoint)
	a.forEndpoint(v1, http.MethodGet, "/deliveries", a.endpointDeliveries)
	a.forMerchant(v1, http.MethodGet, "/events", a.events)
	a.forEvent(v1, http.MethodGet, "", a.event)
	a.forEvent(v1, http.MethodPost, "/replay", a.replayEvent)
	a.forEvent(v1, http.MethodGet, "/deliveries/:delivery/attempts", a.attempts)
}

// forMerchant registers a route that an access token or an API key opens.
func (a *API) forMerchant(
	g *gin.RouterGroup, method, path string, act func(c *gin.Context, who merchant.Principal),
) {
	g.Handle(method, path, a.limits.authenticated, func(c *gin.Context) {
		who, err := a.principal(c)
		if err != nil {
			edge.Fail(c, err)
			return
		}
		act(c, who)
	})
}

// inMode is the principal in the mode that what he names exists in: whoever is signed in owns both, and
// a path has no other place to say which. An API key has one mode, and so stays in it.
func (a *API) inMode(
	c *gin.Context, who merchant.Principal, find func(who merchant.Principal) error,
) merchant.Principal {
	token, err := bearer(c)
	if err != nil || strings.HasPrefix(token, apiKeyPrefix) || !errors.Is(find(who), fault.ErrNotFound) {
		return who
	}
	other := who
	if other.Mode = merchant.Live; who.Mode == merchant.Live {
		other.Mode = merchant.Test
	}
	if find(other) != nil {
		return who
	}
	return other
}

// forEndpoint registers a route about the endpoint of its path.
func (a *API) forEndpoint(
	g *gin.RouterGroup, method, path string, act func(c *gin.Context, who merchant.Principal),
) {
	a.forMerchant(g, method, "/webhook-endpoints/:id"+path, func(c *gin.Context, who merchant.Principal) {
		act(c, a.inMode(c, who, func(who merchant.Principal) error {
			_, err := a.Webhooks.Endpoint(c.Request.Context(), who, c.Param("id"))
			return err
		}))
	})
}

// forEvent registers a route about the event of its path.
func (a *API) forEvent(
	g *gin.RouterGroup, method, path string, act func(c *gin.Context, who merchant.Principal),
) {
	a.forMerchant(g, method, "/events/:id"+path, func(c *gin.Context, who merchant.Principal) {
		act(c, a.inMode(c, who, func(who merchant.Principal) error {
			_, _, err := a.Webhooks.Event(c.Request.Context(), who, c.Param("id"))
			return err
		}))
	})
}

type endpointJSON struct {
	ID           string         `json:"id"`
	URL          string         `json:"url"`
	Events       []webhook.Type `json:"events"` // empty means all
	Description  string         `json:"description"`
	Mode         string         `json:"mode"`
	Enabled      bool           `json:"enabled"`
	DisabledFor  string         `json:"disabledFor,omitempty"`
	Failures     int            `json:"failures"` // consecutive ones
	FailingSince string         `json:"failingSince,omitempty"`
	CreatedAt    string         `json:"createdAt"`
	Secret       string         `json:"secret,omitempty"` // shown once
	Unreachable  bool           `json:"unreachable,omitempty"`
}

func showEndpoint(e webhook.Endpoint) endpointJSON {
	shown := endpointJSON{
		ID: e.ID, URL: e.URL, Events: e.Types, Description: e.Description, Mode: e.Mode.String(),
		Enabled: e.Enabled, DisabledFor: e.DisabledFor, Failures: e.Failures,
		FailingSince: instant(e.FailingSince), CreatedAt: instant(e.CreatedAt),
	}
	if shown.Events == nil {
		shown.Events = []webhook.Type{}
	}
	return shown
}

type endpointAnswer struct {
	Endpoint endpointJSON `json:"endpoint"`
}

func showRegistered(r app.Registered) any {
	shown := showEndpoint(r.Endpoint)
	shown.Unreachable = r.Unreachable
	if len(r.Secret.Key()) > 0 {
		shown.Secret = r.Secret.Reveal()
	}
	return endpointAnswer{shown}
}

func (a *API) addEndpoint(c *gin.Context, who merchant.Principal) {
	var body struct {
		URL         *string  `json:"url"`
		Events      []string `json:"events"`
		Description string   `json:"description"`
		Mode        *string  `json:"mode"`
	}
	err := edge.Decode(c, &body)
	in := app.EndpointInput{Types: body.Events, Description: body.Description}
	if err == nil {
		in.URL, err = required("url", body.URL)
	}
	if err == nil {
		in.Who, err = readMode(who, body.Mode)
	}
	if err == nil {
		err = edge.Text("description", body.Description, maxEndpointDescription, false)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	once, err := onceFor(a, c, http.StatusCreated, showRegistered)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	made, stored, err := a.Webhooks.Create(c.Request.Context(), in, once)
	respond(c, once, made, stored, err)
}

func (a *API) endpoints(c *gin.Context, who merchant.Principal) {
	if _, err := edge.Query(c, modeParam); err != nil {
		edge.Fail(c, err)
		return
	}
	list, err := a.Webhooks.Endpoints(c.Request.Context(), who)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	shown := make([]endpointJSON, len(list))
	for i, e := range list {
		shown[i] = showEndpoint(e)
	}
	show(c, struct {
		Endpoints []endpointJSON `json:"endpoints"`
	}{shown})
}

func (a *API) endpoint(c *gin.Context, who merchant.Principal) {
	if _, err := edge.Query(c, modeParam); err != nil {
		edge.Fail(c, err)
		return
	}
	e, err := a.Webhooks.Endpoint(c.Request.Context(), who, c.Param("id"))
	if err != nil {
		edge.Fail(c, err)
		return
	}
	show(c, endpointAnswer{showEndpoint(e)})
}

func (a *API) changeEndpoint(c *gin.Context, who merchant.Principal) {
	var body struct {
		URL         *string   `json:"url"`
		Events      *[]string `json:"events"`
		Description *string   `json:"description"`
		Enabled     *bool     `json:"enabled"`
	}
	err := edge.Decode(c, &body)
	if err == nil && body.Description != nil {
		err = edge.Text("description", *body.Description, maxEndpointDescription, false)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	once, err := onceFor(a, c, http.StatusOK, showRegistered)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	change := app.EndpointChange{
		URL: body.URL, Types: body.Events, Description: body.Description, Enabled: body.Enabled,
	}
	changed, stored, err := a.Webhooks.Update(c.Request.Context(), who, c.Param("id"), change, once)
	respond(c, once, changed, stored, err)
}

func (a *API) removeEndpoint(c *gin.Context, who merchant.Principal) {
	if err := noBody(c); err != nil {
		edge.Fail(c, err)
		return
	}
	once, err := onceFor(a, c, http.StatusNoContent, func(struct{}) any { return nil })
	if err != nil {
		edge.Fail(c, err)
		return
	}
	stored, err := a.Webhooks.Remove(c.Request.Context(), who, c.Param("id"), once)
	respond(c, once, struct{}{}, stored, err)
}

func (a *API) rotateEndpoint(c *gin.Context, who merchant.Principal) {
	if err := noBody(c); err != nil {
		edge.Fail(c, err)
		return
	}
	once, err := onceFor(a, c, http.StatusOK, showRegistered)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	rotated, stored, err := a.Webhooks.Rotate(c.Request.Context(), who, c.Param("id"), once)
	respond(c, once, rotated, stored, err)
}

func (a *API) testEndpoint(c *gin.Context, who merchant.Principal) {
	if err := noBody(c); err != nil {
		edge.Fail(c, err)
		return
	}
	once, err := onceFor(a, c, http.StatusAccepted, func(e webhook.Event) any {
		return struct {
			Event webhookEventJSON `json:"event"`
		}{showEvent(e)}
	})
	if err != nil {
		edge.Fail(c, err)
		return
	}
	sent, stored, err := a.Webhooks.Test(c.Request.Context(), who, c.Param("id"), once)
	respond(c, once, sent, stored, err)
}
