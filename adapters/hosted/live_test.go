package hosted

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stream is an open event stream.
type stream struct {
	mu     sync.Mutex
	text   strings.Builder // guarded by mu
	header http.Header
	hangUp context.CancelFunc
	ended  chan struct{}
}

func (s *stream) Header() http.Header { return s.header }

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// WriteHeader implements http.ResponseWriter; a stream that is refused says no version.
func (s *stream) WriteHeader(int) {}

// Flush implements http.Flusher.
func (s *stream) Flush() {}

// versions are what the stream said so far.
func (s *stream) versions() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.text.String()) {
		if v, ok := strings.CutPrefix(line, "data: "); ok {
			out = append(out, strings.TrimSpace(v))
		}
	}
	return out
}

func (s *stream) isOver() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

func (s *stage) follow(path string) *stream {
	ctx, cancel := context.WithCancel(s.Context())
	out := &stream{header: http.Header{}, hangUp: cancel, ended: make(chan struct{})}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, path+"/live", nil)
	go func() {
		defer close(out.ended)
		s.engine.ServeHTTP(out, r)
	}()
	return out
}

func (s *stage) version(path string) string {
	s.Helper()
	return strings.Trim(s.get(path+"/status").header.Get("ETag"), `"`)
}

func (s *stage) wants(stream *stream, want ...string) {
	s.Helper()
	synctest.Wait()
	if got := strings.Join(stream.versions(), " "); got != strings.Join(want, " ") {
		s.Fatalf("the stream said %q, want %q", got, strings.Join(want, " "))
	}
}

// A stream says how the page reads now, when that changes, and now and then that it is alive.
func TestAStreamTellsOfEachChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStage(t)
		path := s.open()
		open := s.version(path)
		stream := s.follow(path)
		s.wants(stream, open)
		if stream.header.Get("Content-Type") != "text/event-stream; charset=utf-8" ||
			stream.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v", stream.header)
		}
		s.post(path+"/method", "method", "usdt")
		awaits := s.version(path)
		s.wants(stream, open, awaits)
		time.Sleep(beat)
		s.wants(stream, open, awaits, awaits) // alive

		s.post(path+"/sandbox", "scenario", "exact")
		s.pass(time.Second)
		seen := s.version(path)
		s.wants(stream, open, awaits, awaits, seen)
		s.hands.move(time.Second)
		time.Sleep(closeBeat) // confirmations come without a change of the session
		s.wants(stream, open, awaits, awaits, seen, s.version(path))

		stream.hangUp()
		synctest.Wait()
		if !stream.isOver() {
			t.Error("the client left, the stream stays")
		}
	})
}

// The deadline changes what the page says though nothing happens to the session.
func TestAStreamTellsThatTheTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStage(t)
		path := s.open()
		s.post(path+"/method", "method", "usdt")
		stream, before := s.follow(path), s.version(path)
		s.wants(stream, before)
		s.hands.move(31 * time.Minute)
		time.Sleep(beat)
		after := s.version(path)
		s.wants(stream, before, after)
		if after == before {
			t.Error("the page reads the same after the deadline")
		}
		stream.hangUp()
	})
}

func TestStreamsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStage(t)
		old := s.follow(s.open())
		time.Sleep(streamLife - time.Second)
		draining, bystander := s.follow(s.open()), s.follow(s.openLive())
		synctest.Wait()
		if old.isOver() || draining.isOver() || bystander.isOver() {
			t.Fatal("a stream ended early")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !old.isOver() || draining.isOver() {
			t.Fatal("a stream lives as long as it likes")
		}
		s.page.Drain.Begin()
		synctest.Wait()
		if !draining.isOver() || !bystander.isOver() {
			t.Fatal("a stream outlives the process")
		}
	})
}

// One client cannot take all streams, and what is given back can be had again.
func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openStage(t)
		path := s.open()
		var open []*stream
		for range streamsOfOne {
			open = append(open, s.follow(path))
			s.hands.move(time.Second)
		}
		synctest.Wait()
		s.hands.move(time.Minute)
		refused := s.get(path + "/live")
		if refused.status != http.StatusTooManyRequests || refused.header.Get("Retry-After") == "" {
			t.Fatalf("%d %v", refused.status, refused.header)
		}
		open[0].hangUp()
		synctest.Wait()
		again := s.follow(path)
		s.wants(again, s.version(path))
		for _, stream := range append(open, again) {
			stream.hangUp()
		}
		synctest.Wait()
	})
	all := newStreams()
	for i := range streamsMax {
		if !all.enter(string(rune('a' + i%300))) {
			t.Fatalf("refused at %d", i)
		}
	}
	if all.enter("somebody new") {
		t.Error("there is no end to streams")
	}
	for i := range streamsMax {
		all.leave(string(rune('a' + i%300)))
	}
	if all.all != 0 || len(all.of) != 0 {
		t.Errorf("%d streams and %d clients are left", all.all, len(all.of))
	}
}

// A paid session of real money stays paid: its page holds no stream open.
func TestAPaidPageIsNotStreamed(t *testing.T) {
	if v := see(settled(false).Progress); v.Live() {
		t.Error("a paid page is live")
	}
	if page := stories()["paid"].render(t, locales[0]); strings.Contains(page, "data-live") {
		t.Error("a paid page asks for a stream")
	}
	if v := see(test(settled(false)).Progress); !v.Live() {
		t.Error("a test payment can be undone, and its page would not tell")
	}
}
