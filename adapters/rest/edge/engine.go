package edge

import (
	"crypto/rand"
	"log/slog"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
)

// multipartMemory bounds what a parsed form may hold in memory, in bytes. Uploads are streamed.
const multipartMemory = 1 << 20

// Options is what the assembly tells the edge. The zero value is a working edge: no proxy is
// trusted, every body is bounded by DefaultBodyLimit, nothing answers across origins.
type Options struct {
	Log *slog.Logger     // nil means slog.Default
	Now func() time.Time // nil means the wall clock
	// NewRequestID mints an id for a request that brought none worth keeping.
	NewRequestID func() string
	// TrustedProxies may tell the client's address by X-Forwarded-For; nobody else is believed.
	TrustedProxies []netip.Prefix
	// Secure says that the public URL is https, and that browsers may be told to insist on it.
	Secure bool
	// BodyLimits overrides DefaultBodyLimit, in bytes, by route template ("/v1/kyc/documents").
	BodyLimits map[string]int64
	// Envelopes chooses how failures read, by path prefix; the longest matching prefix wins.
	Envelopes map[string]Envelope
	// CrossOrigin lists what browsers on foreign pages may call.
	CrossOrigin []CrossOrigin
	// Drain, if any, turns new requests away once it has begun.
	Drain *Drain
	// OnFault, if any, hears of every fault answered, for counting.
	OnFault func(code string, kind fault.Kind)
}

// frontier is an engine's settings, ready for use.
type frontier struct {
	Options
	envelopes prefixes[Envelope]
	foreign   prefixes[CrossOrigin]
	headers   map[string][]string
}

// NewEngine is a Gin engine on which dialects register their routes. Each request passes, in this
// order: request id, access log, recovery, security headers, origin, draining, path, body limit.
func NewEngine(o Options) *gin.Engine {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewRequestID == nil {
		o.NewRequestID = rand.Text
	}
	f := &frontier{Options: o, headers: securityHeaders(o.Secure)}
	for prefix, envelope := range o.Envelopes {
		f.envelopes.add(prefix, envelope)
	}
	for _, rule := range o.CrossOrigin {
		f.foreign.add(rule.Prefix, rule)
	}

	if gin.Mode() == gin.DebugMode {
		gin.SetMode(gin.ReleaseMode) // debug mode prints every route to standard output
	}
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.RemoveExtraSlash = false
	// Routes are matched on the decoded path. That is safe because checkPath refuses every
	// spelling that could decode into another route, and Gin's own unescaping of raw paths would
	// turn "+" into a space.
	engine.UseRawPath = false
	// A handler that passes its gin.Context on as a context must pass on the deadline too.
	engine.ContextWithFallback = true
	engine.MaxMultipartMemory = multipartMemory
	engine.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := engine.SetTrustedProxies(texts(o.TrustedProxies)); err != nil {
		panic("edge: a parsed prefix does not parse: " + err.Error())
	}

	// The origin is settled before anything can fail: a page must be able to read a refusal too.
	engine.Use(f.open, f.logAccess, f.rescue, f.secure, f.crossOrigin)
	if o.Drain != nil {
		engine.Use(o.Drain.turnAway)
	}
	engine.Use(checkPath, f.limitBody)
	engine.NoRoute(func(c *gin.Context) { Fail(c, fault.ErrNotFound) })
	engine.NoMethod(func(c *gin.Context) { Fail(c, ErrMethodNotAllowed) })
	return engine
}

func texts(prefixes []netip.Prefix) []string {
	out := make([]string, len(prefixes))
	for i, p := range prefixes {
		out[i] = p.String()
	}
	return out
}
