package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/101pay/101pay/ports"
)

type jobs struct{ *unit }

// Enqueue inserts the job by the unit of work's own transaction.
func (r jobs) Enqueue(ctx context.Context, j ports.Job, at time.Time) error {
	_, err := r.store.queue.InsertTx(ctx, r.tx.Tx, j, &river.InsertOpts{ScheduledAt: at})
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", j.Kind(), translate(err))
	}
	return nil
}

// EnqueueAll inserts the jobs by one statement of the unit of work's own transaction.
func (r jobs) EnqueueAll(ctx context.Context, js []ports.Job) error {
	if len(js) == 0 {
		return nil
	}
	list := make([]river.InsertManyParams, len(js))
	for i, j := range js {
		list[i].Args = j
	}
	if _, err := r.store.queue.InsertManyTx(ctx, r.tx.Tx, list); err != nil {
		return fmt.Errorf("enqueue %d of %s: %w", len(js), js[0].Kind(), translate(err))
	}
	return nil
}
