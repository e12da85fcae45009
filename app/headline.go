package app

import (
	"slices"

	"github.com/101pay/101pay/domain/checkout"
)

// Headline is the one thing that helps the payer most. The set is closed: the reasons of what came,
// and what can be said where nothing came.
type Headline string

// The headlines that are about no transfer.
const (
	HeadlinePaid      Headline = "paid"
	HeadlineChoose    Headline = "method_not_chosen" // nothing has been asked for yet
	HeadlineCancelled Headline = "cancelled"
	HeadlineUnread    Headline = "network_unread" // nobody reads the network right now
	HeadlineExpired   Headline = "expired"        // nothing came in time
	HeadlineNothing   Headline = "nothing_found"  // nothing came yet
	HeadlineProgram   Headline = "program_paying" // a program's payment is being settled, or may come back
)

// telling orders the reasons by how much they help who asks. What is not in it is never a headline:
// it concerns somebody else, or is bait.
var telling = []Reason{
	ReasonNotFinal, ReasonReversed, ReasonHeld, ReasonLate, ReasonDuplicate, ReasonShort, ReasonOver,
	ReasonOtherNetwork, ReasonOtherToken, ReasonTooEarly, ReasonForeignToken,
}

// headline picks the one thing to say. It looks only at amounts near to what was asked, as the payer
// does, so that nobody is told to act on a stranger's transfer.
func headline(x Explanation) (Headline, *Finding) {
	s := x.Session
	if s.Status == checkout.Settled {
		return HeadlinePaid, thePayment(x)
	}
	if x.Paying {
		return HeadlineProgram, nil
	}
	if best := mostTelling(x); best != nil {
		return Headline(best.Reason), best
	}
	switch {
	case s.Status == checkout.Cancelled:
		return HeadlineCancelled, nil
	case s.Intent == nil && s.Status == checkout.Expired:
		return HeadlineExpired, nil
	case s.Intent == nil:
		return HeadlineChoose, nil
	case len(x.Attempts) > 0 && !x.Attempts[0].Scan.OK:
		return HeadlineUnread, nil
	case s.Status == checkout.Expired:
		return HeadlineExpired, nil
	}
	return HeadlineNothing, nil
}

func thePayment(x Explanation) *Finding {
	for _, a := range x.Attempts {
		for _, f := range a.Findings {
			if f.Reason == ReasonPays {
				return &f
			}
		}
	}
	return nil
}

// mostTelling is the finding of the highest rank; among equals the one nearest to the amount asked,
// then the newest.
func mostTelling(x Explanation) (best *Finding) {
	for _, a := range x.Attempts {
		near := near(a.Intent)
		for _, f := range a.Findings {
			decimals := f.Decimals
			if f.Reason == ReasonForeignToken {
				decimals = a.Intent.Asset.Decimals
			}
			own := f.Reason == ReasonNotFinal || f.Reason == ReasonReversed || f.Reason == ReasonHeld ||
				f.Reason == ReasonLate || f.Reason == ReasonDuplicate
			if !slices.Contains(telling, f.Reason) || !own && !near.Holds(f.Units, decimals) {
				continue
			}
			if best == nil || tellsMore(f, *best) {
				best = &f
			}
		}
	}
	return best
}

func tellsMore(f, than Finding) bool {
	a, b := slices.Index(telling, f.Reason), slices.Index(telling, than.Reason)
	if a != b || f.By == nil || than.By == nil {
		return a < b
	}
	return f.By.Cmp(than.By) < 0
}
