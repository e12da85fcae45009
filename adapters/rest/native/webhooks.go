package native

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

func (a *API) mountWebhooks(v1 *gin.RouterGroup) {
	a.forMerchant(v1, http.MethodPost, "/webhook-endpoints", a.addEndpoint)
	a.forMerchant(v1, http.MethodGet, "/webhook-endpoints", a.endpoints)
	a.forMerchant(v1, http.MethodGet, "/webhook-endpoints/:id", a.endpoint)
	a.forMerchant(v1, http.MethodPatch, "/webhook-endpoints/:id", a.changeEndpoint)
	a.forMerchant(v1, http.MethodDelete, "/webhook-endpoints/:id", a.removeEndpoint)
	a.forMerchant(v1, http.MethodPost, "/webhook-endpoints/:id/rotate", a.rotateEndpoint)
	a.forMerchant(v1, http.MethodPost, "/webhook-endpoints/:id/test", a.testEndpoint)
	a.forMerchant(v1, http.MethodGet, "/webhook-endpoints/:id/deliveries", a.endpointDeliveries)
	a.forMerchant(v1, http.MethodGet, "/events", a.events)
	a.forMerchant(v1, http.MethodGet, "/events/:id", a.event)
	a.forMerchant(v1, http.MethodPost, "/events/:id/replay", a.replayEvent)
	a.forMerchant(v1, http.MethodGet, "/events/:id/deliveries/:delivery/attempts", a.attempts)
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
		err = edge.Text("description", body.Description, maxDescription, false)
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
		err = edge.Text("description", *body.Description, maxDescription, false)
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

// webhookEventJSON is an event with its body as it is sent, byte for byte.
type webhookEventJSON struct {
	ID        string          `json:"id"`
	Type      webhook.Type    `json:"type"`
	Mode      string          `json:"mode"`
	Version   int64           `json:"version"`
	PaymentID string          `json:"paymentId,omitempty"`
	CreatedAt string          `json:"createdAt"`
	Body      json.RawMessage `json:"body"`
}

func showEvent(e webhook.Event) webhookEventJSON {
	return webhookEventJSON{
		ID: e.ID, Type: e.Type, Mode: e.Mode.String(), Version: e.Version, PaymentID: e.SessionID,
		CreatedAt: instant(e.CreatedAt), Body: e.Body,
	}
}

type deliveryJSON struct {
	ID         string                 `json:"id"`
	EventID    string                 `json:"eventId"`
	EndpointID string                 `json:"endpointId"`
	Status     webhook.DeliveryStatus `json:"status"`
	Attempts   int                    `json:"attempts"`
	NextAt     string                 `json:"nextAt,omitempty"`
	UpdatedAt  string                 `json:"updatedAt"`
}

func showDelivery(d webhook.Delivery) deliveryJSON {
	return deliveryJSON{
		ID: d.ID, EventID: d.EventID, EndpointID: d.EndpointID, Status: d.Status, Attempts: d.Attempts,
		NextAt: instant(d.NextAt), UpdatedAt: instant(d.UpdatedAt),
	}
}

func showDeliveries(ds []webhook.Delivery) []deliveryJSON {
	shown := make([]deliveryJSON, len(ds))
	for i, d := range ds {
		shown[i] = showDelivery(d)
	}
	return shown
}

const maxEventsPage = 100

func (a *API) events(c *gin.Context, who merchant.Principal) {
	query, err := edge.Query(c, modeParam, "limit", "cursor", "type", "paymentId")
	if err != nil {
		edge.Fail(c, err)
		return
	}
	f := app.EventFilter{Type: webhook.Type(query.Get("type")), SessionID: query.Get("paymentId")}
	if f.Type != "" && !slices.Contains(webhook.Types(), f.Type) {
		edge.Fail(c, webhook.ErrInvalidTypes.Saying("type must be a known event type").About("type"))
		return
	}
	limit, cursor, err := edge.Page(c, maxEventsPage)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	f.Limit = limit
	if f.Before.At, f.Before.ID, err = a.readCursor("events", who, cursor); err != nil {
		edge.Fail(c, err)
		return
	}
	found, more, err := a.Webhooks.List(c.Request.Context(), who, f)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	next := ""
	shown := make([]webhookEventJSON, len(found))
	for i, e := range found {
		shown[i] = showEvent(e)
		if more {
			next = a.makeCursor("events", who, e.CreatedAt, e.ID)
		}
	}
	show(c, struct {
		Events     []webhookEventJSON `json:"events"`
		NextCursor string             `json:"nextCursor,omitempty"`
	}{shown, next})
}

func (a *API) event(c *gin.Context, who merchant.Principal) {
	if _, err := edge.Query(c, modeParam); err != nil {
		edge.Fail(c, err)
		return
	}
	e, ds, err := a.Webhooks.Event(c.Request.Context(), who, c.Param("id"))
	if err != nil {
		edge.Fail(c, err)
		return
	}
	show(c, struct {
		Event      webhookEventJSON `json:"event"`
		Deliveries []deliveryJSON   `json:"deliveries"`
	}{showEvent(e), showDeliveries(ds)})
}

func (a *API) replayEvent(c *gin.Context, who merchant.Principal) {
	var body struct {
		EndpointID string `json:"endpointId"`
	}
	raw, err := edge.RawBody(c)
	if err == nil && len(raw) > 0 {
		err = edge.Decode(c, &body)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	once, err := onceFor(a, c, http.StatusAccepted, func(ds []webhook.Delivery) any {
		return struct {
			Deliveries []deliveryJSON `json:"deliveries"`
		}{showDeliveries(ds)}
	})
	if err != nil {
		edge.Fail(c, err)
		return
	}
	in := app.ReplayInput{Who: who, EventID: c.Param("id"), EndpointID: body.EndpointID}
	owed, stored, err := a.Webhooks.Replay(c.Request.Context(), in, once)
	respond(c, once, owed, stored, err)
}

// maxRecent is how many deliveries an endpoint's log shows.
const maxRecent = 100

func (a *API) endpointDeliveries(c *gin.Context, who merchant.Principal) {
	if _, err := edge.Query(c, modeParam); err != nil {
		edge.Fail(c, err)
		return
	}
	cases, err := a.Webhooks.Recent(c.Request.Context(), who, c.Param("id"), maxRecent)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	shown := make([]deliveryJSON, len(cases))
	for i, found := range cases {
		shown[i] = showDelivery(found.Delivery)
	}
	show(c, struct {
		Deliveries []deliveryJSON `json:"deliveries"`
	}{shown})
}

type attemptJSON struct {
	Number     int    `json:"number"`
	At         string `json:"at"`
	TookMillis int64  `json:"tookMillis"`
	StatusCode int    `json:"statusCode,omitempty"`
	Outcome    string `json:"outcome"`
	Answer     string `json:"answer,omitempty"`
}

func (a *API) attempts(c *gin.Context, who merchant.Principal) {
	if _, err := edge.Query(c, modeParam); err != nil {
		edge.Fail(c, err)
		return
	}
	list, err := a.Webhooks.Attempts(c.Request.Context(), who, c.Param("id"), c.Param("delivery"))
	if err != nil {
		edge.Fail(c, err)
		return
	}
	shown := make([]attemptJSON, len(list))
	for i, t := range list {
		shown[i] = attemptJSON{
			Number: t.Number, At: instant(t.At), TookMillis: t.Took.Milliseconds(), StatusCode: t.StatusCode,
			Outcome: t.Outcome, Answer: t.Answer,
		}
	}
	show(c, struct {
		Attempts []attemptJSON `json:"attempts"`
	}{shown})
}

var _ ports.EventEncoder = EventWords{}
