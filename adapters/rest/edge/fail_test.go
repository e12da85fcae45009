package edge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/fault"
)

func TestEveryKindHasItsStatus(t *testing.T) {
	want := map[fault.Kind]int{
		fault.Invalid: 400, fault.Unauthenticated: 401, fault.Rejected: 402, fault.Forbidden: 403,
		fault.NotFound: 404, fault.NotAllowed: 405, fault.Conflict: 409, fault.TooLarge: 413,
		fault.Unsupported: 415, fault.Unprocessable: 422, fault.Limited: 429, fault.Internal: 500,
		fault.Unavailable: 503, 0: 500, fault.Unavailable + 1: 500,
	}
	for kind, status := range want {
		if got := edge.Status(kind); got != status {
			t.Errorf("kind %d: %d, want %d", kind, got, status)
		}
	}
}

// failing answers GET /v1/fail with whatever err is.
func failing(err error) func(*gin.Engine) {
	return func(engine *gin.Engine) {
		engine.GET("/v1/fail", func(c *gin.Context) { edge.Fail(c, err) })
	}
}

// What wrapping adds is for the log. A client that could read it would learn our tables, our
// providers, and sometimes our secrets.
func TestInternalsGoToTheLogOnceAndNeverOut(t *testing.T) {
	declined := fault.New(fault.Conflict, "slots_full", "try again").About("amount").Because("full")
	for _, tt := range []struct {
		name   string
		err    error
		status int
		code   string
		level  string // of the log line, "" if there must be none
	}{
		{"plain", errors.New("pq: canary-1 relation missing"), 500, "internal_error", "ERROR"},
		{
			"wrapped", fmt.Errorf("canary-1: %w", fault.ErrUnavailable),
			503, "service_unavailable", "WARN",
		},
		{"coded", fmt.Errorf("canary-1: %w", declined), 409, "slots_full", ""},
		{"not ours to hide", fmt.Errorf("canary-1: %w", fault.ErrNotFound), 404, "not_found", ""},
		{
			"a cancellation of our own", fmt.Errorf("canary-1: %w", context.Canceled),
			500, "internal_error", "ERROR",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var counted []string
			o := edge.Options{OnFault: func(code string, kind fault.Kind) {
				counted = append(counted, fmt.Sprint(code, edge.Status(kind)))
			}}
			h := open(t, o, failing(tt.err))
			got := h.get(t, "/v1/fail")
			m := got.wantFault(t, tt.status, tt.code)
			if strings.Contains(got.body, "canary-1") {
				t.Errorf("leaked: %s", got.body)
			}
			if tt.code == "slots_full" && (m["param"] != "amount" || m["reason"] != "full") {
				t.Errorf("refinements lost: %s", got.body)
			}
			h.Close()
			lines := h.log.lines(t, "request failed")
			if tt.level == "" {
				if len(lines) != 0 || strings.Contains(h.log.String(), "canary-1") {
					t.Errorf("logged: %v", lines)
				}
			} else if len(lines) != 1 || lines[0]["error"] != tt.err.Error() ||
				lines[0]["level"] != tt.level || lines[0]["route"] != "/v1/fail" ||
				lines[0]["request_id"] != got.header.Get("X-Request-Id") {
				t.Errorf("log: %v", lines)
			}
			want := []string{fmt.Sprint(tt.code, tt.status)}
			if diff := cmp.Diff(want, counted); diff != "" {
				t.Errorf("counted: %s", diff)
			}
		})
	}
}

func TestRetryAfterIsWholeSecondsAndNeverForgotten(t *testing.T) {
	limited := fault.New(fault.Limited, "slow_down", "wait")
	for _, tt := range []struct {
		fault *fault.Fault
		want  string
	}{
		{limited, "1"},
		{limited.After(time.Millisecond), "1"},
		{limited.After(time.Second), "1"},
		{limited.After(1001 * time.Millisecond), "2"},
		{limited.After(15 * time.Minute), "900"},
		{limited.After(1<<63 - 1), "9223372037"},
		{fault.New(fault.Unavailable, "down", "wait"), "1"},
		{fault.ErrNotFound, ""},
		{fault.New(fault.Conflict, "idempotency_in_progress", "wait").After(time.Second), "1"},
	} {
		got := open(t, edge.Options{}, failing(tt.fault)).get(t, "/v1/fail")
		if got.header.Get("Retry-After") != tt.want {
			t.Errorf("%v: %q, want %q", tt.fault, got.header.Get("Retry-After"), tt.want)
		}
	}
}

// Row O06.
func TestPanicIsAnsweredWithNothingButTheID(t *testing.T) {
	var counted atomic.Int32
	o := edge.Options{OnFault: func(string, fault.Kind) { counted.Add(1) }}
	h := open(t, o, func(engine *gin.Engine) {
		engine.GET("/v1/boom", func(c *gin.Context) {
			c.Header("Content-Disposition", "attachment")
			c.Header("Content-Type", "text/csv")
			c.Header("Cache-Control", "public")
			panic("canary-2\nsecond line")
		})
	})
	got := h.get(t, "/v1/boom")
	got.wantFault(t, http.StatusInternalServerError, "internal_error")
	if strings.Contains(got.body, "canary-2") {
		t.Errorf("leaked: %s", got.body)
	}
	for name, want := range map[string]string{"Content-Disposition": "", "Cache-Control": "no-store"} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.header.Get(name), want)
		}
	}
	h.Close()
	lines := h.log.lines(t, "request panicked")
	if len(lines) != 1 || lines[0]["panic"] != "canary-2\nsecond line" ||
		!strings.Contains(lines[0]["stack"].(string), "fail_test.go") ||
		lines[0]["request_id"] != got.header.Get("X-Request-Id") {
		t.Errorf("log: %v", lines)
	}
	if access := h.log.lines(t, "request served"); len(access) != 1 ||
		access[0]["status"] != 500.0 || access[0]["code"] != "internal_error" {
		t.Errorf("access log: %v", access)
	}
	if counted.Load() != 1 {
		t.Errorf("counted %d times", counted.Load())
	}
}

// Half a statement must not look like a whole one.
func TestAnswerBrokenHalfwayDropsTheConnection(t *testing.T) {
	for name, end := range map[string]func(*gin.Context){
		"fail":  func(c *gin.Context) { edge.Fail(c, errors.New("disk gone")) },
		"panic": func(*gin.Context) { panic("disk gone") },
		"abort": func(*gin.Context) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, edge.Options{}, func(engine *gin.Engine) {
				engine.GET("/v1/statement", func(c *gin.Context) {
					c.String(http.StatusOK, "first line\n")
					c.Writer.Flush()
					end(c)
				})
			})
			res, err := http.DefaultTransport.RoundTrip(
				h.request(t, http.MethodGet, "/v1/statement", ""))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if body, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("read %q and %v", body, err)
			}
			h.Close()
			access := h.log.lines(t, "request served")
			if len(access) != 1 || access[0]["hung_up"] != true {
				t.Errorf("access log: %v", access)
			}
			if name != "abort" && access[0]["code"] != "internal_error" {
				t.Errorf("access log: %v", access)
			}
		})
	}
}

// A client that hangs up while we work is no failure of ours.
func TestClientThatHungUpIsNotAnInternalError(t *testing.T) {
	entered := make(chan struct{})
	var code atomic.Value
	o := edge.Options{OnFault: func(c string, _ fault.Kind) { code.Store(c) }}
	h := open(t, o, func(engine *gin.Engine) {
		engine.GET("/v1/slow", func(c *gin.Context) {
			close(entered)
			<-c.Done() // the gin.Context itself must carry the request's cancellation
			edge.Fail(c, fmt.Errorf("query: %w", c.Err()))
		})
	})
	conn := h.dial(t)
	if _, err := io.WriteString(conn, "GET /v1/slow HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-entered
	conn.Close()
	h.Close()
	if code.Load() != "client_closed_request" {
		t.Errorf("counted %v", code.Load())
	}
}

// Each dialect's merchants see one error form, also for what never reached a route of theirs.
func TestEnvelopeFollowsThePath(t *testing.T) {
	sentence := func(name string) edge.Envelope {
		return func(c *gin.Context, f *fault.Fault, id string) {
			c.String(edge.Status(f.Kind), "%s:%s:%v", name, f.Code, id == edge.RequestID(c))
		}
	}
	h := open(t, edge.Options{Envelopes: map[string]edge.Envelope{
		"/v1/sessions": sentence("deposit"), "/v1/sessions/page": sentence("page"),
		"/pay/": sentence("hosted"), "/api": sentence("api"),
	}}, func(engine *gin.Engine) {
		engine.POST("/v1/sessions", func(c *gin.Context) {
			edge.Fail(c, edge.Decode(c, new(order)))
		})
		engine.GET("/api/boom", func(*gin.Context) { panic("x") })
	})
	for path, want := range map[string]string{
		"/v1/sessions":        "deposit:method_not_allowed:true",
		"/v1/sessions/none":   "deposit:not_found:true",
		"/v1/sessions//":      "deposit:not_found:true",
		"/v1/sessions/page/1": "page:not_found:true",
		"/pay/1":              "hosted:not_found:true",
		"/api/boom":           "api:internal_error:true",
		"/api":                "api:not_found:true",
	} {
		if got := h.get(t, path); got.body != want {
			t.Errorf("%s: %s, want %s", path, got.body, want)
		}
	}
	for _, path := range []string{"/v1/sessionsx", "/v1", "/pay", "/apis/x"} {
		h.get(t, path).wantFault(t, 404, "not_found")
	}
	for contentType, want := range map[string]string{
		"text/plain":       "deposit:unsupported_media_type:true",
		"application/json": "deposit:invalid_json:true",
	} {
		r := h.request(t, http.MethodPost, "/v1/sessions", "")
		r.Header.Set("Content-Type", contentType)
		if got := do(t, r); got.body != want {
			t.Errorf("%s: %s", contentType, got.body)
		}
	}
	r := h.request(t, http.MethodPost, "/v1/sessions", strings.Repeat(" ", 64<<10+1))
	if got := do(t, r); got.body != "deposit:body_too_large:true" {
		t.Error(got.body)
	}
}
