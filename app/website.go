package app

import (
	"strings"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/webhook"
)

// websiteMaxBytes bounds a website's URL as it is given.
const websiteMaxBytes = 2048

// Faults of a project's website.
var (
	ErrInvalidURL = fault.New(fault.Invalid, "invalid_url",
		"websiteUrl must be a URL such as \"https://example.com\", in ASCII, without user name, "+
			"backslash, spaces or escapes in the host").About("websiteUrl")
	ErrURLScheme = fault.New(fault.Invalid, "invalid_url_scheme",
		"websiteUrl must begin with https://").About("websiteUrl")
	ErrURLPort = fault.New(fault.Invalid, "invalid_url_port",
		"websiteUrl must use port 443").About("websiteUrl")
	ErrURLTooLong = fault.New(fault.Invalid, "url_too_long",
		"websiteUrl must have at most 2048 bytes").About("websiteUrl")
	ErrInvalidWebsite = fault.New(fault.Invalid, "invalid_website_url",
		"websiteUrl must name a public host, as in \"https://example.com\"").About("websiteUrl")
	ErrWebsiteLinked = fault.New(fault.Conflict, "website_already_linked",
		"this website belongs to another project").About("websiteUrl")
)

// readWebsite reads a project's website and answers "https://" and its host in the one spelling
// that is compared: lower case, without port, final point and path. "" stays "".
//
// The grammar is narrower than a URL parser's: what two parsers read differently is refused.
func readWebsite(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	if len(raw) > websiteMaxBytes {
		return "", ErrURLTooLong
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c > '~' || c == '\\' {
			return "", ErrInvalidURL
		}
	}
	rest, err := afterHTTPS(raw)
	if err != nil {
		return "", err
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	if authority == "" || strings.ContainsAny(authority, "@%") {
		return "", ErrInvalidURL
	}
	return websiteHost(authority)
}

// afterHTTPS cuts the scheme off.
func afterHTTPS(raw string) (string, error) {
	if !strings.ContainsAny(raw, ":/") || raw[0] == '[' {
		return "", ErrInvalidWebsite // a bare host
	}
	scheme, rest, found := strings.Cut(raw, ":")
	scheme = strings.ToLower(scheme)
	switch {
	case !found || strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" || scheme == "":
		return "", ErrInvalidURL
	case scheme != "https":
		return "", ErrURLScheme
	}
	rest, found = strings.CutPrefix(rest, "//")
	if !found {
		return "", ErrInvalidURL
	}
	return rest, nil
}

// websiteHost wants the name of a public host: not an address, not a name of this machine or site.
func websiteHost(authority string) (string, error) {
	host, port, ported := strings.Cut(authority, ":")
	if strings.HasPrefix(authority, "[") {
		return "", ErrInvalidWebsite
	}
	if ported && port != "443" {
		return "", ErrURLPort
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	canonical, err := webhook.CheckURL("https://"+host+"/", false)
	if err != nil || strings.Trim(host, "0123456789.") == "" {
		return "", ErrInvalidWebsite
	}
	return strings.TrimSuffix(canonical, "/"), nil
}
