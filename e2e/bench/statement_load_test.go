package bench

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/101pay/101pay/adapters/vault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// readers is how many merchants the lines of the statement are of. Each is a client who reads his own, so that
// no two ask for the same page. They are the shops after those that charges are spread over.
const readers = 64

// readerLines gives the merchants $1, whose projects are $2, $3 charges of $9.99 in turn, one a second in all and
// the last of them just now: the lines of one lie among those of the others, as where many are served. Hashes are
// of nothing: it is for reading.
var readerLines = []string{
	`INSERT INTO transactions (order_no, merchant_id, project_id, mode, kind, source_ref, session_id,
		description, reverses, booked_at, sequence, content, chain)
	SELECT 20200101000000000 + n, ($1::text[]::uuid[])[1 + n % cardinality($1::text[])],
		($2::text[]::uuid[])[1 + n % cardinality($2::text[])], 'test', 'charge', (20200101000000000 + n)::text, '',
		'line ' || n, NULL, now() - ($3::int - n) * interval '1 second', n, sha256(n::text::bytea), sha256(n::text::bytea)
	FROM generate_series(1, $3::int) n`,
	`INSERT INTO postings (order_no, position, merchant_id, source, destination, currency, amount)
	SELECT 20200101000000000 + n, 0, m, 'world:test:merchant', 'merchant:' || m || ':test:charged', 'USDC/6', 9990000
	FROM generate_series(1, $3::int) n, LATERAL (SELECT ($1::text[]::uuid[])[1 + n % cardinality($2::text[])] AS m) l`,
}

// reader is a merchant who has signed in.
type reader struct{ merchant, project, token string }

// signIn makes logins of the readers, and tokens as the gateway signs them. No password is checked, because that
// costs what guessing it shall cost.
func (s *stage) signIn(t *testing.T, dsn string) []reader {
	t.Helper()
	rows, err := connect(t, dsn).Query(t.Context(), `
		WITH l AS (INSERT INTO logins (id, merchant_id, refresh_digest, created_at, expires_at)
			SELECT 'bench ' || n, md5('merchant ' || n)::uuid, '', now(), now() + interval '1 day'
			FROM generate_series($1::int + 1, $1::int + $2::int) n RETURNING id, merchant_id)
		SELECT l.id, merchant_id::text, p.id::text FROM l JOIN projects p USING (merchant_id)`, shops, readers)
	if err != nil {
		t.Fatal(err)
	}
	tokens, now := vault.NewTokens(vault.NewMasterKey(s.master)), time.Now()
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r reader, err error) {
		claims := ports.AccessClaims{Expires: now.AddDate(0, 0, 1)}
		if err = row.Scan(&claims.LoginID, &r.merchant, &r.project); err != nil {
			return r, err
		}
		claims.Merchant = merchant.ID(r.merchant)
		r.token, err = tokens.Sign(claims, now)
		return r, err
	})
	if err != nil || len(all) != readers {
		t.Fatalf("%d readers: %v", len(all), err)
	}
	return all
}

// fillStatement gives the readers their lines, and tells how long that took.
func (s *stage) fillStatement(t *testing.T, dsn string, all []reader) {
	t.Helper()
	began := time.Now()
	var merchants, projects []string
	for _, r := range all {
		merchants, projects = append(merchants, r.merchant), append(projects, r.project)
	}
	var tables errgroup.Group
	for _, sql := range readerLines {
		conn := connect(t, dsn)
		tables.Go(func() error {
			_, err := conn.Exec(t.Context(), sql, merchants, projects, s.lines)
			return err
		})
	}
	if err := tables.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := connect(t, dsn).Exec(t.Context(), "VACUUM ANALYZE transactions, postings"); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d lines of %d merchants: %s", s.lines, readers, time.Since(began).Round(time.Millisecond))
}
