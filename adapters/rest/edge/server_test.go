package edge_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
)

// openPatient serves with limits short enough to run into.
func openPatient(t *testing.T, set func(*http.Server), routes func(*gin.Engine)) house {
	t.Helper()
	book := &logBook{}
	engine := edge.NewEngine(edge.Options{Log: book.logger()})
	routes(engine)
	ts := httptest.NewUnstartedServer(nil)
	ts.Config = edge.Server("", engine, book.logger())
	set(ts.Config)
	ts.Start()
	t.Cleanup(ts.Close)
	return house{ts, book}
}

func TestServerHasNoEndlessPatience(t *testing.T) {
	s := edge.Server("127.0.0.1:1", http.NotFoundHandler(), (&logBook{}).logger())
	if s.Addr != "127.0.0.1:1" || s.ReadHeaderTimeout != 5*time.Second ||
		s.ReadTimeout != 15*time.Second || s.WriteTimeout != 30*time.Second ||
		s.IdleTimeout != 60*time.Second {
		t.Errorf("%+v", s)
	}
}

// Row A18.
func TestHeadersAreBounded(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	request := func(n int) string {
		return "GET /v1/sessions/1 HTTP/1.1\r\nHost: x\r\nX-Filler: " +
			strings.Repeat("a", n) + "\r\n\r\n"
	}
	if got := h.raw(t, request(15<<10)); got.status != http.StatusOK {
		t.Errorf("15 kB: %d %s", got.status, got.body)
	}
	if got := h.raw(t, request(17<<10)); got.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("17 kB: %d %s", got.status, got.body)
	}
}

// Row A19: what two servers could frame differently is how requests are smuggled.
func TestAmbiguousFramingIsRefusedAndTheConnectionClosed(t *testing.T) {
	reached := make(chan struct{}, 8)
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		engine.POST("/v1/payments", func(*gin.Context) { reached <- struct{}{} })
	})
	const start = "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, rest := range map[string]string{
		"two lengths": "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
		"bad length":  "Content-Length: 2x\r\n\r\n{}",
		"minus":       "Content-Length: -2\r\n\r\n{}",
		"coding":      "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"space":       "Content-Length : 2\r\n\r\n{}",
		"fold":        "X-A: b\r\n\t\x00c\r\nContent-Length: 2\r\n\r\n{}",
	} {
		conn := h.dial(t)
		if _, err := io.WriteString(conn, start+rest); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(conn) // ends because the server closes
		if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 400") &&
			!strings.HasPrefix(string(all), "HTTP/1.1 501") {
			t.Errorf("%s: %v %q", name, err, all)
		}
	}
	if len(reached) > 0 {
		t.Errorf("%d reached the handler", len(reached))
	}
}

// Row A20.
func TestSlowClientsAreDropped(t *testing.T) {
	soon := func(s *http.Server) {
		s.ReadHeaderTimeout, s.ReadTimeout = 50*time.Millisecond, 100*time.Millisecond
	}
	const head = "POST /v1/payments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, sent := range map[string]string{
		"header": head, "body": head + "Content-Length: 9\r\n\r\n{\"a",
		"chunks": head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			h := openPatient(t, soon, orders)
			conn := h.dial(t)
			_, err := io.WriteString(conn, sent)
			got, ended := io.ReadAll(conn) // ends because the server closes, or the test times out
			if !dropped(errors.Join(err, ended)) || len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 408") {
				t.Errorf("%v, %v, %q", err, ended, got)
			}
			h.Close()
			if failed := h.log.lines(t, "request failed"); len(failed) > 0 {
				t.Errorf("logged as our failure: %v", failed)
			}
		})
	}
}

// dropped reports whether a connection ended as one does that the server closed: a client so slow that he still
// spoke then is reset.
func dropped(err error) bool {
	return err == nil || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func TestBodyThatEndsEarlyIsTheClientsFault(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	for _, rest := range []string{
		"Content-Length: 90\r\n\r\n{\"amount\":", "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
	} {
		conn := h.dial(t)
		_, err := io.WriteString(conn, "POST /v1/payments HTTP/1.1\r\nHost: x\r\n"+
			"Content-Type: application/json\r\n"+rest)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		readAnswer(t, res).wantFault(t, 400, "invalid_request")
	}
}

// An event stream outlives WriteTimeout by moving its own deadline, through Gin's writer.
func TestStreamsMayOutliveTheWriteTimeout(t *testing.T) {
	h := openPatient(t, func(s *http.Server) { s.WriteTimeout = 50 * time.Millisecond },
		func(engine *gin.Engine) {
			engine.GET("/stream", func(c *gin.Context) {
				control := http.NewResponseController(c.Writer)
				if err := control.SetWriteDeadline(time.Time{}); err != nil {
					t.Error(err)
				}
				c.String(http.StatusOK, "first ")
				if err := control.Flush(); err != nil {
					t.Error(err)
				}
				ctx, cancel := context.WithTimeout(c.Request.Context(), 100*time.Millisecond)
				defer cancel()
				<-ctx.Done() // past the timeout the server was given
				c.String(http.StatusOK, "second")
			})
		})
	if got := h.get(t, "/stream"); got.body != "first second" {
		t.Errorf("%q", got.body)
	}
}

func TestHeadIsAnsweredLikeGetWithoutABody(t *testing.T) {
	h := open(t, edge.Options{}, orders)
	got := do(t, h.request(t, http.MethodHead, "/v1/sessions/1", ""))
	if got.status != http.StatusOK || got.body != "" ||
		got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%d %q %v", got.status, got.body, got.header)
	}
	// Not a byte of a body on the wire either, or the next answer would be read from it.
	conn := h.dial(t)
	const head = "HEAD /v1/sessions/1 HTTP/1.1\r\nHost: x\r\n"
	if _, err := io.WriteString(conn, head+"\r\n"+head+"Connection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil || strings.Count(string(all), "HTTP/1.1 200 OK") != 2 ||
		strings.Contains(string(all), "session") {
		t.Errorf("%v %q", err, all)
	}
}

// Row O07: what is in flight finishes, what comes now goes elsewhere, probes are still answered.
func TestDrainingTurnsNewRequestsAway(t *testing.T) {
	entered, finish := make(chan struct{}), make(chan struct{})
	drain := edge.NewDrain("/healthz")
	h := open(t, edge.Options{Drain: drain}, func(engine *gin.Engine) {
		engine.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "alive") })
		engine.GET("/slow", func(c *gin.Context) {
			close(entered)
			<-finish
			c.String(http.StatusOK, "finished")
		})
		orders(engine)
	})
	slow := make(chan answer)
	go func() {
		res, err := http.Get(h.URL + "/slow")
		if err != nil {
			t.Error(err)
			close(slow)
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Error(err)
		}
		slow <- answer{res.StatusCode, res.Header, string(body)}
	}()
	<-entered
	if got := h.get(t, "/v1/sessions/1"); got.status != http.StatusOK {
		t.Errorf("before: %d", got.status)
	}
	select {
	case <-drain.Begun():
		t.Error("begun before Begin")
	default:
	}
	drain.Begin()
	drain.Begin()
	<-drain.Begun()
	for _, path := range []string{"/v1/sessions/1", "/none"} {
		got := h.get(t, path)
		got.wantFault(t, http.StatusServiceUnavailable, "service_unavailable")
		if got.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	res, err := http.DefaultTransport.RoundTrip(h.request(t, http.MethodGet, "/none", ""))
	if err != nil {
		t.Fatal(err)
	}
	readAnswer(t, res)
	if !res.Close {
		t.Error("the connection was kept")
	}
	if got := h.get(t, "/healthz"); got.body != "alive" {
		t.Errorf("probe: %d %s", got.status, got.body)
	}
	if lines := h.log.lines(t, "request failed"); len(lines) > 0 {
		t.Errorf("logged as failures: %v", lines)
	}
	close(finish)
	if got := <-slow; got.body != "finished" {
		t.Errorf("in flight: %d %s", got.status, got.body)
	}
}

func TestShutdownWaitsForWhatIsInFlight(t *testing.T) {
	entered, finish := make(chan struct{}), make(chan struct{})
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		engine.GET("/slow", func(c *gin.Context) {
			close(entered)
			<-finish
			c.String(http.StatusOK, "finished")
		})
	})
	conn := h.dial(t)
	if _, err := io.WriteString(conn, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-entered
	expired, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Config.Shutdown(expired); !errors.Is(err, context.Canceled) {
		t.Errorf("shut down over a request in flight: %v", err)
	}
	close(finish)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := readAnswer(t, res); got.body != "finished" {
		t.Errorf("%d %s", got.status, got.body)
	}
}
