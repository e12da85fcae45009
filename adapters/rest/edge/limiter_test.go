package edge_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
)

// clock is a time that moves when told.
type clock struct{ nanos atomic.Int64 }

func (k *clock) now() time.Time          { return time.Unix(1_800_000_000, k.nanos.Load()) }
func (k *clock) advance(d time.Duration) { k.nanos.Add(int64(d)) }

func TestLimitRefusesWhenTheBucketIsEmpty(t *testing.T) {
	var k clock
	limits := edge.NewLimiter(k.now)
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		// Half a request per second, three at once.
		engine.GET("/a", limits.Limit("intents", edge.ByIP, 0.5, 3),
			func(c *gin.Context) { c.String(http.StatusOK, "a") })
		engine.GET("/b", limits.Limit("status", edge.ByIP, 0.5, 1),
			func(c *gin.Context) { c.String(http.StatusOK, "b") })
	})
	refused := func(path, after string) {
		t.Helper()
		got := h.get(t, path)
		got.wantFault(t, http.StatusTooManyRequests, "rate_limited")
		if got.header.Get("Retry-After") != after {
			t.Errorf("Retry-After %q, want %s", got.header.Get("Retry-After"), after)
		}
	}
	served := func(path string) {
		t.Helper()
		if got := h.get(t, path); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	for range 3 {
		served("/a")
	}
	for range 5 { // being refused costs nothing
		refused("/a", "2")
	}
	served("/b") // another limit, another bucket
	k.advance(500 * time.Millisecond)
	refused("/a", "2")
	k.advance(1500 * time.Millisecond)
	served("/a")
	refused("/a", "2")
	k.advance(time.Hour)
	for range 3 {
		served("/a")
	}
	refused("/a", "2")
	h.Close()
	for _, line := range h.log.lines(t, "request served") {
		if (line["status"] == 429.0) != (line["limit"] == "intents") {
			t.Errorf("log: %v", line)
		}
	}
}

// Row F14: with no proxy configured a made-up X-Forwarded-For buys nothing.
func TestLimitCannotBeDodgedByAHeader(t *testing.T) {
	var k clock
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		engine.GET("/a", edge.NewLimiter(k.now).Limit("a", edge.ByIP, 1, 1))
	})
	for i, want := range []int{200, 429, 429} {
		r := h.request(t, http.MethodGet, "/a", "")
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i))
		if got := do(t, r); got.status != want {
			t.Errorf("request %d: %d", i, got.status)
		}
	}
}

// Under a frozen clock exactly a burst gets through, however many ask at once.
func TestLimitIsExactUnderConcurrency(t *testing.T) {
	var k clock
	const burst, askers = 7, 64
	engine := edge.NewEngine(edge.Options{Log: (&logBook{}).logger()})
	var through atomic.Int32
	engine.GET("/a/:key", edge.NewLimiter(k.now).Limit("a", func(c *gin.Context) string {
		return c.Param("key")
	}, 1, burst), func(*gin.Context) { through.Add(1) })
	var wg sync.WaitGroup
	for i := range askers {
		wg.Go(func() {
			for range 4 {
				r, _ := http.NewRequestWithContext(t.Context(), "GET", fmt.Sprint("/a/", i%2), nil)
				engine.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
	wg.Wait()
	if through.Load() != 2*burst {
		t.Errorf("%d got through, want %d", through.Load(), 2*burst)
	}
}

// discard is a response nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
