package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/101pay/101pay/ports"
)

// source is where statements with bound parameters run: in a unit of work's transaction, or each by
// itself.
type source struct {
	run interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}
	conns lender
	db    *bun.DB // knows which column is which field
}

func (u *unit) in() source { return source{u.tx.Tx, u, u.store.db} }

func (s *Store) in() source { return source{s.db.DB, s, s.db} }

// all answers every row of a query with bound parameters, read into T by the names of its columns.
func all[T any](ctx context.Context, in source, query string, args ...any) ([]T, error) {
	rows, err := read[T](ctx, in, query, args)
	return rows, translate(err)
}

// one answers the first row of a query, or ErrNotFound.
func one[T any](ctx context.Context, in source, query string, args ...any) (T, error) {
	found, err := all[T](ctx, in, query, args...)
	if err == nil && len(found) == 0 {
		err = ports.ErrNotFound
	}
	if err != nil {
		var none T
		return none, err
	}
	return found[0], nil
}

// exec answers how many rows a statement with bound parameters changed.
func exec(ctx context.Context, in source, query string, args ...any) (int64, error) {
	return changed(in.run.ExecContext(ctx, query, bind(args)...))
}

// bind makes plain strings of our named ones: the driver sends a plain string as text, which every
// type of column reads, and a named one in the binary form of the column, which it may not know.
func bind(args []any) []any {
	for i, arg := range args {
		v := reflect.ValueOf(arg)
		switch {
		case v.Kind() == reflect.String:
			args[i] = v.String()
		case v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.String && !v.IsNil():
			args[i] = v.Elem().String()
		}
	}
	return args
}

// changed answers how many rows a statement changed.
func changed(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, translate(err)
	}
	return result.RowsAffected()
}

// exists turns "nothing was changed" into ErrNotFound.
func exists(n int64, err error) error {
	if err == nil && n == 0 {
		return ports.ErrNotFound
	}
	return err
}

// apart runs an attempt that may be refused without dooming the unit of work: PostgreSQL forgives a
// failed statement only behind a savepoint.
func (u *unit) apart(ctx context.Context, try func() error) error {
	if _, err := u.tx.ExecContext(ctx, "SAVEPOINT apart"); err != nil {
		return translate(err)
	}
	failure := try()
	end := "RELEASE SAVEPOINT apart"
	if failure != nil {
		end = "ROLLBACK TO SAVEPOINT apart"
	}
	if _, err := u.tx.ExecContext(ctx, end); err != nil && failure == nil {
		return translate(err)
	}
	return failure
}

// prepared, as the first argument, makes a hot statement be parsed and planned once per connection.
const prepared = pgx.QueryExecModeCacheStatement

// orNull keeps the zero time as NULL: "not yet", "never".
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// isUUID reports whether a text is a UUID as we write them. Anything else names no row, and must not
// reach a column of that type: it would doom the unit of work.
func isUUID[T ~string](id T) bool {
	if len(id) != 36 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		digit := c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		if hyphen != (c == '-') || !hyphen && !digit {
			return false
		}
	}
	return true
}

// allUUIDs reports whether all texts are UUIDs.
func allUUIDs[T ~string](ids []T) bool {
	for _, id := range ids {
		if !isUUID(id) {
			return false
		}
	}
	return true
}

// uuids lists those of a list that are UUIDs: the others name no row.
func uuids[T ~string](ids []T) []string {
	var out []string
	for _, id := range ids {
		if isUUID(id) {
			out = append(out, string(id))
		}
	}
	return out
}

// isText reports whether PostgreSQL can hold a text: what it cannot hold names no row.
func isText[T ~string](s T) bool {
	return utf8.ValidString(string(s)) && strings.IndexByte(string(s), 0) < 0
}

// limited makes a limit PostgreSQL takes out of one a program computed.
func limited(n int) int { return max(n, 0) }

// cut makes a page of what was asked for with one more than its limit.
func cut[T any](rows []T, limit int) (page []T, more bool) {
	if len(rows) > limited(limit) {
		return rows[:limited(limit)], true
	}
	return rows, false
}

// integer reads a whole number out of a numeric column.
func integer(text string) (*big.Int, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil { // nearly all are
		return big.NewInt(n), nil
	}
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return nil, fmt.Errorf("number %q in the database: not an integer", text)
	}
	return n, nil
}

// height makes a column's number out of a block height.
func height(n uint64) int64 { return int64(n) } //nolint:gosec // no chain has 2^63 blocks

// each makes values of rows.
func each[R, V any](rows []R, value func(R) (V, error)) ([]V, error) {
	var out []V
	for _, row := range rows {
		v, err := value(row)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// texts lists what PostgreSQL can hold of a list.
func texts[T ~string](list []T) []string {
	var out []string
	for _, s := range list {
		if isText(s) {
			out = append(out, string(s))
		}
	}
	return out
}

// orNoID keeps the empty id as NULL: "nobody", "none".
func orNoID[T ~string](id T) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}
