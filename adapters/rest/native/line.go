package native

import (
	"encoding/hex"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/ports"
)

const (
	lineBytes = 512       // room for one line of a statement as they mostly are
	mostKept  = 128 << 10 // bytes of a page whose memory is kept for the next one
)

// pages is memory of pages that were sent.
var pages = sync.Pool{New: func() any { return new([]byte) }}

// sendLines answers a page of a statement.
func sendLines(c *gin.Context, lines []ports.Booked, next string) error {
	kept, _ := pages.Get().(*[]byte)
	body, err := appendLines(slices.Grow((*kept)[:0], lineBytes*(len(lines)+1)), lines, next)
	if err != nil {
		return err
	}
	send(c, body)
	if cap(body) <= mostKept {
		*kept = body
		pages.Put(kept)
	}
	return nil
}

// appendLines appends a page of a statement; next, if any, is the cursor of the one after it.
func appendLines(b []byte, lines []ports.Booked, next string) ([]byte, error) {
	var err error
	b = append(b, `{"transactions":[`...)
	for i, line := range lines {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendLine(b, line); err != nil {
			return nil, err
		}
	}
	b = append(b, ']')
	if next != "" {
		b = append(b, `,"nextCursor":"`+next+`"`...) // of base64url: nothing to escape
	}
	return append(b, '}'), nil
}

// appendLine appends what encode prints of showLine, byte for byte, in a tenth of the time: pages of
// statements are read all day.
func appendLine(b []byte, booked ports.Booked) ([]byte, error) {
	t := &booked.Transaction
	amount := t.Postings[0].Amount
	l := text{b: b}
	l.add(`{"orderNo":`, string(t.OrderNo))
	l.b = append(l.b, `,"transaction":"0x`...)
	l.b = append(hex.AppendEncode(l.b, booked.Content[:]), '"')
	l.add(`,"type":`, string(t.Kind))
	l.add(`,"status":`, string(app.StatusOf(*t)))
	l.add(`,"direction":`, directionOf(t.Kind))
	l.b = append(amount.Append(append(l.b, `,"amount":"`...)), '"')
	l.b = append(amount.AppendMinor(append(l.b, `,"amountMinor":"`...)), '"')
	l.add(`,"currency":`, amount.Currency().Code())
	l.add(`,"description":`, t.Description)
	l.addSome(`,"sessionId":`, t.SessionID)
	l.addSome(`,"reverses":`, string(t.Reverses))
	l.add(`,"source":`, t.SourceRef)
	l.add(`,"mode":`, t.Mode.String())
	l.b = append(l.b, `,"bookedAt":"`...)
	l.b = append(appendInstant(l.b, t.BookedAt), '"', '}')
	return l.b, l.err
}

// appendInstant appends what instant prints. A layout is read anew for every time that is printed by one.
func appendInstant(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if t.IsZero() || year < 0 || year > 9999 {
		return append(b, instant(t)...)
	}
	hour, minute, second := t.Clock()
	b = append(appendPadded(b, 1000, year), '-')
	b = append(appendPadded(b, 10, int(month)), '-')
	b = append(appendPadded(b, 10, day), 'T')
	b = append(appendPadded(b, 10, hour), ':')
	b = append(appendPadded(b, 10, minute), ':')
	b = append(appendPadded(b, 10, second), '.')
	return append(appendPadded(b, 100_000, t.Nanosecond()/int(time.Microsecond)), 'Z')
}

// appendPadded appends n with all its digits from that of unit, a power of ten, down.
func appendPadded(b []byte, unit, n int) []byte {
	for ; unit > 0; unit /= 10 {
		b = append(b, byte('0'+n/unit%10))
	}
	return b
}

// directionOf is which way money goes, as the merchant sees it.
func directionOf(kind ledger.Kind) string {
	if kind == ledger.KindReversal {
		return "out"
	}
	return "in"
}

// text is an object of JSON that is being appended to.
type text struct {
	b   []byte
	err error // of the first value that cannot be said in JSON
}

// add appends a name, as it is, and a string.
func (t *text) add(name, value string) {
	t.b = append(t.b, name...)
	for i := range len(value) {
		// What may need an escape is left to encoding/json, which knows which.
		if c := value[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			said, err := encode(value)
			if t.err == nil {
				t.err = err
			}
			t.b = append(t.b, said...)
			return
		}
	}
	t.b = append(t.b, '"')
	t.b = append(t.b, value...)
	t.b = append(t.b, '"')
}

// addSome is add unless there is nothing to say.
func (t *text) addSome(name, value string) {
	if value != "" {
		t.add(name, value)
	}
}
