package postgres_test

import (
	"context"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// rareReads ask long lists for what is rare in them, or not there: a filter must not walk what it refuses.
func rareReads(f fixture) map[string]reading {
	m, project := f.shop.ID(), f.shop.Project.ID
	sessions := func(q ports.SessionQuery) reading {
		q.Merchant, q.Mode, q.Limit = m, merchant.Test, 50
		if q.Project == "" {
			q.Project = project
		}
		return func(ctx context.Context, s *postgres.Store) error { _, err := s.List(ctx, q); return err }
	}
	lines := func(q ports.StatementQuery) reading {
		q.Merchant, q.Mode, q.Limit = m, merchant.Test, 50
		if q.Project == "" {
			q.Project = project
		}
		return func(ctx context.Context, s *postgres.Store) error { _, err := s.Page(ctx, q); return err }
	}
	another := merchant.ProjectID(portstest.UUID())
	figures := ports.FigureQuery{Project: project, Mode: merchant.Test}
	return map[string]reading{
		"sessions of a rare kind":          sessions(ports.SessionQuery{Kind: checkout.KindUSDT}),
		"sessions of a kind in all states": sessions(ports.SessionQuery{Kind: checkout.KindCheckout}),
		"sessions in two rare states": sessions(ports.SessionQuery{
			Statuses: []checkout.Status{checkout.Settled, checkout.Cancelled},
		}),
		"sessions in a rare state or a common one": sessions(ports.SessionQuery{
			Statuses: []checkout.Status{checkout.Opened, checkout.Awaiting, checkout.Cancelled},
		}),
		"sessions of another project of the merchant": sessions(ports.SessionQuery{Project: another}),
		"a statement of all kinds":                    lines(ports.StatementQuery{}),
		"a statement of a rare kind":                  lines(ports.StatementQuery{Kind: ledger.KindReversal}),
		"a statement of a rare currency":              lines(ports.StatementQuery{Currency: "JPY"}),
		"a statement of a common currency":            lines(ports.StatementQuery{Currency: "USDT"}),
		"a statement of another project":              lines(ports.StatementQuery{Project: another}),
		"events of a rare type": func(ctx context.Context, s *postgres.Store) error {
			_, _, err := s.Events(ctx, ports.EventQuery{
				Project: project, Mode: merchant.Test, Limit: 50, Type: webhook.PaymentReversed,
			})
			return err
		},
		"everything booked, by day": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Booked(ctx, figures)
			return err
		},
		"a project": func(ctx context.Context, s *postgres.Store) error {
			_, err := s.Project(ctx, project)
			return err
		},
		"the queue, decided on": within(func(ctx context.Context, r ports.Repos) error {
			_, err := r.Transfers.Queue(ctx, ports.QueueQuery{Project: project, Mode: merchant.Live, Limit: 50, Decided: true})
			return err
		}),
		"the audit log, in the middle": within(func(ctx context.Context, r ports.Repos) error {
			_, err := r.Journal.Read(ctx, ports.JournalQuery{Merchant: m, Before: manyRows / 2, Limit: 50})
			return err
		}),
		"the audit log": within(func(ctx context.Context, r ports.Repos) error {
			_, err := r.Journal.Read(ctx, ports.JournalQuery{Merchant: m, Limit: 50})
			return err
		}),
	}
}
