package hosted

import (
	"fmt"
	"maps"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	tags     = regexp.MustCompile(`<[a-zA-Z][^>]*>`)
	inline   = regexp.MustCompile(`(?i)\s(on[a-z]+|style|srcdoc)\s*=`)
	absolute = regexp.MustCompile(`(?i)[a-z]*:?//[^\s"'<>)]*`)
	ids      = regexp.MustCompile(` id="([^"]*)"`)
)

// Row D01 of the known bad inputs: a shop's texts are text. Everything between < and > that is on
// the hostile page must also be on the plain one, but for the texts themselves.
func TestHostileTextsStayText(t *testing.T) {
	for _, l := range locales {
		page := stories()["hostile"].render(t, l)
		for _, raw := range []string{"<script>", "<img", "onerror=alert(1)>", "</title>]]>", "<style>", "javascript:alert(1)\""} {
			if strings.Contains(page, raw) {
				t.Errorf("%s: %s came through", l.Code, raw)
			}
		}
		if n := strings.Count(page, "<script"); n != 1 {
			t.Errorf("%s: %d scripts", l.Code, n)
		}
		if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
			t.Errorf("%s: the text is not shown", l.Code)
		}
	}
}

// What the content policy forbids must not be needed: it would silently not work.
func TestPagesHoldNothingInline(t *testing.T) {
	everyPage(t, func(name, page string) {
		for _, tag := range tags.FindAllString(page, -1) {
			if inline.MatchString(tag) {
				t.Errorf("%s: %s", name, tag)
			}
		}
		if strings.Contains(page, "<style") {
			t.Errorf("%s holds a style sheet", name)
		}
		seen := map[string]bool{}
		for _, m := range ids.FindAllStringSubmatch(page, -1) {
			if seen[m[1]] {
				t.Errorf("%s: id %s is there twice", name, m[1])
			}
			seen[m[1]] = true
		}
	})
	for _, word := range []string{"unsafe", "*", "http", "data:"} {
		if strings.Contains(contentPolicy, word) {
			t.Errorf("the content policy allows %s", word)
		}
	}
	if !strings.HasPrefix(contentPolicy, "default-src 'none'") || !strings.Contains(contentPolicy, "frame-ancestors 'none'") {
		t.Error(contentPolicy)
	}
}

// The only foreign addresses are links to the shop.
func TestNothingComesFromElsewhere(t *testing.T) {
	everyPage(t, func(name, page string) {
		for _, tag := range tags.FindAllString(page, -1) {
			for _, address := range absolute.FindAllString(tag, -1) {
				u, err := url.Parse(address)
				if err != nil || u.Host != "atelier.example" || !strings.HasPrefix(tag, `<a class="button" id="back" href="`) {
					t.Errorf("%s: %s in %s", name, address, tag)
				}
			}
		}
	})
	for _, a := range []asset{styleSheet, script} {
		text := string(a.content)
		if a.name == script.name {
			text = regexp.MustCompile(`(?m)//.*$`).ReplaceAllString(text, "")
		}
		for _, word := range []string{"//", "http", "@import", "url("} {
			if strings.Contains(text, word) {
				t.Errorf("%s holds %s", a.name, word)
			}
		}
	}
	if n := len(script.content); n >= 6000 {
		t.Errorf("the script has %d bytes; people pay from slow phones", n)
	}
}

func everyPage(t *testing.T, look func(name, page string)) {
	t.Helper()
	all := stories()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, l := range locales {
			look(name+"."+l.Code, all[name].render(t, l))
		}
	}
}

// WCAG 2.2 AA: text 4.5 to 1, what shows a control or its state 3 to 1.
func TestColoursCanBeToldApart(t *testing.T) {
	light, dark := palettes(t)
	for name, colours := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, pair := range []struct {
			front, back string
			least       float64
		}{
			{"ink", "card", 7},
			{"ink", "paper", 7},
			{"muted", "card", 4.5},
			{"muted", "paper", 4.5},
			{"accent", "card", 4.5},
			{"accent", "paper", 4.5},
			{"accent", "tint", 4.5},
			{"on-accent", "accent", 4.5},
			{"ink", "tint", 7},
			{"good-ink", "tint", 4.5},
			{"info-ink", "info", 4.5},
			{"warn-ink", "warn", 4.5},
			{"bad-ink", "bad", 4.5},
			{"bad-ink", "card", 4.5},
			{"bad-ink", "paper", 4.5},
			{"test-ink", "test", 7},
			{"card", "ink", 7},
			{"edge", "card", 3},
			{"warn-ink", "card", 3},
			{"accent", "line", 3},
		} {
			got := contrast(t, colours[pair.front], colours[pair.back])
			if got < pair.least {
				t.Errorf("%s: %s on %s is %.2f to 1, want %.1f", name, pair.front, pair.back, got, pair.least)
			}
		}
	}
}

var property = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)

// palettes reads the custom properties of the style sheet: the first block is light, the second
// dark.
func palettes(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	before, after, ok := strings.Cut(string(styleSheet.content), "prefers-color-scheme: dark")
	after, _, _ = strings.Cut(after, "\n}\n")
	if !ok {
		t.Fatal("there are no dark colours")
	}
	read := func(css string) map[string]string {
		out := map[string]string{}
		for _, m := range property.FindAllStringSubmatch(css, -1) {
			out[m[1]] = m[2]
		}
		return out
	}
	light, dark = read(before), read(after)
	if len(light) < 15 || len(light) != len(dark) {
		t.Fatalf("%d light and %d dark colours", len(light), len(dark))
	}
	return light, dark
}

// contrast is the ratio WCAG 2 defines.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		if len(colour) != 7 {
			t.Fatalf("colour %q", colour)
		}
		n, err := strconv.ParseUint(colour[1:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		part := func(v uint64) float64 {
			c := float64(v&0xff) / 255
			if c <= 0.04045 {
				return c / 12.92
			}
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		return 0.2126*part(n>>16) + 0.7152*part(n>>8) + 0.0722*part(n)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// The QR code must say what the page says, and leave readers the light border they need.
func TestSquareHasItsBorder(t *testing.T) {
	svg, err := square("TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE", `a "label" <x>`)
	if err != nil {
		t.Fatal(err)
	}
	text := string(svg)
	if !strings.Contains(text, `aria-label="a &#34;label&#34; &lt;x&gt;"`) {
		t.Error("the label is not escaped")
	}
	var side, x, y, w, w2 int
	if _, err := fmt.Sscanf(text[strings.Index(text, "viewBox"):], `viewBox="0 0 %d`, &side); err != nil {
		t.Fatal(err)
	}
	for _, run := range regexp.MustCompile(`M\d+ \d+h\d+v1h-\d+z`).FindAllString(text, -1) {
		if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%dz", &x, &y, &w, &w2); err != nil {
			t.Fatal(err)
		}
		if x < quiet || y < quiet || x+w > side-quiet || y >= side-quiet || w != w2 {
			t.Fatalf("%s reaches into the border of %d", run, side)
		}
	}
}
