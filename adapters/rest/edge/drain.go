package edge

import (
	"slices"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
)

// Drain turns new requests away once the process has been told to stop, while those in flight
// finish. Begin it, give load balancers a moment to see that readiness is gone, then shut the
// server down.
type Drain struct {
	except []string
	once   sync.Once
	begun  chan struct{}
}

// NewDrain spares the given route templates: probes must be able to tell a process that is
// leaving from one that is dead.
func NewDrain(except ...string) *Drain {
	return &Drain{except: except, begun: make(chan struct{})}
}

// Begin starts turning requests away. Calling it again changes nothing.
func (d *Drain) Begin() { d.once.Do(func() { close(d.begun) }) }

// Begun is closed once draining has begun: event streams end then, readiness turns false.
func (d *Drain) Begun() <-chan struct{} { return d.begun }

func (d *Drain) turnAway(c *gin.Context) {
	select {
	case <-d.begun:
	default:
		return
	}
	if slices.Contains(d.except, c.FullPath()) {
		return
	}
	// The next request of this client belongs on another connection, to another instance.
	c.Header("Connection", "close")
	of(c).answer(c, fault.ErrUnavailable) // nothing failed that the log should tell of
}
