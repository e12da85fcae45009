package merchant

import (
	"strings"
	"testing"

	"github.com/101pay/101pay/domain/fault"
)

// code is the code of a fault, "" for success.
func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

// A payer who is sent on from a payment page trusts where he lands: rows E01 to E09, E12, E15 of the
// known bad inputs.
func TestReturnURLsStayOnTheProjectsSite(t *testing.T) {
	p := Project{WebsiteURL: "https://example.com"}
	for raw, want := range map[string]string{
		"": "", "https://example.com/ok": "", "https://example.com:443/ok": "", "https://EXAMPLE.com/ok": "",
		"https://example.com/?next=//evil.com":             "",
		"https://sub.example.com/":                         "success_url_domain_mismatch",
		"https://example.com.evil.com/":                    "success_url_domain_mismatch",
		"https://evilexample.com/":                         "success_url_domain_mismatch",
		"https://example.com@evil.com/":                    "invalid_url",
		"https://user:pw@example.com/":                     "invalid_url",
		`https://evil.com\@example.com/`:                   "invalid_url",
		`https://example.com\.evil.com`:                    "invalid_url",
		"https://exam\tple.com/":                           "invalid_url",
		" https://example.com/":                            "invalid_url",
		"https://example.com%2e/":                          "invalid_url",
		"https://example.com%00/":                          "invalid_url",
		"https://example.com./":                            "success_url_domain_mismatch",
		"//evil.com":                                       "invalid_url",
		`/\evil.com`:                                       "invalid_url",
		"https:///evil.com":                                "invalid_url",
		`https:\\evil.com`:                                 "invalid_url",
		"https:example.com":                                "invalid_url",
		"ok.html":                                          "invalid_url",
		"javascript:alert(1)":                              "invalid_url_scheme",
		"data:text/html,x":                                 "invalid_url_scheme",
		"vbscript:x":                                       "invalid_url_scheme",
		"ftp://example.com/":                               "invalid_url_scheme",
		"http://example.com/":                              "invalid_url_scheme",
		"https://exаmple.com/":                             "invalid_url", // a Cyrillic letter
		"https://example。com/":                             "invalid_url",
		"https://example.com:8443/":                        "invalid_url_port",
		"https://example.com:0/":                           "invalid_url_port",
		"https://example.com:99999/":                       "invalid_url_port",
		"https://example.com:/":                            "invalid_url_port",
		"https://example.com/" + strings.Repeat("a", 2048): "url_too_long",
	} {
		got, err := p.CheckReturn(raw, "success_url", Live)
		if code(err) != want {
			t.Errorf("%.60q: %q, want %q", raw, code(err), want)
		}
		if err == nil && raw != "" && !strings.HasPrefix(got, "https://example.com/") {
			t.Errorf("%q is kept as %q", raw, got)
		}
	}
	if _, err := p.CheckReturn("http://example.com/ok", "success_url", Test); err != nil {
		t.Errorf("http in test mode: %v", err)
	}
	if _, err := p.CheckReturn("https://sub.example.com/", "fail_url", Live); code(err) != "fail_url_domain_mismatch" {
		t.Errorf("fail_url elsewhere: %v", err)
	}
	if _, err := (Project{}).CheckReturn("https://example.com/", "fail_url", Live); code(err) != "website_not_configured" {
		t.Errorf("without a website: %v", err)
	}
}

// Two spellings of one site are one text, so that one site cannot belong to two projects (rows E10,
// E11).
func TestWebsitesHaveOneSpelling(t *testing.T) {
	for _, raw := range []string{"https://example.com", "https://EXAMPLE.com/", "https://example.com:443/shop?x", "example.com", "https://example.com./"} {
		if got, err := CheckWebsite(raw); err != nil || got != "https://example.com" {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
	}
	for _, raw := range []string{
		"localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "https://[::1]/",
		"https://[::ffff:7f00:1]", "foo.localhost", "x.local", "x.internal", "com", "a_b.com", "https://127.1/",
		"https://8.8.8.8", "[::1]", "https://example.com..",
	} {
		if got, err := CheckWebsite(raw); code(err) != "invalid_website_url" {
			t.Errorf("%q: %q, %v", raw, got, err)
		}
	}
}
