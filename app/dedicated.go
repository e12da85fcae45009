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
	"github.com/101pay/101pay/ports"
)

// xpubPurpose separates sealed extended public keys from other secrets.
const xpubPurpose = "address source"

// ErrDedicatedInTest refuses a payer's wish that is the project's to decide.
var ErrDedicatedInTest = fault.New(fault.Invalid, "dedicated_in_test_only",
	"dedicated can be asked for in test mode only; for real payments the project's address sources decide").About("dedicated")

// ownAddress refuses a receiving account at an address that single payments have for themselves: what
// arrives there would be taken for one of them.
func ownAddress(ctx context.Context, r ports.Repos, a merchant.ReceivingAccount) error {
	f := a.Network.Family()
	if f == "" {
		return nil
	}
	known, err := r.Addresses.Known(ctx, f, a.Address)
	if err == nil && known {
		err = merchant.ErrAddressTaken.About("address")
	}
	return err
}

// spend notes which addresses of sources money came to, so that none is given to another payment.
func (b *booking) spend(ctx context.Context, n chain.Network, finds []find) error {
	f := n.Family()
	if f == "" {
		return nil
	}
	at := make([]chain.Address, len(finds))
	for i := range finds {
		at[i] = finds[i].proof.Transfer().To
	}
	return b.r.Addresses.Received(ctx, f, at, b.now.Add(merchant.AddressRest))
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

// takeAddress gives a session an address of its own out of the project's active source, on a network of
// that source's family.
func (s Checkout) takeAddress(ctx context.Context, r ports.Repos, q quote) (chain.Address, error) {
	if q.asset.Network == chain.Sandbox {
		return chain.SandboxAddress("session " + string(q.session.ID)), nil
	}
	source, err := r.Addresses.LoadActive(ctx, q.session.ProjectID, q.asset.Network.Family(), q.now)
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
		at, err := r.Addresses.Take(ctx, want)
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
	text, err := s.Core.Vault.Open(xpubPurpose, source.Sealed)
	if err != nil {
		return hdkey.Key{}, fmt.Errorf("open address source %s: %w", source.ID, err)
	}
	key, err := hdkey.Parse(string(text))
	if err != nil {
		return hdkey.Key{}, fmt.Errorf("address source %s: the sealed key is none", source.ID)
	}
	return key, nil
}
