package x402

import (
	"strconv"
	"unicode/utf8"
)

// writer puts JSON together, members in the order they are written.
type writer struct {
	out []byte
	// plain escapes nothing that need not be (RFC 8785), for texts that are signed and not shown.
	plain bool
	// blanks are where texts begin that differ from one challenge to the next.
	blanks []int
}

// comma divides from what was written before.
func (w *writer) comma() {
	if n := len(w.out); n > 0 && w.out[n-1] != '{' && w.out[n-1] != '[' && w.out[n-1] != ':' {
		w.out = append(w.out, ',')
	}
}

func (w *writer) name(name string) {
	w.comma()
	w.text(name)
	w.out = append(w.out, ':')
}

func (w *writer) open(c byte)  { w.comma(); w.out = append(w.out, c) }
func (w *writer) close(c byte) { w.out = append(w.out, c) }

func (w *writer) string(name, value string) {
	w.name(name)
	w.text(value)
}

// blank writes a string that differs from one challenge to the next.
func (w *writer) blank(name, value string) {
	w.name(name)
	w.blanks = append(w.blanks, len(w.out)+1) // behind the quotation mark
	w.text(value)
}

func (w *writer) number(name string, value int64) {
	w.name(name)
	w.out = strconv.AppendInt(w.out, value, 10)
}

func (w *writer) bool(name string, value bool) {
	w.name(name)
	w.out = strconv.AppendBool(w.out, value)
}

// raw writes a value that is JSON already.
func (w *writer) raw(name, value string) {
	w.name(name)
	w.out = append(w.out, value...)
}

func (w *writer) strings(name string, values []string) {
	w.name(name)
	w.open('[')
	for _, v := range values {
		w.comma()
		w.text(v)
	}
	w.close(']')
}

// text writes a string. What HTML would take for markup is escaped, as the answer may be shown.
func (w *writer) text(s string) {
	const digits = "0123456789abcdef"
	w.out = append(w.out, '"')
	simple := w.simple(s)
	w.out = append(w.out, s[:simple]...)
	for _, r := range s[simple:] {
		switch {
		case r == '"' || r == '\\':
			w.out = append(w.out, '\\', byte(r))
		case r < ' ' || !w.plain && (r == '<' || r == '>' || r == '&' || r == 0x7f):
			w.out = append(w.out, '\\', 'u', '0', '0', digits[r>>4], digits[r&0xf])
		case !w.plain && (r == '\u2028' || r == '\u2029'):
			w.out = append(w.out, `\u202`...)
			w.out = append(w.out, digits[r&0xf])
		default:
			w.out = utf8.AppendRune(w.out, r)
		}
	}
	w.out = append(w.out, '"')
}

// simple is how much at the beginning of a string stands for itself: all of most.
func (w *writer) simple(s string) int {
	for i := range len(s) {
		switch b := s[i]; {
		case b < ' ' || b == '"' || b == '\\' || b >= utf8.RuneSelf,
			!w.plain && (b == '<' || b == '>' || b == '&' || b == 0x7f):
			return i
		}
	}
	return len(s)
}
