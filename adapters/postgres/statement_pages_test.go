package postgres_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// Pages that come in no order are read again, in order: they are the same.
func TestPagesAreTheSameHoweverPostgresReadsThem(t *testing.T) {
	s := open(t, migrated(t))
	shop := portstest.OpenShop(t, world(s))
	for i := range 7 {
		tx := shop.Charge(t, 1, portstest.Epoch.Add(time.Duration(i/2)*time.Second))
		if _, err := s.Book(t.Context(), tx, ""); err != nil {
			t.Fatal(err)
		}
	}
	q := ports.StatementQuery{Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Test, Limit: 3}
	first, err := s.Page(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	second := q
	second.Before = first.Next
	next, err := s.Page(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	sorted, _, err := s.SortedStatements(t.Context(), []ports.StatementQuery{q, second})
	if err != nil || len(next.Lines) != 3 || !reflect.DeepEqual([]ports.StatementPage{first, next}, sorted) {
		t.Errorf("sorted %v, %v, want %v and %v", sorted, err, first, next)
	}
}

// A line that cannot be read is no matter of whoever asked for other pages at the same time.
func TestASpoiltLineSpoilsNoOtherPage(t *testing.T) {
	dsn := migrated(t)
	s := open(t, dsn)
	var asked []ports.StatementQuery
	for range 2 {
		shop := portstest.OpenShop(t, world(s))
		if _, err := s.Book(t.Context(), shop.Charge(t, 1, portstest.Epoch), ""); err != nil {
			t.Fatal(err)
		}
		asked = append(asked, ports.StatementQuery{
			Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Test, Limit: 3,
		})
	}
	conn := connect(t, dsn)
	exec(t, conn, "SET session_replication_role = replica") // what is booked cannot be changed otherwise
	exec(t, conn, "ALTER TABLE postings DROP CONSTRAINT postings_currency_check")
	exec(t, conn, "UPDATE postings SET currency = 'of none' WHERE merchant_id = $1", string(asked[0].Merchant))
	pages, failures, err := s.SortedStatements(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	if failures[0] == nil || failures[1] != nil || len(pages[1].Lines) != 1 {
		t.Errorf("the spoilt page: %v, the other: %v, %v", failures[0], pages[1], failures[1])
	}
	if page, err := s.Page(t.Context(), asked[0]); err == nil {
		t.Errorf("the spoilt page is answered: %v", page)
	}
}

// Lines that come in another order than statements have are noticed.
func TestLinesInNoOrderAreNoticed(t *testing.T) {
	at := func(seconds int) time.Time { return portstest.Epoch.Add(time.Duration(seconds) * time.Second) }
	line := func(no int64, at time.Time) postgres.Line { return postgres.LineOf(no, at, ledger.KindCharge) }
	for what, c := range map[string]struct {
		lines   []postgres.Line
		ordered bool
	}{
		"newest first":            {[]postgres.Line{line(2, at(9)), line(3, at(5)), line(1, at(5))}, true},
		"oldest first":            {[]postgres.Line{line(1, at(5)), line(2, at(9))}, false},
		"of one instant":          {[]postgres.Line{line(1, at(5)), line(2, at(5))}, false},
		"postings of one apart":   {[]postgres.Line{line(2, at(9)), line(1, at(5)), line(2, at(9))}, false},
		"postings of one, beside": {[]postgres.Line{line(2, at(9)), line(2, at(9)), line(1, at(5))}, true},
	} {
		if err := postgres.Collect(c.lines); (err == nil) != c.ordered {
			t.Errorf("%s: %v", what, err)
		}
	}
}
