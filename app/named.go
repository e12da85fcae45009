package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// recordFinal records those transfers that are final and go to an address we watch, while the network has
// the history the watcher knows.
func (s *Settlement) recordFinal(ctx context.Context, head chain.Head, ts []chain.Transfer) error {
	var to []chain.Address
	for _, t := range ts {
		to = append(to, t.To)
	}
	owners, err := s.Sessions.Owners(ctx, head.Network, to)
	if err != nil {
		return err
	}
	var final []chain.Transfer
	for _, t := range ts {
		if owners[t.To] != "" && t.Height <= head.Final {
			final = append(final, t)
		}
	}
	if len(final) == 0 {
		return nil
	}
	for range namedTries {
		at, same, err := s.familiar(ctx, head.Network, blocksOf(final))
		if err != nil || !same {
			return err
		}
		if err := s.record(ctx, head, final, footing{at: at}); !errors.Is(err, ports.ErrStale) {
			return err
		}
	}
	return nil // the watcher reads on faster than that, and has read it or will
}

// namedTries is how often it is tried to record a transfer that was named, while the watcher reads on.
const namedTries = 3

// familiar reports whether blocks are of the history that a network's watcher has read up to a block, or
// come after that. What is of another history is the watcher's to find, once it has noticed: if that
// history lost again before it looked, nobody would take back what was recorded of it.
func (s *Settlement) familiar(
	ctx context.Context, n chain.Network, blocks map[uint64]string,
) (at ports.Cursor, same bool, err error) {
	cursors, err := s.Rails.Cursors.Cursors(ctx)
	if err != nil {
		return at, false, err
	}
	i := slices.IndexFunc(cursors, func(c ports.Cursor) bool { return c.Network == n })
	if i < 0 {
		return at, true, nil // it begins later than the transfers, and reads all it has to
	}
	at = cursors[i]
	known := map[uint64]string{at.Height: at.BlockID}
	for height, id := range blocks {
		if height < at.Height {
			known[height] = id
		}
	}
	if id, there := blocks[at.Height]; there && id != at.BlockID {
		return at, false, nil
	}
	if len(known) == 1 {
		return at, true, nil // all of them are still to be read, or it is the very block
	}
	same, err = s.Rails.Chains[n].Holds(ctx, known)
	return at, same, err
}

func blocksOf(ts []chain.Transfer) map[uint64]string {
	out := make(map[uint64]string, len(ts))
	for _, t := range ts {
		out[t.Height] = t.BlockID
	}
	return out
}

// Bounds of asking explorers for a second opinion.
const (
	explorerLimit  = 50
	explorerMargin = 2 * time.Minute
)

// askExplorers looks, before sessions lapse, whether an index knows of payments to their addresses
// that the watcher missed. What it names is proven on chain and recorded like any other transfer.
// It is a second opinion: when it fails, or names nothing, that changes nothing.
func (s *Settlement) askExplorers(ctx context.Context, due []checkout.SessionID) {
	type place struct {
		asset chain.Asset
		at    chain.Address
	}
	since := map[place]time.Time{}
	for _, id := range due {
		session, err := s.Sessions.ByID(ctx, id)
		if err != nil || session.Intent() == nil || s.Rails.Explorers[session.Intent().Asset.Network] == nil {
			continue
		}
		i := session.Intent()
		at := place{i.Asset, i.Address}
		if first, ok := since[at]; !ok || i.CreatedAt.Before(first) {
			since[at] = i.CreatedAt
		}
	}
	for at, first := range since {
		if err := s.reconcile(ctx, at.asset, at.at, first.Add(-explorerMargin)); err != nil {
			s.Log.Warn("the explorer could not be asked", "network", string(at.asset.Network), "error", err)
		}
	}
}

// reconcile records what an explorer names and the chain confirms.
func (s *Settlement) reconcile(ctx context.Context, a chain.Asset, at chain.Address, since time.Time) error {
	rail := s.Rails.Chains[a.Network]
	ids, err := s.Rails.Explorers[a.Network].TransfersTo(ctx, a, at, since, explorerLimit)
	if err != nil {
		return err
	}
	for _, tx := range ids {
		head, found, err := lookup(ctx, rail, tx)
		if err != nil {
			return fmt.Errorf("transaction %s: %w", tx, err)
		}
		if err := s.recordFinal(ctx, head, found); err != nil {
			return fmt.Errorf("transaction %s: %w", tx, err)
		}
	}
	return nil
}
