package dashboard

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// site is a built page of three files, one of them of a kind that is not served.
func site() *Pages {
	long := strings.Repeat("// the same again\n", 100)
	return read(fstest.MapFS{
		"dist/.keep":                 {},
		"dist/index.html":            {Data: []byte("<!doctype html>built " + long)},
		"dist/assets/app-abc123.js":  {Data: []byte("export {}" + long)},
		"dist/assets/app-abc123.map": {Data: []byte("{}")},
		"dist/stray.js":              {Data: []byte("stray")},
	})
}

func get(t *testing.T, p *Pages, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func TestThePageIsNeverKeptAndItsFilesForEver(t *testing.T) {
	p := site()
	for _, path := range []string{"/dashboard", "/dashboard/", "/dashboard/payments/abc", "/dashboard/stray.js"} {
		w := get(t, p, path)
		h := w.Header()
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "built") ||
			h.Get("Cache-Control") != "no-store" || h.Get("Content-Security-Policy") != ContentPolicy ||
			h.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %v", path, w.Code, h)
		}
	}
	h := get(t, p, "/dashboard/assets/app-abc123.js").Header()
	if h.Get("Cache-Control") != "public, max-age=31536000, immutable" ||
		h.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("an asset: %v", h)
	}
}

func TestWhatIsAnswered(t *testing.T) {
	p := site()
	for _, c := range []struct {
		method, path string
		want         bool
	}{
		{http.MethodGet, "/dashboard", true},
		{http.MethodHead, "/dashboard/keys", true},
		{http.MethodGet, "/dashboard/assets/app-abc123.js", true},
		{http.MethodGet, "/dashboard/assets/app-older.js", false},
		{http.MethodGet, "/dashboard/assets/app-abc123.map", false},
		{http.MethodPost, "/dashboard/keys", false},
		{http.MethodGet, "/dashboards", false},
		{http.MethodGet, "/v1/payments", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil)
		if got := p.Answers(r); got != c.want {
			t.Errorf("%s %s: answered %v, want %v", c.method, c.path, got, c.want)
		}
	}
}

func TestFilesAreCompressedForWhoTakesIt(t *testing.T) {
	p := site()
	plain := get(t, p, "/dashboard").Body.String()
	for accept, packed := range map[string]bool{
		"gzip, br": true, "br;q=1, GZIP;q=0.5": true, "": false, "br": false, "gzip;q=0": false, "gzip; q=0.0": false,
	} {
		w := get(t, p, "/dashboard", "Accept-Encoding", accept)
		body := w.Body.Bytes()
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: compressed %v, want %v", accept, got, packed)
			continue
		}
		if packed {
			r, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		if string(body) != plain {
			t.Errorf("%q: another page", accept)
		}
	}
}

func TestWithoutABuildThePageSaysHow(t *testing.T) {
	p := read(fstest.MapFS{"dist/.keep": {}})
	if w := get(t, p, "/dashboard"); p.Built() || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("built %v: %s", p.Built(), w.Body)
	}
	if strings.ContainsAny(ContentPolicy, "*") || strings.Contains(ContentPolicy, "unsafe") {
		t.Errorf("the policy is open: %s", ContentPolicy)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/dashboard", nil)
	w := httptest.NewRecorder()
	site().ServeHTTP(w, r)
	if w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("%d bytes, %v", w.Body.Len(), w.Header())
	}
}
