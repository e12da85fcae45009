package edge_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/rest/edge"
)

// Row G01.
func TestIdempotencyKeysAreReadStrictly(t *testing.T) {
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		engine.GET("/key", func(c *gin.Context) {
			key, present, err := edge.IdempotencyKey(c)
			if err != nil {
				edge.Fail(c, err)
				return
			}
			c.String(http.StatusOK, "%q %v", key, present)
		})
	})
	long := strings.Repeat("k", 255)
	for _, tt := range []struct {
		keys []string
		want string // "" means refused
	}{
		{nil, `"" false`},
		{[]string{"a"}, `"a" true`},
		{[]string{"order 1~!"}, `"order 1~!" true`},
		{[]string{long}, fmt.Sprintf("%q true", long)},
		{[]string{long + "k"}, ""},
		{[]string{""}, ""},
		{[]string{"a", "a"}, ""},
		{[]string{"a", "b"}, ""},
		{[]string{"é"}, ""},
		{[]string{"a\tb"}, ""},
		{[]string{"a\xffb"}, ""},
	} {
		r := h.request(t, http.MethodGet, "/key", "")
		r.Header["Idempotency-Key"] = tt.keys
		got := do(t, r)
		if tt.want == "" {
			got.wantFault(t, 400, "invalid_idempotency_key")
		} else if got.body != tt.want {
			t.Errorf("%q: %d %s", tt.keys, got.status, got.body)
		}
	}
}

// An answer is stored before the client sees it, so nothing may leave while it is captured; and
// what is replayed is what was sent, byte for byte.
func TestCapturedAnswersCanBeGivenAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		run  gin.HandlerFunc
		want edge.Captured
	}{
		"json": {
			func(c *gin.Context) { c.JSON(http.StatusCreated, gin.H{"id": "<1>"}) },
			edge.Captured{
				Status: 201, Body: []byte(`{"id":"\u003c1\u003e"}`),
				ContentType: "application/json; charset=utf-8",
			},
		},
		"empty":  {func(c *gin.Context) { c.Status(http.StatusNoContent) }, edge.Captured{Status: 204}},
		"silent": {func(*gin.Context) {}, edge.Captured{Status: 200}},
		"aborted": {
			func(c *gin.Context) { c.AbortWithStatus(http.StatusTeapot) }, edge.Captured{Status: 418},
		},
		"flushed": {
			func(c *gin.Context) {
				c.String(http.StatusOK, "a")
				c.Writer.Flush()
				_, _ = c.Writer.WriteString("b")
				c.Status(http.StatusTeapot) // too late, as without capture
				if c.Writer.Status() != http.StatusOK || c.Writer.Size() != 2 {
					panic("the writer lies about what was written")
				}
			},
			edge.Captured{Status: 200, Body: []byte("ab"), ContentType: "text/plain; charset=utf-8"},
		},
		"fault": {
			func(c *gin.Context) { edge.Fail(c, edge.ErrInvalidType.About("amount")) },
			edge.Captured{
				Status: 400, ContentType: "application/json; charset=utf-8",
				Body: []byte(`{"error":"invalid_type","message":"` + edge.ErrInvalidType.Message +
					`","type":"invalid_request","param":"amount","request_id":"fixed-id"}`),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var kept edge.Captured
			o := edge.Options{NewRequestID: func() string { return "fixed-id" }}
			h := open(t, o, func(engine *gin.Engine) {
				engine.GET("/first", func(c *gin.Context) {
					through := c.Writer
					c.Header("Location", "/v1/x")
					kept = edge.Capture(c, func() { tt.run(c) })
					if through.Written() || c.Writer != through {
						t.Error("left before it was kept")
					}
					edge.Send(c, kept)
				})
				engine.GET("/again", func(c *gin.Context) { edge.Replay(c, kept) })
			})
			first, again := h.get(t, "/first"), h.get(t, "/again")
			if diff := cmp.Diff(tt.want, kept, cmp.Transformer("text", func(b []byte) string {
				return string(b)
			})); diff != "" {
				t.Error(diff)
			}
			if first.status != tt.want.Status || first.body != string(tt.want.Body) ||
				first.header.Get("Location") != "/v1/x" {
				t.Errorf("sent %d %s %v", first.status, first.body, first.header)
			}
			if again.status != first.status || again.body != first.body ||
				again.header.Get("Content-Type") != first.header.Get("Content-Type") {
				t.Errorf("replayed %d %s %v", again.status, again.body, again.header)
			}
			if first.header.Get("Idempotent-Replayed") != "" ||
				again.header.Get("Idempotent-Replayed") != "true" {
				t.Error("a replay must say so, and only a replay")
			}
		})
	}
}

// A handler that panics or writes without end while captured must still be answered.
func TestCaptureSurvivesItsHandler(t *testing.T) {
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		engine.GET("/boom", func(c *gin.Context) {
			edge.Capture(c, func() {
				c.String(http.StatusOK, "half an answer")
				panic(errors.New("boom"))
			})
		})
		engine.GET("/huge", func(c *gin.Context) {
			edge.Capture(c, func() { c.String(http.StatusOK, strings.Repeat("a", 256<<10+1)) })
		})
	})
	for _, path := range []string{"/boom", "/huge"} {
		got := h.get(t, path)
		got.wantFault(t, http.StatusInternalServerError, "internal_error")
		if strings.Contains(got.body, "half") {
			t.Error(got.body)
		}
	}
}
