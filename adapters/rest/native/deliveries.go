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
)

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
