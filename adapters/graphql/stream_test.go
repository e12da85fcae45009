package graphql_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/graphql"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
)

// wire is a connection that is read while it is written.
type wire struct {
	header http.Header
	mu     sync.Mutex
	status int          // guarded by mu
	text   bytes.Buffer // guarded by mu
}

func (w *wire) Header() http.Header { return w.header }

func (w *wire) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = status
}

func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *wire) Flush() {}

// take is what was written since it was last called.
func (w *wire) take() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.text.Reset()
	return w.text.String()
}

// follow opens a stream until its context ends; over is closed when it has ended.
func (w *world) follow(ctx context.Context, actor, project string) (out *wire, over chan struct{}) {
	body := `{"query":"subscription($p: ID!) { changes(project: $p, mode: TEST) { kind } }","variables":{"p":"` + project + `"}}`
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, graphql.Path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Actor", actor)
	out, over = &wire{header: http.Header{}}, make(chan struct{})
	go func() {
		defer close(over)
		w.engine.ServeHTTP(out, r)
	}()
	return out, over
}

const (
	completed = "event: complete\ndata:\n\n"
	heartbeat = 15 * time.Second
)

// A page is told of what changes in its project and of nobody else's, hears a beat while nothing does, and
// nothing any more once its session has ended.
func TestChangesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		mine, theirs := w.shop("corner"), w.shop("rival")
		out, over := w.follow(t.Context(), mine.as(member.Viewer), mine.ids["project"])
		if got := out.take(); got != ":\n\n" || !strings.HasPrefix(out.header.Get("Content-Type"), "text/event-stream") {
			t.Fatalf("begins with %q, %v", got, out.header)
		}
		w.pay(&theirs, "exact")
		if got := out.take(); got != "" {
			t.Errorf("another's payment was told: %q", got)
		}
		w.pay(&mine, "exact")
		if got := out.take(); !strings.Contains(got, `event: next`+"\n"+`data: {"data":{"changes":{"kind":"PAYMENTS"}}}`) {
			t.Errorf("a payment was told as %q", got)
		}
		time.Sleep(6 * time.Second)
		if got := out.take(); !strings.Contains(got, `"DELIVERIES"`) || !strings.Contains(got, `"PAYMENTS"`) {
			t.Errorf("what nobody hinted at was told as %q", got)
		}
		time.Sleep(heartbeat)
		if got := out.take(); !strings.Contains(got, ":\n\n") {
			t.Errorf("no beat: %q", got)
		}
		if n := w.passed(); n != 0 {
			t.Errorf("a stream passed the gate %d times: its session would never end", n)
		}
		w.mu.Lock()
		delete(w.actors, mine.as(member.Viewer))
		w.mu.Unlock()
		time.Sleep(heartbeat)
		if got := out.take(); got != completed {
			t.Errorf("a session that has ended was told %q", got)
		}
		<-over
	})
}

// A page that shows what waits for a decision is told when something more does, and when it waits no more.
func TestTheQueueIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		s := w.shop("corner")
		out, over := w.follow(t.Context(), s.as(member.Viewer), s.ids["project"])
		out.take()
		time.Sleep(6 * time.Second)
		if got := out.take(); strings.Contains(got, "QUEUE") {
			t.Errorf("nothing came, and was told as %q", got)
		}
		w.pay(&s, app.ScenarioDuplicate)
		time.Sleep(6 * time.Second)
		if got := out.take(); !strings.Contains(got, `{"changes":{"kind":"QUEUE"}}`) {
			t.Errorf("what waits was told as %q", got)
		}
		w.asked(s.as(member.Owner), `mutation($in: DecisionInput!) { decideTransfer(input: $in) { userErrors { code } } }`,
			args{"in": args{"project": s.ids["project"], "mode": "TEST", "id": s.ids["transfer"], "action": "CLOSED"}})
		time.Sleep(6 * time.Second)
		if got := out.take(); !strings.Contains(got, `{"changes":{"kind":"QUEUE"}}`) {
			t.Errorf("a decision was told as %q", got)
		}
		w.drain.Begin()
		<-over
	})
}

// What a page asks by itself is answered to whom it may be, and is no sign that somebody is there.
func TestWhatIsAskedByItselfIsNoPresence(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	const body = `{"query":"{ viewer { role } }"}`
	if a := w.post(s.as(member.Viewer), body, "Dashboard-Unattended", "1"); a.at("viewer", "role") != "VIEWER" || w.passed() != 0 {
		t.Errorf("answered %s, %d passed", a.Body, w.passed())
	}
	if a := w.post("nobody", body, "Dashboard-Unattended", "1"); a.code() != "UNAUTHENTICATED" {
		t.Errorf("nobody was answered %s", a.Body)
	}
	if w.post(s.as(member.Viewer), body); w.passed() != 1 {
		t.Errorf("%d passed", w.passed())
	}
}

// A stream ends when its reader leaves, when the process does, and after a while in any case.
func TestStreamsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		s := w.shop("corner")
		ctx, leave := context.WithCancel(t.Context())
		_, over := w.follow(ctx, s.as(member.Owner), s.ids["project"])
		synctest.Wait()
		leave()
		<-over
		_, over = w.follow(t.Context(), s.as(member.Owner), s.ids["project"])
		time.Sleep(30 * time.Minute)
		<-over
		out, over := w.follow(t.Context(), s.as(member.Owner), s.ids["project"])
		out.take()
		w.drain.Begin()
		<-over
		if got := out.take(); got != completed {
			t.Errorf("told %q", got)
		}
	})
}

// A member has eight streams; another's are not fewer for it.
func TestStreamsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := open(t)
		s := w.shop("corner")
		ctx, leave := context.WithCancel(t.Context())
		var all []chan struct{}
		for i := range 9 {
			out, over := w.follow(ctx, s.as(member.Viewer), s.ids["project"])
			if got := out.take(); (i < 8) != (got == ":\n\n") {
				t.Errorf("stream %d begins with %q", i+1, got)
			}
			all = append(all, over)
		}
		out, over := w.follow(ctx, s.as(member.Owner), s.ids["project"])
		if got := out.take(); got != ":\n\n" {
			t.Errorf("another's begins with %q", got)
		}
		leave()
		for _, over := range append(all, over) {
			<-over
		}
		again, over := w.follow(t.Context(), s.as(member.Viewer), s.ids["project"])
		if got := again.take(); got != ":\n\n" {
			t.Errorf("after they left it begins with %q", got)
		}
		w.drain.Begin()
		<-over
	})
}

// Streams have the bounds of requests, and are for who may read.
func TestStreamsAreForWhoMayRead(t *testing.T) {
	w := open(t)
	mine, theirs := w.shop("corner"), w.shop("rival")
	query := `{"query":"subscription($p: ID!) { changes(project: $p, mode: TEST) { kind } }","variables":{"p":"%"}}`
	for name, c := range map[string]struct{ actor, project, has string }{
		"nobody":    {"nobody", mine.ids["project"], `"UNAUTHENTICATED"`},
		"another's": {mine.as(member.Owner), theirs.ids["project"], `"NOT_FOUND"`},
	} {
		a := w.post(c.actor, strings.Replace(query, "%", c.project, 1), "Accept", "text/event-stream")
		if !strings.Contains(a.Body, c.has) {
			t.Errorf("%s was answered %d %s", name, a.Status, a.Body)
		}
	}
}
