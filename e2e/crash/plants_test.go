package crash

import (
	"strings"

	"github.com/101pay/101pay/e2e/rig"
)

// plant is a bug that the loop or the audit has to find. What takes a bug a moment to do harm is given
// that moment: the pauses stand for a slow disk or a busy machine, so that tens of kills find what
// would take thousands.
type plant struct {
	name    string
	edits   []rig.Edit
	setting string   // of the database's connections, for bugs of configuration
	finds   []string // one of them must be in a finding
}

// plants are the bugs that design names for this loop.
var plants = []plant{
	{
		name: "acknowledge before commit",
		edits: []rig.Edit{{File: "app/charges.go", Old: `		booked, err := s.Books.Book(ctx, t, string(pair.ID))
		return booked, nil, err
`, New: `		go func() {
			<-time.After(30 * time.Millisecond)
			_, _ = s.Books.Book(context.WithoutCancel(ctx), t, string(pair.ID))
		}()
		return ports.Booked{Transaction: t, Content: t.ContentHash()}, nil, nil
`}, {File: "app/charges.go", Old: `	"context"
`, New: `	"context"
	"time"
`}},
		finds: []string{"lost: charge"},
	},
	{
		name:    "commit without waiting for the disk",
		setting: "synchronous_commit=off",
		finds:   []string{"lost: "},
	},
	{
		name: "jobs outside the transaction",
		edits: []rig.Edit{{
			File: "adapters/postgres/jobs.go",
			Old:  `r.store.queue.InsertTx(ctx, r.tx.Tx, j,`, New: `r.store.queue.Insert(context.WithoutCancel(ctx), j,`,
		}, {
			File: "adapters/postgres/jobs.go",
			Old:  `r.store.queue.InsertManyTx(ctx, r.tx.Tx, list)`,
			New:  `r.store.queue.InsertMany(context.WithoutCancel(ctx), list)`,
		}},
		finds: []string{"BROKEN   delivery-job", "BROKEN   job-delivery"},
	},
	{
		name: "news after commit",
		edits: []rig.Edit{{File: "app/booking.go", Old: `	return b.s.Events.sessions(ctx, b.r, told)
`, New: `	go func() {
		<-time.After(100 * time.Millisecond)
		_ = b.s.Core.Work.Do(context.Background(), func(ctx context.Context, r ports.Repos) error {
			return b.s.Events.sessions(ctx, r, told)
		})
	}()
	return nil
`}},
		finds: []string{"untold: payment.paid", "BROKEN   news-paid"},
	},
	{
		name: "cursor before transfers",
		edits: []rig.Edit{{File: "app/watch.go", Old: `		err = w.s.record(ctx, head, span.Transfers, footing{at: was, after: func(ctx context.Context, r ports.Repos) error {
			if err := w.move(ctx, r, was, next); err != nil {
				return err
			}
			return contradicted(ctx, r, was, span, watch)
		}})
`, New: `		err = w.s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			return w.move(ctx, r, was, next)
		})
		if err == nil {
			<-time.After(100 * time.Millisecond)
			err = w.s.record(ctx, head, span.Transfers, footing{})
		}
`}},
		finds: []string{"lost: sales", "BROKEN   sandbox-lost"},
	},
	{
		name: "answer stored after commit",
		edits: []rig.Edit{{File: "app/once.go", Old: `		return keepAnswer(ctx, c, r, scope, once, v)
	})
`, New: `		return nil
	})
	if err == nil && stored == nil && once.Key != "" {
		<-time.After(30 * time.Millisecond)
		err = c.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			return keepAnswer(ctx, c, r, scope, once, value)
		})
	}
`}},
		finds: []string{"doubled: "},
	},
	{
		name: "outages are internal errors",
		edits: []rig.Edit{{File: "adapters/postgres/faults.go", Old: `	case errors.As(err, &unreachable):
		return fault.ErrUnavailable
`, New: `	case errors.As(err, &unreachable):
		return nil
`}},
		finds: []string{"answered 500"},
	},
}

// found answers the first finding that shows the bug for what it is; "" if none does.
func (p plant) found(findings []string) string {
	for _, finding := range findings {
		for _, want := range p.finds {
			if at := strings.Index(finding, want); at >= 0 {
				return strings.TrimSpace(finding[at:min(len(finding), at+300)])
			}
		}
	}
	return ""
}
