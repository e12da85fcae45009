package hosted

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
)

// Pace and bounds of event streams.
const (
	beat         = 15 * time.Second // a stream says something at least this often
	closeBeat    = 3 * time.Second  // while a payment is being confirmed
	streamLife   = 10 * time.Minute // then the browser connects anew, perhaps to another instance
	streamWrite  = 10 * time.Second // patience with a reader that does not read
	streamsMax   = 4096             // in this process
	streamsOfOne = 32               // of one client address; offices and phone networks share one
	reconnect    = 3 * time.Second
)

// live is an event stream of versions. An event says how the page would read now, whether or not
// that changed; the script fetches the page when it differs from what it shows.
func (d *desk) live(c *gin.Context) {
	id, err := sessionID(c)
	if err == nil {
		_, err = d.Checkout.Get(c.Request.Context(), id)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	client := edge.ByIP(c)
	if !d.streams.enter(client) {
		edge.Fail(c, edge.ErrRateLimited.After(beat))
		return
	}
	defer d.streams.leave(client)

	ctx, cancel := context.WithTimeout(c.Request.Context(), streamLife)
	defer cancel()
	hints := d.Checkout.Follow(ctx, id)
	c.Header("Content-Type", "text/event-stream; charset=utf-8")
	c.Header("X-Accel-Buffering", "no") // or a proxy would keep the news to itself
	for {
		// Looked at after subscribing, so that nothing falls in between.
		_, v, _, err := d.view(c)
		if err != nil {
			return // the browser comes back, or polls
		}
		if tell(c, v) != nil || !v.Live() {
			return
		}
		if hints = d.wait(ctx, hints, pace(v)); ctx.Err() != nil || d.draining() {
			return
		}
	}
}

func pace(v view) time.Duration {
	if v.Phase == confirming {
		return closeBeat
	}
	return beat
}

// wait returns when there may be something to tell, or nothing more will be told. It answers the
// channel to wait on next: nil in place of one that was closed.
func (d *desk) wait(ctx context.Context, hints <-chan struct{}, longest time.Duration) <-chan struct{} {
	timer := time.NewTimer(longest)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-d.Drain.Begun():
	case <-timer.C:
	case _, open := <-hints:
		if !open {
			return nil
		}
	}
	return hints
}

func (d *desk) draining() bool {
	select {
	case <-d.Drain.Begun():
		return true
	default:
		return false
	}
}

func tell(c *gin.Context, v view) error {
	w := http.NewResponseController(c.Writer)
	// A writer without deadlines (a test's recorder) is never slow.
	_ = w.SetWriteDeadline(time.Now().Add(streamWrite))
	_, err := fmt.Fprintf(c.Writer, "retry: %d\nevent: version\ndata: %s\n\n",
		reconnect.Milliseconds(), v.Version())
	if err != nil {
		return err
	}
	return w.Flush()
}

// streams counts open event streams.
type streams struct {
	mu  sync.Mutex
	all int            // guarded by mu
	of  map[string]int // by client, guarded by mu
}

func newStreams() *streams { return &streams{of: make(map[string]int)} }

func (s *streams) enter(client string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= streamsMax || s.of[client] >= streamsOfOne {
		return false
	}
	s.all++
	s.of[client]++
	return true
}

func (s *streams) leave(client string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.of[client]--; s.of[client] == 0 {
		delete(s.of, client)
	}
}
