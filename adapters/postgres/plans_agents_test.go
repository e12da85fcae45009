package postgres_test

import (
	"context"
	"time"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// hotReadsOfAgents are what a payment of a program waits for, and what goes on with it.
func hotReadsOfAgents(f fixture) map[string]reading {
	d, at := f.agent.Settlement.Snapshot().Due, portstest.Epoch
	late := at.Add((manyRows - 20) * time.Second)
	paying := chain.Transfer{
		Network: chain.Base, TxID: portstest.TxID(), From: chain.Address(d.Payer.String()),
		To: chain.Address(d.PayTo.String()), Units: d.Value.Big(),
		Asset: chain.Asset{Network: chain.Base, Contract: d.Asset.String()},
	}
	another := f.agent
	return map[string]reading{
		"an authorization that is known": func(ctx context.Context, s *postgres.Store) error {
			_, _, err := s.Authorizations().ByKey(ctx, d.Key())
			return err
		},
		"an authorization by its id": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Authorizations().ByID(ctx, f.shop.ID(), f.agent.ID)
			return err
		},
		"an authorization by its payment id": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Authorizations().ByPaymentID(ctx, f.shop.ID(), f.agent.PaymentID)
			return err
		},
		"authorizations, in the middle": func(ctx context.Context, s *postgres.Store) error {
			_, _, err := s.Authorizations().Page(ctx, ports.AuthorizationQuery{
				Project: f.shop.Project.ID, Mode: merchant.Live, Limit: 50,
				Before: ports.AuthorizationMark{ClaimedAt: at.Add(manyRows / 2 * time.Second), ID: f.agent.ID},
			})
			return err
		},
		"authorizations to look at": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Authorizations().Due(ctx, at.Add(24*time.Hour), 10)
			return err
		},
		"whose transfers are": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Authorizations().Owning(ctx, []chain.Transfer{paying, paying, paying})
			return err
		},
		"transactions of a lane": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Lanes().Unmined(ctx, d.Network, f.relayed.Account, 0, 10)
			return err
		},
		"what was burnt": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Lanes().Spent(ctx, d.Network, late)
			return err
		},
		"a claim of an authorization": within(func(ctx context.Context, r ports.Repos) error {
			return r.Authorizations.Claim(ctx, anew(another))
		}),
		"what a transaction settled": within(func(ctx context.Context, r ports.Repos) error {
			_, err := r.Authorizations.Wake(ctx, d.Network, x402.Hash(portstest.Unique()), at)
			return err
		}),
		"a mined transaction": within(func(ctx context.Context, r ports.Repos) error {
			return r.Lanes.Mined(ctx, f.relayed.TxID, at, d.Value.Big())
		}),
	}
}

// anew is a row under a new key.
func anew(a ports.AuthorizationRow) ports.AuthorizationRow {
	now := a.Settlement.Snapshot()
	now.Due.Nonce = x402.Nonce(portstest.Unique())
	settlement, err := x402.Restore(now)
	if err != nil {
		panic(err)
	}
	a.ID, a.PaymentID, a.Settlement = portstest.UUID(), portstest.UUID(), settlement
	a.Order.Authorization.Nonce = now.Due.Nonce
	return a
}
