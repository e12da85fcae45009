package matrix

import (
	"fmt"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
)

// end is all that comes of a cell.
type end struct {
	Status   string
	Late     bool   // the receipt says so
	Received string // that the book says was received
	Bookings int    // payments booked
	Undone   int    // reversals booked

	Settled, Held, Duplicate, Unmatched int // recorded transfers that were not taken back

	Detected, Reverted, Paid, PaidLate, Expired, Reversed int // events
	Bystander                                             string
}

func (e end) String() string {
	type plainly end
	return fmt.Sprintf("%+v", plainly(e))
}

// asAsked is an end's Received where it is what was asked for.
const asAsked = "what was asked for"

// expect says, from decisions 9 to 14 and the table of chain events, what must come of a cell.
func expect(c cell) (e end) {
	e = end{Status: "expired", Received: "0", Bystander: "expired"}
	copies := 1
	if c.kind == orderTwice {
		copies = 2
	}
	final := !slices.Contains([]string{undone, undoneLate}, c.fate) // at the end of it all
	if c.kind == amongOthers && final {
		e.Unmatched++ // a small change that pays nobody (J11), on its own (J13)
	}
	if !slices.Contains([]string{plain, orderTwice, twoOrders, amongOthers}, c.kind) || c.amount != exact {
		// What is ignored leaves no trace (J08 to J10); what arrived and matches nothing is kept (J11).
		if final && !slices.Contains(ignored, c.kind) {
			e.Unmatched += copies * len(parts(c.amount, hundred))
		}
		e.Expired++ // nobody paid exactly what was asked for
		return e
	}
	switch {
	case c.when == longBefore && c.fate == returnedLate: // a block of after the order (decision 11)
		e.Received = asAsked
		e.Detected, e.Bookings, e.Paid, e.PaidLate = 1, 1, 1, copies-1
		e.Status, e.Settled, e.Duplicate = "settled", 1, copies-1
		return e
	case c.when == longBefore: // nobody can have meant this order (J14)
		return e.unpaid(final, copies)
	case c.when == monthLate: // the amount is nobody's any more (decision 13)
		return e.unpaid(final, copies)
	case c.when == dayLate, slices.Contains(afterDeadline, c.when) && c.late == merchant.LateHold:
		return e.held(c, copies) // decision 14
	}
	return e.paid(c, copies)
}

// ignored are the kinds that move nothing of what counts to the shop.
var ignored = []string{
	fakeToken, reverted, nothing, toHimself, newlyMade, onlyAllowed, toStranger, lowDigitsAlike,
}

var (
	afterDeadline = []string{secondLate, hourLate, dayLate, monthLate}
	// waiting are the times at which the session still waits for its payment, and so can be seen to
	// get it.
	waiting = []string{justBefore, inTime, atDeadline, secondLate}
)

// unpaid is for an order that nothing paid; what arrived for no order is kept.
func (e end) unpaid(final bool, arrived int) end {
	e.Expired++
	if final {
		e.Unmatched += arrived
	}
	return e
}

// seen says what is shown while blocks come and go below finality (J05, J06).
func (e end) seen(c cell) end {
	if !slices.Contains(waiting, c.when) {
		return e
	}
	e.Detected = 1
	switch c.fate {
	case undone:
		e.Reverted = 1
	case moved:
		e.Detected, e.Reverted = 2, 1
	case returnedLate:
		e.Detected = 2
	}
	return e
}

// held is for money that is real and settles nothing by itself.
func (e end) held(c cell, arrived int) end {
	e = e.seen(c)
	e.Expired++
	switch c.fate {
	case undone:
	case undoneLate:
		e.PaidLate = arrived // it was told, and then it was gone
	case returnedLate:
		e.PaidLate, e.Held = 2*arrived, arrived
	default:
		e.PaidLate, e.Held = arrived, arrived
	}
	return e
}

// paid is for an order that was paid, the first transfer paying it and the second being one too many.
func (e end) paid(c cell, arrived int) end {
	e = e.seen(c)
	if c.when == hourLate {
		e.Expired++ // before it was paid
	}
	if c.fate == undone {
		if c.when != hourLate {
			e.Expired++
		}
		return e
	}
	e.Received, e.Bookings, e.Paid, e.PaidLate = asAsked, 1, 1, arrived-1
	e.Status, e.Settled, e.Duplicate = "settled", 1, arrived-1
	e.Late = slices.Contains(afterDeadline, c.when)
	switch c.fate {
	case undoneLate: // taken back, and then nobody paid again (J07)
		e.Undone, e.Reversed = 1, 1
		e.Status, e.Received, e.Settled, e.Duplicate, e.Late = "expired", "0", 0, 0, false
		e.Expired++
	case returnedLate: // taken back, and paid again while it could be (decision 11)
		e.Undone, e.Reversed = 1, 1
		e.Bookings, e.Paid, e.PaidLate, e.Late = 2, 2, 2*(arrived-1), false
		if c.when == hourLate {
			e.Detected = 1 // when it came back; before, the session had expired
		}
	}
	return e
}
