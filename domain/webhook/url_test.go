package webhook

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestURLsOfPublicHostsAreReserialised(t *testing.T) {
	for raw, want := range map[string]string{
		"https://example.com/ok":                "https://example.com/ok",
		"https://example.com:443/ok":            "https://example.com/ok",
		"HTTPS://EXAMPLE.com/Ok":                "https://example.com/Ok",
		"https://example.com":                   "https://example.com/",
		"https://example.com?a=b":               "https://example.com/?a=b",
		"https://example.com/?next=//evil.com":  "https://example.com/?next=//evil.com",
		"https://xn--exmple-cua.com/":           "https://xn--exmple-cua.com/",
		"https://a-1.b.example.com/x%20y/../z?": "https://a-1.b.example.com/x%20y/../z?",
		"https://8.8.8.8/":                      "https://8.8.8.8/",
		"https://[2606:4700:4700::1111]/":       "https://[2606:4700:4700::1111]/",
	} {
		for _, private := range []bool{false, true} {
			if got, err := CheckURL(raw, private); err != nil || got != want {
				t.Errorf("%q: %q, %v; want %q", raw, got, err, want)
			}
		}
	}
}

// hostileURLs are rows E03 to E10 and E13 of the bad inputs, and their neighbours.
var hostileURLs = []string{
	"https://example.com@evil.com/", "https://user:pw@example.com/", "https://@example.com/",
	`https://evil.com\@example.com/`, `https://example.com\.evil.com`, `https:\\evil.com`,
	"https://exa\tmple.com/", "https://example.com/\n", " https://example.com/", "https://example.com/ ",
	"https://example.com/a b", "https://exam%2eple.com/", "https://example%00.com/", "https://example.com/%zz",
	"//evil.com", `/\evil.com`, "https:///evil.com", "https:example.com", "https:/example.com", "/hook", "",
	"javascript:alert(1)", "data:text/html,x", "vbscript:x", "ftp://example.com/", "file:///etc/passwd",
	"gopher://example.com/", "wss://example.com/", "https",
	"https://exаmple.com/", "https://ｅxample.com/", "https://example。com/", "https://exam\u00adple.com/", "https://ⓔxample.com/",
	"https://example.com:0/", "https://example.com:99999/", "https://example.com:/", "https://example.com:0443/",
	"https://example.com:+443/", "https://example.com:443:443/", "https://example.com:https/",
	"https://example.com/#x", "https://example.com#@evil.com/",
	"https://example.com./", "https://.example.com/", "https://example..com/", "https://-a.com/", "https://a-.com/",
	"https://a_b.com/", "https://*.example.com/", "https://" + strings.Repeat("a", 64) + ".com/",
	"https://" + strings.Repeat("a.", 127) + "com/", "https://example.com/" + strings.Repeat("a", 2048),
	"https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://0x7f.1/",
	"https://127.0.0.1./", "https://1.2.3/", "https://1.2.3.4.5/", "https://256.1.1.1/", "https://example.123/", "https://example.0x1f/",
	"https://[::1/", "https://::1/", "https://[::1]x/", "https://[fe80::1%25lo]/", "https://[fe80::1%lo]/", "https://[0:0::1]/", "https://[]/",
	"https://[example.com]/", "https://[127.0.0.1]/", `https://example.com/a\b`, "https://example.com/a@b",
}

// privateURLs are for development only.
var privateURLs = []string{
	"http://example.com/", "https://example.com:8443/", "https://example.com:80/",
	"http://localhost:9999/hook", "https://localhost/", "https://receiver/", "https://foo.localhost/",
	"https://x.local/", "https://x.internal/", "https://x.home.arpa/",
	"https://127.0.0.1/", "http://127.0.0.1:8080/", "https://10.0.0.1/", "https://169.254.169.254/latest",
	"https://100.100.100.200/", "https://168.63.129.16/", "https://0.0.0.0/", "https://255.255.255.255/",
	"https://[::1]/", "https://[::]/", "https://[fc00::1]/", "https://[fe80::1]/", "https://[64:ff9b::7f00:1]/",
	"https://[2002:7f00:1::]/", "https://[2001:0:1::]/", "https://[::ffff:127.0.0.1]/",
}

func TestHostileURLsAreRefused(t *testing.T) {
	for _, raw := range hostileURLs {
		for _, private := range []bool{false, true} {
			if private && (strings.Contains(raw, ":80/") || raw == "https://[0:0::1]/") {
				continue
			}
			if got, err := CheckURL(raw, private); !errors.Is(err, ErrInvalidURL) {
				t.Errorf("%q (private %v) passes as %q: %v", raw, private, got, err)
			}
		}
	}
}

func TestPrivateURLsAreForDevelopmentOnly(t *testing.T) {
	for _, raw := range privateURLs {
		if got, err := CheckURL(raw, false); !errors.Is(err, ErrInvalidURL) {
			t.Errorf("%q passes as %q: %v", raw, got, err)
		}
		if got, err := CheckURL(raw, true); err != nil || !strings.HasPrefix(raw, strings.TrimSuffix(got, "/")) {
			t.Errorf("%q is %q for a developer: %v", raw, got, err)
		}
	}
}

// What passes must read the same to Go's own parser, and checking it again must change nothing.
func TestAcceptedURLsHaveOneReading(t *testing.T) {
	pieces := []string{
		"https", "http", "://", ":", "/", "\\", "@", "#", "?", ".", "..", "example", "com", "evil.com", "127.0.0.1",
		"0x7f", "[::1]", "443", "80", "%2e", "%00", "é", " ", "-", "EXAMPLE.com", "a=b", "&", "[", "]", "::",
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SampledFrom([]string{"", "https://", "https://example.com"}).Draw(t, "start") +
			strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(t, "pieces"), "")
		private := rapid.Bool().Draw(t, "private")
		got, err := CheckURL(raw, private)
		if err != nil {
			return
		}
		if again, err := CheckURL(got, private); err != nil || again != got {
			t.Fatalf("%q became %q and then %q: %v", raw, got, again, err)
		}
		u, err := url.Parse(got)
		if err != nil || u.User != nil || u.Fragment != "" || u.Opaque != "" || u.Host == "" {
			t.Fatalf("%q reads as %+v: %v", got, u, err)
		}
		if !private && (u.Scheme != "https" || u.Port() != "" || !strings.Contains(u.Hostname(), ".") && !strings.Contains(u.Hostname(), ":")) {
			t.Fatalf("%q is not a public https URL", got)
		}
	})
}

func TestPublicAddresses(t *testing.T) {
	for text, public := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "172.15.0.1": true, "172.32.0.1": true, "192.169.0.1": true,
		"100.63.255.255": true, "100.128.0.1": true, "223.255.255.255": true, "168.63.129.15": true,
		"2606:4700::1111": true, "2a00:1450:4001::1": true,

		"0.0.0.0": false, "10.1.2.3": false, "100.64.0.1": false, "100.127.255.255": false, "127.0.0.1": false,
		"127.255.255.255": false, "168.63.129.16": false, "169.254.169.254": false, "172.16.0.1": false,
		"172.31.255.255": false, "192.0.0.192": false, "192.0.2.1": false, "192.88.99.1": false,
		"192.168.1.1": false, "198.18.0.1": false, "198.19.255.255": false, "198.51.100.1": false,
		"203.0.113.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:8.8.8.8": false, "::8.8.8.8": false, "64:ff9b::808:808": false,
		"64:ff9b:1::1": false, "100::1": false, "2001::1": false, "2001:db8::1": false, "2002:808:808::1": false,
		"3fff::1": false, "5f00::1": false, "fc00::1": false, "fd00:ec2::254": false, "fe80::1": false,
		"fe80::1%lo": false, "2606:4700::1111%eth0": false, "fec0::1": false, "ff02::1": false,
	} {
		if got := PublicAddress(netip.MustParseAddr(text)); got != public {
			t.Errorf("%s is public: %v", text, got)
		}
	}
	if PublicAddress(netip.Addr{}) {
		t.Error("no address is public")
	}
}
