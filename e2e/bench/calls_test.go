package bench

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/adapters/tron"
	"github.com/101pay/101pay/domain/chain"
)

const (
	// oneQuery is how many addresses a node takes in a single query.
	oneQuery = 1_000
	// mostQueries is how many queries stand for one while there are more addresses than that, and not
	// yet so many that all transfers of the token are asked for instead.
	mostQueries = 4
)

// What a node is asked does not depend on how many payments are open: the same calls in the same order
// for ten payments and a hundred thousand at a shop's addresses. Where each has an address of its own
// there are no more, but between one thousand addresses and four thousand up to four for one.
func TestCallsDoNotGrowWithOpenPayments(t *testing.T) {
	node := anviltest.Start(t)
	node.PlaceUSDT()
	var first []string
	for _, c := range []struct{ open, addresses int }{
		{10, 10}, {1_000, 10}, {1_000, 1_000}, {3_000, 3_000}, {100_000, 1_000}, {100_000, 100_000},
	} {
		t.Run(fmt.Sprintf("%d open at %d addresses", c.open, c.addresses), func(t *testing.T) {
			asked := calls(t, node, c.open, c.addresses)
			if first == nil {
				first = asked
				t.Logf("%d calls: %v", len(asked), asked)
			}
			most := len(first)
			switch {
			case c.addresses <= oneQuery:
				if diff := cmp.Diff(first, asked); diff != "" {
					t.Errorf("the calls differ from those with few open (-few +many):\n%s", diff)
				}
			case c.addresses <= mostQueries*oneQuery:
				most *= mostQueries
			}
			if len(asked) > most {
				t.Errorf("%d calls, with few open %d", len(asked), len(first))
			}
		})
	}
}

// calls has the gateway read some blocks, the first of which pays one of the open payments, and
// answers what it asked the node for.
func calls(t *testing.T, node *anviltest.Node, open, addresses int) []string {
	t.Helper()
	dsn := pgtest.Template(t, "calls", func(dsn string) error { return postgres.Migrate(t.Context(), dsn) })
	s, conn := &stage{}, connect(t, dsn)
	s.addShops(t, dsn)
	shops := accounts(addresses)
	waiting{tronAddresses(shops), chain.TronUSDT}.add(t, conn, 1, open)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: dsn})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	proxy := anviltest.NewProxy(t, node.URL)
	rail, _, err := tron.New(tron.Config{RPCURLs: []string{proxy.URL}, Clock: system.Clock{}})
	if err != nil {
		t.Fatal(err)
	}
	settle := s.settlement(store, rail)
	look := func() {
		t.Helper()
		if err := settle.Tick(t.Context(), chain.Tron); err != nil {
			t.Fatal(err)
		}
	}
	look() // begins here
	const paying = 7
	node.NextTime(time.Now().Add(time.Minute).Unix() + int64(node.Height()))
	node.Pay(shops[paying%addresses], baseUnits+paying)
	node.Finalize()
	proxy.Asked()
	look()
	asked := proxy.Asked()
	var settled int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM sessions WHERE status = 'settled'").Scan(&settled); err != nil {
		t.Fatal(err)
	}
	if settled != 1 {
		t.Errorf("%d payments were settled", settled)
	}
	return asked
}

// accounts are so many different ones.
func accounts(n int) []anviltest.Account {
	out := make([]anviltest.Account, n)
	for i := range out {
		out[i] = anviltest.Named("shop " + strconv.Itoa(i))
	}
	return out
}

func tronAddresses(of []anviltest.Account) []string {
	out := make([]string, len(of))
	for i, a := range of {
		out[i] = string(chain.TronAddress(a))
	}
	return out
}
