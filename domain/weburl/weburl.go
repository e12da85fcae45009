// Package weburl says which web addresses strangers may give us, and reads each in one way only.
//
// It owns the grammar of URLs we store, show or send to. It does not own what a URL is for: whose
// site it must be (package merchant) and where we may connect (package webhook).
//
// Invariants: the grammar is narrower than any URL parser's, because parsers differ and the
// differences are how guards are passed; what a URL prints is what was checked, not another reading
// of the same text.
package weburl

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/101pay/101pay/domain/fault"
)

// Limits of URLs and host names (RFC 1035 for the latter).
const (
	maxBytes      = 2048
	maxHostBytes  = 253
	maxLabelBytes = 63
)

// Faults of URLs. Whoever reads a URL from a request adds which field it was.
var (
	ErrInvalid = fault.New(fault.Invalid, "invalid_url",
		"this must be a URL in plain ASCII as in https://example.com/path, without user info or fragment")
	// ErrHost is ErrInvalid for a host that is neither a name nor an address in its one spelling.
	ErrHost    = ErrInvalid.Because("invalid_host")
	ErrScheme  = fault.New(fault.Invalid, "invalid_url_scheme", "the URL must begin with https://")
	ErrPort    = fault.New(fault.Invalid, "invalid_url_port", "the URL must not name a port other than 443")
	ErrTooLong = fault.New(fault.Invalid, "url_too_long", "the URL must have at most 2048 bytes")
)

// URL is a checked web address.
type URL struct {
	Scheme string // "http" or "https"
	Host   string // lower case; a DNS name, or an IP address with its brackets
	Port   uint16 // 0 when it is the scheme's own
	Rest   string // path and query, beginning with a slash
}

// Parse reads a URL.
func Parse(raw string) (URL, error) {
	if len(raw) > maxBytes {
		return URL{}, ErrTooLong
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c > '~' || strings.IndexByte(`\@#`, c) >= 0 {
			return URL{}, ErrInvalid
		}
	}
	scheme, rest, found := strings.Cut(raw, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case scheme != "http" && scheme != "https" && named(raw):
		return URL{}, ErrScheme
	case !found, scheme != "http" && scheme != "https":
		return URL{}, ErrInvalid
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	u := URL{Scheme: scheme, Rest: rest[end:]}
	if !strings.HasPrefix(u.Rest, "/") {
		u.Rest = "/" + u.Rest
	}
	if err := u.setAuthority(strings.ToLower(rest[:end])); err != nil {
		return URL{}, err
	}
	parsed, err := url.Parse(u.String())
	if err != nil || parsed.Host != u.authority() || parsed.User != nil || parsed.Fragment != "" {
		return URL{}, ErrInvalid
	}
	return u, nil
}

// named reports whether a text begins with some other scheme.
func named(raw string) bool {
	scheme, _, found := strings.Cut(raw, ":")
	return found && scheme != "" && !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") &&
		strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz") == ""
}

func (u *URL) setAuthority(authority string) error {
	host := authority
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		port := authority[i+1:]
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil || strconv.FormatUint(number, 10) != port || number == 0 {
			return ErrPort
		}
		host = authority[:i]
		if number != map[string]uint64{"https": 443, "http": 80}[u.Scheme] {
			u.Port = uint16(number)
		}
	}
	if !validHost(host) {
		return ErrHost
	}
	u.Host = host
	return nil
}

// Address is the host as an IP address, if it is one.
func (u URL) Address() (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(u.Host, "[]"))
	return addr, err == nil
}

// PublicName reports whether the host is a DNS name, without a dot at its end, that may be known
// outside one machine or site.
func (u URL) PublicName() bool {
	if _, ip := u.Address(); ip || !strings.Contains(u.Host, ".") || strings.HasSuffix(u.Host, ".") {
		return false
	}
	for _, suffix := range []string{".localhost", ".local", ".internal", ".home.arpa"} {
		if strings.HasSuffix(u.Host, suffix) {
			return false
		}
	}
	return true
}

func (u URL) authority() string {
	if u.Port == 0 {
		return u.Host
	}
	return u.Host + ":" + strconv.Itoa(int(u.Port))
}

// String is the URL in its one form.
func (u URL) String() string { return u.Scheme + "://" + u.authority() + u.Rest }

func validHost(host string) bool {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && addr.Is6() && addr.Zone() == "" && "["+addr.String()+"]" == host
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Is4() && addr.String() == host
	}
	// One dot at the end is another spelling of the same name; whoever compares names must know.
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(host) > maxHostBytes || numeric(labels[len(labels)-1]) {
		return false
	}
	for _, l := range labels {
		if !validLabel(l) {
			return false
		}
	}
	return true
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
