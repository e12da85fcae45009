package telemetry

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	scrapesAtOnce = 4
	scrapeTimeout = 5 * time.Second
	// maxCredentialBytes bounds what is compared with the token.
	maxCredentialBytes = 512
)

// forwarding headers are put on by proxies. A request that has one did not come from this machine,
// whoever passed it on; and what they say is never believed.
var forwarding = []string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via",
	"Cf-Connecting-Ip", "True-Client-Ip",
}

// Handler serves the metrics to whom Guard lets through.
func (m *Metrics) Handler(token string) http.Handler {
	return Guard(token, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: scrapesAtOnce, Timeout: scrapeTimeout,
		ErrorHandling: promhttp.ContinueOnError, Registry: m.registry,
	}))
}

// Guard lets the bearer of the token through to what operators may see, or, if there is none, callers
// on this machine only.
func Guard(token string, serve http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case r.Method != http.MethodGet:
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		case token != "" && !bears(r, token):
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the metrics token is missing or wrong", http.StatusUnauthorized)
		case token == "" && !isLocal(r):
			http.Error(w, "metrics are served to this machine only, unless a token is set",
				http.StatusForbidden)
		default:
			serve.ServeHTTP(w, r)
		}
	})
}

// bears compares in constant time, of the length too.
func bears(r *http.Request, token string) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(given) > maxCredentialBytes {
		return false
	}
	want, got := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

// isLocal reports whether the other end of the connection is on this machine, and no proxy.
func isLocal(r *http.Request) bool {
	for _, name := range forwarding {
		if len(r.Header.Values(name)) > 0 {
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}
