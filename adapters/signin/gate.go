// Package signin is how people get into the dashboard: JSON endpoints below /dashboard, the cookie
// they are remembered by, and the gate that says of every later request who makes it.
//
// It owns paths, JSON in and out, cookies, which requests of other origins are refused, and budgets.
// It does not own who may sign in nor what a role grants (packages app and member), nor the pages, nor
// anything that neither comes before somebody is signed in nor changes his cookie: that is the schema's.
//
// Invariants: a session's token travels in an HttpOnly cookie and nowhere else; no unsafe request of
// another origin is served; a body is read by edge.Decode and nothing else.
package signin

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
)

// Prefix is where the dashboard lives.
const Prefix = "/dashboard"

// ErrCrossOrigin refuses what a page of another origin made a browser send.
var ErrCrossOrigin = fault.New(fault.Forbidden, "cross_origin",
	"requests to the dashboard must come from the dashboard itself")

// Gate says who makes a request, from its cookie, or refuses with a fault. It puts the actor into the
// request's context, where ActorOf finds him.
type Gate func(c *gin.Context) (app.Actor, error)

type actorKey struct{}

// WithActor is a context in which ActorOf finds the actor.
func WithActor(ctx context.Context, a app.Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf is who makes the request of a context, if the gate let somebody in.
func ActorOf(ctx context.Context) (app.Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(app.Actor)
	return a, ok
}

// NewGate answers the gate of a gateway.
func NewGate(s app.SignIn, jar Jar) Gate {
	return func(c *gin.Context) (app.Actor, error) {
		a, err := s.Resolve(c.Request.Context(), jar.token(c), origin(c))
		return let(c, a, err)
	}
}

// Watch is a Gate for what a page does by itself: it lets the same people in and takes no note of anybody's
// presence, so a page that is left open does not keep its session from ending.
type Watch func(c *gin.Context) (app.Actor, error)

// NewWatch answers the watch of a gateway.
func NewWatch(s app.SignIn, jar Jar) Watch {
	return func(c *gin.Context) (app.Actor, error) {
		a, err := s.Glance(c.Request.Context(), jar.token(c), origin(c))
		return let(c, a, err)
	}
}

// let puts who was let in where ActorOf finds him.
func let(c *gin.Context, a app.Actor, err error) (app.Actor, error) {
	if err != nil {
		return app.Actor{}, err
	}
	c.Request = c.Request.WithContext(WithActor(c.Request.Context(), a))
	return a, nil
}

// SameOrigin refuses every unsafe request below Prefix that a page of another origin made a browser
// send, whichever part serves it. public is where browsers reach the gateway.
func SameOrigin(public string) (gin.HandlerFunc, error) {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(originOf(public)); err != nil {
		return nil, err
	}
	return func(c *gin.Context) {
		if !strings.HasPrefix(c.Request.URL.Path, Prefix+"/") {
			return
		}
		if err := guard.Check(c.Request); err != nil {
			edge.Fail(c, ErrCrossOrigin)
		}
	}, nil
}

// originOf is the origin of a URL: what comes before its path.
func originOf(public string) string {
	scheme, rest, _ := strings.Cut(public, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// origin is where a request came from.
func origin(c *gin.Context) app.Origin {
	return app.Origin{IP: c.ClientIP(), Device: edge.Device(c)}
}
