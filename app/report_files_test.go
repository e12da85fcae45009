package app

import "testing"

// A spreadsheet runs a cell that begins like a formula. Numbers are no formulas, also those below nothing.
func TestCellsAreNoFormulas(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "tron": "tron", "9.99": "9.99", "-9.99": "-9.99", "-0.00": "-0.00",
		"=1+1": "'=1+1", "+1": "'+1", "@SUM(A1)": "'@SUM(A1)", "-1+cmd|' /C calc'!A0": "'-1+cmd|' /C calc'!A0",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "-": "'-", "-1.2.3": "'-1.2.3",
	} {
		if got := inert(cell); got != want {
			t.Errorf("%q became %q, want %q", cell, got, want)
		}
	}
}
