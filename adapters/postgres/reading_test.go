package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

const oddColumns = `SELECT id::uuid, big::numeric, word::text, count::bigint, small::integer, flag::boolean,
	at::timestamptz, hash::bytea, doc::jsonb, tags::text[], perhaps::text, later::timestamptz, height::bigint
	FROM (VALUES `

const oddNames = `) v (id, big, word, count, small, flag, at, hash, doc, tags, perhaps, later, height)
	WHERE $1::text <> ''`

// Rows are the same whether they come as text or in binary, in a unit of work or alone; NULL is nothing.
func TestRowsAreReadAsTheyAre(t *testing.T) {
	s := open(t, migrated(t))
	const first = `('01234567-89ab-4cde-8f01-23456789abcd', 1234567890123456789.0120, 'é', -5, 255, true,
		'1999-12-31 23:59:59.999999+00', '\x00ff', '{"a": 1}', ARRAY['x', 'y'], 'some', '2026-01-02 00:00+00', 9)`
	const null = `(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`
	const other = `('fedcba98-7654-4321-8fed-cba987654321', 0, '', 7, 0, false,
		'0001-01-01 00:00+00', '', '[]', '{}', '', '2026-01-03 00:00+00', 0)`
	query := oddColumns + strings.Join([]string{first, first, null, other, first}, ", ") + oddNames
	some, none := "some", ""
	a := postgres.OddRow{
		ID: "01234567-89ab-4cde-8f01-23456789abcd", Big: "1234567890123456789.0120", Word: "é", Count: -5, Small: 255,
		Flag: true, At: time.Date(1999, 12, 31, 23, 59, 59, 999_999_000, time.UTC), Hash: []byte{0, 255},
		Doc: []byte(`{"a": 1}`), Tags: []string{"x", "y"}, Perhaps: &some, Later: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
	}
	a.Height = 9
	b := postgres.OddRow{
		ID: "fedcba98-7654-4321-8fed-cba987654321", Big: "0", Count: 7, At: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		Hash: []byte{}, Doc: []byte("[]"), Tags: []string{}, Perhaps: &none, Later: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC),
	}
	want := []postgres.OddRow{a, a, {}, b, a}
	for name, args := range map[string][]any{"text": {"x"}, "binary": {postgres.Prepared, "x"}} {
		t.Run(name, func(t *testing.T) {
			check := func(got []postgres.OddRow, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
				for i := range got {
					if got[i].Above() != want[i].Above() {
						t.Errorf("row %d is of height %d", i, got[i].Above())
					}
				}
				ofTheirs := cmpopts.IgnoreUnexported(postgres.OddRow{})
				if diff := cmp.Diff(want, got, ofTheirs); diff != "" {
					t.Error(diff)
				}
			}
			check(s.Odd(t.Context(), query, args...))
			if err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				check(postgres.OddIn(ctx, r, query, args...))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A number is printed as PostgreSQL itself prints it.
func TestNumbersArePrintedAsTheyAre(t *testing.T) {
	s := open(t, migrated(t))
	rows, err := s.Odd(t.Context(), `
		WITH n AS (
			SELECT (m * power(10::numeric, e))::numeric(300, 40) AS n FROM unnest(ARRAY[0, 1, 9, 10, 9999, 10000, 10001, 99990000,
				123456789, 1000000000001, 999999999999999999]::numeric[]) m, generate_series(-30, 60) e
			UNION ALL SELECT trim_scale((m * power(10::numeric, e))::numeric(300, 40)) FROM unnest(ARRAY[0, 1, 10, 9999, 10001]::numeric[]) m,
				generate_series(-30, 60) e
			UNION ALL SELECT power(10::numeric, 78)::numeric(79, 0) - 1)
		SELECT s.n AS big, s.n::text AS word FROM (SELECT n FROM n UNION ALL SELECT -n FROM n) s WHERE $1::text <> ''`,
		postgres.Prepared, "x")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 2000 {
		t.Fatalf("only %d numbers", len(rows))
	}
	for _, row := range rows {
		if row.Big != row.Word {
			t.Errorf("%s is read as %s", row.Word, row.Big)
		}
	}
}

// What a field cannot hold is an error, not another value.
func TestWhatDoesNotFitIsRefused(t *testing.T) {
	s := open(t, migrated(t))
	for _, column := range []string{
		"256::integer AS small", "(-1)::bigint AS small", "(-1)::bigint AS height", "'NaN'::numeric AS big",
		"'infinity'::timestamptz AS at", "1 AS nobody", "'Infinity'::numeric AS big",
	} {
		rows, err := s.Odd(t.Context(), "SELECT "+column+" WHERE $1::text <> ''", postgres.Prepared, "x")
		if err == nil {
			t.Errorf("%s is read as %v", column, rows)
		}
	}
}

// Bytes of one row are never another's, whatever is appended to them.
func TestBytesOfRowsAreApart(t *testing.T) {
	s := open(t, migrated(t))
	rows, err := s.Odd(t.Context(), `SELECT decode(repeat(lpad(to_hex(n), 2, '0'), n), 'hex') AS hash
		FROM generate_series(1, 200) n WHERE $1::text <> ''`, postgres.Prepared, "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		_ = append(row.Hash, "overwritten"...) //nolint:gocritic // what it is appended to must not be room of others
	}
	for i, row := range rows {
		if want := strings.Repeat(string([]byte{byte(i + 1)}), i+1); string(row.Hash) != want {
			t.Fatalf("row %d is %x", i, row.Hash)
		}
	}
}

// A unit of work whose transaction has ended reads nothing more: it would not be of it.
func TestNothingIsReadAfterTheTransaction(t *testing.T) {
	s := open(t, migrated(t))
	err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := postgres.EndIn(ctx, r); err != nil {
			return err
		}
		rows, err := postgres.OddIn(ctx, r, "SELECT 'x' AS word")
		if !errors.Is(err, sql.ErrTxDone) {
			return fmt.Errorf("read %v, %w", rows, err)
		}
		return err
	})
	if !errors.Is(err, sql.ErrTxDone) {
		t.Fatal(err)
	}
}

// What a transaction moved is told in the order it was booked in, however PostgreSQL finds it: a hash join
// hands it over as it lies, or backwards.
func TestPostingsAreInTheirOrder(t *testing.T) {
	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	for n, lie := range []string{"n", "-n"} {
		tx := shop.Charge(t, int64(n+1), portstest.Epoch)
		if _, err := s.Book(t.Context(), tx, ""); err != nil {
			t.Fatal(err)
		}
		exec(t, conn, `INSERT INTO postings (order_no, position, merchant_id, source, destination, currency, amount)
			SELECT order_no, n, merchant_id, source, destination, currency, n FROM postings, generate_series(1, 9) n
			WHERE order_no = $1::text::bigint AND position = 0 ORDER BY `+lie, string(tx.OrderNo))
	}
	hashing := open(t, dsn+"&enable_nestloop=off&enable_mergejoin=off")
	page, err := hashing.Page(t.Context(), ports.StatementQuery{Merchant: shop.ID(), Limit: 10})
	if err != nil || len(page.Lines) != 2 {
		t.Fatalf("%d lines, %v", len(page.Lines), err)
	}
	for _, line := range page.Lines {
		if n := len(line.Transaction.Postings); n != 10 {
			t.Fatalf("%d postings", n)
		}
		for i, p := range line.Transaction.Postings[1:] {
			if got, want := p.Amount.MinorText(), strconv.Itoa(i+1); got != want {
				t.Errorf("posting %s where %s was booked", got, want)
			}
		}
	}
}
