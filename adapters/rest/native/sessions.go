package native

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

func (a *API) mountCheckout(v1 *gin.RouterGroup) {
	a.forLogin(v1, http.MethodPost, "/checkout/sessions", a.openSession)
	v1.GET("/checkout/sessions", a.limits.authenticated, a.listSessions)
	v1.GET("/checkout/sessions/:id", a.limits.public, a.session)
	v1.POST("/checkout/sessions/:id/cancel", a.limits.authenticated, a.cancelSession)
	v1.POST("/checkout/sessions/:id/pay/intent", a.limits.public, a.payIntent)
	v1.POST("/checkout/sessions/:id/pay/confirm", a.limits.public, a.payConfirm)
	v1.POST("/checkout/sessions/:id/pay/transaction", a.limits.public, a.payTransaction)
	v1.POST("/checkout/sessions/:id/sandbox", a.limits.public, a.playScenario)
	a.mountOrder(v1)
}

// orderInput is what sessions and payments have in common beside the amount.
type orderInput struct {
	Description string            `json:"description"`
	OrderID     *string           `json:"order_id"`
	Metadata    map[string]string `json:"metadata"`
	SuccessURL  string            `json:"success_url"`
	FailURL     string            `json:"fail_url"`
}

// Bounds of what a merchant may attach to a payment (rows C07, C11). Together they keep every
// webhook body below webhook.MaxBodyBytes.
const (
	maxOrderID       = 64
	maxMetadataKeys  = 20
	maxMetadataKey   = 40
	maxMetadataValue = 500
	maxMetadataBytes = 8 << 10
)

var (
	errOrderID = fault.New(fault.Invalid, "invalid_order_id",
		"order_id must have 1 to 64 visible characters, none of which hides or reorders others").About("order_id")
	errMetadata = fault.New(fault.Invalid, "invalid_metadata",
		"metadata may have 20 entries of text, names of 1 to 40 and values of at most 500 characters, "+
			"8192 bytes in all").About("metadata")
)

// fill checks the order's texts and puts them into in.
func (o orderInput) fill(in *app.OpenInput) error {
	if err := checkDescription(o.Description); err != nil {
		return err
	}
	if o.OrderID != nil {
		id := *o.OrderID
		if id == "" || strings.TrimSpace(id) != id || edge.Text("order_id", id, maxOrderID, false) != nil {
			return errOrderID
		}
		in.OrderID = id
	}
	if err := checkMetadata(o.Metadata); err != nil {
		return err
	}
	in.Description, in.Metadata, in.SuccessURL, in.FailURL = o.Description, o.Metadata, o.SuccessURL, o.FailURL
	return nil
}

func checkMetadata(m map[string]string) error {
	for k, v := range m {
		if k == "" || utf8.RuneCountInString(k) > maxMetadataKey || utf8.RuneCountInString(v) > maxMetadataValue {
			return errMetadata
		}
		for _, text := range []string{k, v} {
			if err := edge.Text("metadata", text, maxMetadataValue, true); err != nil {
				return err
			}
		}
	}
	encoded, err := encode(m)
	if err != nil || len(m) > maxMetadataKeys || len(encoded) > maxMetadataBytes {
		return errMetadata
	}
	return nil
}

func (a *API) openSession(c *gin.Context, who merchant.Principal) {
	var body struct {
		Amount   *string `json:"amount"`
		Currency string  `json:"currency"`
		Method   string  `json:"method"`
		Mode     *string `json:"mode"`
		orderInput
	}
	body.Currency = "USDC"
	in := app.OpenInput{Kind: checkout.KindCheckout}
	err := edge.Decode(c, &body)
	if err == nil {
		in.Due, err = readAmount(body.Currency, body.Amount)
	}
	if err == nil && body.Method != "" {
		in.Method, err = checkout.ParseMethod(body.Method)
	}
	if err == nil {
		in.Who, err = readMode(who, body.Mode)
	}
	if err == nil {
		err = body.fill(&in)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	raw, err := edge.RawBody(c)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	once, err := onceOver(a, c, raw, func(s app.OpenedSession) (ports.Answer, error) {
		shown := a.showOwn(s.Snapshot)
		return answerOpened(s, struct {
			Session sessionJSON `json:"session"`
			URL     string      `json:"url"`
			X402URL *string     `json:"x402_url"`
		}{shown, a.pageURL(s.ID), shown.X402URL})
	})
	if err != nil {
		edge.Fail(c, err)
		return
	}
	opened, stored, err := a.Checkout.Open(c.Request.Context(), in, once)
	respond(c, once, opened, stored, err)
}

// answerOpened answers 201, or 200 when the order_id had a session already.
func answerOpened(s app.OpenedSession, shown any) (ports.Answer, error) {
	status := http.StatusCreated
	if s.Known {
		status = http.StatusOK
	}
	body, err := encode(shown)
	return ports.Answer{Status: status, Body: body}, err
}

func (a *API) listSessions(c *gin.Context) {
	who, err := a.principal(c)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	query, err := edge.Query(c, modeParam, "limit", "cursor", "status")
	if err != nil {
		edge.Fail(c, err)
		return
	}
	q := ports.SessionQuery{Merchant: who.Merchant, Project: who.Project, Mode: who.Mode, Kind: checkout.KindCheckout}
	if text := query.Get("status"); text != "" {
		if q.Statuses, err = readStatus(text); err != nil {
			edge.Fail(c, err)
			return
		}
	}
	a.pageSessions(c, "sessions", who, q, func(found []checkout.Snapshot, next string) any {
		shown := make([]sessionJSON, len(found))
		for i, s := range found {
			shown[i] = a.showOwn(s)
		}
		return struct {
			Sessions   []sessionJSON `json:"sessions"`
			NextCursor string        `json:"nextCursor,omitempty"`
		}{shown, next}
	})
}

const maxSessionsPage = 100

// pageSessions answers one page of a list of sessions.
func (a *API) pageSessions(
	c *gin.Context, list string, who merchant.Principal, q ports.SessionQuery,
	render func(found []checkout.Snapshot, next string) any,
) {
	from, err := a.askedPage(c, list, who, maxSessionsPage)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	q.Limit, q.Before = from.limit, ports.SessionMark{At: from.at, ID: checkout.SessionID(from.id)}
	page, err := a.Checkout.List(c.Request.Context(), q)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	next := ""
	if page.More && len(page.Sessions) > 0 {
		last := page.Sessions[len(page.Sessions)-1]
		next = a.makeCursor(list, who, last.CreatedAt, string(last.ID))
	}
	show(c, render(page.Sessions, next))
}

// session answers the public status. Whoever knows the id may see it, and sees nothing that is only
// the merchant's.
func (a *API) session(c *gin.Context) {
	if _, err := edge.Query(c); err != nil {
		edge.Fail(c, err)
		return
	}
	id := checkout.SessionID(c.Param("id"))
	found, err := a.Checkout.Get(c.Request.Context(), id)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	shown := a.showSession(found)
	if found.Intent != nil && (found.Status == checkout.Awaiting || found.Status == checkout.Processing) {
		shown.Delayed = a.Checkout.Rails.Ready(c.Request.Context(), found.Intent.Asset.Network, a.Clock.Now()) != nil
	}
	c.Header("Cache-Control", "no-store")
	show(c, sessionAnswer{shown})
}

type sessionAnswer struct {
	Session sessionJSON `json:"session"`
}

func (a *API) cancelSession(c *gin.Context) {
	who, err := a.principal(c)
	if err == nil {
		err = noBody(c)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	render := answerAs(http.StatusOK, func(s checkout.Snapshot) any { return sessionAnswer{a.showOwn(s)} })
	repeatable(a, c, render, func(id checkout.SessionID) (checkout.Snapshot, error) {
		return a.Checkout.Cancel(c.Request.Context(), who, id)
	})
}
