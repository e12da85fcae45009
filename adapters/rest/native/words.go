package native

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

const jsonType = "application/json; charset=utf-8"

// Bounds of texts merchants write, in characters.
const (
	maxName        = 80
	maxLabel       = 80
	maxDescription = 500

	maxEndpointDescription = 200
)

// instantLayout prints what the book keeps: whole microseconds, UTC.
const instantLayout = "2006-01-02T15:04:05.000000Z"

// instant prints a time; the zero time is "", which omitempty leaves out.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(instantLayout)
}

// encode prints an answer as JSON. Markup stays as it is: answers are JSON and say so.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeOptional reads the body of a route that works without one.
func decodeOptional(c *gin.Context, dst any) error {
	raw, err := edge.RawBody(c)
	if err != nil {
		return err
	}
	if len(raw) == 0 {
		_, err := edge.Query(c)
		return err
	}
	return edge.Decode(c, dst)
}

// noBody refuses whatever a body could say on a route that reads none.
func noBody(c *gin.Context) error { return decodeOptional(c, &struct{}{}) }

// required answers a field's value, or the fault of its absence.
func required(param string, v *string) (string, error) {
	if v == nil {
		return "", missing(param)
	}
	return *v, nil
}

func missing(param string) error {
	return fault.ErrInvalid.Saying(param + " is required").About(param)
}

// needed collects required fields; err is the fault of the first one missing.
type needed struct{ err error }

func (n *needed) take(param string, v *string) string {
	s, err := required(param, v)
	if n.err == nil {
		n.err = err
	}
	return s
}

// readAmount reads an amount in the words of a request: currency by its code, amount by our grammar.
func readAmount(currency string, amount *string) (money.Amount, error) {
	unit, err := money.ParseCurrency(currency)
	if err != nil {
		return money.Amount{}, err
	}
	if amount == nil {
		return money.Amount{}, money.ErrRequired
	}
	return money.Parse(unit, *amount)
}

// checkDescription lets a description have lines: whoever prints one quotes it.
func checkDescription(s string) error { return edge.Text("description", s, maxDescription, true) }

// checkLabel lets a label be any one line.
func checkLabel(s string) error { return edge.Text("label", s, maxLabel, false) }

// readMode reads an optional mode, by default the one a principal acts in already.
func readMode(who merchant.Principal, mode *string) (merchant.Principal, error) {
	if mode == nil {
		return who, nil
	}
	m, err := merchant.ParseMode(*mode)
	if err != nil {
		return merchant.Principal{}, err
	}
	who.Mode = m
	return who, nil
}
