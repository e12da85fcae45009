package telemetry

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// scrape asks as this machine does.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := ask(m, "", func(r *http.Request) { r.RemoteAddr = "127.0.0.1:5000" })
	if w.Code != http.StatusOK {
		t.Fatalf("scrape: %d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func ask(m *Metrics, token string, change func(r *http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	change(r)
	w := httptest.NewRecorder()
	m.Handler(token).ServeHTTP(w, r)
	return w
}

func wants(t *testing.T, page string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("the page lacks %s", line)
		}
	}
}

func TestRequestsAreCountedByTemplate(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	m, engine := New(), gin.New()
	engine.Use(func(c *gin.Context) {
		defer func() {
			if recover() != nil {
				c.AbortWithStatus(http.StatusInternalServerError)
			}
		}()
		c.Next()
	}, m.Middleware())
	engine.GET("/v1/checkout/sessions/:id", func(c *gin.Context) {
		page := scrape(t, m)
		wants(t, page, "gateway_http_requests_underway 1")
		c.Status(http.StatusNoContent)
	})
	engine.GET("/panics", func(*gin.Context) { panic("a bug") })
	for _, call := range [][2]string{
		{"GET", "/v1/checkout/sessions/secret-1"},
		{"GET", "/v1/checkout/sessions/secret-2"},
		{"GET", "/nowhere/secret"},
		{"BREW", "/nowhere"},
		{"GET", "/panics"},
	} {
		engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(call[0], call[1], nil))
	}
	page := scrape(t, m)
	wants(t, page,
		`gateway_http_requests_total{method="GET",route="/v1/checkout/sessions/:id",status="2xx"} 2`,
		`gateway_http_requests_total{method="GET",route="unmatched",status="4xx"} 1`,
		`gateway_http_requests_total{method="other",route="unmatched",status="4xx"} 1`,
		`gateway_http_request_seconds_count{route="/v1/checkout/sessions/:id"} 2`,
		`gateway_http_requests_underway 0`,
	)
	if !strings.Contains(page, `route="/panics"`) {
		t.Error("a panic is not counted")
	}
	if strings.Contains(page, "secret") || strings.Contains(page, "BREW") {
		t.Error("a client made up a label")
	}
}

func TestHooksAreCounted(t *testing.T) {
	m := New()
	m.Fault("key_pair_invalid")
	m.Job("webhook_deliver", "snoozed", 2*time.Second)
	m.Loop("watch tron", "failed", time.Second)
	m.Outbound("timeout", 15*time.Second)
	m.Pool("main", func() PoolStats {
		return PoolStats{Max: 20, Open: 7, InUse: 3, Waits: 9, Waited: 1500 * time.Millisecond}
	})
	m.Chains(func(ctx context.Context) ([]ChainState, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("a scrape may wait for ever")
		}
		return []ChainState{
			{
				Network: "tron", Height: 72_000_000, Lag: 3 * time.Second, Healthy: true, Rescanned: time.Unix(1_790_000_000, 0),
				Endpoints: []EndpointState{
					{Host: "one.example", Priority: 1, Open: true, Retry: time.Minute, Failures: 4},
					{
						Host: "one.example", Priority: 2, Healthy: true, Latency: 250 * time.Millisecond,
						Latest: 72_000_019, Final: 72_000_000,
					},
				},
			},
			{Network: "sandbox", Height: 5, Lag: time.Hour},
		}, nil
	})
	m.Rates(func() []RateState {
		return []RateState{{"ETH/USD", true, 7 * time.Second, 3}, {"USD/JPY", false, 0, 1}}
	})
	m.Rescan("tron", "missed", 2)
	m.Vouched("tron", "sources_disagree")
	wants(t, scrape(t, m),
		`gateway_rescan_transfers_total{finding="missed",network="tron"} 2`,
		`gateway_vouched_total{network="tron",outcome="sources_disagree"} 1`,
		`gateway_rescan_finished_timestamp_seconds{network="tron"} 1.79e+09`,
		`gateway_rescan_finished_timestamp_seconds{network="sandbox"} 0`,
		`gateway_endpoint_breaker_open{host="one.example",network="tron",priority="1"} 1`,
		`gateway_endpoint_retry_seconds{host="one.example",network="tron",priority="1"} 60`,
		`gateway_endpoint_failures{host="one.example",network="tron",priority="1"} 4`,
		`gateway_endpoint_healthy{host="one.example",network="tron",priority="1"} 0`,
		`gateway_endpoint_healthy{host="one.example",network="tron",priority="2"} 1`,
		`gateway_endpoint_latency_seconds{host="one.example",network="tron",priority="2"} 0.25`,
		`gateway_endpoint_final_height{host="one.example",network="tron",priority="2"} 7.2e+07`,
		`gateway_rate_age_seconds{pair="ETH/USD"} 7`, `gateway_rate_sources_agreeing{pair="ETH/USD"} 3`,
		`gateway_rate_sources_agreeing{pair="USD/JPY"} 1`,
		`gateway_faults_total{code="key_pair_invalid"} 1`,
		`gateway_job_seconds_count{kind="webhook_deliver",outcome="snoozed"} 1`,
		`gateway_loop_seconds_sum{loop="watch tron",outcome="failed"} 1`,
		`gateway_outbound_seconds_sum{outcome="timeout"} 15`,
		`gateway_pool_connections_max{pool="main"} 20`, `gateway_pool_connections_open{pool="main"} 7`,
		`gateway_pool_connections_in_use{pool="main"} 3`, `gateway_pool_waits{pool="main"} 9`,
		`gateway_pool_waited_seconds{pool="main"} 1.5`,
		`gateway_chain_height{network="tron"} 7.2e+07`, `gateway_chain_lag_seconds{network="tron"} 3`,
		`gateway_chain_healthy{network="tron"} 1`, `gateway_chain_healthy{network="sandbox"} 0`,
		`gateway_chain_lag_seconds{network="sandbox"} 3600`,
	)
}

// A question nobody answers leaves the rest of the page as it is.
func TestUnansweredQuestionsAreCounted(t *testing.T) {
	m := New()
	m.Chains(func(context.Context) ([]ChainState, error) { return nil, errors.New("no database") })
	scrape(t, m)
	page := scrape(t, m)
	if strings.Contains(page, "gateway_chain_height{") {
		t.Error("heights from nowhere")
	}
	// The counter may be read before or after this scrape's own question failed.
	if strings.Contains(page, `gateway_collect_errors_total{source="chains"} 0`) {
		t.Error("the first scrape's failure is not counted")
	}
	wants(t, strings.ReplaceAll(page, "} 2\n", "} 1\n"), `gateway_collect_errors_total{source="chains"} 1`)
}

// Numbers tell a competitor much: they are for the operator alone.
func TestOnlyTheOperatorReadsTheMetrics(t *testing.T) {
	m := New()
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			r.RemoteAddr = "127.0.0.1:5000"
			r.Header.Set(name, value)
		}
	}
	from := func(address string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = address } }
	for name, c := range map[string]struct {
		token  string
		change func(r *http.Request)
		want   int
	}{
		"this machine":               {"", from("127.0.0.1:5000"), 200},
		"this machine, IPv6":         {"", from("[::1]:5000"), 200},
		"this machine, mapped":       {"", from("[::ffff:127.0.0.1]:5000"), 200},
		"another":                    {"", from("10.0.0.7:5000"), 403},
		"another claims to be this":  {"", func(r *http.Request) { r.RemoteAddr = "8.8.8.8:1"; r.Header.Set("X-Forwarded-For", "127.0.0.1") }, 403},
		"through a proxy":            {"", header("X-Forwarded-For", "127.0.0.1"), 403},
		"through a proxy, Forwarded": {"", header("Forwarded", "for=127.0.0.1"), 403},
		"through a proxy, Via":       {"", header("Via", "1.1 proxy"), 403},
		"through a proxy, empty":     {"", header("X-Real-IP", ""), 403},
		"no address":                 {"", from(""), 403},
		"a path as address":          {"", from("@"), 403},
		"token":                      {"s3cret", func(r *http.Request) { r.RemoteAddr = "8.8.8.8:1"; r.Header.Set("Authorization", "Bearer s3cret") }, 200},
		"token, other case":          {"s3cret", header("Authorization", "bearer s3cret"), 200},
		"no token":                   {"s3cret", from("127.0.0.1:5000"), 401},
		"wrong token":                {"s3cret", header("Authorization", "Bearer s3cres"), 401},
		"begun token":                {"s3cret", header("Authorization", "Bearer s3c"), 401},
		"empty token":                {"s3cret", header("Authorization", "Bearer "), 401},
		"other scheme":               {"s3cret", header("Authorization", "Basic s3cret"), 401},
		"long token":                 {"s3cret", header("Authorization", "Bearer "+strings.Repeat("s", 10_000)), 401},
		"token in the URL":           {"s3cret", func(r *http.Request) { r.RemoteAddr = "127.0.0.1:1"; r.URL.RawQuery = "token=s3cret" }, 401},
		"POST":                       {"", func(r *http.Request) { r.RemoteAddr = "127.0.0.1:1"; r.Method = "POST" }, 405},
	} {
		if w := ask(m, c.token, c.change); w.Code != c.want || (w.Code != 200 && strings.Contains(w.Body.String(), "gateway_")) {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}
