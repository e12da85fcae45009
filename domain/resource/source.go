package resource

import (
	"net/textproto"
	"slices"
	"strings"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/weburl"
)

// Bounds of what an upstream is sent beside the request itself.
const (
	maxHeaderNameBytes  = 64
	maxHeaderValueBytes = 4096
	maxSealedBytes      = maxHeaderValueBytes + 512 // the vault adds a little
)

// Faults of upstreams.
var (
	ErrUpstreamURL = fault.New(fault.Invalid, "invalid_upstream_url",
		"url must be a public https:// URL without a port, user info or fragment").About("content.upstream.url")
	ErrUpstreamHeader = fault.New(fault.Invalid, "invalid_upstream_header",
		"header must be one header of your server's choosing such as Authorization, at most 64 characters, none that "+
			"HTTP or x402 itself uses, with a value of 1 to 4096 visible ASCII characters").About("content.upstream.header")
)

// Source is a merchant's own server that makes what is delivered. Where it may be is the gateway's to
// say at every connection; here is only how it is asked.
type Source struct {
	URL    string // as weburl prints it
	Header string // name of a header that is sent along, "" for none
	Sealed []byte // its value, sealed; never shown again
	Post   bool   // POST requests are passed on with their body; GET always is
	Query  bool   // the payer's query string is passed on
}

func (s Source) isZero() bool {
	return s.URL == "" && s.Header == "" && len(s.Sealed) == 0 && !s.Post && !s.Query
}

func (s Source) check() error {
	u, err := weburl.Parse(s.URL)
	switch {
	case err != nil || u.String() != s.URL:
		return ErrUpstreamURL
	case (s.Header == "") != (len(s.Sealed) == 0) || len(s.Sealed) > maxSealedBytes:
		return ErrUpstreamHeader
	case s.Header != "" && !headerName(s.Header):
		return ErrUpstreamHeader
	case s.Query && strings.Contains(u.Rest, "?"):
		return ErrUpstreamURL.Saying("url must have no query of its own when the payer's query is passed on")
	}
	return nil
}

// CheckHeader refuses a header that would change the meaning of the request it is sent with.
func CheckHeader(name, value string) error {
	if !headerName(name) || value == "" || len(value) > maxHeaderValueBytes || strings.TrimSpace(value) != value {
		return ErrUpstreamHeader
	}
	for i := range len(value) {
		if value[i] < ' ' || value[i] > '~' {
			return ErrUpstreamHeader
		}
	}
	return nil
}

// reserved are the headers that are not a merchant's to send: those of the connection, those that say
// what the body is, and the payer's payment.
var reserved = []string{
	"Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Host",
	"Keep-Alive", "Payment-Required", "Payment-Response", "Payment-Signature", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Via", "X-Payment", "X-Payment-Response",
}

// headerName reports whether a text is the name of a header that may be sent, in its canonical form.
func headerName(s string) bool {
	if s == "" || len(s) > maxHeaderNameBytes {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '_' {
			return false
		}
	}
	return textproto.CanonicalMIMEHeaderKey(s) == s && !strings.HasPrefix(s, "Proxy-") &&
		!slices.Contains(reserved, s)
}

// HeaderName is a header's name in its canonical form.
func HeaderName(s string) string { return textproto.CanonicalMIMEHeaderKey(s) }
