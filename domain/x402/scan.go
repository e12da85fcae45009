package x402

import (
	"bytes"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// Why JSON is not read. Names given twice and the like are refused because two programs that read the
// same text must not see two payments.
var (
	errSyntax    = errors.New("it is not valid JSON")
	errDuplicate = errors.New("a name is given twice in one object")
	errDeep      = errors.New("it is nested too deeply")
	errCrowded   = errors.New("an object has too many members")
)

// scanner reads JSON strictly (RFC 8259), once, without building anything: names are exact, no name
// twice, nothing after the value. The first error sticks, and every later step does nothing.
type scanner struct {
	in    []byte // valid UTF-8
	at    int
	depth int
	names [][]byte // of the open objects' members so far, the innermost object's last
	err   error
}

func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// next skips white space and answers the next byte, 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.in) {
		switch c := s.in[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// take skips white space and c.
func (s *scanner) take(c byte) {
	if s.err != nil || s.next() != c {
		s.fail(errSyntax)
		return
	}
	s.at++
}

// end says what went wrong, something after the value included.
func (s *scanner) end() error {
	if s.err == nil && s.next() != 0 || s.at != len(s.in) {
		s.fail(errSyntax)
	}
	return s.err
}

// object reads an object. member is called with each name and reads its value; what it does not read is
// skipped.
func (s *scanner) object(member func(name []byte)) {
	s.enter('{')
	first := len(s.names)
	for s.err == nil && (len(s.names) > first || s.next() != '}') {
		name := s.text()
		s.take(':')
		s.meet(name, s.names[first:])
		if s.err != nil {
			return
		}
		s.names = append(s.names, name)
		s.next() // so that a member that only looks has not moved
		from := s.at
		member(name)
		if s.at == from {
			s.skip()
		}
		if s.next() != ',' {
			break
		}
		s.at++
	}
	s.names = s.names[:first]
	s.leave('}')
}

// meet refuses a name that an object has, or one too many.
func (s *scanner) meet(name []byte, before [][]byte) {
	if len(before) == maxMembers {
		s.fail(errCrowded)
	}
	for _, b := range before {
		if bytes.Equal(b, name) {
			s.fail(errDuplicate)
		}
	}
}

func (s *scanner) enter(c byte) {
	s.take(c)
	if s.depth++; s.depth > maxDepth {
		s.fail(errDeep)
	}
}

func (s *scanner) leave(c byte) {
	s.take(c)
	s.depth--
}

// array reads an array by reading each of its elements.
func (s *scanner) array(element func()) {
	s.enter('[')
	for first := true; s.err == nil && (!first || s.next() != ']'); first = false {
		element()
		if s.next() != ',' {
			break
		}
		s.at++
	}
	s.leave(']')
}

// skip reads any value and forgets it.
func (s *scanner) skip() {
	switch c := s.next(); {
	case s.err != nil:
	case c == '{':
		s.object(func([]byte) {})
	case c == '[':
		s.array(s.skip)
	case c == '"':
		s.text()
	case c == '-' || isDigit(c):
		s.number()
	default:
		s.literal()
	}
}

func (s *scanner) literal() {
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.in[s.at:], []byte(word)) {
			s.at += len(word)
			return
		}
	}
	s.fail(errSyntax)
}

// number reads a number and answers its text.
func (s *scanner) number() string {
	s.next()
	from := s.at
	s.optional("-")
	if !s.optional("0") {
		s.digits()
	}
	if s.optional(".") {
		s.digits()
	}
	if s.optional("eE") {
		s.optional("+-")
		s.digits()
	}
	return string(s.in[from:s.at])
}

func (s *scanner) optional(any string) bool {
	if s.at < len(s.in) && bytes.IndexByte([]byte(any), s.in[s.at]) >= 0 {
		s.at++
		return true
	}
	return false
}

func (s *scanner) digits() {
	from := s.at
	for s.at < len(s.in) && isDigit(s.in[s.at]) {
		s.at++
	}
	if s.at == from {
		s.fail(errSyntax)
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// plain are the bytes of a string that stand for themselves.
var plain = func() (out [256]bool) {
	for c := range out {
		out[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return out
}()

// text reads a string. The answer is part of the input unless something in it was escaped.
func (s *scanner) text() []byte {
	s.take('"')
	if s.err != nil {
		return nil
	}
	rest, n := s.in[s.at:], 0
	for n < len(rest) && plain[rest[n]] {
		n++
	}
	s.at += n
	switch {
	case n == len(rest) || rest[n] < ' ':
		s.fail(errSyntax)
		return nil
	case rest[n] == '\\':
		return s.escaped(bytes.Clone(rest[:n]))
	}
	s.at++
	return rest[:n]
}

var escapes = map[byte]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// escaped reads on from the first backslash of a string.
func (s *scanner) escaped(out []byte) []byte {
	for s.err == nil && s.at < len(s.in) {
		c := s.in[s.at]
		s.at++
		switch {
		case c == '"':
			return out
		case c < ' ':
			s.fail(errSyntax)
		case c != '\\':
			out = append(out, c)
		case s.optional("u"):
			out = utf8.AppendRune(out, s.unicode())
		case s.at < len(s.in) && escapes[s.in[s.at]] != 0:
			out = append(out, escapes[s.in[s.at]])
			s.at++
		default:
			s.fail(errSyntax)
		}
	}
	s.fail(errSyntax)
	return nil
}

// unicode reads what follows \u. Half a surrogate pair stands for no character.
func (s *scanner) unicode() rune {
	r := s.hex4()
	if !utf16.IsSurrogate(r) {
		return r
	}
	if !bytes.HasPrefix(s.in[s.at:], []byte(`\u`)) {
		s.fail(errSyntax)
		return 0
	}
	s.at += 2
	whole := utf16.DecodeRune(r, s.hex4())
	if whole == utf8.RuneError {
		s.fail(errSyntax)
	}
	return whole
}

func (s *scanner) hex4() rune {
	const digits, base, letters = 4, 16, 10
	if len(s.in)-s.at < digits {
		s.fail(errSyntax)
		return 0
	}
	var r rune
	for _, c := range s.in[s.at : s.at+digits] {
		at := bytes.IndexByte([]byte("0123456789abcdefABCDEF"), c)
		if at < 0 {
			s.fail(errSyntax)
			return 0
		}
		if at >= base {
			at -= base - letters
		}
		r = r<<4 | rune(at) //nolint:gosec // a digit
	}
	s.at += digits
	return r
}
