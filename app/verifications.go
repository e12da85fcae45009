package app

import (
	"context"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// pendingShown is how many records an operator is shown at once, the longest waiting ones.
const pendingShown = 100

// Verifications is the operator's side of KYC: he reads what merchants submitted, and decides.
type Verifications struct {
	Core Core
}

// Verification is a merchant's record as its operator sees it.
type Verification struct {
	Merchant  merchant.Merchant
	Record    merchant.KYC
	Documents []merchant.Document // oldest first
}

// Mark names exactly what is seen here; a decision is on that and nothing else.
func (v Verification) Mark() string { return v.Record.Mark(v.Documents) }

// Pending lists what waits for a decision, the longest waiting first, at most 100.
func (s Verifications) Pending(ctx context.Context) ([]Verification, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]Verification, error) {
		records, err := r.KYC.Pending(ctx, pendingShown)
		if err != nil {
			return nil, err
		}
		out := make([]Verification, len(records))
		for i, k := range records {
			out[i].Record = k
			if out[i].Merchant, err = r.Merchants.ByID(ctx, k.MerchantID); err != nil {
				return nil, err
			}
			if out[i].Documents, err = r.KYC.Documents(ctx, k.MerchantID); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// Of is the record of the account that was opened with an e-mail address, whatever its state.
// ErrNotFound.
func (s Verifications) Of(ctx context.Context, email string) (Verification, error) {
	email, err := merchant.NormalizeEmail(email)
	if err != nil {
		return Verification{}, err
	}
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (Verification, error) {
		return verificationOf(ctx, r, email)
	})
}

func verificationOf(ctx context.Context, r ports.Repos, email string) (v Verification, err error) {
	account, err := r.Merchants.ByEmail(ctx, email)
	if err != nil {
		return v, err
	}
	v.Merchant = account.Merchant
	if v.Record, err = r.KYC.Load(ctx, v.Merchant.ID); err != nil {
		return v, err
	}
	v.Documents, err = r.KYC.Documents(ctx, v.Merchant.ID)
	return v, err
}

// Content opens a document of a verification.
func (s Verifications) Content(ctx context.Context, of Verification, id string) ([]byte, error) {
	sealed, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]byte, error) {
		_, sealed, err := r.KYC.Document(ctx, of.Merchant.ID, id)
		return sealed, err
	})
	if err != nil {
		return nil, err
	}
	return s.Core.Vault.Open(documentPurpose, sealed)
}

// Approve approves what an operator has seen, which mark names. merchant.ErrKYCChanged if that is not
// what is there now, merchant.ErrKYCNotPending.
func (s Verifications) Approve(ctx context.Context, email, mark string) error {
	return s.decide(ctx, email, mark, func(k merchant.KYC) (merchant.KYC, error) {
		return k.Approve(ledger.Instant(s.Core.Clock.Now()))
	})
}

// Reject sends what an operator has seen back, with what the merchant has to correct. Faults as
// Approve, and merchant.ErrKYCReason.
func (s Verifications) Reject(ctx context.Context, email, mark, reason string) error {
	return s.decide(ctx, email, mark, func(k merchant.KYC) (merchant.KYC, error) {
		return k.Reject(reason, ledger.Instant(s.Core.Clock.Now()))
	})
}

// decide writes a decision into the record and into the merchant's audit log. The reason is the
// merchant's to read in the record; the log tells that there is one.
func (s Verifications) decide(
	ctx context.Context, email, mark string, how func(merchant.KYC) (merchant.KYC, error),
) error {
	email, err := merchant.NormalizeEmail(email)
	if err != nil {
		return err
	}
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		v, err := verificationOf(ctx, r, email)
		if err != nil {
			return err
		}
		k, err := how(v.Record)
		if err != nil {
			return err
		}
		if v.Mark() != mark {
			return merchant.ErrKYCChanged
		}
		if err := r.KYC.Save(ctx, k); err != nil {
			return err
		}
		return note(ctx, r, s.Core, k.MerchantID, merchant.Agent{Name: "operator"}, deed{
			action: "kyc." + string(k.State), subject: string(k.MerchantID), before: "state=" + string(v.Record.State),
			after: "state=" + string(k.State),
		})
	})
}
