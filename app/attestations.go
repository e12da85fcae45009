package app

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Attestations signs what the gateway says: where to pay, and what was paid. It records nothing: what
// is signed is read anew each time, and the same state has the same signature.
type Attestations struct {
	Core     Core
	Sessions ports.SessionReads
	Signer   ports.Signer
	Issuer   string // public base URL, without a slash at its end
}

// errNothingPaid is ErrNotPaidYet as somebody reads it who wants a receipt.
var errNothingPaid = ErrNotPaidYet.Saying("this checkout is not paid; there is no receipt yet")

// Keys lists the public keys statements are verified by, the current one first.
func (s Attestations) Keys() []attest.Key { return s.Signer.Keys() }

// DID is who signs, as x402's signed offers and receipts say it; "" if the gateway's address has none. The
// key that signs is its fragment.
func (s Attestations) DID() (did string) {
	did, err := x402.DIDWeb(s.Issuer)
	if err != nil {
		return ""
	}
	return did
}

// Instruction signs where to pay a session how much: its current intent, and nothing else. One that
// nobody should pay any more is refused: a signature must not outlive what the page says.
func (s Attestations) Instruction(ctx context.Context, id checkout.SessionID) (attest.Signed, error) {
	session, err := s.Sessions.ByID(ctx, id)
	if err != nil {
		return attest.Signed{}, err
	}
	was := session.Snapshot()
	if err := asked(was, s.Core.Clock.Now()); err != nil {
		return attest.Signed{}, err
	}
	who, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (attest.Parties, error) {
		return s.parties(ctx, r, was)
	})
	if err != nil {
		return attest.Signed{}, err
	}
	instruction, err := attest.Instruct(who, was)
	if err != nil {
		return attest.Signed{}, err
	}
	return instruction.Sign(s.Signer.Keys()[0], s.Signer.Sign)
}

// asked refuses a session whose payer is asked for nothing at now.
func asked(s checkout.Snapshot, now time.Time) error {
	switch s.Status {
	case checkout.Settled:
		return checkout.ErrAlreadyPaid
	case checkout.Cancelled:
		return checkout.ErrCancelled
	case checkout.Expired:
		return checkout.ErrExpired
	case checkout.Opened, checkout.Awaiting, checkout.Processing:
	}
	switch {
	case !now.Before(s.ExpiresAt):
		return checkout.ErrExpired
	case s.Intent == nil:
		return ErrNoMethodYet
	}
	return nil
}

// Receipt signs what settled a session. After a reversal there is nothing to sign, until it is paid
// again.
func (s Attestations) Receipt(ctx context.Context, id checkout.SessionID) (attest.Signed, error) {
	session, err := s.Sessions.ByID(ctx, id)
	if err != nil {
		return attest.Signed{}, err
	}
	was := session.Snapshot()
	if was.Receipt == nil {
		return attest.Signed{}, errNothingPaid
	}
	receipt, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (attest.Receipt, error) {
		who, err := s.parties(ctx, r, was)
		if err != nil {
			return attest.Receipt{}, err
		}
		paid, err := settledBy(ctx, r, was)
		if err != nil {
			return attest.Receipt{}, err
		}
		return attest.Acknowledge(who, was, paid)
	})
	if err != nil {
		return attest.Signed{}, err
	}
	return receipt.Sign(s.Signer.Keys()[0], s.Signer.Sign)
}

// settledBy lists the transfers that settled a session, with their bookings. They are read after the
// session was, so one that is gone by now was undone meanwhile, and nothing is acknowledged.
func settledBy(ctx context.Context, r ports.Repos, was checkout.Snapshot) ([]attest.Booked, error) {
	rows, _, err := r.Transfers.OfSession(ctx, was.ID)
	if err != nil {
		return nil, err
	}
	var paid []attest.Booked
	stands := false
	for _, row := range rows {
		if row.Disposition != ports.Settled {
			continue
		}
		booked, err := r.Ledger.Find(ctx, was.MerchantID, ledger.OrderNo(row.OrderNo))
		if err != nil {
			return nil, err
		}
		stands = stands || row.OrderNo == was.Receipt.OrderNo
		paid = append(paid, attest.Booked{
			Transfer: row.Transfer, Booking: booked.Transaction, Content: booked.Content,
		})
	}
	if !stands {
		return nil, errNothingPaid
	}
	return paid, nil
}

func (s Attestations) parties(
	ctx context.Context, r ports.Repos, was checkout.Snapshot,
) (attest.Parties, error) {
	owner, err := r.Merchants.ByID(ctx, was.MerchantID)
	return attest.Parties{Issuer: s.Issuer, ClientID: owner.ClientID, Payee: owner.Name}, err
}
