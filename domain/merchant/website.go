package merchant

import (
	"strings"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/weburl"
)

// Faults of a project's website and of the pages payers return to.
var (
	ErrInvalidWebsite = fault.New(fault.Invalid, "invalid_website_url",
		"websiteUrl must be the public address of a site, as in https://example.com").About("websiteUrl")
	ErrWebsiteTaken = fault.New(fault.Conflict, "website_already_linked",
		"this website belongs to another project").About("websiteUrl")
	ErrNoWebsite = fault.New(fault.Conflict, "website_not_configured",
		"Project website is not configured.")
)

// CheckWebsite reads a project's website, with or without https://, and answers its origin in one
// form, so that two spellings of one site are the same text. "" takes the website away.
func CheckWebsite(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	if !strings.ContainsAny(raw, ":/") {
		raw = "https://" + raw
	}
	u, err := weburl.Parse(raw)
	u.Host = strings.TrimSuffix(u.Host, ".")
	switch {
	case err != nil && strings.HasPrefix(raw, "["):
		return "", ErrInvalidWebsite
	case err != nil && fault.From(err).Reason == weburl.ErrHost.Reason:
		return "", ErrInvalidWebsite
	case err != nil:
		return "", fault.From(err).About("websiteUrl")
	case u.Scheme != "https":
		return "", weburl.ErrScheme.About("websiteUrl")
	case u.Port != 0:
		return "", weburl.ErrPort.About("websiteUrl")
	case !u.PublicName():
		return "", ErrInvalidWebsite
	}
	return "https://" + u.Host, nil
}

// CheckReturn reads a URL a payer shall be sent to afterwards, which must be on the project's own
// website: a link on a payment page is trusted like the page. param names the field, "success_url"
// or "fail_url". Test mode also takes http. "" is no URL.
func (p Project) CheckReturn(raw, param string, m Mode) (string, error) {
	if raw == "" {
		return "", nil
	}
	u, err := weburl.Parse(raw)
	switch {
	case err != nil:
		return "", fault.From(err).About(param)
	case u.Scheme != "https" && m != Test:
		return "", weburl.ErrScheme.About(param)
	case u.Port != 0:
		return "", weburl.ErrPort.About(param)
	case p.WebsiteURL == "":
		return "", ErrNoWebsite.About(param)
	case "https://"+u.Host != p.WebsiteURL:
		return "", fault.New(fault.Invalid, param+"_domain_mismatch", mismatch[param]).About(param)
	}
	return u.String(), nil
}

// mismatch has the sentences of source 002, which other dialects print as they are.
var mismatch = map[string]string{
	"success_url": "Success URL domain does not match project website.",
	"fail_url":    "Fail URL domain does not match project website.",
}
