package app

import (
	"context"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// MaxDiscovered bounds a page of the public catalog.
const MaxDiscovered = 100

// Supported is what a facilitator settles, and who signs its transactions.
type Supported struct {
	Networks []x402.Network
	Signers  []x402.Address
	// UpTo are those of the networks on which at most a price is taken, with the account that settles there,
	// and Sponsored says that payers need no coins for gas on one of them.
	UpTo      map[x402.Network]x402.Address
	Sponsored bool
}

// Supported lists the networks of both modes: an API key is for one of them. One that somebody else's
// facilitator settles on is listed if that facilitator says so.
func (s *Facilitator) Supported(ctx context.Context) (out Supported, err error) {
	for _, rail := range s.Rails {
		n := rail.Network()
		if rail.Delegate != nil {
			yes, err := rail.Delegate.Supports(ctx, n)
			if err != nil {
				return Supported{}, err
			}
			if !yes {
				continue
			}
		}
		if !slices.Contains(out.Networks, n) {
			out.Networks = append(out.Networks, n)
		}
		if rail.Relay == nil {
			continue
		}
		if err := out.permits(ctx, rail); err != nil {
			return Supported{}, err
		}
		for _, a := range rail.Relay.Accounts() {
			if !slices.Contains(out.Signers, a) {
				out.Signers = append(out.Signers, a)
			}
		}
	}
	return out, nil
}

// permits adds what a rail settles by permit.
func (s *Supported) permits(ctx context.Context, rail TokenRail) error {
	tokens, err := rail.Chain.Tokens(ctx)
	if isOurs(err) && err != nil {
		return nil //nolint:nilerr // a network that cannot be asked now is listed without
	}
	for _, t := range tokens {
		if t.Takes(x402.Permit2UpTo) {
			if s.UpTo == nil {
				s.UpTo = map[x402.Network]x402.Address{}
			}
			s.UpTo[rail.Network()] = rail.Relay.Accounts()[0]
		}
		s.Sponsored = s.Sponsored || t.Permits()
	}
	return err
}

// SettlementProgress is where a settlement is, for a merchant's server.
type SettlementProgress string

// How settlements progress. Only a completed one is a reason to serve.
const (
	SettlementPending   SettlementProgress = "pending"
	SettlementCompleted SettlementProgress = "completed"
	SettlementFailed    SettlementProgress = "failed"
)

// SettlementProgressOf is where a settlement is. One that was refused or failed may still be settled by whoever has
// the authorization, until its window is over.
func SettlementProgressOf(s x402.Status) SettlementProgress {
	switch s {
	case x402.Settled:
		return SettlementCompleted
	case x402.Refused, x402.Failed:
		return SettlementFailed
	case x402.Claimed, x402.Signed, x402.Broadcast, x402.Delegated, x402.Pending, x402.Reversed:
	}
	return SettlementPending
}

// Status finds a settlement of the merchant's project and mode, whoever sold what it pays for.
func (s *Facilitator) Status(
	ctx context.Context, who merchant.Principal, id string,
) (ports.AuthorizationRow, error) {
	row, err := s.Reads.ByID(ctx, who.Merchant, id)
	switch {
	case err != nil:
		return ports.AuthorizationRow{}, err
	case row.ProjectID != who.Project || row.Mode != who.Mode:
		return ports.AuthorizationRow{}, ports.ErrNotFound
	}
	return row, nil
}

// Discover lists a page of what all merchants offer to the public, each item as the protocol prints it, and
// how many there are. One that nobody can pay for just now is left out of its page.
func (s *Facilitator) Discover(
	ctx context.Context, m merchant.Mode, offset, limit int,
) (items [][]byte, total int, err error) {
	now := s.Core.Clock.Now()
	list, total, err := s.Catalog.Discoverable(ctx, ports.DiscoveryQuery{
		Mode: m, At: now, Offset: min(max(offset, 0), ports.MaxDiscovered), Limit: min(max(limit, 1), MaxDiscovered),
	})
	if err != nil {
		return nil, 0, err
	}
	for _, r := range list {
		sold := r.Snapshot()
		offered, kept := s.Paywall.offers.get(sold.ID, sold.Version, now)
		if !kept {
			if offered, err = s.Paywall.set(ctx, sold, now); err != nil {
				continue
			}
			s.Paywall.offers.put(offered)
		}
		item, err := offered.offer.Listing(sold.UpdatedAt)
		if err != nil {
			return nil, 0, err
		}
		items = append(items, item)
	}
	return items, total, nil
}
