package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/ports"
)

// The statements of a batch, prepared by name. They run after one another, so that each sees what was
// committed before the locks of those before it were granted.
const (
	guardsStatement = "book_guards"
	headsStatement  = "book_heads"
	causesStatement = "book_causes"
	bookStatement   = "book_all"
)

var batchStatements = map[string]string{
	// Shared: a revocation waits for the batch, or the batch for the revocation.
	guardsStatement: `SELECT id::text FROM key_pairs
		WHERE id = ANY($1::text[]::uuid[]) AND revoked_at IS NULL ORDER BY id FOR SHARE`,
	headsStatement:  headsQuery,
	causesStatement: causesQuery,
	bookStatement:   bookAll,
}

const (
	// In one order, so that two batches never wait for each other.
	headsQuery = `SELECT h.merchant_id::text, h.mode, h.sequence, h.chain, h.closed_until FROM ledger_heads h
		WHERE (h.merchant_id, h.mode) IN (
			SELECT k.merchant_id::uuid, k.mode FROM unnest($1::text[], $2::text[]) AS k (merchant_id, mode))
		ORDER BY h.merchant_id, h.mode FOR UPDATE OF h`

	causesQuery = `SELECT t.kind, t.source_ref, t.order_no, t.booked_at, t.sequence, t.content, t.chain
		FROM transactions t
		JOIN unnest($1::text[], $2::text[]) AS c (kind, source_ref)
			ON c.kind = t.kind AND c.source_ref = t.source_ref`
)

// questions are what has to be known before transactions are booked, as columns.
type questions struct{ merchants, modes, kinds, sources []string }

func (q *questions) add(t ledger.Transaction) {
	k := chainOf(t)
	q.merchants, q.modes = append(q.merchants, k.merchant), append(q.modes, k.mode)
	q.kinds, q.sources = append(q.kinds, string(t.Kind)), append(q.sources, t.SourceRef)
}

// byIndex keeps a batch from reading whole tables. Its statements find every row by a key, but they
// are planned once per connection, and while a table is young or unknown to the planner a whole read
// looks cheaper to it, and stays the plan while the table grows.
const byIndex = "set local enable_seqscan = off"

// cause is what a transaction is booked for, at most once.
type cause struct {
	kind   ledger.Kind
	source string
}

func causeOf(t ledger.Transaction) cause { return cause{t.Kind, t.SourceRef} }

// result is what became of an entry.
type result struct {
	booked ports.Booked
	err    error
}

// present is what a batch finds in the database, behind its locks.
type present struct {
	live   map[string]bool // key pairs that guard
	heads  map[chainKey]head
	causes map[cause]bookedRow // already booked
}

// passing reports whether an attempt failed for what a further one may not meet: a collision, or a
// connection that was lost before anything was asked of it that could last.
func passing(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.SeverityUnlocalized == "ERROR" {
		return collided(err)
	}
	return true
}

// bookBatch books a batch in one transaction and two round trips. unsure says that an attempt before
// may have booked it. lost says that this one was to commit and it is not known whether it did.
func (s *Store) bookBatch(
	ctx context.Context, batch []*entry, unsure bool,
) (outcome []result, lost bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, bookLimit)
	defer cancel()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, false, err
	}
	defer conn.Release() // which closes a connection that is inside a transaction
	for name, text := range batchStatements {
		if _, err := conn.Conn().Prepare(ctx, name, text); err != nil { // once per connection
			return nil, false, err
		}
	}
	found, err := look(ctx, conn.Conn(), batch)
	if err != nil {
		return nil, false, err
	}
	outcome = link(batch, found, unsure)
	var fresh []ports.Booked
	for i, r := range outcome {
		if _, there := found.causes[causeOf(batch[i].transaction)]; r.err == nil && !there {
			fresh = append(fresh, r.booked)
		}
	}
	if len(fresh) == 0 {
		_, err := conn.Exec(ctx, "rollback")
		return outcome, false, err
	}
	lines, err := linesOf(fresh)
	if err != nil {
		return nil, false, err
	}
	write := &pgx.Batch{}
	write.Queue(bookStatement, lines.args()...)
	write.Queue("commit")
	if err := conn.SendBatch(ctx, write).Close(); err != nil {
		return nil, !notCommitted(err), err
	}
	return outcome, false, nil
}

// look begins a transaction, locks what the batch depends on, and reads it.
func look(ctx context.Context, conn *pgx.Conn, batch []*entry) (present, error) {
	var guards []string
	var asked questions
	for _, e := range batch {
		if isUUID(e.guard) {
			guards = append(guards, e.guard)
		}
		asked.add(e.transaction)
	}
	found := present{
		live: make(map[string]bool), heads: make(map[chainKey]head), causes: make(map[cause]bookedRow),
	}
	ask := &pgx.Batch{}
	ask.Queue("begin")
	ask.Queue(byIndex)
	if len(guards) > 0 {
		ask.Queue(guardsStatement, guards).Query(func(rows pgx.Rows) error {
			var id string
			_, err := pgx.ForEachRow(rows, []any{&id}, func() error { found.live[id] = true; return nil })
			return err
		})
	}
	ask.Queue(headsStatement, asked.merchants, asked.modes).Query(func(rows pgx.Rows) error {
		var r headRow
		to := []any{&r.MerchantID, &r.Mode, &r.Sequence, &r.Chain, &r.ClosedUntil}
		_, err := pgx.ForEachRow(rows, to, func() error {
			h, err := r.head()
			found.heads[chainKey{r.MerchantID, r.Mode}] = h
			return err
		})
		return err
	})
	ask.Queue(causesStatement, asked.kinds, asked.sources).Query(func(rows pgx.Rows) error {
		var kind string
		var r bookedRow
		to := []any{&kind, &r.SourceRef, &r.OrderNo, &r.BookedAt, &r.Sequence, &r.Content, &r.Chain}
		_, err := pgx.ForEachRow(rows, to, func() error {
			found.causes[cause{ledger.Kind(kind), r.SourceRef}] = r
			return nil
		})
		return err
	})
	return found, conn.SendBatch(ctx, ask).Close()
}

// link decides about each entry in turn and links those that are booked to their chains.
func link(batch []*entry, found present, unsure bool) []result {
	outcome := make([]result, len(batch))
	here := make(map[cause]bool)
	for i, e := range batch {
		t := e.transaction
		c, k := causeOf(t), chainOf(t)
		h, known := found.heads[k]
		there, booked := found.causes[c]
		switch {
		case booked && unsure && orderNo(there.OrderNo) == t.OrderNo:
			outcome[i] = own(t, there)
		case e.guard != "" && !found.live[e.guard]:
			outcome[i].err = keys.ErrPairInvalid
		case booked || here[c]:
			outcome[i].err = ports.ErrTaken
		case !known:
			outcome[i].err = fmt.Errorf("transaction %s: its merchant has no book: %w", t.OrderNo, ports.ErrNotFound)
		default:
			outcome[i].booked = h.next(t)
			here[c] = true
			found.heads[k] = h.after(outcome[i].booked)
		}
	}
	return outcome
}

// own answers the booking an attempt before has left without an answer. The books may have been closed
// before it, so that it was booked at a later instant than it was given.
func own(t ledger.Transaction, row bookedRow) result {
	t = t.NotBefore(row.BookedAt.UTC())
	b := ports.Booked{Transaction: t, Content: t.ContentHash(), Sequence: row.Sequence}
	var err error
	if b.Chain, err = hashOf(row.Chain); err == nil && string(row.Content) != string(b.Content[:]) {
		err = fmt.Errorf("order number %s is booked with another content", t.OrderNo)
	}
	return result{b, err}
}
