package dashboard

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// What the page is made of, and made with, may be used by anybody for anything.
func TestLicencesArePermissive(t *testing.T) {
	permissive := []string{"MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD"}
	// It compiles styles and leaves nothing of itself in the page.
	const tool, toolLicence = "node_modules/lightningcss", "MPL-2.0"
	text, err := os.ReadFile("ui/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct {
			License string
			Dev     bool
		}
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	if len(lock.Packages) < 20 {
		t.Fatalf("only %d packages", len(lock.Packages))
	}
	for name, p := range lock.Packages {
		if p.Dev && p.License == toolLicence && strings.HasPrefix(name, tool) {
			continue
		}
		if !slices.Contains(permissive, p.License) {
			t.Errorf("%s: licence %q", name, p.License)
		}
	}
}
