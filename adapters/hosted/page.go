package hosted

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
)

// Rates of requests per client address. Reading is cheap; choosing a method takes an amount out of
// 9 999, and asking about a transaction asks a node.
const (
	readsPerSecond, readBurst     = 10, 60
	choicesPerSecond, choiceBurst = 0.5, 10
	proofsPerSecond, proofBurst   = 0.2, 10
	playsPerSecond, playBurst     = 2, 20
)

// Page serves the hosted checkout. All fields but Sandbox's scenarios are needed for it to work.
type Page struct {
	Checkout     app.Checkout
	Settlement   *app.Settlement
	Explainer    app.Explainer
	Sandbox      app.Sandbox
	Attestations app.Attestations
	PublicURL    string // where customers reach this gateway: "https://pay.example"
	Drain        *edge.Drain
	Limiter      *edge.Limiter
}

// desk is a mounted page.
type desk struct {
	*Page
	host    string // of PublicURL
	streams *streams
	glances *app.Kept[glance]
}

// Mount registers the page's routes. Paths without a language negotiate it; the others name it, and
// a name we do not know is English.
func (p *Page) Mount(e *gin.Engine) {
	d := &desk{Page: p, streams: newStreams(), glances: app.NewKept[glance](p.Checkout, glancesMax)}
	if u, err := url.Parse(p.PublicURL); err == nil {
		d.host = u.Host
	}
	limit := func(name string, perSecond float64, burst int) gin.HandlerFunc {
		return p.Limiter.Limit(name, edge.ByIP, perSecond, burst)
	}
	reading := limit("hosted_read", readsPerSecond, readBurst)
	choosing := limit("hosted_method", choicesPerSecond, choiceBurst)
	playing := limit("hosted_sandbox", playsPerSecond, playBurst)
	proving := limit("hosted_transaction", proofsPerSecond, proofBurst)

	for _, at := range []string{"/checkout/:id", "/:locale/checkout/:id"} {
		pages := e.Group(at, canonical)
		pages.GET("", reading, d.show)
		pages.GET("/live", reading, d.live)
		pages.GET("/status", reading, d.status)
		pages.GET("/instructions.jws", reading, d.download("instructions", p.Attestations.Instruction))
		pages.GET("/receipt.jws", reading, d.download("receipt", p.Attestations.Receipt))
		pages.POST("/method", d.ownPage, choosing, d.choose)
		pages.POST("/transaction", d.ownPage, proving, d.claim)
		pages.POST("/sandbox", d.ownPage, playing, d.play)
	}
	e.GET(assetsAt+":name", serveAsset)
}

// canonical lets a path in a language we do not speak count as the English one, so that what goes
// wrong below it is worded by Envelope too.
func canonical(c *gin.Context) {
	code := c.Param("locale")
	if code == "" || named(code).Code == code {
		return
	}
	request, address := *c.Request, *c.Request.URL
	address.Path = "/" + named(code).Code + strings.TrimPrefix(address.Path, "/"+code)
	request.URL, c.Request = &address, &request
}

// sessionID is the id in a path. It is a capability, so what does not look like one is unknown
// without anybody being asked.
func sessionID(c *gin.Context) (checkout.SessionID, error) {
	id := c.Param("id")
	if !isSessionID(id) {
		return "", fault.ErrNotFound
	}
	return checkout.SessionID(id), nil
}

// isSessionID tells the shape of a UUID in lower case.
func isSessionID(s string) bool {
	const shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(s) != len(shape) {
		return false
	}
	for i := range len(s) {
		isHex := '0' <= s[i] && s[i] <= '9' || 'a' <= s[i] && s[i] <= 'f'
		if isHex != (shape[i] == 'x') || !isHex && s[i] != '-' {
			return false
		}
	}
	return true
}

// show renders the payment as it stands, with the answer to the form that led here, if one did.
func (d *desk) show(c *gin.Context) {
	p, v, far, err := d.view(c)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	s := newScreen(c, v, p.Now)
	s.Read = far
	s.ask(c.Request.URL.Query(), p)
	s.send(c, http.StatusOK)
}

// choose issues the intent and leads back to the page, which then says where to pay how much.
func (d *desk) choose(c *gin.Context) {
	id, err := sessionID(c)
	var name string
	if err == nil {
		name, err = readForm(c, "method")
	}
	var by app.Choice
	if err == nil {
		by, err = readChoice(name)
	}
	if err == nil {
		_, err = d.Checkout.Intent(c.Request.Context(), id, by)
	}
	if err != nil && !overtaken(err) {
		edge.Fail(c, err)
		return
	}
	back(c, "")
}

// overtaken tells refusals that the page itself explains better: the session went on meanwhile.
func overtaken(err error) bool {
	switch fault.From(err).Code {
	case checkout.ErrExpired.Code, checkout.ErrAlreadyPaid.Code, checkout.ErrCancelled.Code,
		checkout.ErrPaymentInProgress.Code, checkout.ErrPartlyPaid.Code:
		return true
	}
	return false
}

// play makes something happen on the sandbox chain; a live payment is not found there.
func (d *desk) play(c *gin.Context) {
	id, err := sessionID(c)
	var scenario string
	if err == nil {
		scenario, err = readForm(c, "scenario")
	}
	if err == nil {
		err = d.Sandbox.Play(c.Request.Context(), id, app.Scenario(scenario))
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	back(c, "?played="+url.QueryEscape(scenario))
}

// back redirects to the page a form was on.
func back(c *gin.Context, suffix string) {
	c.Redirect(http.StatusSeeOther, here(c)+suffix)
}

// here is the path of the page a route belongs to, in the language that was asked for.
func here(c *gin.Context) string {
	path := "/checkout/" + url.PathEscape(c.Param("id"))
	if code := c.Param("locale"); code != "" {
		path = "/" + named(code).Code + path
	}
	return path
}

// speaking is the language of an answer.
func speaking(c *gin.Context) *locale {
	if code := c.Param("locale"); code != "" {
		return named(code)
	}
	c.Writer.Header().Add("Vary", "Accept-Language")
	return preferred(c.GetHeader("Accept-Language"))
}
