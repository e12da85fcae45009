// Package signin is how people get into the dashboard: JSON endpoints below /dashboard, the cookie
// they are remembered by, and the gate that says of every later request who makes it.
//
// It owns paths, JSON in and out, cookies, which requests of other origins are refused, and budgets.
// It does not own who may sign in nor what a role grants (packages app and member), nor the pages.
//
// Invariants: a session's token travels in an HttpOnly cookie and nowhere else; no unsafe request of
// another origin is served; a body is read by edge.Decode and nothing else.
package signin

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/app"
)

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
