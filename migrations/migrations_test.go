package migrations

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

var star = regexp.MustCompile(`(?i)\bselect\s+\*|\breturning\s+\*`)

// Migrations run in the order of their names, so no two may want one place, and none may be missed.
// Each says first what becomes true.
func TestMigrationsAreInOrder(t *testing.T) {
	files, err := fs.Glob(Files, "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d migrations, %v", len(files), err)
	}
	for i, name := range files {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("%s: want a name that begins with %s", name, want)
		}
		text, err := fs.ReadFile(Files, name)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		if !strings.HasPrefix(first, "-- ") || !strings.HasSuffix(first, ".") {
			t.Errorf("%s begins with %q, not with a sentence", name, first)
		}
		if star.Match(text) {
			t.Errorf("%s does not name its columns", name)
		}
	}
}
