package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// How the past is read again. A turn of RescanPace takes its share of the calls of a minute, so that
// reading the past never starves the watcher of what a provider grants.
const (
	RescanPace           = 10 * time.Second
	rescanCallsPerMinute = 600
	rescanCallsPerTurn   = int(rescanCallsPerMinute * RescanPace / time.Minute)
	rescanWindow         = 48 * time.Hour // of final blocks, read again every night
	rescanQuiet          = time.Hour      // after midnight UTC the first network begins
	rescanApart          = 30 * time.Minute
	// Reading every block by its receipts costs two calls a block. Networks with more blocks than these
	// in the window are searched instead: the night would not suffice.
	rescanReceiptBlocks = 6 * 60 * rescanCallsPerMinute / 2
	// Tracing costs two calls a block more. The own coins of networks with more blocks than these are not
	// read again: a night and a day would not suffice.
	rescanTracedBlocks = 16 * 60 * rescanCallsPerMinute / 2
	rescanBlocks       = 25   // read by receipts at once
	rescanSearched     = 1000 // searched at once, fewer where an endpoint refuses
)

// ErrRescanUnderWay refuses a second rescan of a network.
var ErrRescanUnderWay = errors.New("this network is being read again already; wait until that is done")

// Difference says what a rescan found.
type Difference string

// The findings.
const (
	FoundMissed Difference = "missed"  // a transfer was there and not recorded
	FoundAbsent Difference = "missing" // a recorded transfer was not there
)

// RescanTold hears what rescans find.
type RescanTold func(n chain.Network, f Difference, count int)

// Rescanner reads the recent past of networks again at another endpoint than the one they are watched
// by, and records what watching missed by the way every transfer is recorded.
type Rescanner struct {
	Settlement *Settlement
	Reads      ports.RescanReads
	Told       RescanTold // may be nil
}

// log is where findings are said.
func (r Rescanner) log(n chain.Network) *slog.Logger {
	return r.Settlement.Log.With("network", string(n))
}

// quietHour is the last time a network's nightly rescan was to begin. Networks begin apart.
func quietHour(n chain.Network, now time.Time) time.Time {
	at := max(0, slices.Index(chain.Networks(), n))
	begin := now.UTC().Truncate(24 * time.Hour).Add(rescanQuiet + time.Duration(at)*rescanApart)
	if begin.After(now) {
		begin = begin.Add(-24 * time.Hour)
	}
	return begin
}

// Tick takes a turn: it begins the nightly rescan of a network when it is due, and reads on in one
// that is under way. Several processes take turns; none reads while another does.
func (r Rescanner) Tick(ctx context.Context, n chain.Network) error {
	if due, reading, err := r.work(ctx, n); err != nil || !due && !reading {
		return err
	}
	_, err := r.Settlement.Watches.HoldRescan(ctx, n, func(ctx context.Context) error {
		due, reading, err := r.work(ctx, n) // another process may have done it meanwhile
		if err != nil || !due && !reading {
			return err
		}
		if due {
			since := r.Settlement.now().Add(-rescanWindow)
			if _, err := r.Begin(ctx, n, since, 0); err != nil && !isNotFound(err) {
				return err
			}
		}
		return r.turn(ctx, n)
	})
	return err
}

// work says what there is to do: to begin the nightly rescan, or to read on. Whoever read a moment ago,
// in whichever process, has used up the calls of this turn.
func (r Rescanner) work(ctx context.Context, n chain.Network) (due, reading bool, err error) {
	last, err := r.Latest(ctx, n)
	now := r.Settlement.now()
	if !last.StartedAt.IsZero() && last.FinishedAt.IsZero() {
		return false, last.Next == last.From || now.Sub(last.UpdatedAt) >= RescanPace/2, err
	}
	return last.StartedAt.Before(quietHour(n, now)), false, err
}

// Latest answers the newest rescan of a network; zero if there was none.
func (r Rescanner) Latest(ctx context.Context, n chain.Network) (ports.Rescan, error) {
	all, err := r.Reads.Rescans(ctx)
	for _, one := range all {
		if one.Network == n {
			return one, nil
		}
	}
	return ports.Rescan{}, err
}

// Begin has the final blocks of a network read again that were watched since a time, or, when from is
// not 0, those from that height on. It is ports.ErrNotFound when nothing was watched since then, and
// ErrRescanUnderWay when a rescan of the network has not ended.
func (r Rescanner) Begin(ctx context.Context, n chain.Network, since time.Time, from uint64) (ports.Rescan, error) {
	if _, ok := r.Settlement.Rails.Rereaders[n]; !ok {
		return ports.Rescan{}, fmt.Errorf("rescan %s: %w", n, ports.ErrNotFound)
	}
	now := r.Settlement.now()
	var begun ports.Rescan
	err := r.Settlement.Core.Work.Do(ctx, func(ctx context.Context, repos ports.Repos) error {
		cursor, err := repos.Cursors.Load(ctx, n)
		if err != nil {
			return err
		}
		first := from
		if first == 0 {
			oldest, err := repos.Cursors.Since(ctx, n, since)
			if err != nil {
				return err
			}
			first = oldest.Height
		}
		if first > cursor.Height {
			return ports.ErrNotFound
		}
		begun = ports.Rescan{
			Network: n, From: first, To: cursor.Height, Next: first, StartedAt: now, UpdatedAt: now,
		}
		err = repos.Rescans.Start(ctx, begun)
		if errors.Is(err, ports.ErrTaken) {
			return ErrRescanUnderWay
		}
		return err
	})
	return begun, err
}

// turn reads on until the calls of a turn are used up or all is read.
func (r Rescanner) turn(ctx context.Context, n chain.Network) error {
	size := uint64(rescanSearched)
	for spent := 0; spent < rescanCallsPerTurn; {
		now, err := r.Latest(ctx, n)
		if err != nil || now.StartedAt.IsZero() || !now.FinishedAt.IsZero() {
			return err
		}
		byReceipts := now.To-now.From < rescanReceiptBlocks
		if byReceipts {
			size = min(size, rescanBlocks)
		}
		calls, err := r.readOn(ctx, now, size, byReceipts)
		if errors.Is(err, ports.ErrSpanTooWide) && size > 1 {
			size, spent = size/2, spent+1
			continue
		}
		if err != nil || calls == 0 {
			return err
		}
		spent += calls
	}
	return nil
}

// readOn reads the next blocks of a rescan, and records what they hold together with how far it has
// come: an error leaves both as they were. It answers 0 calls when watching is not there yet.
func (r Rescanner) readOn(ctx context.Context, at ports.Rescan, size uint64, byReceipts bool) (calls int, err error) {
	s, rail := r.Settlement, r.Settlement.Rails.Chains[at.Network]
	before, err := r.recorded(ctx, at, size)
	if err != nil || before.to < at.Next {
		return 0, err
	}
	watch, err := r.watch(ctx, rail, before.rows)
	if err != nil {
		return 0, err
	}
	unread := watch.dearerThan(at.To - at.From + 1)
	read, err := s.Rails.Rereaders[at.Network].Reread(ctx, ports.Rereading{
		From: at.Next, To: before.to, Watch: watch.without(unread), ByReceipts: byReceipts,
	})
	if err != nil {
		return 0, err
	}
	unread = append(unread, read.Unread...)
	diff, err := r.compare(ctx, before.rows, read.Transfers, watch.without(unread))
	if err != nil {
		return 0, err
	}
	upon, err := r.watched(ctx, at.Network, read, diff.missed)
	if err != nil {
		return 0, err
	}
	head, err := rail.Head(ctx)
	if err != nil {
		return 0, err
	}
	next := at
	next.Next, next.Host, next.Second, next.UpdatedAt = before.to+1, read.Host, read.Second, s.now()
	next.Found, next.Missing = at.Found+len(diff.missed), at.Missing+len(diff.absent)
	next.OwnUnread = at.OwnUnread || len(unread) > 0
	if next.Next > at.To {
		next.FinishedAt = next.UpdatedAt
	}
	err = s.record(ctx, head, diff.missed, footing{at: upon, after: func(ctx context.Context, repos ports.Repos) error {
		if err := diff.note(ctx, repos); err != nil {
			return err
		}
		return repos.Rescans.Advance(ctx, at.Next, next)
	}})
	if err != nil {
		return 0, fmt.Errorf("record what blocks %d to %d hold: %w", at.Next, before.to, err)
	}
	r.say(next, diff)
	return max(1, read.Calls), nil
}

// watched makes sure that what was read again is of the history that was watched, and answers how far that
// is. Endpoints may differ about history that was final, or be asked before and after it changed: what is
// there of one and not of the other was neither missed nor is it missing.
func (r Rescanner) watched(
	ctx context.Context, n chain.Network, read ports.Reread, missed []chain.Transfer,
) (ports.Cursor, error) {
	blocks := blocksOf(missed)
	blocks[read.To] = read.ToID
	at, same, err := r.Settlement.familiar(ctx, n, blocks)
	if err == nil && !same {
		err = fmt.Errorf("%s has another history of blocks %d to %d than was watched: %w",
			read.Host, read.From, read.To, ports.ErrChainUnavailable)
	}
	return at, err
}

// excerpt is what is recorded of a range of blocks.
type excerpt struct {
	to   uint64 // last block of the range
	rows []ports.TransferRow
}

// recorded answers what is recorded of the next blocks: as many as are to be read, and none that the
// watcher has not come to, or was sent back before.
func (r Rescanner) recorded(ctx context.Context, at ports.Rescan, size uint64) (e excerpt, err error) {
	err = r.Settlement.Core.Work.Do(ctx, func(ctx context.Context, repos ports.Repos) error {
		cursor, err := repos.Cursors.Load(ctx, at.Network)
		if err != nil {
			return err
		}
		e = excerpt{to: min(at.Next+size-1, at.To, cursor.Height)}
		e.rows, err = repos.Transfers.Between(ctx, at.Network, at.Next, e.to)
		return err
	})
	return e, err
}

// again is what to look for when blocks are read again.
type again struct{ ports.Watch }

// watch is whom to look for: whoever is watched now, and the receivers of what is recorded. A network's
// own coin is looked for while it is awaited, as in watching, or where any of it is recorded, whether or
// not it can be read now.
func (r Rescanner) watch(ctx context.Context, rail ports.Chain, rows []ports.TransferRow) (again, error) {
	now := r.Settlement.now()
	since := now.Add(-watchAfterEnd)
	to, err := r.Settlement.Sessions.Receivers(ctx, rail.Network(), since)
	if err != nil {
		return again{}, err
	}
	w := again{ports.Watch{Assets: rail.Assets(), Receivers: to}}
	own, hasOwn := rail.Network().Native()
	recorded := false
	for _, row := range rows {
		w.Receivers = append(w.Receivers, row.Transfer.To)
		recorded = recorded || row.Transfer.Asset == own
	}
	if !hasOwn {
		return w, nil
	}
	await, err := r.Settlement.Sessions.Awaits(ctx, own, since, now.Add(-promiseKept))
	w.Watch = w.without([]chain.Asset{own})
	if await != ports.Nobody || recorded {
		w.Assets = append(w.Assets, own)
	}
	return w, err
}

// without leaves coins out.
func (w again) without(coins []chain.Asset) ports.Watch {
	out := w.Watch
	out.Assets = slices.DeleteFunc(slices.Clone(w.Assets), func(a chain.Asset) bool { return slices.Contains(coins, a) })
	return out
}

// dearerThan lists the coins that are too dear to read again in so many blocks. Those of the simulated
// network cost nothing.
func (w again) dearerThan(blocks uint64) (out []chain.Asset) {
	for _, a := range w.Assets {
		if a.IsNative() && a.Network != chain.Sandbox && blocks > rescanTracedBlocks {
			out = append(out, a)
		}
	}
	return out
}
