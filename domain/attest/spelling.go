package attest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// member is one name of a JSON object and where its value is. Objects here have one spelling: their
// members in one order, no white space, strings escaped as RFC 8785 says. So they are written and
// read by hand, and a text that could be read in two ways is not read at all.
type member struct {
	name     string
	value    any  // *string, *uint64, *bool or *[]Transfer
	optional bool // left out where it is "" or 0
}

// write is the text of an object.
func write(members []member) []byte {
	var b strings.Builder
	writeObject(&b, members)
	return []byte(b.String())
}

func writeObject(b *strings.Builder, members []member) {
	before := byte('{')
	for _, m := range members {
		if m.optional && m.empty() {
			continue
		}
		b.WriteByte(before)
		before = ','
		b.WriteString(`"` + m.name + `":`)
		m.write(b)
	}
	b.WriteByte('}')
}

func (m member) empty() bool {
	switch v := m.value.(type) {
	case *string:
		return *v == ""
	case *uint64:
		return *v == 0
	}
	return false
}

func (m member) write(b *strings.Builder) {
	switch v := m.value.(type) {
	case *string:
		quote(b, *v)
	case *uint64:
		b.WriteString(strconv.FormatUint(*v, 10))
	case *bool:
		b.WriteString(strconv.FormatBool(*v))
	case *[]Transfer:
		b.WriteByte('[')
		for i := range *v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeObject(b, (*v)[i].members())
		}
		b.WriteByte(']')
	}
}

// escapes are the characters a JSON string writes with one letter.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r'}

func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		c := s[i]
		if letter, ok := escapes[c]; ok {
			b.WriteByte('\\')
			b.WriteByte(letter)
		} else if c < ' ' {
			fmt.Fprintf(b, `\u%04x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}

var (
	errText  = errors.New("a text is not written as statements write it")
	errValue = errors.New("a value is not of its kind")
)

// read fills in an object from its text and refuses every other spelling of it.
func read(text []byte, members []member) error {
	r := reader{rest: string(text)}
	if err := r.object(members); err != nil {
		return err
	}
	if r.rest != "" {
		return fmt.Errorf("%d bytes follow its end", len(r.rest))
	}
	// The members say again what was read: one text, one meaning.
	if string(write(members)) != string(text) {
		return errText
	}
	return nil
}

// reader takes a text apart from its beginning.
type reader struct{ rest string }

// take removes a prefix, if it is there.
func (r *reader) take(prefix string) bool {
	rest, ok := strings.CutPrefix(r.rest, prefix)
	r.rest = rest
	return ok
}

func (r *reader) object(members []member) error {
	before := "{"
	for _, m := range members {
		switch {
		case r.take(before + `"` + m.name + `":`):
		case m.optional:
			continue
		default:
			return fmt.Errorf("%s is missing or not in its place", m.name)
		}
		before = ","
		if err := r.value(m.value); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if !r.take("}") {
		return errors.New("a member is unknown, repeated or not in its place")
	}
	return nil
}

func (r *reader) value(to any) error {
	switch v := to.(type) {
	case *string:
		return r.text(v)
	case *uint64:
		end := strings.IndexAny(r.rest, ",}")
		n, err := strconv.ParseUint(r.rest[:max(end, 0)], 10, 64)
		if err != nil {
			return errValue
		}
		*v, r.rest = n, r.rest[end:]
	case *bool:
		if *v = r.take("true"); !*v && !r.take("false") {
			return errValue
		}
	case *[]Transfer:
		return r.transfers(v)
	}
	return nil
}

func (r *reader) transfers(to *[]Transfer) error {
	*to = nil
	if !r.take("[") {
		return errValue
	}
	for len(*to) == 0 || r.take(",") {
		if len(*to) == MaxTransfers {
			return fmt.Errorf("more than %d", MaxTransfers)
		}
		var t Transfer
		if err := r.object(t.members()); err != nil {
			return err
		}
		*to = append(*to, t)
	}
	if !r.take("]") {
		return errValue
	}
	return nil
}

func (r *reader) text(to *string) error {
	if !r.take(`"`) {
		return errValue
	}
	var b strings.Builder
	for r.rest != "" {
		c := r.rest[0]
		switch {
		case c == '"':
			r.rest = r.rest[1:]
			if *to = b.String(); !utf8.ValidString(*to) {
				return errText
			}
			return nil
		case c == '\\':
			if err := r.escaped(&b); err != nil {
				return err
			}
		case c < ' ':
			return errText
		default:
			b.WriteByte(c)
			r.rest = r.rest[1:]
		}
	}
	return errText
}

// escaped reads what follows a backslash. That it needed escaping is seen when it is written again.
func (r *reader) escaped(b *strings.Builder) error {
	const short, long = 2, 6 // \n and \u000b
	if len(r.rest) < short {
		return errText
	}
	for c, letter := range escapes {
		if r.rest[1] == letter {
			b.WriteByte(c)
			r.rest = r.rest[short:]
			return nil
		}
	}
	if len(r.rest) < long || r.rest[1] != 'u' {
		return errText
	}
	n, err := strconv.ParseUint(r.rest[short:long], 16, 7) // only control characters are written so
	if err != nil {
		return errText
	}
	b.WriteByte(byte(n))
	r.rest = r.rest[long:]
	return nil
}
