package postgres_test

import (
	"context"
	"testing"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// Whatever somebody does to the audit log in the database, whoever reads the page is told.
func TestAnEditedLogIsFoundOut(t *testing.T) {
	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		edit   string
		broken bool
	}{
		"nothing":           {"SELECT $1::uuid", false},
		"what was done":     {"UPDATE journal SET value_after = 'role=viewer' WHERE merchant_id = $1 AND sequence = 2", true},
		"one taken out":     {"DELETE FROM journal WHERE merchant_id = $1 AND sequence = 2", true},
		"the first one":     {"DELETE FROM journal WHERE merchant_id = $1 AND sequence = 1", true},
		"the newest one":    {"DELETE FROM journal WHERE merchant_id = $1 AND sequence = 3", true},
		"all of it":         {"DELETE FROM journal WHERE merchant_id = $1", true},
		"the head":          {"DELETE FROM journal_heads WHERE merchant_id = $1", true},
		"one of the links":  {"UPDATE journal SET chain = content WHERE merchant_id = $1 AND sequence = 1", true},
		"the head's number": {"UPDATE journal_heads SET sequence = 4 WHERE merchant_id = $1", true},
	} {
		t.Run(name, func(t *testing.T) {
			shop := portstest.OpenShop(t, world(s))
			for range 3 {
				must(s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
					return r.Journal.Append(ctx, member.Entry{
						MerchantID: shop.ID(), At: portstest.Epoch, By: merchant.Agent{Name: "ann"}, Action: "member.invited",
					})
				}))
			}
			_, err := conn.Exec(t.Context(), c.edit, shop.ID())
			must(err)
			var page ports.JournalPage
			must(s.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
				page, err = r.Journal.Read(ctx, ports.JournalQuery{Merchant: shop.ID(), Limit: 10})
				return err
			}))
			broken := !page.Whole
			for i, e := range page.Entries {
				broken = broken || !e.Holds(page.Priors[i])
			}
			if broken != c.broken {
				t.Errorf("broken: %t, want %t; %+v", broken, c.broken, page)
			}
		})
	}
}
