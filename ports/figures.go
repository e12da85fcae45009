package ports

import (
	"context"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
)

// FigureQuery selects what is counted: a project's, in a mode, on the days [From, To) in UTC.
type FigureQuery struct {
	Project  merchant.ProjectID
	Mode     merchant.Mode
	From, To time.Time // first instants of days; zero for no bound
	Whole    bool      // of what is booked: one sum of all days, whose Day is the zero time
}

// Recorded is the place of what came over no network.
const Recorded = "recorded"

// WorthScale is the decimals of DayBooked.Worth.
const WorthScale = 18

// DayBooked is what was booked on a day of one kind, at one place, in one currency, converted by one
// source's rates.
type DayBooked struct {
	Day      time.Time // its first instant, UTC; zero for a whole period
	Kind     ledger.Kind
	Place    string // the network, or Recorded
	Currency money.Currency
	Entries  int64
	Amount   *big.Int // minor units of Currency; of reversals what was undone
	// WorthOf is the code of the currency it was asked in, Worth how much of that it was worth when it was
	// asked, and Source whose rates say so; "", 0 and "" where nothing was converted.
	WorthOf string
	Worth   *big.Int // in units of 10^-WorthScale, each entry's rounded down
	Source  string
}

// DayOpened counts the sessions opened on a day, and those of them that are settled.
type DayOpened struct {
	Day              time.Time // its first instant, UTC
	Created, Settled int64
}

// DayVolume is what was booked on a day of one kind, at one place, in one currency.
type DayVolume struct {
	Day      time.Time // its first instant, UTC
	Kind     ledger.Kind
	Place    string // the network, or Recorded
	Currency money.Currency
	Entries  int64
	Amount   *big.Int // minor units of Currency; of reversals what was undone
}

// OverviewQuery selects what an overview is of. The days select neither sessions that were credited nor events.
type OverviewQuery struct {
	Project  merchant.ProjectID
	Mode     merchant.Mode
	From, To time.Time // first instants of days, To not included; zero for no bound
	Credited int       // settled sessions looked at, those opened last
	Told     int       // events looked at, the newest
	Without  OverviewParts
}

// OverviewParts are what an overview may do without. They are not read, and empty in what is answered.
type OverviewParts uint8

// The parts, after the fields of Overview.
const (
	OverviewVolume OverviewParts = 1 << iota
	OverviewOpened
	OverviewCredited
	OverviewTold

	EveryOverviewPart = OverviewVolume | OverviewOpened | OverviewCredited | OverviewTold
)

// Any reports whether any of some parts is among p.
func (p OverviewParts) Any(of OverviewParts) bool { return p&of != 0 }

// Overview is a project's figures, all of one instant.
type Overview struct {
	Volume   []DayVolume                    // by day, then kind, place and currency
	Opened   []DayOpened                    // by day; days without a session are absent
	Credited []time.Duration                // from the block of a receipt to its being recorded, in no order
	Told     map[webhook.DeliveryStatus]int // what is owed for events, by status
}

// Figures answers what the dashboard counts, outside any unit of work.
type Figures interface {
	// Overview answers what the first page of the dashboard shows, exact to the last commit. It costs what
	// there are days, sessions and events to look at, however much happened on them.
	Overview(ctx context.Context, q OverviewQuery) (Overview, error)
	// Booked sums the book by day, exact to the last commit: by day, then kind, place, currency, WorthOf and
	// Source. It costs what there are days, however much was booked on them.
	Booked(ctx context.Context, q FigureQuery) ([]DayBooked, error)
	// Told counts, by status, what is owed for at most limit events, the newest. From and To do not select.
	Told(ctx context.Context, q FigureQuery, limit int) (map[webhook.DeliveryStatus]int, error)
}

// Clues are what a session may be found by. Zero fields find nothing.
type Clues struct {
	ID      string // of the session or of one of its intents
	OrderID string // the merchant's own reference
	OrderNo ledger.OrderNo
	TxID    chain.TxID
	Address chain.Address // an intent's
}

// SessionSearch finds sessions of a project and mode outside any unit of work.
type SessionSearch interface {
	// Search lists sessions that any of the clues leads to, newest first. Of the intents at an address those
	// issued last are looked at, at most limit on each network.
	Search(ctx context.Context, who merchant.Principal, by Clues, limit int) ([]checkout.Snapshot, error)
}
