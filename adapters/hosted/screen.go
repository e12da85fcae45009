package hosted

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
)

//go:embed templates/*.html
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.html"))

// lookAgain is how often the page reloads itself where there is no script.
const lookAgain = 15 * time.Second

// contentPolicy allows what the page is made of and nothing else. The shop's pages may not frame it:
// a payer must see whose address bar he is reading.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// screen is a view in a language, at a moment, as one request asked for it.
type screen struct {
	view
	*locale
	Here         string // path of this page
	Now          time.Time
	Paused       bool // whether the reader asked for no reloading
	Session      checkout.SessionID
	Answer       *notice    // about the transaction that was asked about
	Query        url.Values // that asked for the answer
	Played       *notice    // about the scenario that was played
	Claim        string     // what the form was sent with
	ClaimRefused bool
	Failure      *failure // if there is no view to show
	Read         *read    // how far the network was read, where somebody may ask
}

func newScreen(c *gin.Context, v view, now time.Time) *screen {
	return &screen{view: v, locale: speaking(c), Here: here(c), Session: v.ID, Now: now}
}

// ask adds the answers a query calls for.
func (s *screen) ask(query url.Values, p app.Progress) {
	s.Paused = query.Has("pause")
	if s.Answer = answer(query, p); s.Answer != nil {
		s.Claim, s.Query = s.Answer.TxID, query
	}
	s.Played = played(query, p.Session)
}

// refuse shows the claim form again with what it was sent and why that will not do.
func (s *screen) refuse(text string) { s.Claim, s.ClaimRefused, s.Paused = clip(text), true, true }

// Say and Rich are the words of the screen's language; see locale.
func (s *screen) Say(key string, pairs ...string) (string, error) { return s.say(key, pairs...) }

// Rich is Say with emphasis.
func (s *screen) Rich(key string, pairs ...string) (template.HTML, error) {
	return s.rich(key, pairs...)
}

// Told is what a notice says.
func (s *screen) Told(n notice) (template.HTML, error) { return s.rich(n.Key+".body", n.Pairs...) }

// Moment prints a time for people.
func (s *screen) Moment(t time.Time) string { return s.moment(t) }

// Machine prints a time for the script.
func (s *screen) Machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// On names a network, and says so when it is not the real one.
func (s *screen) On(network string) (string, error) {
	if s.Test {
		return s.say("network.simulated", "network", network)
	}
	return network, nil
}

// Left is the time to pay at the moment of rendering, as a clock.
func (s *screen) Left() string {
	seconds := int64(max(s.Deadline.Sub(s.Now), 0) / time.Second)
	if hours := seconds / 3600; hours > 0 {
		return fmt.Sprintf("%d:%02d:%02d", hours, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// Number prints a count.
func (s *screen) Number(n uint64) string { return strconv.FormatUint(n, 10) }

// Square draws the address to pay to.
func (s *screen) Square() (template.HTML, error) {
	label, err := s.say("await.qr_alt", "address", s.Pay.Address)
	if err != nil {
		return "", err
	}
	return square(s.Pay.Address, label)
}

// Languages are the page's languages, and where to read it in each.
func (s *screen) Languages() []*locale { return locales }

// Style, Script and Icon are where the page's files are.
func (s *screen) Style() string { return styleSheet.URL() }

// Script is the script's address.
func (s *screen) Script() string { return script.URL() }

// Icon is the icon's address.
func (s *screen) Icon() string { return icon.URL() }

// Refresh is the number of seconds after which a browser without script looks again, 0 for never.
func (s *screen) Refresh() int64 {
	if s.Paused || s.Failure != nil || s.Phase != awaiting && s.Phase != confirming {
		return 0
	}
	return int64(lookAgain / time.Second)
}

// Again is where looking again leads: the same page, about the same transaction.
func (s *screen) Again() string {
	if s.Answer != nil {
		return s.Here + "?" + url.Values{
			"tx": {s.Answer.TxID}, "found": {s.Query.Get("found")}, "units": {s.Query.Get("units")},
			"on": {s.Query.Get("on")},
		}.Encode()
	}
	return s.Here
}

// Step tells how far one of the three steps is.
func (s *screen) Step(name string) string {
	at := map[phase]int{choosing: 0, awaiting: 0, confirming: 1, paid: 3}[s.Phase]
	step := map[string]int{"send": 0, "confirm": 1, "done": 2}[name]
	switch {
	case step < at:
		return "done"
	case step == at:
		return "now"
	}
	return "next"
}

// send renders the screen whole before anything leaves, so that what breaks is an error page and
// not half a payment instruction.
func (s *screen) send(c *gin.Context, status int) {
	page, err := s.page()
	if err != nil {
		edge.Fail(c, err)
		return
	}
	guard(c)
	c.Data(status, "text/html; charset=utf-8", page)
}

func (s *screen) page() ([]byte, error) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, "page.html", s); err != nil {
		return nil, fmt.Errorf("render %s: %w", s.Phase, err)
	}
	return page.Bytes(), nil
}

// guard sets the headers of a page.
func guard(c *gin.Context) {
	c.Header("Content-Security-Policy", contentPolicy)
	c.Header("Permissions-Policy", "clipboard-write=(self)")
	c.Header("X-Robots-Tag", "noindex, nofollow")
	c.Header("Cache-Control", "no-store")
	c.Header("Referrer-Policy", "no-referrer")
}
