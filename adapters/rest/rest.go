// Package rest assembles dialects and pages into one HTTP engine.
//
// It owns which prefix speaks whose words, what browsers of foreign pages may call, the probes
// operators watch, and that everything shares one edge. It does not own any route of a dialect or
// page.
//
// Invariant: a path below a dialect's prefix fails in that dialect's words, also when no route
// answers there.
package rest

import (
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/dashboard"
	"github.com/101pay/101pay/adapters/graphql"
	"github.com/101pay/101pay/adapters/hosted"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/rest/facilitator"
	"github.com/101pay/101pay/adapters/rest/native"
)

// Part is a dialect or a set of pages.
type Part interface {
	// Mount registers the part's routes.
	Mount(e *gin.Engine)
}

// Probe answers how the gateway is doing. ready is false while requests should go elsewhere.
type Probe func(ctx context.Context) (status any, ready bool)

// probeLimit bounds what a readiness probe may take: whoever asks asks again.
const probeLimit = 3 * time.Second

// Paths of the probes. They answer while the process drains, so that whoever watches can tell a
// process that leaves from one that is dead.
const (
	HealthPath  = "/healthz"
	ReadyPath   = "/readyz"
	MetricsPath = "/metrics"
)

// Site is what New assembles.
type Site struct {
	Edge  edge.Options
	Parts []Part
	Ready Probe
	// Detail answers /readyz?verbose: all that operators may know, to whom it lets through itself.
	Detail  http.Handler
	Metrics http.Handler
	// Dashboard is the page merchants work on: whatever no route answers below its path. nil for none.
	Dashboard *dashboard.Pages
	// Around runs around every request, outermost first: counters of whoever measures.
	Around []gin.HandlerFunc
}

// New answers the engine that serves everything.
func New(s Site) *gin.Engine {
	s.Edge.Envelopes = hosted.Envelopes()
	s.Edge.Envelopes["/v1/"] = native.Envelope
	s.Edge.Envelopes[native.WellKnown] = native.Envelope
	s.Edge.Envelopes[facilitator.Prefix+"/"] = facilitator.Envelope
	s.Edge.BodyLimits = native.BodyLimits()
	maps.Copy(s.Edge.BodyLimits, graphql.BodyLimits())
	s.Edge.CrossOrigin = native.CrossOrigin()
	e := edge.NewEngine(s.Edge)
	e.Use(s.Around...)
	e.Use(page(s.Dashboard))
	e.GET("/", func(c *gin.Context) { c.Redirect(http.StatusFound, "/docs") })
	e.GET(HealthPath, func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	e.GET(ReadyPath, func(c *gin.Context) { ready(c, s) })
	e.GET(MetricsPath, gin.WrapH(s.Metrics))
	for _, part := range s.Parts {
		part.Mount(e)
	}
	return e
}

// page answers with the dashboard where a path is nobody's. A path that has a route for another method is
// somebody's, and says so.
func page(p *dashboard.Pages) gin.HandlerFunc {
	return func(c *gin.Context) {
		nobodys := c.FullPath() == "" && c.Writer.Status() == http.StatusNotFound
		if p == nil || !nobodys || !p.Answers(c.Request) {
			return
		}
		c.Abort()
		p.ServeHTTP(c.Writer, c.Request)
	}
}

func ready(c *gin.Context, s Site) {
	if _, verbose := c.GetQuery("verbose"); verbose && s.Detail != nil {
		s.Detail.ServeHTTP(c.Writer, c.Request)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), probeLimit)
	defer cancel()
	status, ok := s.Ready(ctx)
	code := http.StatusOK
	if !ok {
		code = http.StatusServiceUnavailable
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(code, status)
}
