package x402

import (
	"os"
	"strings"
	"testing"
)

const statesPage = "../../docs/states-x402.md"

// The diagram people read is drawn from the table the code runs on; a change of one without the other fails
// here. UPDATE=1 writes the page anew.
func TestStatesPageIsDrawnFromTheTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The life of what a program pays\n\nDrawn from `domain/x402/status.go` by " +
		"`UPDATE=1 go test -run TestStatesPage ./domain/x402`. A missing arrow is refused.\n\n" +
		"```mermaid\nstateDiagram-v2\n    [*] --> claimed\n")
	for _, c := range Transitions() {
		by := make([]string, len(c.By))
		for i, a := range c.By {
			by[i] = a.String()
		}
		b.WriteString("    " + c.From.String() + " --> " + c.To.String() + " : " + c.On + " (" + strings.Join(by, ", ") + ")\n")
	}
	b.WriteString("```\n")
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(statesPage, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(statesPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != b.String() {
		t.Error("docs/states-x402.md is not what the table says")
	}
}
