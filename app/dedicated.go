package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/hdkey"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// xpubPurpose separates a sealed extended public key from other secrets and from those of other sources:
// put into another row it does not open, so nobody who writes to the database can exchange keys.
func xpubPurpose(s merchant.AddressSource) string {
	return "address source " + string(s.ID) + " " + string(s.ProjectID) + " " + string(s.Family)
}

// ErrDedicatedInTest refuses a payer's wish that is the project's to decide.
var ErrDedicatedInTest = fault.New(fault.Invalid, "dedicated_in_test_only",
	"dedicated can be asked for in test mode only; for real payments the project's address sources decide").About("dedicated")

// ownAddress refuses a receiving account at an address that single payments have for themselves: what
// arrives there would be taken for one of them.
func ownAddress(ctx context.Context, r ports.Repos, a merchant.ReceivingAccount) error {
	f := a.Network.KeyFamily()
	if f == "" {
		return nil
	}
	known, err := r.Sources.Known(ctx, f, a.Address)
	if err == nil && known {
		err = merchant.ErrAddressTaken.About("address")
	}
	return err
}

// spend notes which addresses of sources money came to, so that none is given to another payment.
func (b *booking) spend(ctx context.Context, n chain.Network, finds []find) error {
	f := n.KeyFamily()
	if f == "" {
		return nil
	}
	at := make([]chain.Address, len(finds))
	for i := range finds {
		at[i] = finds[i].proof.Transfer().To
	}
	return b.r.Sources.Received(ctx, f, at, b.now.Add(merchant.AddressRest))
}

// underpaid leaves a session that has just lapsed and was paid in part to its merchant, if he wants to
// decide himself what becomes of it.
func underpaid(ctx context.Context, r ports.Repos, session *checkout.Session) error {
	was := session.Snapshot()
	if was.Status != checkout.Expired || !was.Partly() {
		return nil
	}
	project, err := r.Projects.ByID(ctx, was.ProjectID)
	if err != nil || project.Policy.Underpaid != merchant.UnderpaidHold {
		return err
	}
	return session.AwaitDecision()
}

// decidePart does what a merchant decides about a part of a session that expired underpaid. It is booked
// already: accepting it makes what arrived enough, anything else ends the wait once no part is left to
// decide about.
func (s *Settlement) decidePart(
	ctx context.Context, r ports.Repos, v verdictOn,
) (ports.TransferRow, error) {
	session, err := r.Sessions.Load(ctx, v.row.SessionID)
	switch {
	case err != nil:
		return v.row, err
	case !session.Snapshot().UnderpaidHeld || v.Action == ports.Assigned:
		return v.row, ErrNotWaiting
	}
	if v.Action == ports.Accepted {
		if err := v.unchanged(); err != nil {
			return v.row, err
		}
		if err := session.AcceptParts(v.find.proof, v.row.OrderNo, s.now()); err != nil {
			return v.row, err
		}
		v.row.Disposition = ports.Settled
		if err := r.Sessions.Save(ctx, session); err != nil {
			return v.row, err
		}
		return v.row, s.Events.session(ctx, r, webhook.PaymentPaid, session.Snapshot(), nil)
	}
	rows, _, err := r.Transfers.OfSession(ctx, v.row.SessionID)
	if err != nil {
		return v.row, err
	}
	for _, o := range rows {
		same := o.Transfer.TxID == v.row.Transfer.TxID && o.Transfer.Index == v.row.Transfer.Index
		if o.Disposition == ports.Part && o.Decision.Action == "" && !same {
			return v.row, nil
		}
	}
	if err := session.CloseParts(s.now()); err != nil {
		return v.row, err
	}
	return v.row, r.Sessions.Save(ctx, session)
}

// unchanged refuses a proof of something else than what was recorded.
func (v verdictOn) unchanged() error {
	if t := v.find.proof.Transfer(); t.To != v.row.Transfer.To || t.Asset != v.row.Transfer.Asset ||
		t.Units.Cmp(v.row.Transfer.Units) != 0 {
		return fmt.Errorf("transfer %s/%d is not what was recorded", t.TxID, t.Index)
	}
	return nil
}

// takeAddress gives a session an address of its own out of the project's active source, on a network of
// that source's family.
func (s Checkout) takeAddress(ctx context.Context, r ports.Repos, q quote) (chain.Address, error) {
	if q.asset.Network == chain.Sandbox {
		return chain.SandboxAddress("session " + string(q.session.ID)), nil
	}
	source, err := r.Sources.LoadActive(ctx, q.session.ProjectID, q.asset.Network.KeyFamily(), q.now)
	if isNotFound(err) {
		return "", merchant.ErrReceivingMissing // it was removed a moment ago
	}
	if err != nil {
		return "", err
	}
	key, err := s.openKey(source)
	if err != nil {
		return "", err
	}
	want := ports.Taking{
		Source: source, Session: q.session.ID, Now: q.now,
		RestUntil: q.session.ExpiresAt.Add(merchant.AddressRest),
	}
	for range merchant.MaxSkipped {
		if source.Kind == merchant.SourceXpub {
			if want.Next, err = key.Address(source.Family, want.Source.NextIndex); err != nil {
				return "", merchant.ErrAddressesExhausted
			}
		}
		at, err := r.Sources.Take(ctx, want)
		switch {
		case isNotFound(err):
			return "", merchant.ErrAddressesExhausted
		case errors.Is(err, ports.ErrTaken):
			// The merchant's own account, or of a source that was removed: nobody else's payment may be
			// taken for this one.
			want.Source.NextIndex++
		default:
			return at, err
		}
	}
	return "", merchant.ErrAddressesExhausted
}

// openKey is the key a source derives from; the zero key for a pool.
func (s Checkout) openKey(source merchant.AddressSource) (hdkey.Key, error) {
	if source.Kind != merchant.SourceXpub {
		return hdkey.Key{}, nil
	}
	text, err := s.Core.Vault.Open(xpubPurpose(source), source.Sealed)
	if err != nil {
		return hdkey.Key{}, fmt.Errorf("open address source %s: %w", source.ID, err)
	}
	key, err := hdkey.Parse(string(text))
	if err != nil {
		return hdkey.Key{}, fmt.Errorf("address source %s: the sealed key is none", source.ID)
	}
	return key, nil
}
