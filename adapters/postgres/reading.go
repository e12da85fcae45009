package postgres

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// An answer is mostly one row, a few, or a page: the memory for rows grows in those steps.
const (
	fewRows  = 8
	pageRows = 64
)

func room[T any](rows []T) []T {
	switch n := len(rows); {
	case n < cap(rows):
		return rows
	case n == 0:
		return slices.Grow(rows, 1)
	case n < fewRows:
		return slices.Grow(rows, fewRows-n)
	default:
		return slices.Grow(rows, max(n, pageRows-n))
	}
}

// read answers every row of a query, read into T by the names of its columns, which are Bun's.
func read[T any](ctx context.Context, in source, query string, args []any) ([]T, error) {
	var out []T
	err := readEach(ctx, in, query, args, func() *T {
		out = room(out)[:len(out)+1]
		return &out[len(out)-1]
	}, func() error { return nil })
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readEach reads every row of a query into what into gives, which is zero, and says so each time. Rows are
// read straight off the wire: through database/sql and Bun's scanner every value passes three hands
// and most of them the heap.
func readEach[T any](
	ctx context.Context, in source, query string, args []any, into func() *T, done func() error,
) error {
	given := append([]any{wireFormats}, bind(args)...)
	return in.conns.lend(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, query, given...)
		if err != nil {
			return err
		}
		defer rows.Close()
		var plan rowPlan
		var last *T
		for rows.Next() { // what was asked on a dead connection and is asked again has had no row
			if plan == nil {
				plan, err = planRows(in.db, reflect.TypeFor[T](), rows.FieldDescriptions())
				if err != nil {
					return err
				}
			}
			if row := into(); row != last { // what is read row by row is often read into the same place
				plan.into(reflect.ValueOf(row).Elem())
				last = row
			}
			if err := plan.read(rows.RawValues()); err != nil {
				return err
			}
			if err := done(); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// rowPlan says for each column of an answer how it gets into a row. It serves one answer only: columns
// remember what they read last.
type rowPlan []column

// column is one column of an answer.
type column struct {
	field *schema.Field
	wire  pgconn.FieldDescription
	take  taker
	to    reflect.Value // the field of the row that is read

	last []byte // what was read last, and the text made of it: neighbours are often equal
	text string
	room []byte // for bytes of this row and those to come
}

// taker puts a value that is not NULL into its field. raw is the connection's own.
type taker func(c *column, raw []byte) error

func planRows(db *bun.DB, row reflect.Type, answered []pgconn.FieldDescription) (rowPlan, error) {
	table := db.Table(row)
	plan := make(rowPlan, len(answered))
	for i, wire := range answered {
		field := table.LookupField(wire.Name)
		if field == nil {
			return nil, fmt.Errorf("%s has no field for column %q", row, wire.Name)
		}
		plan[i] = column{field: field, wire: wire, take: takerOf(wire, field.StructField.Type)}
	}
	return plan, nil
}

// into chooses the row that is read.
func (p rowPlan) into(row reflect.Value) {
	for i := range p {
		p[i].to = row.FieldByIndex(p[i].field.Index)
	}
}

// read fills the row, which is zero: NULL leaves it so.
func (p rowPlan) read(values [][]byte) error {
	for i, raw := range values {
		if raw == nil {
			continue
		}
		c := &p[i]
		if err := c.take(c, raw); err != nil {
			return fmt.Errorf("column %s: %w", c.wire.Name, err)
		}
	}
	return nil
}
