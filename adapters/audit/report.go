package audit

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Bounds of a report: a database that is wrong everywhere must not fill memory with saying so.
const (
	keptPerRule = 100 // violations of one rule that are told, beside their number
	maxText     = 300 // runes of a subject or detail
)

// Report is what an audit looked at and what it found.
type Report struct {
	Lines      []Line      // one per rule, in the order they were judged
	Violations []Violation // of each rule the first 100; Line.Broken is their whole number
}

// Line is how one rule came out.
type Line struct {
	Rule    string
	Checked int64  // rows the rule was held against
	Broken  int64  // offences found
	Skipped string // why the rule was not judged, "" if it was
}

// Violation is one offence against a rule.
type Violation struct {
	Rule    string
	Subject string // what offends: an id, an order number, a transfer
	Detail  string // in what way
}

// OK reports whether every rule that was judged holds.
func (r Report) OK() bool {
	for _, l := range r.Lines {
		if l.Broken > 0 {
			return false
		}
	}
	return true
}

// WriteTo prints the report for people: a line per rule, its violations below it, and a last line
// that says it all.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	var broken, skipped int
	for _, l := range r.Lines {
		switch {
		case l.Skipped != "":
			skipped++
			fmt.Fprintf(&b, "skipped  %-20s %s\n", l.Rule, l.Skipped)
			continue
		case l.Broken == 0:
			fmt.Fprintf(&b, "ok       %-20s %d checked\n", l.Rule, l.Checked)
			continue
		}
		broken++
		fmt.Fprintf(&b, "BROKEN   %-20s %d checked, %d broken\n", l.Rule, l.Checked, l.Broken)
		told := int64(0)
		for _, v := range r.Violations {
			if v.Rule == l.Rule {
				told++
				fmt.Fprintf(&b, "           %s: %s\n", printable(v.Subject), printable(v.Detail))
			}
		}
		if more := l.Broken - told; more > 0 {
			fmt.Fprintf(&b, "           and %d more\n", more)
		}
	}
	fmt.Fprintf(&b, "%d rules: %d broken, %d skipped\n", len(r.Lines), broken, skipped)
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// cut shortens a text somebody else may have chosen.
func cut(s string) string {
	runes := []rune(s)
	if len(runes) <= maxText {
		return s
	}
	return string(runes[:maxText]) + "…"
}

// printable shows control characters as what they are: rows hold texts of strangers, and the report
// is read on a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
