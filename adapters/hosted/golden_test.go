package hosted

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changing are the parts of a page that follow from other files; their own tests look at them.
var changing = regexp.MustCompile(`(checkout|icon)\.[0-9a-f]{16}\.|data-version="[0-9a-f]{16}"`)

// What a payer reads in each state and language is written down, so that a change of words or of
// markup is seen by whoever makes it. UPDATE=1 writes it anew.
func TestPagesReadAsWrittenDown(t *testing.T) {
	all := stories()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, l := range locales {
			path := filepath.Join("testdata", "pages", name+"."+l.Code+".html")
			got := changing.ReplaceAllStringFunc(all[name].render(t, l), func(s string) string {
				if s[0] == 'd' {
					return `data-version="VERSION"`
				}
				return regexp.MustCompile(`[0-9a-f]{16}`).ReplaceAllString(s, "HASH")
			})
			if os.Getenv("UPDATE") != "" {
				if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (UPDATE=1 accepts it): %s", path, diff)
			}
		}
	}
	files, err := filepath.Glob("testdata/pages/*.html")
	if err != nil || len(files) != len(all)*len(locales) {
		t.Errorf("%d files for %d pages: a story is gone, its files are not", len(files), len(all)*len(locales))
	}
}
