package edge_test

import (
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/fault"
)

// Rows D01 to D06.
func TestTextRefusesWhatHidesOrReorders(t *testing.T) {
	const single, multi = false, true
	for _, tt := range []struct {
		text  string
		multi bool
		ok    bool
	}{
		// D01 and D04: markup, formulas and line separators are text.
		{"<script>alert(1)</script>", single, true},
		{`"><svg onload=alert(1)>{{7*7}}${7*7}</title>]]>javascript:`, single, true},
		{"a\u2028b\u2029c", single, true},
		{"=HYPERLINK(\"x\")", single, true},
		{"日本語 café Ωμέγα עברית العربية 👍🏽 ❤️ 🇯🇵", single, true},
		{"\u0600\u0661\u06dd", single, true}, // Arabic signs that are seen, though format characters
		{"", single, true},
		{" ", single, true},
		{"a\ufffdb", single, true},
		// D06 and D04 again: layout only where text may have lines.
		{"\r\nlevel=info msg=paid", single, false},
		{"\r\nlevel=info msg=paid", multi, true},
		{"a\nb\n", multi, true},
		{"a\nb", single, false},
		{"\tx", single, false},
		{"\tx", multi, true},
		{"a\rb", multi, false},
		{"a\r", multi, false},
		// D03.
		{"a\x00b", multi, false},
		{"a\x1b[31mb", multi, false},
		{"a\x7fb", multi, false},
		{"a\u0085b", multi, false},
		{"a\u202eb", multi, false},
		{"a\u202ab\u202c", multi, false},
		{"a\u2066b\u2069", multi, false},
		{"a\u200eb", multi, false},
		{"a\u061cb", multi, false},
		{"a\u200bb", multi, false},
		{"a\u200cb", multi, false},
		{"a\u200db", multi, false},
		{"a\u2060b", multi, false},
		{"\ufeffa", multi, false},
		{"a\u00adb", multi, false},
		{"a\u180eb", multi, false},
		{"a\u034fb", multi, false},
		{"a\u3164b", multi, false},
		{"a\U000e0041b", multi, false},
		{"a\ufff9b", multi, false},
		{"a\ufffeb", multi, false},
		{"a\xffb", multi, false},
		{"a\xed\xa0\x80b", multi, false},
	} {
		err := edge.Text("description", tt.text, 500, tt.multi)
		if tt.ok && err != nil || !tt.ok && (err == nil ||
			fault.From(err).Code != "invalid_string" || fault.From(err).Param != "description" ||
			fault.From(err).Kind != fault.Invalid) {
			t.Errorf("%q (lines %v): %v", tt.text, tt.multi, err)
		}
	}
}

// Row D02. Characters are counted, not bytes.
func TestTextIsBounded(t *testing.T) {
	if err := edge.Text("description", strings.Repeat("語", 500), 500, false); err != nil {
		t.Error(err)
	}
	f := fault.From(edge.Text("label", strings.Repeat("a", 501), 500, false))
	if f == nil || f.Code != "label_too_long" || f.Param != "label" || f.Kind != fault.Invalid {
		t.Errorf("%+v", f)
	}
}
