package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// answerLimit is how long anybody waits for the answer to a statement. The server ends a statement
// before; whoever has heard nothing by then is cut off from it, and the connection is given up.
const answerLimit = statementLimit + 5*time.Second

// answers bounds the wait for the answer to every statement, without which a network that swallows
// packets keeps callers for as long as the kernel goes on sending again: a quarter of an hour. The
// bookkeeper's batches have a bound of their own, and to wait for a notification is no statement.
type answers struct{ limit time.Duration }

// waits is how the end of a wait finds its beginning.
type waits struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (a answers) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	ctx, cancel := context.WithTimeout(ctx, a.limit)
	return context.WithValue(ctx, waits{}, cancel)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (answers) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if cancel, ok := ctx.Value(waits{}).(context.CancelFunc); ok {
		cancel()
	}
}
