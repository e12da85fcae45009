package hosted

import (
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
)

// claimShown bounds how much of a refused text the form shows again, in characters.
const claimShown = 200

// errForeign refuses a form that another site sent.
var errForeign = fault.New(fault.Forbidden, "foreign_origin",
	"this form must be sent from the page itself")

// ownPage lets through what this page's own forms send. There is no cookie to ride on, so whoever
// knows the id could send the form himself; this only keeps another site from making a payer's
// browser do it.
func (d *desk) ownPage(c *gin.Context) {
	if !d.isOwn(c.Request) {
		edge.Fail(c, errForeign)
	}
}

// isOwn believes Sec-Fetch-Site, which browsers send to https and to this machine. Where it is
// missing it looks at Origin, which is "null" for our own forms: the page sends no referrer.
func (d *desk) isOwn(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" || origin == "null" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Host == r.Host || u.Host == d.host)
}

// readForm reads the one field a form has.
func readForm(c *gin.Context, field string) (string, error) {
	media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return "", edge.ErrMediaType
	}
	body, err := edge.RawBody(c)
	if err != nil {
		return "", err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil || len(values[field]) != 1 || !utf8.ValidString(values.Get(field)) {
		return "", fault.ErrInvalid.About(field)
	}
	return values.Get(field), nil
}

// choiceMark separates the two halves of a button's value, as in "usdc/base".
const choiceMark = "/"

// readChoice reads what a button of the choice stands for: a method, and the network it is for.
func readChoice(value string) (app.Choice, error) {
	name, network, _ := strings.Cut(value, choiceMark)
	method, err := checkout.ParseMethod(name)
	return app.Choice{Method: method, Network: network}, err
}

// hexRun finds candidates for a transaction id in what people paste: the id itself, with or without
// 0x, or the address of an explorer's page.
var hexRun = regexp.MustCompile(`[0-9A-Fa-f]+`)

// txIDChars is the length of a transaction id in hex.
const txIDChars = 64

func readTxID(text string) (chain.TxID, bool) {
	if len(text) > edge.DefaultBodyLimit {
		return "", false
	}
	var found chain.TxID
	for _, run := range hexRun.FindAllString(text, -1) {
		if len(run) != txIDChars {
			continue
		}
		id, ok := chain.ParseTxID(run)
		if !ok || found != "" && found != id {
			return "", false // two ids: we do not guess which
		}
		found = id
	}
	return found, found != ""
}

func clip(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), claimShown)])
}
