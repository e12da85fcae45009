package hosted

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/fault"
)

// Pages and failures alike: never kept, never framed, never indexed, no referrer, no cookie.
func TestPagesAreGuarded(t *testing.T) {
	s := openStage(t)
	path := s.open()
	for _, at := range []string{path, path + "/none", strings.TrimPrefix(path, "/en"), "/ja/checkout/x"} {
		h := s.get(at).header
		want := map[string]string{
			"Content-Security-Policy": contentPolicy, "Referrer-Policy": "no-referrer",
			"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow",
			"X-Content-Type-Options": "nosniff", "Set-Cookie": "",
		}
		got := map[string]string{}
		for name := range want {
			got[name] = h.Get(name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", at, diff)
		}
		if negotiated := strings.HasPrefix(at, "/checkout/"); (h.Get("Vary") == "Accept-Language") != negotiated {
			t.Errorf("%s: Vary is %q", at, h.Get("Vary"))
		}
	}
}

func TestPathsSpeakTheirLanguage(t *testing.T) {
	s := openStage(t)
	bare := strings.TrimPrefix(s.open(), "/en")
	for path, lang := range map[string]string{
		bare: "ja", "/en" + bare: "en", "/ja" + bare: "ja", "/zh" + bare: "zh-Hans", "/fr" + bare: "en",
	} {
		s.get(path, "Accept-Language", "ja").has(200, `<html lang="`+lang+`">`)
	}
	// A form leads back to the page it was on.
	for path, to := range map[string]string{bare: bare, "/ja" + bare: "/ja" + bare, "/fr" + bare: "/en" + bare} {
		sent := s.send(http.MethodPost, path+"/method", "method=usdt")
		if got := sent.header.Get("Location"); sent.status != http.StatusSeeOther || got != to {
			t.Errorf("%s leads to %d %s, want %s", path, sent.status, got, to)
		}
	}
}

// No page of another site may make a payer's browser send a form here.
func TestFormsComeFromThePage(t *testing.T) {
	s := openStage(t)
	path := s.open()
	for _, tt := range []struct {
		site, origin string
		own          bool
	}{
		{"same-origin", "null", true}, // what browsers send: the page has no referrer
		{"none", "", true},
		{"cross-site", "null", false},
		{"same-site", "https://evil.pay.example", false},
		{"cross-site", "https://pay.example", false},
		{"", "", true},
		{"", "null", true},
		{"", "https://pay.example", true},
		{"", "http://example.com", true}, // the host the request was sent to
		{"", "https://evil.example", false},
		{"", "https://pay.example.evil.example", false},
		{"", "https://pay.example:8443", false},
		{"", ":", false},
	} {
		got := s.send(http.MethodPost, path+"/sandbox", "scenario=webhook_down",
			"Sec-Fetch-Site", tt.site, "Origin", tt.origin)
		if own := got.status == http.StatusSeeOther; own != tt.own || !own && got.status != http.StatusForbidden {
			t.Errorf("%+v: %d", tt, got.status)
		}
	}
	for _, form := range []string{"/method", "/transaction", "/sandbox"} {
		s.send(http.MethodPost, path+form, "", "Sec-Fetch-Site", "cross-site").
			has(http.StatusForbidden, "This came from another site")
	}
}

// Files change their name with their content, and are kept for ever under it.
func TestAssetsAreKept(t *testing.T) {
	s := openStage(t)
	page := s.get(s.open()).body
	for _, a := range []asset{styleSheet, script, icon} {
		if !strings.Contains(page, `"`+a.URL()+`"`) {
			t.Errorf("the page does not ask for %s", a.URL())
		}
		got := s.get(a.URL()).has(200)
		if got.body != string(a.content) || got.header.Get("Content-Type") != a.media ||
			got.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %v", a.URL(), got.header)
		}
	}
	s.get(assetsAt + "checkout.0000000000000000.css").has(404)
	s.get(assetsAt + "..").has(404)
}

func TestStatusIsAnsweredOnceAndThenNotAgain(t *testing.T) {
	s := openStage(t)
	path := s.open()
	first := s.get(path+"/status").has(200, `"status":"open"`, `"phase":"choose"`)
	tag := first.header.Get("ETag")
	if len(tag) != hashChars+2 || first.header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("%v", first.header)
	}
	if again := s.get(path+"/status", "If-None-Match", tag).has(http.StatusNotModified); again.body != "" {
		t.Errorf("body %q", again.body)
	}
	s.get(path).has(200, "data-version="+tag)
	ja := strings.Replace(path, "/en/", "/ja/", 1)
	if got := s.get(ja + "/status").header.Get("ETag"); got != tag {
		t.Error("the version depends on the language")
	}
	s.post(path+"/method", "method", "usdt")
	s.get(path+"/status", "If-None-Match", tag).has(200, `"phase":"await"`)
}

// Every refusal a payer can meet is a page in his language, with its own status.
func TestFailuresArePages(t *testing.T) {
	s := openStage(t)
	var next error
	s.engine.GET("/zh/checkout/:id/fail", func(c *gin.Context) { edge.Fail(c, next) })
	path := strings.Replace(s.open(), "/en/", "/zh/", 1)
	for _, f := range refusals() {
		next = f
		got := s.get(path+"/fail").has(edge.Status(f.Kind), `<html lang="zh-Hans">`, locales[2].words[wording(f)+".head"])
		if back := strings.Contains(got.body, locales[2].words["error.back"]); back == (f.Kind == fault.NotFound) {
			t.Errorf("%s: a way back: %v", f.Code, back)
		}
		if got.header.Get("X-Request-Id") == "" || !strings.Contains(got.body, got.header.Get("X-Request-Id")) {
			t.Errorf("%s: the page does not name the request", f.Code)
		}
	}
}
