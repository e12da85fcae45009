package edge

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of what Decode reads and of what it repeats to the client.
const (
	jsonDepthMax = 20
	paramMax     = 64 // bytes of a field name echoed in a fault
)

// unmarshalStrict decodes in two passes. The first reads tokens and finds what the grammar forbids
// (including duplicate names, lone surrogates and bad UTF-8, which jsontext refuses by itself)
// together with what the library would let pass: depth, null and NUL. The second fills dst, and
// refuses anything behind the object. What the first pass merely dislikes is reported after the
// second, so that a client with a misspelt field hears about the spelling.
func unmarshalStrict(raw []byte, dst any) error {
	dislike, err := scan(raw)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, dst, json.RejectUnknownMembers(true)); err != nil {
		return refusal(err)
	}
	return dislike
}

// scan walks the tokens of one object. dislike is the first null or NUL in it, if any.
func scan(raw []byte) (dislike, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if d.PeekKind() != '{' {
		return nil, ErrInvalidJSON
	}
	// Text is only looked into if the escape occurs at all: a bare NUL is already a syntax error.
	mayHoldNUL := bytes.Contains(raw, []byte(`\u0000`))
	for {
		token, err := d.ReadToken()
		switch {
		case err == io.EOF: //nolint:errorlint // jsontext promises the bare value between values
			return dislike, nil
		case err != nil:
			return nil, refusal(err)
		case d.StackDepth() > jsonDepthMax:
			return nil, ErrInvalidJSON
		case dislike != nil:
		case token.Kind() == 'n':
			dislike = ErrInvalidType.About(paramOf(d.StackPointer()))
		case mayHoldNUL && token.Kind() == '"' && strings.ContainsRune(token.String(), 0):
			dislike = ErrInvalidString.About(paramOf(d.StackPointer()))
		}
	}
}

// refusal translates what either pass found wrong.
func refusal(err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		param := paramOf(semantic.JSONPointer)
		if errors.Is(semantic.Err, json.ErrUnknownName) {
			return ErrUnknownField.About(param)
		}
		return ErrInvalidType.About(param)
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) && errors.Is(syntax.Err, jsontext.ErrDuplicateName) {
		return ErrDuplicateField.About(paramOf(syntax.JSONPointer))
	}
	return ErrInvalidJSON
}

// paramOf prints a pointer the way clients write it: "metadata.color", "items.0.price".
func paramOf(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	return clipParam(b.String())
}

// clipParam bounds a name a client made up before it is sent back.
func clipParam(s string) string {
	if len(s) <= paramMax {
		return s
	}
	cut := paramMax
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
