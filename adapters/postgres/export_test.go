package postgres

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/ports"
)

// Prepared makes a statement be prepared, so that its answer is binary.
const Prepared = prepared

// LockKey is the number of an advisory lock.
var LockKey = lockKey

// TakeBack is one look of a worker on the roll for the jobs of those that are not.
var TakeBack = takeBack

// OddRow has a field of every kind rows are read into.
type OddRow struct {
	ID      string
	Big     string
	Word    string
	Count   int64
	Small   uint8
	Flag    bool
	At      time.Time
	Hash    []byte
	Doc     []byte
	Tags    []string `bun:",array"`
	Perhaps *string
	Later   time.Time `bun:",nullzero"`
	inner
}

type inner struct{ Height uint64 }

// Above is what was embedded.
func (r OddRow) Above() uint64 { return r.Height }

// Odd reads rows as every read of the store does; in a unit of work, as those in it do.
func (s *Store) Odd(ctx context.Context, query string, args ...any) ([]OddRow, error) {
	return all[OddRow](ctx, s.in(), query, args...)
}

// OddIn is Odd in a unit of work.
func OddIn(ctx context.Context, r ports.Repos, query string, args ...any) ([]OddRow, error) {
	return all[OddRow](ctx, unitOf(r).in(), query, args...)
}

// EndIn ends a unit of work's transaction behind its back.
func EndIn(ctx context.Context, r ports.Repos) error {
	_, err := unitOf(r).tx.ExecContext(ctx, "ROLLBACK")
	return err
}

func unitOf(r ports.Repos) *unit { return r.Ledger.(book).unit }

// ListTogether reads pages by one read, as those are that are asked for at the same time.
func (s *Store) ListTogether(
	ctx context.Context, asked ...ports.SessionQuery,
) (pages []ports.SessionPage, failures []error, err error) {
	lists := make([]sessionList, len(asked))
	for i, q := range asked {
		lists[i], _ = listOf(q)
	}
	found, err := s.sharedLists(ctx, lists)
	for _, l := range lists {
		page, failure := found[l].page(l.limit, nil)
		pages, failures = append(pages, page), append(failures, failure)
	}
	return pages, failures, err
}

// SortedStatements reads pages of one shape as they are read once PostgreSQL gave them in no order, and says
// which of them cannot be read.
func (s *Store) SortedStatements(
	ctx context.Context, asked []ports.StatementQuery,
) (pages []ports.StatementPage, failures []error, err error) {
	read, err := s.statementsOf(ctx, asked, pagesOrder)
	for _, p := range read {
		pages, failures = append(pages, p.StatementPage), append(failures, p.err)
	}
	return pages, failures, err
}

// Line is a line as it is read.
type Line = lineRow

// LineOf is a line without postings.
func LineOf(no int64, at time.Time, kind ledger.Kind) Line {
	return Line{bookedRow: bookedRow{OrderNo: no, BookedAt: at, Kind: kind, Content: make([]byte, 32), Chain: make([]byte, 32)}}
}

// Collect makes a statement of lines.
func Collect(lines []Line) error {
	s := statementOf(ports.StatementQuery{})
	for _, line := range lines {
		s.row = line
		if err := s.add(); err != nil {
			return err
		}
	}
	return nil
}
