package graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
)

// Where the dashboard asks.
const (
	Path        = "/dashboard/graphql"
	ReportsPath = "/dashboard/reports/report"
)

// Requests that one client address may make.
const (
	perSecond = 50
	burst     = 200
)

const jsonType = "application/json"

// Gate says who makes a request, or refuses it; it puts him where API.Actor finds him.
type Gate func(c *gin.Context) (app.Actor, error)

// headerUnattended marks what a page asks by itself, with any value: nobody did anything.
const headerUnattended = "Dashboard-Unattended"

// Service is the API behind its gate.
type Service struct {
	API  *API
	Gate Gate
	// Watch is the gate of streams and of what is asked by itself: it takes no note that anybody was there.
	Watch   Gate
	Limiter *edge.Limiter
	Drain   *edge.Drain
}

var (
	errJSON = fault.New(fault.Invalid, "invalid_request",
		"send {\"query\": \"…\", \"variables\": {…}, \"operationName\": \"…\"} as one JSON object")
	errMediaType = fault.New(fault.Unsupported, "unsupported_media_type", "Content-Type must be application/json")
	errOrigin    = fault.New(fault.Forbidden, "cross_origin", "requests of other origins are not answered")
)

// Mount registers the routes.
func (s *Service) Mount(e *gin.Engine) {
	server, guard := s.API.server(s.Drain), s.guard()
	limit := s.Limiter.Limit("dashboard", edge.ByIP, perSecond, burst)
	e.POST(Path, limit, func(c *gin.Context) {
		if err := s.admit(c, guard); err != nil {
			refuse(c, err)
			return
		}
		server.ServeHTTP(c.Writer, c.Request)
	})
	s.mountReports(e, limit)
	s.mountUploads(e, guard)
}

// guard refuses what pages of other origins made a browser send. The gateway's own is known by its public
// URL: behind a proxy a request may name another host.
func (s *Service) guard() *http.CrossOriginProtection {
	guard := http.NewCrossOriginProtection()
	if public, err := url.Parse(s.API.PublicURL); err == nil {
		// What is no origin is no page of ours either: requests are then judged by their own host.
		_ = guard.AddTrustedOrigin(public.Scheme + "://" + public.Host)
	}
	return guard
}

// admit says who asks, and that a whole request arrived from a page of ours.
func (s *Service) admit(c *gin.Context, guard *http.CrossOriginProtection) error {
	if guard.Check(c.Request) != nil {
		return errOrigin
	}
	kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || kind != jsonType {
		return errMediaType
	}
	gate := s.Gate
	if c.GetHeader(headerUnattended) != "" || wantsStream(c.Request) {
		gate = s.Watch
	}
	who, err := gate(c)
	if err != nil {
		return err
	}
	body, err := edge.RawBody(c)
	if err != nil {
		return err
	}
	params, err := requestOf(body)
	if err != nil {
		return err
	}
	params.Headers = c.Request.Header
	c.Header("Cache-Control", "no-store")
	still := func() error {
		_, err := s.Watch(c)
		return err
	}
	ctx := context.WithValue(c.Request.Context(), readerKey{},
		reader{params, string(who.Member), still, func() { edge.Read(c) }})
	c.Request = c.Request.WithContext(ctx)
	return nil
}

// reader is what was asked, who asks, how to ask whether he still may, and how to tell the log that he changed
// nothing.
type reader struct {
	params *graphql.RawParams
	member string
	still  func() error
	read   func()
}

// readerKey is where a context keeps its reader.
type readerKey struct{}

func readerOf(ctx context.Context) reader {
	r, ok := ctx.Value(readerKey{}).(reader)
	if !ok {
		return reader{params: &graphql.RawParams{}, still: func() error { return nil }, read: func() {}}
	}
	return r
}

// requestOf reads a body that is one request, and nothing beside.
func requestOf(body []byte) (*graphql.RawParams, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	d.UseNumber()
	var in struct {
		Query         *string        `json:"query"`
		OperationName string         `json:"operationName"`
		Variables     map[string]any `json:"variables"`
	}
	if d.Decode(&in) != nil || in.Query == nil {
		return nil, errJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	return &graphql.RawParams{Query: *in.Query, OperationName: in.OperationName, Variables: in.Variables}, nil
}

// refuse answers a request that nobody looked into, in the words of all answers here.
func refuse(c *gin.Context, err error) {
	f := fault.From(err)
	status := http.StatusBadRequest
	switch f.Kind {
	case fault.Unauthenticated:
		status = http.StatusUnauthorized
	case fault.Forbidden:
		status = http.StatusForbidden
	case fault.TooLarge:
		status = http.StatusRequestEntityTooLarge
	case fault.Unsupported:
		status = http.StatusUnsupportedMediaType
	case fault.Limited:
		status = http.StatusTooManyRequests
	case fault.Unavailable:
		status = http.StatusServiceUnavailable
	case fault.Internal:
		status = http.StatusInternalServerError
	case fault.Invalid, fault.Rejected, fault.NotFound, fault.NotAllowed, fault.Conflict, fault.Unprocessable,
		fault.Unready:
	}
	c.Header("Cache-Control", "no-store")
	c.AbortWithStatusJSON(status, gin.H{"errors": []gin.H{{
		"message": f.Message, "extensions": gin.H{"code": codeOf(f), "fault": f.Code},
	}}})
}

// server answers the schema over HTTP: requests in JSON, subscriptions as a stream of events.
func (a *API) server(drain *edge.Drain) *handler.Server {
	h := handler.New(NewExecutableSchema(Config{Resolvers: root{a}}))
	h.AddTransport(newStream(drain))
	h.AddTransport(document{})
	h.SetParserTokenLimit(maxTokens)
	h.SetQueryCache(&texts{})
	h.SetDisableSuggestion(!a.Development)
	h.SetErrorPresenter(a.present)
	h.SetRecoverFunc(a.recovered)
	h.Use(bounds{development: a.Development})
	h.Use(byPlan{})
	return h
}

// recovered is the error of a resolver that broke: logged, and told as no more than that.
func (a *API) recovered(ctx context.Context, broke any) error {
	a.Log.ErrorContext(ctx, "graphql resolver broke", "panic", broke)
	return fault.ErrInternal
}
