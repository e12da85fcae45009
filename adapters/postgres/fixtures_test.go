package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// execQuerier is a connection or a pool.
type execQuerier interface {
	execer
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// fixture is one of everything.
type fixture struct {
	shop     portstest.Shop
	session  *checkout.Session
	intent   checkout.Intent
	pair     keys.Pair
	login    keys.Login
	cursor   ports.Cursor
	transfer ports.TransferRow
	endpoint webhook.Endpoint
	event    webhook.Event
	delivery webhook.Delivery
	agent    ports.AuthorizationRow
	relayed  ports.RelayTransaction
	resource *resource.Resource
}

func fixtures(t *testing.T, s *postgres.Store) fixture {
	t.Helper()
	at := portstest.Epoch
	f := fixture{shop: portstest.OpenShop(t, world(s))}
	f.session, f.intent = f.shop.AwaitPayment(t, at, portstest.Address(), 9_990_100)
	f.pair = f.shop.AddPair(t, merchant.Test)
	f.endpoint = f.shop.AddEndpoint(t, merchant.Test, at)
	f.event = f.shop.MakeEvent(1, at)
	f.delivery = portstest.Owed(f.event, f.endpoint)
	f.resource = f.shop.AddResource(t, at)
	f.login = keys.Login{
		ID: portstest.UUID(), MerchantID: f.shop.ID(), RefreshDigest: []byte{1}, CreatedAt: at,
		ExpiresAt: at.Add(time.Hour),
	}
	f.cursor = ports.Cursor{
		Network: chain.Sandbox, Height: 7, BlockID: portstest.BlockID(7), BlockTime: at, UpdatedAt: at,
	}
	f.transfer = portstest.Row(f.shop, f.intent, portstest.Paying(f.intent, 7))
	f.agent = f.shop.AddAuthorization(t, x402.Broadcast)
	f.relayed = portstest.Relayed(portstest.EVMAccount(), 0, f.agent.Settlement.Snapshot().Due.Key())
	err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Lanes.Add(ctx, f.relayed); err != nil {
			return err
		}
		if _, err := r.Transfers.Add(ctx, f.transfer); err != nil {
			return err
		}
		if err := r.Cursors.Start(ctx, f.cursor); err != nil {
			return err
		}
		if err := r.Logins.Add(ctx, f.login); err != nil {
			return err
		}
		return r.Webhooks.AddEvents(ctx, []webhook.Event{f.event}, []webhook.Delivery{f.delivery})
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// flip changes a session: a payment is in sight, or is not any more.
func flip(t *testing.T, s *postgres.Store, id checkout.SessionID) {
	t.Helper()
	err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		session, err := r.Sessions.Load(ctx, id)
		if err != nil {
			return err
		}
		if session.Status() == checkout.Processing {
			err = session.Unsee(portstest.Epoch)
		} else {
			_, err = session.See(portstest.Epoch)
		}
		if err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// chargeOf books a charge of a shop.
func chargeOf(t *testing.T, s *postgres.Store, shop portstest.Shop) ledger.Transaction {
	t.Helper()
	tx := shop.Charge(t, 1, portstest.Epoch)
	if _, err := s.Book(t.Context(), tx, ""); err != nil {
		t.Fatal(err)
	}
	return tx
}

// statements cuts a text into statements.
func statements(text string) []string {
	var out []string
	for _, s := range strings.Split(text, ";") {
		if strings.TrimSpace(s) != "" {
			out = append(out, s)
		}
	}
	return out
}
