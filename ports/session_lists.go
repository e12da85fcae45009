package ports

import (
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// SessionQuery selects a page of sessions. Zero fields do not filter.
type SessionQuery struct {
	Merchant merchant.ID
	Project  merchant.ProjectID
	Mode     merchant.Mode
	Kind     checkout.Kind
	Statuses []checkout.Status // any of them
	From, To time.Time         // of opening; To is exclusive
	Before   SessionMark       // exclusive; zero for the first page
	Limit    int
	Without  SessionParts // what is not read; zero reads everything
}

// SessionMark is a position in a list of sessions.
type SessionMark struct {
	At time.Time
	ID checkout.SessionID
}

// SessionPage is a page and whether another follows.
type SessionPage struct {
	Sessions []checkout.Snapshot // but for what the query is without
	More     bool
}

// SessionParts are parts of sessions that a list can do without. Each costs about as much to read as all
// that is read anyway.
type SessionParts uint8

// The parts.
const (
	SessionMetadata SessionParts = 1 << iota // Metadata
	SessionReturns                           // SuccessURL and FailURL
	SessionReceipts                          // Receipt, also of a settled session
	SessionRates                             // Rate of Intent
	// SessionOffers is what an Intent says beside Method, Units and Rate, and of Asset its Contract: where
	// to pay, until when and on what terms.
	SessionOffers

	// EverySessionPart is all of them. What is left of an Intent is what was asked for, and how much of it.
	EverySessionPart = SessionMetadata | SessionReturns | SessionReceipts | SessionRates | SessionOffers
)

// Any reports whether any of some parts is among p.
func (p SessionParts) Any(of SessionParts) bool { return p&of != 0 }

// LeftOut is a session as a list without p has it.
func (p SessionParts) LeftOut(s checkout.Snapshot) checkout.Snapshot {
	if p.Any(SessionMetadata) {
		s.Metadata = nil
	}
	if p.Any(SessionReturns) {
		s.SuccessURL, s.FailURL = "", ""
	}
	if p.Any(SessionReceipts) {
		s.Receipt = nil
	}
	if s.Intent == nil || !p.Any(SessionRates|SessionOffers) {
		return s
	}
	i := *s.Intent
	if p.Any(SessionRates) {
		i.Rate = money.Rate{}
	}
	if p.Any(SessionOffers) {
		i = checkout.Intent{Method: i.Method, Units: i.Units, Rate: i.Rate, Asset: chain.Asset{
			Network: i.Asset.Network, Symbol: i.Asset.Symbol, Decimals: i.Asset.Decimals,
		}}
	}
	s.Intent = &i
	return s
}
