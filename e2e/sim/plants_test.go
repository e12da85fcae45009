package sim

import (
	"os"
	"strings"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// plant is a bug that the judgement has to find.
type plant struct {
	name  string
	edits []rig.Edit
	finds string // what a finding that shows it says, "" for any
}

// plants are the bugs that lose or invent payments in gateways, and those this simulation found.
var plants = []plant{
	{
		name: "a cursor without a hash", finds: "",
		edits: []rig.Edit{
			{File: "app/watch.go", Old: "if id != cursor.BlockID {", New: "if id == \"\" {"},
			{File: "app/watch.go", Old: `		if err := w.unbroken(ctx, head, cursor, span, watch); err != nil {
			return cursor, err
		}
`},
		},
	},
	{
		name: "an answer that failed is an empty one", finds: "lost: ",
		edits: []rig.Edit{{File: "app/watch.go", Old: `		if err != nil {
			return cursor, fmt.Errorf("scan blocks %d to %d: %w", from, to, err)
		}
`, New: `		if errors.Is(err, ports.ErrChainUnavailable) {
			span = ports.Span{
				From: from, To: head.Final, ParentID: cursor.BlockID, ToID: head.FinalID, ToTime: head.FinalTime,
			}
			err = nil
		}
		if err != nil {
			return cursor, err
		}
`}},
	},
	{
		name: "a node without receipts is believed", finds: "lost: ",
		edits: []rig.Edit{{File: "adapters/ethrpc/proof.go", Old: `		return nil, fail(Lagging, "a transaction with logs has no receipt")
`, New: `		return nil, nil
`}},
	},
	{
		name: "money counts before it is final", finds: "phantom: ",
		edits: []rig.Edit{{File: "app/sighting.go", Old: `	now, deep, err := w.s.sightings(ctx, head, ts)
`, New: `	early := head
	early.Final = head.Latest
	if err := w.s.record(ctx, early, ts, footing{}); err != nil {
		return err
	}
	now, deep, err := w.s.sightings(ctx, head, ts)
`}},
	},
	{
		name: "what was undone never comes again", finds: "lost: ",
		edits: []rig.Edit{{
			File: "adapters/memory/transfers.go",
			Old:  "known && !row.GivesWayTo(t) {", New: "known && row.Disposition != \"\" {",
		}},
	},
	{
		name: "what comes back in its old block is refused", finds: "lost: ",
		edits: []rig.Edit{{File: "app/booking.go", Old: `	_, err := r.Ledger.Book(ctx, receipt)
	if !errors.Is(err, ports.ErrTaken) {
`, New: `	_, err := r.Ledger.Book(ctx, receipt)
	if err == nil || errors.Is(err, ports.ErrTaken) {
`}},
	},
	{
		name: "look first, then write", finds: "",
		edits: []rig.Edit{
			{File: "adapters/memory/transfers.go", Old: `	if row, known := s.transfers.get(keyOf(t.Transfer)); known && !row.GivesWayTo(t) {
		return false, nil
	}
`},
			{File: "app/settlement.go", Old: `		finds, err := s.identify(ctx, head, batch)
`, New: `		known := map[transferKey]bool{}
		err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			rows, err := r.Transfers.LoadAbove(ctx, head.Network, 0)
			for _, row := range rows {
				known[transferKey{row.Transfer.TxID, row.Transfer.Index}] = true
			}
			return err
		})
		if err != nil {
			return err
		}
		var unknown []chain.Transfer
		for _, t := range batch {
			if !known[transferKey{t.TxID, t.Index}] {
				unknown = append(unknown, t)
			}
		}
		finds, err := s.identify(ctx, head, unknown)
`},
		},
	},
	{
		name: "the cursor moves by itself", finds: "lost: ",
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
			err = w.s.record(ctx, head, span.Transfers, footing{})
		}
`}},
	},
	{
		name: "spans of two forks are joined", finds: "",
		edits: []rig.Edit{{
			File: "app/reversal.go", Old: "	if span.ParentID != cursor.BlockID {", New: "	if span.ParentID == \"\" {",
		}},
	},
	{
		name: "a sighting that became nobody's stays", finds: "is processing in the end",
		edits: []rig.Edit{{File: "adapters/memory/transfers.go", Old: " || row.SessionID != o.SessionID) {", New: ") {"}},
	},
	{
		name: "a sighting that turns into nobody's stays", finds: "is processing in the end",
		edits: []rig.Edit{{
			File: "adapters/memory/transfers.go", Old: "		still = still && seen.SessionID == o.SessionID\n",
			New: "		still = still && seen.Transfer.TxID != \"\"\n",
		}},
	},
	{
		name: "an old look counts", finds: "is processing in the end",
		edits: []rig.Edit{{
			File: "app/sighting.go", Old: "row.Disposition != ports.Reversed && !awaits(row)",
			New: "row.Disposition == \"\" && !awaits(row)",
		}},
	},
	{
		name: "what is found in the past is not recorded", finds: "lost: ",
		edits: []rig.Edit{{File: "app/rescan.go", Old: "s.record(ctx, head, diff.missed,", New: "s.record(ctx, head, nil,"}},
	},
}

// Every planted bug can still be planted: the source still says what it replaces.
func TestPlantsApply(t *testing.T) {
	for _, p := range plants {
		if _, err := rig.Apply(rig.Root(), p.edits); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

// How hard a planted bug is looked for.
const (
	plantedPayments = "50000"
	plantedTrials   = 3
)

// The simulation finds each planted bug. It takes minutes, so it runs when asked for: PLANT=1.
func TestPlantedBugs(t *testing.T) {
	if os.Getenv("PLANT") == "" {
		t.Skip("PLANT=1 plants each bug and looks for it")
	}
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			for range plantedTrials {
				text, passed := rig.Tested(t, p.edits, "e2e/sim", "^TestEveryPaymentIsFoundOnce$",
					"PAYMENTS="+plantedPayments, "UNTIL="+p.finds, "SEED=", "PLANT=", "WORLD=", "BRISK=")
				if !passed && strings.Contains(text, p.finds) {
					_, shown, _ := strings.Cut(text, "WORLD=")
					shown, _, _ = strings.Cut(shown, "\n")
					t.Logf("found in world %.300s", shown)
					return
				}
			}
			t.Errorf("not found in %d trials of %s payments", plantedTrials, plantedPayments)
		})
	}
}
