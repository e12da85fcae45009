package edge_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
)

// logBook collects log lines written by a server's goroutines.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logBook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// lines are the log lines with the given message.
func (l *logBook) lines(t *testing.T, msg string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(l.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		if m["msg"] == msg {
			out = append(out, m)
		}
	}
	return out
}

// house is a real server with the routes of a small dialect.
type house struct {
	*httptest.Server
	log *logBook
}

type order struct {
	Amount      string            `json:"amount"`
	Description *string           `json:"description"`
	Count       int               `json:"count"`
	Metadata    map[string]string `json:"metadata"`
	Items       []struct {
		Price string `json:"price"`
	} `json:"items"`
}

// open serves engine as production does. Closing waits for every handler, so that logs read
// after close are complete.
func open(t *testing.T, o edge.Options, routes func(*gin.Engine)) house {
	t.Helper()
	book := &logBook{}
	o.Log = book.logger()
	engine := edge.NewEngine(o)
	routes(engine)
	ts := httptest.NewUnstartedServer(nil)
	ts.Config = edge.Server("", engine, o.Log)
	ts.Start()
	t.Cleanup(ts.Close)
	return house{ts, book}
}

func orders(engine *gin.Engine) {
	engine.POST("/v1/payments", func(c *gin.Context) {
		var o order
		if err := edge.Decode(c, &o); err != nil {
			edge.Fail(c, err)
			return
		}
		c.JSON(http.StatusOK, o)
	})
	engine.GET("/v1/sessions/:id", func(c *gin.Context) {
		c.String(http.StatusOK, "session "+c.Param("id"))
	})
}

type answer struct {
	status int
	header http.Header
	body   string
}

// fields reads a JSON answer.
func (a answer) fields(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("answer is no JSON object: %v\n%s", err, a.body)
	}
	return m
}

// wantFault checks what row 4.0 asks of every refusal.
func (a answer) wantFault(t *testing.T, status int, code string) map[string]any {
	t.Helper()
	m := a.fields(t)
	if a.status != status || m["error"] != code {
		t.Fatalf("got %d %s, want %d %s", a.status, a.body, status, code)
	}
	if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	id := a.header.Get("X-Request-Id")
	if id == "" || m["request_id"] != id {
		t.Errorf("request id %q in header, %v in body", id, m["request_id"])
	}
	if m["message"] == "" {
		t.Error("no message")
	}
	wantType := any(nil)
	if status == http.StatusBadRequest {
		wantType = "invalid_request"
	}
	if m["type"] != wantType {
		t.Errorf("type %v, want %v", m["type"], wantType)
	}
	return m
}

func do(t *testing.T, r *http.Request) answer {
	t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return readAnswer(t, res)
}

func readAnswer(t *testing.T, res *http.Response) answer {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func (h house) request(t *testing.T, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (h house) post(t *testing.T, body string) answer {
	t.Helper()
	return do(t, h.request(t, http.MethodPost, "/v1/payments", body))
}

func (h house) get(t *testing.T, path string) answer {
	t.Helper()
	return do(t, h.request(t, http.MethodGet, path, ""))
}

// raw sends bytes that net/http's client would not, and reads one answer.
func (h house) raw(t *testing.T, text string) answer {
	t.Helper()
	conn := h.dial(t)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return readAnswer(t, res)
}

func (h house) dial(t *testing.T) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", h.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
