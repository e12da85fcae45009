package docs

import (
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestProse(t *testing.T) {
	text := "Lead with `code` and\n**bold `x`** text.\n\n## A title\n\n- one\n  goes on\n- [two](#two)\n\n" +
		"1. first\n2. second\n\n```json\n{\"a\": 1}\n```\n"
	word := func(kind, s string) span { return span{Kind: kind, Text: s} }
	want := []block{
		{Kind: "text", Spans: []span{
			word("text", "Lead with "), word("code", "code"), word("text", " and "),
			word("strong", "bold "), word("code", "x"), word("text", " text."),
		}},
		{Kind: "heading", Spans: []span{word("text", "A title")}},
		{Kind: "list", Items: [][]span{
			{word("text", "one goes on")}, {{Kind: "link", Text: "two", Link: "#two"}},
		}},
		{Kind: "steps", Items: [][]span{{word("text", "first")}, {word("text", "second")}}},
		{Kind: "code", Code: newSample("json", `{"a": 1}`)},
	}
	if diff := cmp.Diff(want, readProse(text)); diff != "" {
		t.Error(diff)
	}
	lead, parts := sections(readProse(text))
	if len(lead) != 1 || len(parts) != 1 || parts[0].ID != "a-title" || len(parts[0].Blocks) != 3 {
		t.Errorf("%d blocks before %+v", len(lead), parts)
	}
}

func TestColoursDoNotChangeCode(t *testing.T) {
	const code = `{"na\"me": "te:xt", "n": -1.5e3, "list": [true, null], "": ""}`
	s := newSample("json", code)
	if s.String() != code {
		t.Errorf("shown as %s", s)
	}
	var kinds []string
	for _, t := range s.Tokens {
		if t.Kind != "" {
			kinds = append(kinds, t.Kind+" "+t.Text)
		}
	}
	want := []string{
		`name "na\"me"`, `text "te:xt"`, `name "n"`, `number -1.5e3`, `name "list"`, `word true`, `word null`,
		`name ""`, `text ""`,
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}

// A schema that holds itself is shown to a depth, not for ever.
func TestSchemasMayHoldThemselves(t *testing.T) {
	top, err := readNode([]byte(`
Thing: {type: object, properties: {parts: {type: array, items: {$ref: '#/Thing'}}}}
Loop: {$ref: '#/Loop'}`))
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for fields := readFields(top.at("Thing"), 0); len(fields) > 0; fields = fields[0].Fields {
		depth++
	}
	if depth != maxDepth+1 {
		t.Errorf("shown %d deep", depth)
	}
	if top.at("Loop", "x").exists() {
		t.Error("a circle of references leads somewhere")
	}
}

// WCAG 2.2 AA: text against what it stands on, in light and in dark.
func TestColoursCanBeToldApart(t *testing.T) {
	css := string(styleSheet.plain)
	light, rest, found := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("there is no dark look")
	}
	declared := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	colours := map[string]string{}
	for _, m := range declared.FindAllStringSubmatch(light, -1) {
		colours[m[1]] = m[2]
	}
	dark := maps.Clone(colours)
	for _, m := range declared.FindAllStringSubmatch(rest, -1) {
		dark[m[1]] = m[2]
	}
	grounds := map[string][]string{
		"paper": {"ink", "muted", "accent", "get", "post", "patch", "put", "delete", "event"},
		"card":  {"ink", "muted", "accent", "get", "post", "patch", "put", "delete"},
		"chip":  {"ink", "muted", "accent", "post", "delete"},
		"tint":  {"accent", "post", "get", "patch", "put", "delete"},
		"code":  {"code-ink", "code-muted", "code-name", "code-text", "code-number"},
	}
	for look, colours := range map[string]map[string]string{"light": colours, "dark": dark} {
		for ground, texts := range grounds {
			for _, text := range texts {
				if c := contrast(t, colours[ground], colours[text]); c < 4.5 {
					t.Errorf("%s: %s on %s has contrast %.2f", look, text, ground, c)
				}
			}
		}
	}
}

// contrast is the ratio of WCAG.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
		if err != nil || len(colour) != 7 {
			t.Fatalf("%q is no colour", colour)
		}
		channel := func(shift uint) float64 {
			v := float64(n>>shift&0xff) / 255
			if v <= 0.04045 {
				return v / 12.92
			}
			return math.Pow((v+0.055)/1.055, 2.4)
		}
		return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
	}
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}
