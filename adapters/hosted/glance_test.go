package hosted

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// counted counts how often a session is read.
type counted struct {
	ports.SessionReads
	reads int
}

func (c *counted) ByID(ctx context.Context, id checkout.SessionID) (*checkout.Session, error) {
	c.reads++
	return c.SessionReads.ByID(ctx, id)
}

// counting makes the page count what it reads.
func (s *stage) counting() *counted {
	c := &counted{SessionReads: s.store}
	s.page.Checkout.Sessions = c
	return c
}

// again counts what a poll reads.
func (c *counted) again(poll func()) int {
	before := c.reads
	poll()
	return c.reads - before
}

// A page that waits asks every few seconds; the session is read again only when it changed, or when it is
// time to look for what nobody announces.
func TestAPollIsAnsweredFromMemory(t *testing.T) {
	s := openStage(t)
	c, path := s.counting(), s.open()
	poll := func() { s.get(path+"/status").has(200, `"phase":"await"`, `"rest":"`) }
	s.post(path+"/method", "method", "usdt")
	first := s.get(path + "/status")
	if n := c.again(poll); n != 0 {
		t.Errorf("a poll of an unchanged session read %d times", n)
	}
	if again := s.get(path + "/status"); again.body != first.body || again.header.Get("ETag") != first.header.Get("ETag") ||
		again.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("from memory: %v %s, read: %v %s", again.header, again.body, first.header, first.body)
	}
	s.hands.move(beat - time.Millisecond)
	if n := c.again(poll); n != 0 {
		t.Errorf("it read %d times before it was time", n)
	}
	s.hands.move(time.Millisecond)
	if n := c.again(poll); n == 0 {
		t.Error("nobody looks for what is not announced")
	}
	page := s.get(path).has(200)
	if n := c.again(poll); n != 0 {
		t.Errorf("a poll after the page read %d times", n)
	}
	page.has(200, "data-version="+s.get(path+"/status").header.Get("ETag"))
}

// Each step of a payment is told by the next poll, whoever took it.
func TestAPollTellsWhatAnotherInstanceDid(t *testing.T) {
	s := openStage(t)
	other := *s
	other.engine = gin.New()
	page := *s.page
	other.engine = edge.NewEngine(edge.Options{Drain: page.Drain})
	page.Mount(other.engine)
	path := s.open()
	for _, step := range []struct {
		does  func()
		phase string
	}{
		{func() {}, "choose"},
		{func() { s.post(path+"/method", "method", "usdt") }, "await"},
		{func() { s.post(path+"/sandbox", "scenario", "exact"); s.pass(time.Second) }, "confirm"},
		{func() { s.tick(); s.pass(5 * time.Second) }, "paid"},
	} {
		step.does()
		for range 2 {
			other.get(path+"/status").has(200, `"phase":"`+step.phase+`"`)
		}
	}
}

// The deadline is told when it is there, though nothing happens to the session.
func TestAPollTellsThatTheTimeIsOver(t *testing.T) {
	s := openStage(t)
	path := s.open()
	s.post(path+"/method", "method", "usdt")
	s.hands.move(s.session(path).ExpiresAt.Sub(s.hands.Now()) - time.Second)
	s.get(path+"/status").has(200, `"phase":"await"`)
	s.hands.move(time.Second)
	s.get(path+"/status").has(200, `"phase":"expired"`)
}

// What is only confirmations apart is looked for as often as by an event stream.
func TestAPollCountsConfirmations(t *testing.T) {
	s := openStage(t)
	path := s.open()
	s.post(path+"/method", "method", "usdt")
	s.post(path+"/sandbox", "scenario", "exact")
	s.pass(sandbox.BlockPeriod)
	seen := s.get(path+"/status").has(200, `"phase":"confirm"`).header.Get("ETag")
	before := s.session(path).Version
	s.pass(sandbox.BlockPeriod) // a confirmation more
	s.get(path+"/status", "If-None-Match", seen).has(http.StatusNotModified)
	s.hands.move(closeBeat - sandbox.BlockPeriod)
	s.get(path+"/status", "If-None-Match", seen).has(200, `"phase":"confirm"`)
	if s.session(path).Version != before {
		t.Error("the session changed, which is told anyway")
	}
}

// What cannot be found is not found the second time either.
func TestAPollOfNobodysSessionIsRefused(t *testing.T) {
	s := openStage(t)
	for range 2 {
		s.get("/en/checkout/00000000-0000-4000-8000-000000000000/status").has(http.StatusNotFound)
		s.get("/en/checkout/x/status").has(http.StatusNotFound)
	}
}
