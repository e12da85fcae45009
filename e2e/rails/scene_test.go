package rails

import (
	"context"
	"encoding/hex"
	"log/slog"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/evm"
	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/rest/native"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

const network = chain.Base

// scene is a shop on a network of two endpoints, the first of which is preferred.
type scene struct {
	*testing.T
	node    *anviltest.Node
	coin    anviltest.Coin
	proxies [2]*anviltest.Proxy
	store   *memory.Store
	shop    portstest.Shop
	clock   *ahead
	paid    int64
}

// ahead is the machine's clock, moved on by hand: blocks bear the machine's time.
type ahead struct{ by time.Duration }

func (a *ahead) Now() time.Time { return system.Clock{}.Now().Add(a.by) }

func open(t *testing.T) *scene {
	t.Helper()
	node := anviltest.StartChain(t, network.EVMChainID())
	at, ok := chain.Address(network.Tokens()[0].Contract).EVMBytes()
	if !ok {
		t.Fatal(network.Tokens())
	}
	store := memory.New()
	s := &scene{
		T: t, node: node, coin: node.PlaceCoin("TetherToken", at), store: store, clock: &ahead{},
		shop: portstest.OpenShop(t, portstest.World{Work: store}),
	}
	for i := range s.proxies {
		s.proxies[i] = anviltest.NewProxy(t, node.URL)
	}
	node.Finalize()
	return s
}

// process is one gateway's use cases, with a client of its own.
type process struct {
	*scene
	settlement *app.Settlement
	rescanner  app.Rescanner
}

func (s *scene) process() *process {
	s.Helper()
	rail, err := evm.New(evm.Config{
		Network: network, RPCURLs: []string{s.proxies[0].URL, s.proxies[1].URL}, Clock: s.clock,
		Timeout: 5 * time.Second,
	})
	s.ok(err)
	core := app.Core{Work: s.store, Clock: s.clock, IDs: system.IDs{}}
	settlement := &app.Settlement{
		Core: core,
		Rails: app.Rails{
			Chains:    map[chain.Network]ports.Chain{network: rail},
			Witnesses: map[chain.Network]ports.Witness{network: rail},
			Rereaders: map[chain.Network]ports.Rereader{network: rail},
			Cursors:   s.store,
		},
		Sessions: s.store, Changes: s.store, Orders: s.store, Watches: s.store,
		Events: app.Announcer{IDs: system.IDs{}, Clock: s.clock, Encoder: native.EventWords{}},
		Log:    slog.New(slog.DiscardHandler),
	}
	return &process{s, settlement, app.Rescanner{Settlement: settlement, Reads: s.store}}
}

func (s *scene) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// asked answers a session whose payer was told where to pay, under terms that ask for so many sources.
func (s *scene) asked(sources int) (checkout.Snapshot, anviltest.Account) {
	s.Helper()
	s.paid++
	to := anviltest.Named("shop " + big.NewInt(s.paid).String())
	session := s.shop.MakeSession(s.T, s.clock.Now().UTC().Truncate(time.Microsecond), func(c *checkout.Snapshot) {
		c.Mode = merchant.Live
	})
	s.ok(s.store.Do(s.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Add(ctx, session)
	}))
	intent := portstest.MakeIntent(session, chain.EVMAddress(to), 9_990_000+s.paid)
	intent.Asset, intent.Terms.Sources = network.Tokens()[0], sources
	intent.Method = checkout.Method("usdc")
	s.ok(session.Issue(intent, intent.CreatedAt))
	s.ok(s.store.Do(s.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Reserve(ctx, intent); err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	}))
	return session.Snapshot(), to
}

// pay makes the payment of a session final.
func (s *scene) pay(session checkout.Snapshot, to anviltest.Account) {
	s.Helper()
	if tx := s.coin.Transfer(anviltest.Payer, to, session.Intent.Units); !tx.OK {
		s.Fatalf("transfer %+v", tx)
	}
	s.node.Finalize()
}

func (s *scene) is(id checkout.SessionID, want checkout.Status) {
	s.Helper()
	session, err := s.store.ByID(s.Context(), id)
	s.ok(err)
	if session.Status() != want {
		s.Fatalf("the session is %s, want %s", session.Status(), want)
	}
}

func (s *scene) row(id checkout.SessionID) ports.TransferRow {
	s.Helper()
	var rows []ports.TransferRow
	s.ok(s.store.Do(s.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		rows, _, err = r.Transfers.OfSession(ctx, id)
		return err
	}))
	if len(rows) != 1 {
		s.Fatalf("%d transfers are recorded, want 1", len(rows))
	}
	return rows[0]
}

// booked counts the shop's transactions.
func (s *scene) booked() int {
	s.Helper()
	page, err := s.store.Page(s.Context(), ports.StatementQuery{
		Merchant: s.shop.ID(), Mode: merchant.Live, Limit: 100,
	})
	s.ok(err)
	return len(page.Lines)
}

func (p *process) tick() {
	p.Helper()
	p.ok(p.settlement.Tick(p.Context(), network))
}

func (p *process) corroborate() {
	p.Helper()
	p.ok(p.settlement.Corroborate(p.Context(), network))
}

// word is how a receipt writes an amount.
func word(units *big.Int) string {
	var b [32]byte
	return hex.EncodeToString(units.FillBytes(b[:]))
}
