package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
)

// Webhooks keeps endpoints, events, deliveries and attempts.
type Webhooks interface {
	// AddEndpoint records an endpoint; webhook.ErrTooManyEndpoints beyond webhook.MaxEndpoints.
	AddEndpoint(ctx context.Context, e webhook.Endpoint) error
	// LoadEndpoint finds an endpoint of a project, locked, or ErrNotFound.
	LoadEndpoint(ctx context.Context, p merchant.ProjectID, id string) (webhook.Endpoint, error)
	// SaveEndpoint replaces everything but identity and creation.
	SaveEndpoint(ctx context.Context, e webhook.Endpoint) error
	// RemoveEndpoint deletes an endpoint and fails its pending deliveries.
	RemoveEndpoint(ctx context.Context, p merchant.ProjectID, id string) error
	// Endpoints lists a project's endpoints of a mode, oldest first. None of them can be removed before
	// the end of the unit of work.
	Endpoints(ctx context.Context, p merchant.ProjectID, m merchant.Mode) ([]webhook.Endpoint, error)
	News
	// Deliveries gives access to deliveries.
	Deliveries() Deliveries
}

// News is how merchants come to be told of many things at once.
type News interface {
	// EndpointsOf lists the endpoints of several projects as Endpoints does those of one.
	EndpointsOf(ctx context.Context, of []Audience) (map[Audience][]webhook.Endpoint, error)
	// AddEvents records events and the deliveries of them that are owed.
	AddEvents(ctx context.Context, es []webhook.Event, owed []webhook.Delivery) error
}

// Audience is who hears of what happens in a project in one of its modes.
type Audience struct {
	Project merchant.ProjectID
	Mode    merchant.Mode
}

// Deliveries keeps what is owed to endpoints and every attempt to pay it.
type Deliveries interface {
	// Load finds a delivery, locked, with its event and endpoint, or ErrNotFound.
	Load(ctx context.Context, id string) (DeliveryCase, error)
	// Save replaces a delivery's status, counters and next attempt.
	Save(ctx context.Context, d webhook.Delivery) error
	// AddAttempt records an HTTP try, with both heads as they are given.
	AddAttempt(ctx context.Context, a webhook.Attempt) error
	// Add records a further delivery of an existing event.
	Add(ctx context.Context, d webhook.Delivery) error
	// OfEvent lists an event's deliveries.
	OfEvent(ctx context.Context, eventID string) ([]webhook.Delivery, error)
}

// DeliveryCase is a delivery with all an attempt needs.
type DeliveryCase struct {
	Delivery webhook.Delivery
	Event    webhook.Event
	Endpoint webhook.Endpoint
}

// EventQuery selects a page of events, newest first. Zero fields do not filter.
type EventQuery struct {
	Project   merchant.ProjectID
	Mode      merchant.Mode
	Type      webhook.Type
	SessionID string
	Before    EventMark
	Limit     int
}

// EventMark is a position in a list of events.
type EventMark struct {
	At time.Time
	ID string
}

// WebhookReads answers questions about events outside any unit of work.
type WebhookReads interface {
	// Events pages through a project's events, newest first.
	Events(ctx context.Context, q EventQuery) (events []webhook.Event, more bool, err error)
	// Event finds a project's event with its deliveries, or ErrNotFound.
	Event(ctx context.Context, p merchant.ProjectID, id string) (webhook.Event, []webhook.Delivery, error)
	// Attempts lists the attempts of a project's delivery, oldest first, or ErrNotFound.
	Attempts(ctx context.Context, p merchant.ProjectID, deliveryID string) ([]webhook.Attempt, error)
	// DeliveriesOf lists what is owed for several events of a project, by event, as Event does for one. Events
	// of others are absent.
	DeliveriesOf(ctx context.Context, p merchant.ProjectID, eventIDs []string) (map[string][]webhook.Delivery, error)
	// AttemptsOf lists the attempts of several deliveries of a project, by delivery, oldest first.
	AttemptsOf(ctx context.Context, p merchant.ProjectID, deliveryIDs []string) (map[string][]webhook.Attempt, error)
	// EndpointDeliveries pages through an endpoint's deliveries, newest first.
	EndpointDeliveries(ctx context.Context, p merchant.ProjectID, endpointID string, limit int) ([]DeliveryCase, error)
}

// Outgoing is one signed HTTP request to an endpoint.
type Outgoing struct {
	URL     string
	Headers map[string]string
	Body    []byte
}

// SendResult is what came of an Outgoing.
type SendResult struct {
	StatusCode int           // 0 when no answer came
	Outcome    string        // see webhook.Attempt.Outcome
	RetryAfter time.Duration // as the receiver asked, 0 if it did not
	Answer     string        // first bytes of the answer, printable
	Took       time.Duration
	Sent       []webhook.Header // see webhook.Attempt.Sent
	Answered   []webhook.Header // see webhook.Attempt.Answered
}

// Sender posts to addresses merchants gave us. It never connects to an address that is not public
// (unless the operator allowed it), never follows a redirect, never reads more than a bounded
// answer, and always returns within a bounded time. It returns no error: failure is a result.
type Sender interface {
	Send(ctx context.Context, o Outgoing) SendResult
}

// Prober says whether a URL a merchant gave us could be sent to at this moment.
type Prober interface {
	// Reachable resolves the host and reports whether Sender would connect to every address found.
	// It connects to none of them and always returns within a few seconds. The answer is advice: what
	// a name resolves to may change, and Sender looks again each time.
	Reachable(ctx context.Context, url string) bool
}

// EventEncoder puts an event into the words of the dialect its session was opened by. It is pure.
// concerned is the transfer an event is about beside its session: the one that waits for the
// merchant's decision (webhook.PaymentLate) or the one the chain undid (webhook.PaymentReversed);
// otherwise nil. A webhook.EndpointTest concerns no session: s is then the zero Snapshot.
type EventEncoder interface {
	Encode(e webhook.Event, s checkout.Snapshot, concerned *TransferRow) ([]byte, error)
}

// AddressChange is what an event about a receiving account tells: where money goes, from when.
type AddressChange struct {
	// Account is the one that is asked for, current, or no longer wanted.
	Account merchant.ReceivingAccount
	// Removed says that Account ended and nothing took its place.
	Removed bool
	// Replaced is the address it takes the place of, "" if there is none.
	Replaced chain.Address
}

// AddressEncoder puts an event about a receiving account into the words of a dialect. It is pure.
type AddressEncoder interface {
	EncodeAddress(e webhook.Event, c AddressChange) ([]byte, error)
}

// AgentEncoder puts an event about a payment by x402 into the words of a dialect. It is pure.
type AgentEncoder interface {
	EncodeAgent(e webhook.Event, a AuthorizationRow) ([]byte, error)
}

// OrderEncoder puts into the words of a dialect what a program is told that paid a checkout session. paid
// is the transfer by which it did, with where that went: to the session, or, where somebody else had paid
// it before, to its merchant's queue. nil while the chain has undone it. It is pure.
type OrderEncoder interface {
	EncodeOrder(s checkout.Snapshot, paid *TransferRow) ([]byte, error)
}
