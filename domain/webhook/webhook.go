// Package webhook is what a merchant is told, when he is told again, and when we give up.
//
// It owns endpoints, events, deliveries, attempts, the retry schedule and the Standard Webhooks
// signature. It does not own the transport (adapters/outbound) nor the words of an event's body
// beyond its envelope (the dialects).
//
// Invariants: an event's id and body never change once recorded; a delivery keeps the event's id
// over every attempt; an endpoint always has one or two secrets of at least 24 bytes.
package webhook

import (
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

// Type names what happened.
type Type string

// The event types of the native dialect.
const (
	PaymentCreated  Type = "payment.created"
	PaymentDetected Type = "payment.detected"
	PaymentReverted Type = "payment.reverted" // a sighting was taken back before finality
	PaymentPaid     Type = "payment.paid"
	// PaymentPartlyPaid tells of a final payment that covers part of what is due.
	PaymentPartlyPaid Type = "payment.partially_paid"
	PaymentLate       Type = "payment.late" // real money that waits for the merchant's decision
	PaymentExpired    Type = "payment.expired"
	PaymentCanceled   Type = "payment.cancelled"
	PaymentReversed   Type = "payment.reversed"
	EndpointTest      Type = "endpoint.test"

	// What programs pay by x402. The second takes the first back: the chain undid the payment.
	AgentSettled  Type = "x402.settled"
	AgentReversed Type = "x402.reversed"

	// Where a project's money goes, or is about to go. They tell live endpoints, always.
	AddressRequested Type = "receiving_account.change_requested"
	AddressChanged   Type = "receiving_account.changed"
	AddressCancelled Type = "receiving_account.change_cancelled"

	// ReportReady tells what was booked in a period that is over, and where its file is.
	ReportReady Type = "report.ready"
)

// Types lists every type an endpoint can ask for.
func Types() []Type {
	return []Type{
		PaymentCreated, PaymentDetected, PaymentReverted, PaymentPartlyPaid, PaymentPaid, PaymentLate,
		PaymentExpired, PaymentCanceled, PaymentReversed, AgentSettled, AgentReversed, EndpointTest,
		AddressRequested, AddressChanged, AddressCancelled, ReportReady,
	}
}

// Event is something that happened, in the words a merchant reads. It is recorded once, in the
// unit of work that made it happen.
type Event struct {
	ID         string // "evt_" and a UUID; the webhook-id of every attempt
	MerchantID merchant.ID
	ProjectID  merchant.ProjectID
	Mode       merchant.Mode
	Type       Type
	SessionID  string
	Version    int64 // of the session when it happened: a lower one is older news
	Body       []byte
	CreatedAt  time.Time
}

// Endpoint is where to tell.
type Endpoint struct {
	ID          string // "we_" and a UUID
	MerchantID  merchant.ID
	ProjectID   merchant.ProjectID
	Mode        merchant.Mode
	URL         string
	Types       []Type // empty means all
	Description string
	Secrets     [][]byte  // sealed; the first signs, a second also signs until SecondUntil
	SecondUntil time.Time // when the older secret stops signing
	Enabled     bool
	DisabledFor string // why we turned it off: "gone", "failing", or "" when the merchant did
	Failures    int    // consecutive failed attempts
	// FailingSince is when the first of Failures happened, zero while Failures is 0.
	FailingSince time.Time
	CreatedAt    time.Time
}

// Wants reports whether the endpoint asked for events of a type.
func (e Endpoint) Wants(t Type) bool {
	if len(e.Types) == 0 {
		return true
	}
	for _, w := range e.Types {
		if w == t {
			return true
		}
	}
	return false
}

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

// The delivery statuses.
const (
	Pending   DeliveryStatus = "pending"
	Delivered DeliveryStatus = "delivered"
	Failed    DeliveryStatus = "failed"
)

// Delivery is one event owed to one endpoint.
type Delivery struct {
	ID         string // "del_" and a UUID
	EventID    string
	EndpointID string
	MerchantID merchant.ID
	Status     DeliveryStatus
	Attempts   int
	Round      int       // counts replays: each starts the schedule anew
	NextAt     time.Time // of the next attempt, zero when none is planned
	UpdatedAt  time.Time
}

// Attempt is one HTTP try.
type Attempt struct {
	DeliveryID string
	Number     int // 1, 2, 3 … over all rounds
	At         time.Time
	Took       time.Duration
	StatusCode int    // 0 when no answer came
	Outcome    string // "delivered", or the class of failure: "status", "timeout", "tls", "dns", "refused", "reset", "redirect", "gone", "egress_denied", "sandbox_down", "too_large"
	Answer     string // the first bytes of the answer, made printable
	// Sent is the head of the request as it was written to the connection: nothing if none came about. Of
	// all that the gateway holds only the signature is in it, and that opens nothing: it is of this one
	// body, id and second, the receiver has it already, and whoever would send it again tells him what
	// is true, under an id he knows.
	Sent []Header
	// Answered is what of the answer's head helps to find the request in the receiver's own logs.
	Answered []Header
}

// Faults of webhooks.
var (
	ErrInvalidURL = fault.New(fault.Invalid, "invalid_webhook_url",
		"url must be an https URL of a public host, without user info, fragment or unusual port").About("url")
	ErrInvalidTypes = fault.New(fault.Invalid, "invalid_event_types",
		"events must list known event types").About("events")
	ErrTooManyEndpoints = fault.New(fault.Conflict, "too_many_endpoints",
		"a project may have at most 16 webhook endpoints per mode")
)

// MaxEndpoints is how many endpoints a project may have per mode.
const MaxEndpoints = 16
