package signin

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
)

// API is the endpoints, ready to be mounted.
type API struct {
	SignIn   app.SignIn
	Accounts app.Accounts
	Members  app.Members
	Gate     Gate
	Jar      Jar
	Limiter  *edge.Limiter
	Budgets  Budgets
}

// Budget is how many requests one client address may make: perSecond in the long run, Burst at once.
type Budget struct {
	PerSecond float64
	Burst     int
}

// Budgets are those of each class of routes.
type Budgets struct {
	Door   Budget // what anybody may ask: signing in, registering, invitations
	Inside Budget // what takes a session
}

// DefaultBudgets let people work and stop a loop that has gone wild.
func DefaultBudgets() Budgets {
	return Budgets{Door: Budget{PerSecond: 2, Burst: 60}, Inside: Budget{PerSecond: 20, Burst: 200}}
}

// Mount registers every route. It is called once.
func (a *API) Mount(e *gin.Engine) {
	limit := func(name string, b Budget) gin.HandlerFunc {
		return a.Limiter.Limit("dashboard "+name, edge.ByIP, b.PerSecond, b.Burst)
	}
	door, inside := e.Group(Prefix, limit("door", a.Budgets.Door)), e.Group(Prefix, limit("inside", a.Budgets.Inside))
	a.mountSession(door, inside)
	a.mountFactors(inside)
	a.mountPasskeys(door, inside)
	a.mountInvitations(door)
}

// known makes a handler of what takes somebody who is signed in.
func (a *API) known(act func(c *gin.Context, who app.Actor) error) gin.HandlerFunc {
	return failing(func(c *gin.Context) error {
		who, err := a.Gate(c)
		if err != nil {
			return err
		}
		return act(c, who)
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

// bare refuses a query and a body that says anything.
func bare(c *gin.Context) error {
	raw, err := edge.RawBody(c)
	if err != nil {
		return err
	}
	if len(raw) == 0 {
		_, err = edge.Query(c)
		return err
	}
	return edge.Decode(c, &struct{}{})
}

// need answers the fault of the first field that is empty.
func need(fields ...[2]string) error {
	for _, f := range fields {
		if f[1] == "" {
			return fault.ErrInvalid.Saying(f[0] + " is required").About(f[0])
		}
	}
	return nil
}

// instant prints a time, "" for none.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// done answers that there is nothing more to say.
func done(c *gin.Context) error {
	c.Status(http.StatusNoContent)
	return nil
}
