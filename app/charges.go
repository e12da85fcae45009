package app

import (
	"context"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// Charges books a merchant's own entries (decision 7): a charge has no payer, so it proves nothing
// about money received and is kept under accounts of its own.
type Charges struct {
	Core   Core
	Books  ports.Bookkeeper
	Orders ports.OrderNumbers
}

// ChargeInput is what a charge says.
type ChargeInput struct {
	Owner       ports.KeyOwner // proven by Credentials.Pair
	Amount      money.Amount
	Description string
}

// Charge books the amount and answers the booked transaction. Live charges are refused with
// checkout.ErrPaymentRejected unless the project records charges.
func (s Charges) Charge(ctx context.Context, in ChargeInput, once Once[ports.Booked]) (ports.Booked, *ports.Answer, error) {
	pair := in.Owner.Pair
	purpose := ledger.Charged
	if pair.Mode == merchant.Live {
		if !in.Owner.RecordedCharges {
			return ports.Booked{}, nil, checkout.ErrPaymentRejected.Saying(
				"live charges have no payer; turn on recorded charges for this project or create a payment")
		}
		purpose = ledger.Recorded
	}
	now := s.Core.Clock.Now()
	no, err := s.Orders.Next(ctx, now)
	if err != nil {
		return ports.Booked{}, nil, err
	}
	t := ledger.Transaction{
		OrderNo: no, MerchantID: pair.MerchantID, ProjectID: pair.ProjectID, Mode: pair.Mode,
		Kind: ledger.KindCharge, SourceRef: string(no), Description: in.Description,
		Postings: []ledger.Posting{{
			Source:      ledger.World(pair.Mode, "merchant"),
			Destination: ledger.Of(pair.MerchantID, pair.Mode, purpose),
			Amount:      in.Amount,
		}},
		BookedAt: ledger.Instant(now),
	}
	if once.Key == "" {
		booked, err := s.Books.Book(ctx, t, string(pair.ID))
		return booked, nil, err
	}
	return run(ctx, s.Core, ownScope(Owner(in.Owner)), once, func(ctx context.Context, r ports.Repos) (ports.Booked, error) {
		return r.Ledger.Book(ctx, t)
	})
}
