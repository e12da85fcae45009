package hosted

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
)

// glancesMax is how many sessions' glances a process remembers, about half a kilobyte each.
const glancesMax = 1 << 14

// glance is what a script that polls is answered, as it goes over the wire.
type glance struct {
	tag  string
	body []byte
}

// glanceMedia is what a glance is.
const glanceMedia = "application/json; charset=utf-8"

// status is what a script polls where event streams do not get through. It is answered from memory as long
// as what was read of the session is known to hold.
func (d *desk) status(c *gin.Context) {
	g, err := d.glance(c)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	c.Header("ETag", g.tag)
	c.Header("Cache-Control", "private, no-cache")
	if c.GetHeader("If-None-Match") == g.tag {
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, glanceMedia, g.body)
}

func (d *desk) glance(c *gin.Context) (glance, error) {
	id, err := sessionID(c)
	if err != nil {
		return glance{}, err
	}
	return d.glances.Get(c.Request.Context(), id, func(ctx context.Context, r app.Reading) (glance, error) {
		p, v, _, err := d.look(ctx, id)
		if err != nil {
			return glance{}, err
		}
		return d.remember(r, p, v)
	})
}

// view is what the page of the session a path names tells. Scripts that poll are told no older one from then
// on: they would read the page again and again.
func (d *desk) view(c *gin.Context) (app.Progress, view, *read, error) {
	id, err := sessionID(c)
	if err != nil {
		return app.Progress{}, view{}, nil, err
	}
	reading := d.glances.Read(id)
	p, v, far, err := d.look(c.Request.Context(), id)
	if err == nil {
		_, err = d.remember(reading, p, v)
	}
	return p, v, far, err
}

func (d *desk) remember(r app.Reading, p app.Progress, v view) (glance, error) {
	g, err := glanceAt(p, v)
	if err == nil {
		d.glances.Keep(r, g, holds(p, v))
	}
	return g, err
}

// glanceAt is what a script is told of a view.
func glanceAt(p app.Progress, v view) (glance, error) {
	version := v.Version()
	answer := gin.H{"version": version, "status": v.Status, "phase": v.Phase}
	if i := p.Session.Intent; i != nil {
		decimals := int(i.Asset.Decimals)
		answer["dedicated"] = i.Terms.Matching == checkout.Dedicated
		answer["paid"] = money.FormatUnits(p.Session.Received(), decimals)
		answer["rest"] = money.FormatUnits(p.Session.Rest(), decimals)
	}
	body, err := json.Marshal(answer)
	return glance{tag: `"` + version + `"`, body: body}, err
}

// holds is how long a view may be told to scripts that poll. What no commit announces (how far a network
// was read, what came to an address and paid nobody, what the shop is called) they learn as late as from an
// event stream, which looks by itself that often; and a deadline is told when it is there.
func holds(p app.Progress, v view) (until time.Time) {
	until = p.Now.Add(pace(v))
	if unpaid := v.Phase == choosing || v.Phase == awaiting; unpaid && p.Session.ExpiresAt.Before(until) {
		return p.Session.ExpiresAt
	}
	return until
}
