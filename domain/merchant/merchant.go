// Package merchant says who is paid, under which identity and mode, and at which receiving
// accounts.
//
// It owns merchants, projects and their policies, modes, client ids, receiving accounts, KYC
// records and the Principal a request acts as. It does not own credentials (package keys) nor what
// is owed (package checkout).
//
// Invariants: a client id has 15 digits and begins with 101; a mode is test or live, and whatever
// belongs to one never touches the other.
package merchant

import (
	"strings"
	"time"
	"unicode"

	"github.com/101pay/101pay/domain/fault"
)

// ID identifies a merchant: a UUID in lower case.
type ID string

// ProjectID identifies a project: a UUID in lower case.
type ProjectID string

// ClientID is a merchant's public 15-digit number: 101 and twelve digits (source 000).
type ClientID string

// Shape of a client id.
const (
	clientIDPrefix = "101"
	clientIDDigits = 15
)

// MakeClientID builds a client id from a number below 10^12.
func MakeClientID(n uint64) ClientID {
	const twelveDigits = 1_000_000_000_000
	b := []byte(clientIDPrefix + "000000000000")
	for i, v := clientIDDigits-1, n%twelveDigits; v > 0; i, v = i-1, v/10 {
		b[i] = byte('0' + v%10)
	}
	return ClientID(b)
}

// Mode separates test money from real money. The zero value is not a mode.
type Mode uint8

// The modes.
const (
	Test Mode = iota + 1
	Live
)

// ParseMode reads "test" or "live".
func ParseMode(s string) (Mode, error) {
	switch s {
	case "test":
		return Test, nil
	case "live":
		return Live, nil
	}
	return 0, ErrInvalidMode
}

// String is "test" or "live".
func (m Mode) String() string {
	switch m {
	case Test:
		return "test"
	case Live:
		return "live"
	}
	return "???"
}

// Faults of merchants and projects.
var (
	ErrInvalidMode  = fault.New(fault.Invalid, "invalid_mode", "mode must be \"test\" or \"live\"").About("mode")
	ErrEmailTaken   = fault.New(fault.Conflict, "email_taken", "an account with this e-mail address exists; log in instead").About("email")
	ErrInvalidEmail = fault.New(fault.Invalid, "invalid_email", "email must be an e-mail address").About("email")
	ErrInvalidName  = fault.New(fault.Invalid, "invalid_name", "name must be 1 to 80 characters").About("name")
	ErrConfusable   = fault.New(fault.Invalid, "confusable_name",
		"name mixes alphabets or uses look-alike characters; use one alphabet and plain letters").About("name")
	ErrProjectDisabled = fault.New(fault.Forbidden, "project_disabled", "this project is disabled")
	ErrNoLiveRail      = fault.New(fault.Conflict, "live_rail_missing",
		"no live payment rail is enabled on this gateway; its operator has to configure one (TRON_RPC_URLS)")
	// ErrTooManyProjects bounds the projects of a merchant.
	ErrTooManyProjects = fault.New(fault.Conflict, "too_many_projects", "an account may have at most 50 projects")
)

// MaxProjects is how many projects a merchant may have.
const MaxProjects = 50

// Merchant is an account holder.
type Merchant struct {
	ID        ID
	ClientID  ClientID
	Email     string // lower case
	Name      string // shown to payers
	CreatedAt time.Time
}

// Project is a site or bot of a merchant with its own keys, receiving accounts and policy.
type Project struct {
	ID         ProjectID
	MerchantID ID
	Name       string
	WebsiteURL string // "" until configured; https://host, re-serialised
	Mode       Mode   // what a session created by login is for, unless the request says otherwise
	Disabled   bool
	Policy     Policy
	CreatedAt  time.Time
}

// Principal is who a request acts as: established at the edge, passed on explicitly.
type Principal struct {
	Merchant ID
	Project  ProjectID
	Mode     Mode
	By       Agent
}

// Agent is who acts for a merchant, and from where, for the record of who did what. It grants
// nothing.
type Agent struct {
	Member string // the member's id; "" where a key or the operator acts
	Name   string // the member's e-mail address, or "api key", "operator"
	IP     string
	Device string // what the browser said of itself, shortened
}

// Limits of names and e-mail addresses.
const (
	maxNameRunes  = 80
	maxEmailBytes = 254
)

// NormalizeEmail checks an e-mail address by shape alone and lower-cases it. Whether it receives
// mail is not known; there is no mailer.
func NormalizeEmail(s string) (string, error) {
	local, host, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(s) > maxEmailBytes || strings.Contains(host, "@") ||
		!strings.Contains(strings.Trim(host, "."), ".") || strings.HasPrefix(host, ".") || strings.HasSuffix(host, ".") {
		return "", ErrInvalidEmail
	}
	for _, r := range s {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>[\]`, r) {
			return "", ErrInvalidEmail
		}
	}
	return strings.ToLower(s), nil
}

// CheckName refuses a display name that could pass for another: compatibility forms and mixtures
// of Latin with Cyrillic or Greek letters (payers read this name beside an address to pay).
func CheckName(s string) error {
	runes := []rune(s)
	if len(runes) == 0 || len(runes) > maxNameRunes || strings.TrimSpace(s) != s {
		return ErrInvalidName
	}
	var latin, lookalike bool
	for _, r := range runes {
		switch {
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r):
			return ErrInvalidName
		case r >= 0xFF00 && r <= 0xFFEF, r >= 0x1D400 && r <= 0x1D7FF, r >= 0x2460 && r <= 0x24FF,
			r >= 0x2100 && r <= 0x214F:
			return ErrConfusable
		case unicode.Is(unicode.Latin, r):
			latin = true
		case unicode.Is(unicode.Cyrillic, r) || unicode.Is(unicode.Greek, r):
			lookalike = true
		}
	}
	if latin && lookalike {
		return ErrConfusable
	}
	return nil
}
