package ethrpc

import "bytes"

// maxDepth is how deep an answer may be nested. The deepest lawful one is a batch of traces: two levels
// for each call within a call, of which a hostile contract makes as many as there can be.
const maxDepth = 2*maxCallDepth + 16

// jsonText walks a JSON text in place. Answers are large and mostly hex, and nearly all of them is
// looked at once and thrown away, so nothing is copied and nothing is built.
//
// It takes what JSON allows and refuses what JSON forbids, with one exception: control characters
// inside strings pass. Strings are handed out as they are written: none we look for holds an
// escape, and one that does is not what we look for.
type jsonText struct {
	buf   []byte
	at    int
	plain bool // no escape is in the text, so that no string has to be searched for one
}

// textOf prepares to walk a text of many strings.
func textOf(buf []byte) jsonText { return jsonText{buf: buf, plain: bytes.IndexByte(buf, '\\') < 0} }

// peek skips white space and answers the next byte, 0 at the end.
func (t *jsonText) peek() byte {
	for t.at < len(t.buf) {
		switch c := t.buf[t.at]; c {
		case ' ', '\n', '\r', '\t':
			t.at++
		default:
			return c
		}
	}
	return 0
}

// take consumes the byte c after white space.
func (t *jsonText) take(c byte) bool {
	if t.at < len(t.buf) && t.buf[t.at] == c {
		t.at++
		return true
	}
	return t.takeBehindSpace(c)
}

func (t *jsonText) takeBehindSpace(c byte) bool {
	if t.peek() != c || t.at == len(t.buf) {
		return false
	}
	t.at++
	return true
}

// done reports whether nothing but white space is left.
func (t *jsonText) done() bool { return t.peek() == 0 && t.at == len(t.buf) }

// str consumes a string and answers what stands between its quotes.
func (t *jsonText) str() ([]byte, bool) {
	if !t.take('"') {
		return nil, false
	}
	start := t.at
	end := bytes.IndexByte(t.buf[start:], '"')
	if end < 0 {
		return nil, false
	}
	if t.plain || bytes.IndexByte(t.buf[start:start+end], '\\') < 0 {
		t.at = start + end + 1
		return t.buf[start : start+end], true
	}
	return t.escaped(start)
}

// escaped consumes the rest of a string that holds escapes.
func (t *jsonText) escaped(start int) ([]byte, bool) {
	for t.at = start; t.at < len(t.buf); t.at++ {
		switch t.buf[t.at] {
		case '"':
			t.at++
			return t.buf[start : t.at-1], true
		case '\\':
			if !t.escape() {
				return nil, false
			}
		}
	}
	return nil, false
}

// escape consumes an escape up to its last byte.
func (t *jsonText) escape() bool {
	if t.at++; t.at >= len(t.buf) {
		return false
	}
	if t.buf[t.at] != 'u' {
		return bytes.IndexByte([]byte(`"\/bfnrt`), t.buf[t.at]) >= 0
	}
	for range 4 {
		if t.at++; t.at >= len(t.buf) || nibbles[t.buf[t.at]] > 0xf {
			return false
		}
	}
	return true
}

// value consumes any value and answers it as it is written.
func (t *jsonText) value() ([]byte, bool) {
	t.peek()
	start := t.at
	if !t.skip(0) {
		return nil, false
	}
	return t.buf[start:t.at], true
}

// textValue consumes any value and answers what stands between the quotes if it is a string, nil if it
// is none.
func (t *jsonText) textValue() (s []byte, whole bool) {
	if t.peek() == '"' {
		return t.str()
	}
	return nil, t.skip(0)
}

// fixed consumes a value and reads exactly len(dst) bytes of hex out of it, as parseFixed does. If the
// text is as it should be, nothing has to be searched for its end: no digit is a quote.
func (t *jsonText) fixed(dst []byte) (sound, whole bool) {
	if t.peek() == '"' {
		start := t.at + 1
		end := start + len(hexPrefix) + 2*len(dst)
		if end < len(t.buf) && t.buf[end] == '"' && parseFixed(dst, t.buf[start:end]) {
			t.at = end + 1
			return true, true
		}
	}
	s, whole := t.textValue()
	return parseFixed(dst, s), whole
}

// key consumes the name of a member and what stands between it and its value.
func (t *jsonText) key() ([]byte, bool) {
	name, ok := t.str()
	return name, ok && t.take(':')
}

func (t *jsonText) skip(depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch t.peek() {
	case '"':
		_, ok := t.str()
		return ok
	case '{':
		return t.members('{', '}', func() bool {
			_, ok := t.str()
			return ok && t.take(':') && t.skip(depth+1)
		})
	case '[':
		return t.members('[', ']', func() bool { return t.skip(depth + 1) })
	case 't':
		return t.word("true")
	case 'f':
		return t.word("false")
	case 'n':
		return t.word("null")
	}
	return t.number()
}

// members consumes what stands between open and shut, calling next at each member.
func (t *jsonText) members(open, shut byte, next func() bool) bool {
	if !t.take(open) {
		return false
	}
	if t.take(shut) {
		return true
	}
	for {
		if !next() {
			return false
		}
		if t.take(shut) {
			return true
		}
		if !t.take(',') {
			return false
		}
	}
}

// object consumes an object and hands out its members as they are written.
func (t *jsonText) object(member func(key, value []byte)) bool {
	return t.members('{', '}', func() bool {
		key, ok := t.str()
		if !ok || !t.take(':') {
			return false
		}
		value, ok := t.value()
		if ok {
			member(key, value)
		}
		return ok
	})
}

// array consumes an array and hands out its elements as they are written.
func (t *jsonText) array(element func(value []byte)) bool {
	return t.members('[', ']', func() bool {
		value, ok := t.value()
		if ok {
			element(value)
		}
		return ok
	})
}

func (t *jsonText) word(w string) bool {
	if !bytes.HasPrefix(t.buf[t.at:], []byte(w)) {
		return false
	}
	t.at += len(w)
	return true
}

func (t *jsonText) number() bool {
	t.literal('-')
	if !t.literal('0') && !t.digits() {
		return false
	}
	if t.literal('.') && !t.digits() {
		return false
	}
	if t.literal('e') || t.literal('E') {
		if !t.literal('+') {
			t.literal('-')
		}
		return t.digits()
	}
	return true
}

func (t *jsonText) literal(c byte) bool {
	if t.at >= len(t.buf) || t.buf[t.at] != c {
		return false
	}
	t.at++
	return true
}

func (t *jsonText) digits() bool {
	start := t.at
	for t.at < len(t.buf) && t.buf[t.at]-'0' <= 9 {
		t.at++
	}
	return t.at > start
}

// object consumes a whole text that is one object.
func object(buf []byte, member func(key, value []byte)) bool {
	t := jsonText{buf: buf}
	return t.object(member) && t.done()
}

// array consumes a whole text that is one array.
func array(buf []byte, element func(value []byte)) bool {
	t := jsonText{buf: buf}
	return t.array(element) && t.done()
}

// text is what stands in a value that is a string; nil if it is none.
func text(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return nil
	}
	return value[1 : len(value)-1]
}

// null reports whether a value is null.
func null(value []byte) bool { return string(value) == "null" }
