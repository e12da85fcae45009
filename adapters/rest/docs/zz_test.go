package docs

import (
	"os"
	"path/filepath"
	"testing"
)

func TestZZ(t *testing.T) {
	y, _ := os.ReadFile("../native/openapi.yaml")
	p, err := New("https://pay.example", Spec{"native", "101pay API", y})
	if err != nil {
		t.Fatal(err)
	}
	for path, f := range p.files {
		name := "/tmp/dshow" + path
		if f.media == "text/html; charset=utf-8" {
			name += ".html"
		}
		os.MkdirAll(filepath.Dir(name), 0o755)
		os.WriteFile(name, f.plain, 0o644)
	}
}
