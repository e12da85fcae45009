package native

import (
	"math/big"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
)

// What this dialect calls the rules of decision 12, and each in a sentence for whoever shows it.
const (
	sharedAddress    = "shared_address"
	dedicatedAddress = "dedicated_address"

	sharedRule = "The address is shared between payments: send exactly this amount, to the last digit, " +
		"in one transfer; no other amount is recognised."
	dedicatedRule = "The address belongs to this payment alone: whatever arrives there of this asset counts, " +
		"in one transfer or several, until the amount is reached."
)

func matchingOf(i checkout.Intent) (matching, rule string) {
	if i.Terms.Matching == checkout.Dedicated {
		return dedicatedAddress, dedicatedRule
	}
	return sharedAddress, sharedRule
}

// inUnits prints base units of the asset a session is paid in; nil is 0.
func inUnits(s checkout.Snapshot, units *big.Int) string {
	if units == nil {
		units = new(big.Int)
	}
	return money.FormatUnits(units, int(s.Intent.Asset.Decimals))
}

// partsJSON is how much of a payment has arrived.
type partsJSON struct {
	Matching  string `json:"matching,omitempty"`
	Paid      string `json:"paid,omitempty"` // final and booked, in units of payCurrency
	Rest      string `json:"rest,omitempty"` // still due
	Over      string `json:"over,omitempty"` // more than was asked for
	Underpaid bool   `json:"underpaid,omitempty"`
	// Decision is set while the merchant has to decide about an underpaid one.
	Decision bool `json:"decisionRequired,omitempty"`
}

func showParts(s checkout.Snapshot) partsJSON {
	if s.Intent == nil {
		return partsJSON{}
	}
	shown := partsJSON{
		Paid: inUnits(s, s.Paid), Rest: inUnits(s, s.Rest()),
		Underpaid: s.Status == checkout.Expired && s.Partly(), Decision: s.UnderpaidHeld,
	}
	shown.Matching, _ = matchingOf(*s.Intent)
	if over := s.Over(); over.Sign() > 0 {
		shown.Over = inUnits(s, over)
	}
	return shown
}
