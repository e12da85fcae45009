// Package native is dialect A, the 101pay API as its own documentation describes it: charges by key
// pair, checkout sessions by login, payments by client id, and everything a merchant sets up.
//
// It owns all that merchants of this API can see: paths, credentials and where they travel, JSON in
// and out, cursors, idempotent answers, CSV, which requests share a budget. It does not own what a
// request means (package app), the edge of HTTP (package edge), nor the page payers see.
//
// Invariants: a body is read by edge.Decode and nothing else, so a field this API does not document
// is refused; every answer to an unsafe request passes respond, so that an Idempotency-Key always
// works; amounts leave as decimal strings in major units, beside amountMinor, and the one exception
// (the charge's amount) is the source's.
package native

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

// API is the dialect, ready to be mounted.
type API struct {
	Credentials  app.Credentials
	Accounts     app.Accounts
	Keys         app.Keys
	Receiving    app.Receiving
	Sources      app.AddressSources
	KYC          app.KYC
	Statements   app.Statements
	Charges      app.Charges
	Checkout     app.Checkout
	Settlement   *app.Settlement
	Explainer    app.Explainer
	Sandbox      app.Sandbox
	Webhooks     *app.Webhooks
	Reporting    app.Reporting
	Resources    app.Resources
	Paywall      *app.Paywall
	Attestations app.Attestations
	Limiter      *edge.Limiter
	Budgets      Budgets
	PublicURL    string // without a slash at its end
	Clock        ports.Clock

	limits limits `wire:"-"`
}

// documentsPath takes larger bodies than other routes.
const documentsPath = "/v1/kyc/documents"

// documentBodyMax is a document of app.MaxDocumentBytes and the form around it.
const documentBodyMax = app.MaxDocumentBytes + 1<<20

// BodyLimits are the routes that take more than edge.DefaultBodyLimit, for edge.Options.
func BodyLimits() map[string]int64 {
	return map[string]int64{
		documentsPath: documentBodyMax, resourcesPath: resourceBodyMax, resourcePath: resourceBodyMax,
		contentPath: contentBodyMax,
	}
}

// Envelope is how failures read below /v1, for edge.Options. It is the default one, and says how to
// authenticate where that is what was missing.
func Envelope(c *gin.Context, f *fault.Fault, requestID string) {
	if f.Kind == fault.Unauthenticated {
		c.Header("WWW-Authenticate", "Bearer")
	}
	if f.Code == edge.ErrBodyTooLarge.Code {
		f = tooLarge(c.FullPath(), f)
	}
	edge.DefaultEnvelope(c, f, requestID)
}

// tooLarge says of a body what was too large in it, where that is known.
func tooLarge(route string, f *fault.Fault) *fault.Fault {
	switch route {
	case documentsPath:
		return merchant.ErrFileTooLarge
	case contentPath:
		return resource.ErrFileTooLarge
	case resourcesPath, resourcePath:
		return resource.ErrBodyTooLarge
	}
	return f
}

// Budget is how many requests one client address may make: perSecond in the long run, Burst at
// once.
type Budget struct {
	PerSecond float64
	Burst     int
}

// Budgets are those of each class of routes.
type Budgets struct {
	Public        Budget // what needs no credential
	Authenticated Budget // what needs one, wherever it travels
	Login         Budget // what hashes passwords
}

// DefaultBudgets let a busy shop through and stop a loop that has gone wild.
func DefaultBudgets() Budgets {
	return Budgets{
		Public:        Budget{PerSecond: 100, Burst: 300},
		Authenticated: Budget{PerSecond: 1000, Burst: 2000},
		Login:         Budget{PerSecond: 2, Burst: 60},
	}
}

// limits are the budgets at work. Each class has one, shared by its routes.
type limits struct {
	public, authenticated, login gin.HandlerFunc
}

func (a *API) limit(name string, b Budget) gin.HandlerFunc {
	return a.Limiter.Limit(name, edge.ByIP, b.PerSecond, b.Burst)
}

// Mount registers every route of the dialect. It is called once.
func (a *API) Mount(e *gin.Engine) {
	a.limits = limits{
		public:        a.limit("public", a.Budgets.Public),
		authenticated: a.limit("authenticated", a.Budgets.Authenticated),
		login:         a.limit("login", a.Budgets.Login),
	}
	v1 := e.Group("/v1")
	a.mountAccounts(v1)
	a.mountKeys(v1)
	a.mountReceiving(v1)
	a.mountSources(v1)
	a.mountKYC(v1)
	a.mountStatements(v1)
	a.mountCheckout(v1)
	a.mountPayments(v1)
	a.mountExplanations(v1)
	a.mountQueue(v1)
	a.mountAttestations(e, v1)
	a.mountWebhooks(v1)
	a.mountReports(v1)
	a.mountResources(v1)
	a.mountResource(e)
}

// forLogin registers a route that a merchant signs in for: act is told who the access token stands
// for.
func (a *API) forLogin(
	g *gin.RouterGroup, method, path string, act func(c *gin.Context, who merchant.Principal),
) {
	g.Handle(method, path, a.limits.authenticated, func(c *gin.Context) {
		who, err := a.loginPrincipal(c)
		if err != nil {
			edge.Fail(c, err)
			return
		}
		act(c, who)
	})
}

// failing makes a handler of a function that answers, or says why not.
func failing(act func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := act(c); err != nil {
			edge.Fail(c, err)
		}
	}
}

// orFail is failing for what forLogin registers.
func orFail(
	act func(c *gin.Context, who merchant.Principal) error,
) func(c *gin.Context, who merchant.Principal) {
	return func(c *gin.Context, who merchant.Principal) {
		if err := act(c, who); err != nil {
			edge.Fail(c, err)
		}
	}
}

// show answers what was asked for.
func show(c *gin.Context, v any) {
	body, err := encode(v)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	send(c, body)
}

// send answers JSON. Its length is told, so that a long answer leaves in one piece: net/http cuts one
// whose length it does not know.
func send(c *gin.Context, body []byte) {
	c.Header("Content-Length", strconv.Itoa(len(body)))
	c.Data(http.StatusOK, jsonType, body)
}
