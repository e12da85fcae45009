package postgres_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// schemaFile is the sum of all migrations, for reading. UPDATE=1 writes it.
var schemaFile = filepath.Join("..", "..", "migrations", "schema.sql")

const schemaHead = `-- The schema all migrations add up to, for reading. Generated from a fresh database; do not edit.
-- To bring it up to date: UPDATE=1 go test -run TestSchemaFile ./adapters/postgres/
-- The tables of the job queue (river_*) and of the migrator are not shown.
`

func TestSchemaFile(t *testing.T) {
	got := schemaHead + describe(t, connect(t, migrated(t)))
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(schemaFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Fatalf("migrations/schema.sql is not what the migrations make (its head says how to update it):\n%s", d)
	}
}

// connect makes a connection of its own, for what no port can ask.
func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

const ourTables = `
	SELECT c.oid::bigint, c.relname FROM pg_class c
	WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
		AND c.relname NOT LIKE 'river\_%' AND c.relname NOT LIKE 'schema\_migrations%'
	ORDER BY c.relname COLLATE "C"`

// describe writes every table of ours with its columns, constraints and indexes.
func describe(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	type table struct {
		oid  int64
		name string
	}
	tables := collect(t, conn, func(row pgx.CollectableRow) (v table, err error) {
		return v, row.Scan(&v.oid, &v.name)
	}, ourTables)
	if len(tables) == 0 {
		t.Fatal("the schema is empty")
	}
	var b strings.Builder
	for _, c := range tables {
		parts := texts(t, conn, `
			SELECT quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
				|| CASE WHEN a.attcollation NOT IN (0, (SELECT typcollation FROM pg_type WHERE oid = a.atttypid))
					THEN ' COLLATE ' || (SELECT quote_ident(collname) FROM pg_collation WHERE oid = a.attcollation)
					ELSE '' END
				|| CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
				|| CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END
				|| COALESCE(CASE a.attgenerated WHEN 's' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid)
					|| ') STORED' ELSE ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) END, '')
			FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
			WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, c.oid)
		parts = append(parts, texts(t, conn, `
			SELECT 'CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid, true)
			FROM pg_constraint WHERE conrelid = $1 AND contype IN ('p', 'u', 'c', 'f', 'x')
			ORDER BY contype DESC, conname COLLATE "C"`, c.oid)...)
		fmt.Fprintf(&b, "\nCREATE TABLE %s (\n\t%s\n);\n", c.name, strings.Join(parts, ",\n\t"))
		for _, index := range texts(t, conn, `
			SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
			WHERE i.indrelid = $1 AND NOT i.indisprimary ORDER BY i.indexrelid::regclass::text COLLATE "C"`,
			c.oid) {
			b.WriteString(index + ";\n")
		}
		if n := texts(t, conn, "SELECT tgname::text FROM pg_trigger WHERE tgrelid = $1 AND NOT tgisinternal",
			c.oid); len(n) > 0 {
			t.Errorf("%s has a trigger, %s: rules belong where they can be read", c.name, n[0])
		}
	}
	return b.String()
}

func collect[T any](
	t *testing.T, conn *pgx.Conn, to pgx.RowToFunc[T], query string, args ...any,
) []T {
	t.Helper()
	rows, err := conn.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, to)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func texts(t *testing.T, conn *pgx.Conn, query string, args ...any) []string {
	t.Helper()
	return collect(t, conn, pgx.RowTo[string], query, args...)
}

type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

func exec(t *testing.T, conn execer, statement string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
