package facilitator

import (
	"mime"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
)

// settleLimit is how long a settlement may take to be answered, which is longer than the edge gives others.
// The clock of reading goes on while a request is worked on, and ends it if it is not moved.
const settleLimit = 130 * time.Second

// presented reads who asks, and what for. What is known of the payment is kept for the envelope.
func (a *API) presented(c *gin.Context) (app.Presented, error) {
	who, err := a.principal(c)
	if err != nil {
		return app.Presented{}, err
	}
	if _, err := edge.Query(c); err != nil {
		return app.Presented{}, err
	}
	h := c.Request.Header
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case len(h.Values("Content-Encoding")) > 0:
		return app.Presented{}, edge.ErrEncoding
	case err != nil || media != "application/json" || len(h.Values("Content-Type")) != 1:
		return app.Presented{}, edge.ErrMediaType
	}
	body, err := edge.RawBody(c)
	if err != nil {
		return app.Presented{}, err
	}
	p := app.Presented{Who: who}
	p.Demand, err = x402.ReadDemand(body)
	c.Set(partKey{}, part{demand: p.Demand})
	return p, err
}

func (a *API) verify(c *gin.Context) error {
	p, err := a.presented(c)
	if err == nil {
		err = a.Facilitator.Verify(c.Request.Context(), p)
	}
	why, is := refusalIn(err)
	if err != nil && !is {
		return err
	}
	return show(c, verdictOf(p.Demand, why))
}

func (a *API) settle(c *gin.Context) error {
	p, err := a.presented(c)
	if err == nil {
		p.Repeat, _, err = edge.IdempotencyKey(c)
	}
	var relayed app.Relayed
	if err == nil {
		a.takeTime(c)
		relayed, err = a.Facilitator.Settle(c.Request.Context(), p)
	}
	if relayed.ID != "" {
		c.Header(settlementHeader, relayed.ID)
	}
	why, is := refusalIn(err)
	if err != nil && !is {
		c.Set(partKey{}, part{demand: p.Demand, relayed: relayed})
		return err
	}
	if is && fault.From(err).RetryAfter > 0 {
		retryAfter(c, fault.From(err).RetryAfter)
	}
	return show(c, outcomeOf(p.Demand, relayed, why))
}

// takeTime moves the deadlines of a request whose body was read. Writers of tests have none.
func (a *API) takeTime(c *gin.Context) {
	until := a.Clock.Now().Add(settleLimit)
	connection := http.NewResponseController(c.Writer)
	_ = connection.SetReadDeadline(until)
	_ = connection.SetWriteDeadline(until)
}
