package checkout

import (
	"os"
	"strings"
	"testing"
)

const statesPage = "../../docs/states.md"

// The diagram people read is drawn from the table the code runs on; a change of one without the
// other fails here. UPDATE=1 writes the page anew.
func TestStatesPageIsDrawnFromTheTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The life of a session\n\n" +
		"Drawn from `domain/checkout/status.go` by `go generate ./domain/checkout`. A missing arrow is refused.\n\n" +
		"```mermaid\nstateDiagram-v2\n    [*] --> open\n")
	for _, c := range Transitions() {
		b.WriteString("    " + c.From + " --> " + c.To + " : " + c.On + "\n")
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
		t.Error("docs/states.md is not what the table says; run go generate ./domain/checkout")
	}
}
