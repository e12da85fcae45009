package docs

import (
	"regexp"
	"strings"
)

// sample is code to be shown and copied.
type sample struct {
	Language string // "json", "sh", "text"
	Tokens   []token
}

// token is a run of code of one colour; Kind "" has none.
type token struct{ Kind, Text string }

// jsonToken tells names, texts, numbers and words of JSON apart; a name has its colon behind it.
var jsonToken = regexp.MustCompile(
	`("(?:[^"\\]|\\.)*")(\s*:)|("(?:[^"\\]|\\.)*")|(-?[0-9][0-9.eE+-]*)|(true|false|null)`)

func newSample(language, code string) sample {
	s := sample{Language: language}
	if language != "json" {
		s.Tokens = []token{{"", code}}
		return s
	}
	add := func(kind, text string) {
		if text != "" {
			s.Tokens = append(s.Tokens, token{kind, text})
		}
	}
	last := 0
	for _, m := range jsonToken.FindAllStringSubmatchIndex(code, -1) {
		add("", code[last:m[0]])
		for group, kind := range []string{"name", "", "text", "number", "word"} {
			if from := m[2*group+2]; from >= 0 {
				add(kind, code[from:m[2*group+3]])
			}
		}
		last = m[1]
	}
	add("", code[last:])
	return s
}

// String is the code without colours.
func (s sample) String() string {
	var b strings.Builder
	for _, t := range s.Tokens {
		b.WriteString(t.Text)
	}
	return b.String()
}

// curl is a request as a command. variable is the shell's name of a bearer credential, or "". body
// is JSON, for another media type the arguments that send it, or "".
func curl(url, method, variable, body, mediaType string) string {
	var b strings.Builder
	b.WriteString("curl")
	if method != "GET" && (method != "POST" || body == "") {
		b.WriteString(" -X " + method)
	}
	b.WriteString(" '" + url + "'")
	if variable != "" {
		b.WriteString(" \\\n  -H \"Authorization: Bearer $" + variable + "\"")
	}
	switch {
	case body == "":
	case mediaType == jsonMedia:
		b.WriteString(" \\\n  -H 'Content-Type: application/json' \\\n  -d '" +
			strings.ReplaceAll(body, "'", `'\''`) + "'")
	default:
		b.WriteString(body)
	}
	return b.String()
}
