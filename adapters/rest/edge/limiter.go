package edge

import (
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"
)

// Bounds of what a limit remembers.
const (
	limitKeysMax = 1 << 14 // keys per limit; the least recently seen is forgotten beyond that
	limitKeyMax  = 64      // bytes of a key; a longer one is replaced by its hash
)

// ipv6Bits is the part of an IPv6 address that tells customers apart: whoever has one address
// usually has the whole /64, and would otherwise have as many buckets.
const ipv6Bits = 64

// Limiter makes rate limits that share a clock. Limits are kept by each process for itself: behind
// n instances a client may be served up to n times as often.
type Limiter struct {
	now func() time.Time
}

// NewLimiter makes limits that tell the time by now.
func NewLimiter(now func() time.Time) *Limiter { return &Limiter{now: now} }

// KeyFunc says whose budget a request draws on.
type KeyFunc func(c *gin.Context) string

// Limit is a middleware with its own set of token buckets, one per key, each refilled perSecond
// and holding burst at most. A request that finds its bucket empty is answered rate_limited with
// Retry-After; it takes nothing from the bucket. Routes given the same value share its buckets.
func (l *Limiter) Limit(name string, key KeyFunc, perSecond float64, burst int) gin.HandlerFunc {
	b := &buckets{
		now: l.now, perSecond: rate.Limit(perSecond), burst: burst,
		keys: newRecent[*rate.Limiter](limitKeysMax),
	}
	return func(c *gin.Context) {
		if wait := b.take(key(c)); wait > 0 {
			of(c).limit = name
			Fail(c, ErrRateLimited.After(wait))
		}
	}
}

type buckets struct {
	now       func() time.Time
	perSecond rate.Limit
	burst     int

	mu   sync.Mutex
	keys *recent[*rate.Limiter] // guarded by mu
}

// take draws one token, or says how long until there is one.
func (b *buckets) take(key string) time.Duration {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	bucket := b.keys.get(shortKey(key), func() *rate.Limiter {
		return rate.NewLimiter(b.perSecond, b.burst)
	}).value
	reservation := bucket.ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// ByIP draws on the budget of the client's address. X-Forwarded-For counts only if it comes from
// one of Options.TrustedProxies.
func ByIP(c *gin.Context) string {
	ip, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		return c.RemoteIP() // a zone behind the address, or no address at all: still one budget
	}
	ip = ip.Unmap()
	if ip.Is6() {
		network, _ := ip.Prefix(ipv6Bits) // cannot fail: 64 bits fit every IPv6 address
		return network.String()
	}
	return ip.String()
}

// shortKey bounds the memory a client can make us spend on one key.
func shortKey(key string) string {
	if len(key) <= limitKeyMax {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return string(sum[:])
}
