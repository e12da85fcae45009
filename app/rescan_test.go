package app

import (
	"context"
	"errors"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// other is another endpoint of the simulated network, honest unless told otherwise.
type other struct {
	ports.Chain

	mu    sync.Mutex
	err   error
	blind bool // it finds nothing
	read  []ports.Rereading
}

func (o *other) Reread(ctx context.Context, r ports.Rereading) (ports.Reread, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return ports.Reread{}, o.err
	}
	span, err := o.Scan(ctx, r.From, r.To, r.Watch)
	if o.blind {
		span.Transfers = nil
	}
	o.read = append(o.read, r)
	return ports.Reread{Span: span, Host: "second.example", Second: true, Calls: int(2 * (r.To - r.From + 1))}, err
}

func (o *other) play(err error, blind bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err, o.blind = err, blind
}

// night is a stage whose past is read again.
type night struct {
	*stage
	other     *other
	rescanner Rescanner
	found     map[Difference]int
	said      *strings.Builder
}

func openNight(t *testing.T) *night {
	t.Helper()
	n := &night{stage: openStage(t), found: map[Difference]int{}, said: &strings.Builder{}}
	n.other = &other{Chain: n.chain}
	n.settlement.Log = slog.New(slog.NewTextHandler(n.said, &slog.HandlerOptions{Level: slog.LevelError}))
	n.settlement.Rails.Rereaders = map[chain.Network]ports.Rereader{chain.Sandbox: n.other}
	n.rescanner = Rescanner{
		Settlement: n.settlement, Reads: n.store,
		Told: func(_ chain.Network, f Difference, count int) { n.found[f] += count },
	}
	return n
}

// hidden lets time pass while the endpoint that is watched finds nothing.
func (n *night) hidden(d time.Duration) {
	n.t.Helper()
	n.settlement.Rails.Chains[chain.Sandbox] = deaf{n.chain}
	n.pass(d)
	n.settlement.Rails.Chains[chain.Sandbox] = n.chain
}

func (n *night) latest() ports.Rescan {
	n.t.Helper()
	last, err := n.rescanner.Latest(n.t.Context(), chain.Sandbox)
	n.ok(err)
	return last
}

// turn lets one process take a turn.
func (n *night) turn() error {
	n.t.Helper()
	n.clock.set(n.clock.Now().Add(RescanPace))
	return n.rescanner.Tick(n.t.Context(), chain.Sandbox)
}

// finish takes turns until the rescan has ended.
func (n *night) finish() ports.Rescan {
	n.t.Helper()
	for range 10_000 {
		n.ok(n.turn())
		if r := n.latest(); !r.FinishedAt.IsZero() {
			return r
		}
	}
	n.t.Fatalf("the rescan does not end: %+v", n.latest())
	return ports.Rescan{}
}

// A payment the watched endpoint hid is found in the night, settles by the way every payment does, and
// is called missed once.
func TestARescanFindsWhatWatchingMissed(t *testing.T) {
	n := openNight(t)
	session, seen := n.asked(), n.asked()
	n.play(seen.ID, ScenarioExact)
	n.pass(5 * time.Second)
	n.play(session.ID, ScenarioExact)
	n.hidden(time.Minute)
	n.is(session.ID, checkout.Awaiting)
	r := n.finish()
	paid := n.is(session.ID, checkout.Settled)
	if r.Found != 1 || r.Missing != 0 || !r.Second || r.Host != "second.example" || r.Next != r.To+1 {
		t.Errorf("rescan %+v", r)
	}
	if paid.Receipt.Late || len(n.book()) != 2 || n.found[FoundMissed] != 1 || n.found[FoundAbsent] != 0 {
		t.Errorf("receipt %+v, found %v", paid.Receipt, n.found)
	}
	if strings.Count(n.said.String(), "watching had missed") != 1 {
		t.Errorf("said %s", n.said)
	}
	n.wantTold(session.ID, webhook.PaymentPaid)

	// The next night finds nothing new, and nothing is due before it.
	n.ok(n.turn())
	if again := n.latest(); !again.StartedAt.Equal(r.StartedAt) {
		t.Errorf("a second rescan on the same day: %+v", again)
	}
	n.pass(24 * time.Hour)
	if next := n.finish(); next.StartedAt.Equal(r.StartedAt) || next.Found != 0 || len(n.book()) != 2 {
		t.Errorf("the next night: %+v", next)
	}
}

// An endpoint that fails stops the rescan where it is; it goes on from there, in whichever process.
func TestARescanNeverStepsOverAFailure(t *testing.T) {
	n := openNight(t)
	session := n.asked()
	n.play(session.ID, ScenarioExact)
	n.hidden(10 * time.Minute)
	n.ok(n.turn())
	before := n.latest()
	if before.Next <= before.From || !before.FinishedAt.IsZero() {
		t.Fatalf("the first turn came to %+v", before)
	}
	down := errors.New("down")
	n.other.play(down, false)
	for range 5 {
		if err := n.turn(); !errors.Is(err, down) {
			t.Errorf("the failure is answered by %v", err)
		}
	}
	if now := n.latest(); now != before {
		t.Errorf("it went on without reading: %+v after %+v", now, before)
	}
	n.other.play(nil, false)
	n.rescanner = Rescanner{Settlement: n.settlement, Reads: n.store} // another process
	r := n.finish()
	if r.From != before.From || r.StartedAt != before.StartedAt {
		t.Errorf("it began anew: %+v", r)
	}
	n.is(session.ID, checkout.Settled)
	var next uint64
	for i, read := range n.other.read {
		if i > 0 && read.From != next {
			t.Fatalf("after block %d it read from %d", next-1, read.From)
		}
		next = read.To + 1
	}
}

// A turn takes no more than its share of calls, and several processes together take no more than one.
func TestRescansKeepWithinTheirBudget(t *testing.T) {
	n := openNight(t)
	n.pass(time.Hour)
	spent := func() (calls int) {
		for _, r := range n.other.read {
			calls += int(2 * (r.To - r.From + 1))
		}
		return calls
	}
	n.ok(n.turn())
	for range 3 {
		n.ok(n.rescanner.Tick(t.Context(), chain.Sandbox)) // another process, a moment later
	}
	if got := spent(); got == 0 || got > rescanCallsPerTurn+2*rescanBlocks {
		t.Errorf("%d calls in one turn, %d are its share", got, rescanCallsPerTurn)
	}
	_, err := n.store.HoldRescan(t.Context(), chain.Sandbox, func(context.Context) error {
		before := spent()
		err := n.turn()
		if spent() != before {
			t.Error("two read at once")
		}
		return err
	})
	n.ok(err)
}

// What the other endpoint does not have is noted and told, and never undone; the note goes when the
// endpoint has it after all.
func TestARescanNeverUndoesABooking(t *testing.T) {
	n := openNight(t)
	session := n.asked()
	n.play(session.ID, ScenarioExact)
	n.pass(time.Minute)
	n.other.play(nil, true)
	if r := n.finish(); r.Missing != 1 || r.Found != 0 {
		t.Errorf("rescan %+v", r)
	}
	n.is(session.ID, checkout.Settled)
	if rows := n.rows(session.ID); rows[0].Disposition != ports.Settled || rows[0].Reason != ports.RescanMissing {
		t.Errorf("recorded %+v", rows)
	}
	if n.found[FoundAbsent] != 1 || len(n.book()) != 1 || !strings.Contains(n.said.String(), "nothing was undone") {
		t.Errorf("found %v, booked %d, said %s", n.found, len(n.book()), n.said)
	}
	n.other.play(nil, false)
	n.pass(24 * time.Hour)
	if r := n.finish(); r.Missing != 0 {
		t.Errorf("rescan %+v", r)
	}
	if rows := n.rows(session.ID); rows[0].Reason != ports.NoReason {
		t.Errorf("the note stays: %+v", rows)
	}
}

// What reached an address before anybody was asked to pay there was never missed.
func TestARescanLeavesOldTransfersAlone(t *testing.T) {
	n := openNight(t)
	n.settlement.Rails.Rereaders[chain.Sandbox] = premature{n.other}
	session := n.asked()
	n.pass(time.Minute)
	r := n.finish()
	if r.Found != 0 || len(n.rows(session.ID)) != 0 || len(n.queue()) != 0 {
		t.Errorf("found %+v", r)
	}
}

// premature reads of every receiver a transfer from before he was known here.
type premature struct{ *other }

func (e premature) Reread(ctx context.Context, r ports.Rereading) (ports.Reread, error) {
	got, err := e.other.Reread(ctx, r)
	for i, to := range r.Watch.Receivers {
		got.Transfers = append(got.Transfers, chain.Transfer{
			Network: chain.Sandbox, TxID: "ab", Index: uint32(i), Asset: r.Watch.Assets[0], From: "x", To: to,
			Units: big.NewInt(1), Height: r.To, BlockID: "cd", BlockTime: got.ToTime.Add(-365 * 24 * time.Hour),
		})
	}
	return got, err
}

// Networks begin apart, each once a day.
func TestNetworksAreReadAgainAtQuietHoursApart(t *testing.T) {
	begins := map[time.Time]bool{}
	for _, n := range chain.Networks() {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		at := quietHour(n, now)
		if begins[at] || at.Hour() < 1 || at.Hour() > 5 || at.Day() != 1 {
			t.Errorf("%s begins at %s", n, at)
		}
		begins[at] = true
		if before := quietHour(n, at.Add(-time.Second)); !before.Equal(at.Add(-24 * time.Hour)) {
			t.Errorf("%s a second before: %s", n, before)
		}
		if same := quietHour(n, at); !same.Equal(at) {
			t.Errorf("%s at its hour: %s", n, same)
		}
	}
}

// A network with more blocks than a night suffices for is searched, in ranges the endpoint takes.
func TestLongNetworksAreSearched(t *testing.T) {
	n := openNight(t)
	n.pass(time.Minute)
	narrow := &narrowRanges{other: n.other, most: 300}
	n.settlement.Rails.Rereaders[chain.Sandbox] = narrow
	if _, err := n.rescanner.Begin(t.Context(), chain.Sandbox, time.Time{}, 1); err != nil {
		t.Fatal(err)
	}
	n.ok(n.turn())
	if len(n.other.read) == 0 || n.other.read[0].ByReceipts || n.other.read[0].To-n.other.read[0].From+1 != 250 {
		t.Errorf("read %+v", n.other.read)
	}
	if _, err := n.rescanner.Begin(t.Context(), chain.Sandbox, time.Time{}, 1); !errors.Is(err, ErrRescanUnderWay) {
		t.Errorf("a second rescan: %v", err)
	}
}

// narrowRanges refuses what is too wide for it.
type narrowRanges struct {
	*other
	most uint64
}

func (n *narrowRanges) Reread(ctx context.Context, r ports.Rereading) (ports.Reread, error) {
	if r.To-r.From+1 > n.most {
		return ports.Reread{}, ports.ErrSpanTooWide
	}
	return n.other.Reread(ctx, r)
}
