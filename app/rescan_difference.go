package app

import (
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// knownMargin is how much older a block may be than the moment its receiver became known: block time
// and our clock are two clocks, and a block's time is that of its beginning.
const knownMargin = time.Minute

// difference is where two readings of the same blocks differ.
type difference struct {
	missed []chain.Transfer // there, and not recorded
	absent []chain.Transfer // recorded, and not there
	cured  []chain.Transfer // recorded, noted as absent before, and there
}

// compare holds what is recorded against what was read again. A transfer from before its receiver was
// known here was never missed: nobody was asked to pay there yet.
func (r Rescanner) compare(
	ctx context.Context, rows []ports.TransferRow, read []chain.Transfer, watch ports.Watch,
) (d difference, err error) {
	there := make(map[transferKey]string, len(read))
	for _, t := range read {
		there[transferKey{t.TxID, t.Index}] = t.BlockID
	}
	known := make(map[transferKey]bool, len(rows))
	for _, row := range rows {
		t := row.Transfer
		known[transferKey{t.TxID, t.Index}] = true
		switch block := there[transferKey{t.TxID, t.Index}]; {
		case !slices.Contains(watch.Assets, t.Asset):
		case block != t.BlockID:
			d.absent = append(d.absent, t)
		case row.Reason == ports.RescanMissing:
			d.cured = append(d.cured, t)
		}
	}
	var unknown []chain.Transfer
	var to []chain.Address
	for _, t := range read {
		if !known[transferKey{t.TxID, t.Index}] {
			unknown, to = append(unknown, t), append(to, t.To)
		}
	}
	if len(unknown) == 0 {
		return d, nil
	}
	since, err := r.Settlement.Sessions.KnownSince(ctx, unknown[0].Network, to)
	if err != nil {
		return d, err
	}
	own, err := r.ownSince(ctx, unknown[0].Network)
	for _, t := range unknown {
		first, ours := since[t.To]
		if t.Asset.IsNative() && own.After(first) {
			first = own
		}
		if ours && !t.BlockTime.Before(first.Add(-knownMargin)) {
			d.missed = append(d.missed, t)
		}
	}
	return d, err
}

// ownSince is since when a network's own coin has been looked for. What came before was not missed: the
// address may have been watched for tokens only.
func (r Rescanner) ownSince(ctx context.Context, n chain.Network) (time.Time, error) {
	own, hasOwn := n.Native()
	if !hasOwn {
		return time.Time{}, nil
	}
	return r.Settlement.Sessions.AwaitedSince(ctx, own, r.Settlement.now().Add(-watchAfterEnd))
}

// note writes down which recorded transfers were not there, and undoes nothing: a person has to look.
func (d difference) note(ctx context.Context, r ports.Repos) error {
	for _, t := range d.absent {
		if err := r.Transfers.Note(ctx, t, ports.RescanMissing); err != nil {
			return err
		}
	}
	for _, t := range d.cured {
		if err := r.Transfers.Note(ctx, t, ports.NoReason); err != nil {
			return err
		}
	}
	return nil
}

// say tells of what was found, once it is recorded.
func (r Rescanner) say(at ports.Rescan, d difference) {
	log := r.log(at.Network).With("host", at.Host, "second_endpoint", at.Second)
	for _, t := range d.missed {
		log.Error("a rescan found a transfer that watching had missed; it is recorded now",
			"txid", string(t.TxID), "index", t.Index, "height", t.Height)
	}
	for _, t := range d.absent {
		log.Error("a rescan did not find a recorded transfer; nothing was undone, look at both endpoints",
			"txid", string(t.TxID), "index", t.Index, "height", t.Height)
	}
	if !at.FinishedAt.IsZero() {
		if at.OwnUnread {
			log.Warn("the network's own coin was not read again in all blocks: no second endpoint traces them, or " +
				"they are too many")
		}
		log.Info("network read again", "from", at.From, "to", at.To, "found", at.Found, "missing", at.Missing)
	}
	if r.Told == nil {
		return
	}
	if len(d.missed) > 0 {
		r.Told(at.Network, FoundMissed, len(d.missed))
	}
	if len(d.absent) > 0 {
		r.Told(at.Network, FoundAbsent, len(d.absent))
	}
}
