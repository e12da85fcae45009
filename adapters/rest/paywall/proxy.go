package paywall

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
)

// HeaderPayer tells the server behind a proxy who paid, by account. Nobody else can set it.
const HeaderPayer = "X-402-Payer"

// upstreamLimit is how long the server behind may take to begin its answer, dialLimit to be reached at all.
const (
	upstreamLimit   = 60 * time.Second
	dialLimit       = 5 * time.Second
	idleConnections = 64
)

// Rule says what requests cost. The pattern is net/http's: "GET /weather/{city}", "/api/"; the most
// specific one holds.
type Rule struct {
	Pattern string
	Price   *Price // nil for what is free
	Tools   Tools  // prices of the tools of a server of the Model Context Protocol; then Price is nil
}

// Proxy is what puts a server, whatever it is written in, behind the gate: requests that no rule names are
// answered 404, so that nothing is given away by a path nobody thought of. The handlers go on a catch-all
// route, in this order.
func (g *Gate) Proxy(upstream *url.URL, rules []Rule) (handlers []gin.HandlerFunc, err error) {
	if upstream.Scheme != "http" && upstream.Scheme != "https" || upstream.Host == "" {
		return nil, errors.New("paywall: the upstream must be an http or https URL")
	}
	mux, sells := http.NewServeMux(), map[string]gin.HandlerFunc{}
	for _, r := range rules {
		if err := register(mux, r.Pattern); err != nil {
			return nil, err
		}
		if sells[r.Pattern], err = g.seller(r); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Pattern, err)
		}
	}
	return []gin.HandlerFunc{
		func(c *gin.Context) {
			_, pattern := mux.Handler(c.Request)
			sell, named := sells[pattern]
			if !named {
				plain(c, http.StatusNotFound, fault.ErrNotFound)
				c.Abort()
				return
			}
			sell(c)
		},
		forward(upstream, g.Log),
	}, nil
}

func (g *Gate) seller(r Rule) (gin.HandlerFunc, error) {
	switch {
	case r.Price != nil && r.Tools != nil:
		return nil, errors.New("a rule has a price or prices of tools")
	case r.Price != nil:
		return g.Sell(*r.Price)
	case r.Tools != nil:
		return g.SellTools(r.Tools)
	}
	return func(c *gin.Context) { c.Next() }, nil
}

// register adds a pattern; what net/http would panic over is an error.
func register(mux *http.ServeMux, pattern string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("paywall: %v", p)
		}
	}()
	mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	return nil
}

// private are headers that are between the payer and us.
var private = []string{x402.HeaderPaymentV1, x402.HeaderPaymentV2, HeaderPayer}

func forward(upstream *url.URL, log *slog.Logger) gin.HandlerFunc {
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: dialLimit}).DialContext,
			ResponseHeaderTimeout: upstreamLimit, MaxIdleConnsPerHost: idleConnections, IdleConnTimeout: time.Minute,
		},
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(upstream)
			p.SetXForwarded()
			for _, name := range private {
				p.Out.Header.Del(name)
			}
			if payer, ok := Payer(p.In); ok {
				p.Out.Header.Set(HeaderPayer, payer.String())
			}
		},
		ModifyResponse: func(r *http.Response) error {
			for _, name := range []string{x402.HeaderRequiredV2, x402.HeaderResponseV1, x402.HeaderResponseV2} {
				r.Header.Del(name) // ours to say
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.WarnContext(r.Context(), "the server behind the paywall does not answer", "error", err)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte(`{"error":"upstream_unavailable","message":"the server behind this address does not answer"}`))
		},
	}
	return func(c *gin.Context) { proxy.ServeHTTP(c.Writer, c.Request) }
}

// payerKey is where the request's context tells who pays.
type payerKey struct{}

// Payer answers who pays for a request, to handlers behind Sell.
func Payer(r *http.Request) (x402.Address, bool) {
	a, ok := r.Context().Value(payerKey{}).(x402.Address)
	return a, ok
}
