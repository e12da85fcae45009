package checkout

import (
	"github.com/101pay/101pay/domain/fault"
)

//go:generate env UPDATE=1 go test -count=1 -run TestStatesPage .

// Status is where a session is in its life. The zero value is not a status.
type Status uint8

// The statuses.
const (
	Opened     Status = iota + 1 // no method chosen
	Awaiting                     // an intent is issued; the payer may pay
	Processing                   // a transfer is seen, not final
	Settled                      // a final transfer covers what is due
	Expired                      // the deadline passed unpaid
	Cancelled                    // the merchant withdrew it
)

var statusNames = map[Status]string{
	Opened: "open", Awaiting: "awaiting", Processing: "processing",
	Settled: "settled", Expired: "expired", Cancelled: "cancelled",
}

// Statuses lists every status in the order life takes them.
func Statuses() []Status { return []Status{Opened, Awaiting, Processing, Settled, Expired, Cancelled} }

// ParseStatus reads the name a store keeps.
func ParseStatus(name string) (Status, bool) {
	for s, n := range statusNames {
		if n == name {
			return s, true
		}
	}
	return 0, false
}

// String is the status's name.
func (s Status) String() string {
	if n, ok := statusNames[s]; ok {
		return n
	}
	return "???"
}

// Valid reports whether s is a status.
func (s Status) Valid() bool { _, ok := statusNames[s]; return ok }

// event is what can happen to a session.
type event uint8

const (
	eventIssue event = iota + 1
	eventSee
	eventUnsee
	eventPart
	eventSettle
	eventLapse
	eventCancel
	eventUndo
	eventReverse
	eventAccept
)

var eventNames = map[event]string{
	eventIssue: "issue intent", eventSee: "transfer seen", eventUnsee: "sighting withdrawn",
	eventPart: "final part", eventSettle: "final transfer that covers", eventLapse: "deadline",
	eventCancel: "cancel", eventUndo: "part reversed", eventReverse: "reversal",
	eventAccept: "merchant accepts",
}

func (e event) String() string { return eventNames[e] }

// transitions is the whole state machine; a missing cell is refused. docs/states.md is drawn from
// it. Expired settles and takes parts: by transfers whose blocks were in time but became final later, or
// by late ones that the project accepts. A settled session stays so if a part is reversed that it is
// covered without. What the merchant accepts is a final transfer too, of another amount or out of time.
// Opened settles by what a program pays: it never chose a method.
var transitions = map[Status]map[event]Status{
	Opened: {eventIssue: Awaiting, eventSettle: Settled, eventLapse: Expired, eventCancel: Cancelled},
	Awaiting: {
		eventIssue: Awaiting, eventSee: Processing, eventPart: Awaiting, eventSettle: Settled,
		eventLapse: Expired, eventCancel: Cancelled, eventUndo: Awaiting,
		eventAccept: Settled,
	},
	Processing: {
		eventSee: Processing, eventUnsee: Awaiting, eventPart: Awaiting, eventSettle: Settled,
		eventLapse: Processing, eventUndo: Processing,
	},
	Settled:   {eventUndo: Settled, eventReverse: Awaiting},
	Expired:   {eventPart: Expired, eventSettle: Settled, eventUndo: Expired, eventAccept: Settled},
	Cancelled: {eventAccept: Settled},
}

// Transition is one cell of the state machine, for drawing it.
type Transition struct{ From, On, To string }

// Transitions lists every allowed cell in a stable order.
func Transitions() []Transition {
	var out []Transition
	for _, from := range Statuses() {
		for e := eventIssue; e <= eventAccept; e++ {
			if to, ok := transitions[from][e]; ok {
				out = append(out, Transition{from.String(), e.String(), to.String()})
			}
		}
	}
	return out
}

// Faults of sessions.
var (
	ErrExpired           = fault.New(fault.Conflict, "session_expired", "this checkout has expired")
	ErrAlreadyPaid       = fault.New(fault.Conflict, "session_already_paid", "this checkout is already paid")
	ErrCancelled         = fault.New(fault.Conflict, "session_cancelled", "this checkout was cancelled by the merchant")
	ErrPaymentInProgress = fault.New(fault.Conflict, "payment_in_progress", "a payment for this checkout has been seen and is being confirmed")
	ErrPartlyPaid        = fault.New(fault.Conflict, "payment_partially_paid",
		"part of this payment has arrived, so it can neither change its method or network nor be cancelled; the rest is still due")
	ErrSlotsExhausted = fault.New(fault.Conflict, "amount_slots_exhausted",
		"too many unpaid checkouts of this amount at this address; try again later or use a slightly different amount")
	ErrUnsupportedMethod = fault.New(fault.Invalid, "unsupported_method",
		"method must be one of usdc, btc, eth, usdt, bnb, sol, ada, xrp, doge, dot").About("method")
	ErrOtherAsset = fault.New(fault.Conflict, "asset_mismatch",
		"this transfer is of another coin than the checkout asks for")
	ErrPaymentRejected = fault.New(fault.Rejected, "payment_rejected",
		"no final payment has been found for this checkout")
	ErrOrderIDConflict = fault.New(fault.Conflict, "order_id_conflict",
		"a payment with this order_id exists with other terms").About("order_id")
)
