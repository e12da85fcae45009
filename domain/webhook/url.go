package webhook

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const (
	maxURLBytes   = 2048
	maxHostBytes  = 253
	maxLabelBytes = 63
)

// suffixes of names that are local to a machine or a site and never public.
var localSuffixes = []string{".localhost", ".local", ".internal", ".home.arpa"}

// CheckURL refuses a URL we shall not send to and answers the others re-serialised: what is stored
// and dialled is what was checked, not another reading of the same text. The grammar is narrower
// than any URL parser's, because parsers differ and the differences are how guards are passed.
//
// allowPrivate (the operator's WEBHOOK_ALLOW_PRIVATE, for development) also admits http, any port,
// names without a dot and addresses that are not public.
//
// What a public name resolves to is not known here: the sender looks when it dials.
func CheckURL(raw string, allowPrivate bool) (string, error) {
	if len(raw) > maxURLBytes {
		return "", ErrInvalidURL.Because("url_too_long").Saying("url must have at most 2048 bytes")
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c > '~' || strings.IndexByte(`\@#`, c) >= 0 {
			return "", ErrInvalidURL
		}
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	if scheme != "https" && (scheme != "http" || !allowPrivate) {
		return "", ErrInvalidURL.Because("invalid_url_scheme").Saying("url must begin with https://")
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, err := checkAuthority(scheme, strings.ToLower(rest[:end]), allowPrivate)
	if err != nil {
		return "", err
	}
	path := rest[end:]
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	canonical := scheme + "://" + authority + path
	parsed, err := url.Parse(canonical)
	if err != nil || parsed.Host != authority || parsed.User != nil || parsed.Fragment != "" {
		return "", ErrInvalidURL
	}
	return canonical, nil
}

// checkAuthority answers host and port in canonical form, the scheme's own port left out.
func checkAuthority(scheme, authority string, allowPrivate bool) (string, error) {
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || strconv.FormatUint(number, 10) != port || number == 0 ||
			(port != "443" && !allowPrivate) {
			return "", ErrInvalidURL.Because("invalid_url_port").Saying("url must use port 443")
		}
	}
	if !validHost(host, allowPrivate) {
		return "", ErrInvalidURL
	}
	if port == "" || port == map[string]string{"https": "443", "http": "80"}[scheme] {
		return host, nil
	}
	return host + ":" + port, nil
}

func validHost(host string, allowPrivate bool) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && addr.Is6() && addr.Zone() == "" && "["+addr.String()+"]" == host &&
			(allowPrivate || PublicAddress(addr))
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Is4() && addr.String() == host && (allowPrivate || PublicAddress(addr))
	}
	labels := strings.Split(host, ".")
	if len(host) > maxHostBytes || numeric(labels[len(labels)-1]) {
		return false
	}
	for _, l := range labels {
		if !validLabel(l) {
			return false
		}
	}
	return allowPrivate || (len(labels) > 1 && !localName(host))
}

func validLabel(l string) bool {
	if l == "" || len(l) > maxLabelBytes || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	return strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// numeric reports a last label that makes some parsers read the whole host as an IPv4 address:
// 127.1, 2130706433, 0x7f000001, 0177.0.0.1.
func numeric(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func localName(host string) bool {
	for _, s := range localSuffixes {
		if strings.HasSuffix(host, s) {
			return true
		}
	}
	return false
}
