// Package facilitator is the x402 facilitator API of the gateway: other people's servers, which sell what
// they like by the official middlewares of either version, have payments verified and settled here.
//
// It owns the paths, the credential, the JSON and the statuses of this API, which are those that the clients
// of the published protocol read. It does not own what a payment is held against or how it is settled
// (package app), the messages themselves (domain/x402), nor the edge of HTTP (package edge).
//
// Invariants: success is said of what the chain has proven, and of nothing else; every answer below /verify
// and /settle, failures of ours included, is an object that those clients take for an answer; a reason said to
// a version 1 client is one of its closed list; network and transaction of a settlement are always there.
//
// Sources: x402-specification-v1.md and -v2.md, section 7; useFacilitator of x402 1.2.0 and
// HTTPFacilitatorClient of @x402/core 2.27, which were read for what they send and need.
package facilitator

import (
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// API is the dialect, ready to be mounted.
type API struct {
	Credentials app.Credentials
	Facilitator *app.Facilitator
	Limiter     *edge.Limiter
	Budgets     Budgets
	Clock       ports.Clock
}

// Budget is how many requests one client address may make: perSecond in the long run, Burst at once.
type Budget struct {
	PerSecond float64
	Burst     int
}

// Budgets are those of each class of routes.
type Budgets struct {
	Public   Budget // what needs no credential
	Servers  Budget // what merchants' servers ask
	Listings Budget // pages of the public catalog, which cost most
}

// DefaultBudgets let a busy server through and stop a loop that has gone wild.
func DefaultBudgets() Budgets {
	return Budgets{
		Public: Budget{PerSecond: 20, Burst: 100}, Servers: Budget{PerSecond: 500, Burst: 1000},
		Listings: Budget{PerSecond: 5, Burst: 20},
	}
}

// Prefix begins every path of this API: the URL that clients are given.
const Prefix = "/facilitator"

const (
	verifyPath = Prefix + "/verify"
	settlePath = Prefix + "/settle"
)

// Mount registers every route of the dialect. It is called once.
func (a *API) Mount(e *gin.Engine) {
	limit := func(name string, b Budget) gin.HandlerFunc {
		return a.Limiter.Limit("facilitator "+name, edge.ByIP, b.PerSecond, b.Burst)
	}
	servers, public := limit("servers", a.Budgets.Servers), limit("public", a.Budgets.Public)
	e.POST(verifyPath, servers, failing(a.verify))
	e.POST(settlePath, servers, failing(a.settle))
	e.GET(Prefix+"/status/:id", servers, failing(a.status))
	e.GET(Prefix+"/supported", public, failing(a.supported))
	e.GET(Prefix+"/discovery/resources", limit("listings", a.Budgets.Listings), failing(a.discover))
}

// failing makes a handler of a function that answers, or says why not.
func failing(act func(c *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := act(c); err != nil {
			edge.Fail(c, err)
		}
	}
}

// Credentials.
const (
	bearerMax    = 4096 // bytes that are looked at
	apiKeyPrefix = "ap_"
)

// principal is who the API key stands for. It has a mode: test keys settle test money.
func (a *API) principal(c *gin.Context) (merchant.Principal, error) {
	headers := c.Request.Header.Values("Authorization")
	if len(headers) != 1 {
		return merchant.Principal{}, keys.ErrUnauthorized
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || len(token) > bearerMax || !strings.HasPrefix(token, apiKeyPrefix) {
		return merchant.Principal{}, keys.ErrUnauthorized
	}
	return a.Credentials.APIKey(c.Request.Context(), keys.NewSecret(token))
}
