package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
)

const (
	// recordBatch is how many transfers one unit of work records: locks are held no longer than that
	// takes.
	recordBatch = 200
	// fewest transfers are worth being recorded side by side, in one commit more than without that.
	fewest = 100
	// mostSpoiled is how many transfers may fail by themselves before the fault is taken to be elsewhere.
	mostSpoiled = 20
)

// inBatches enters transfers batch by batch; last says that nothing is left to be entered after this
// one. It is called with no transfer at all if there is none, or if only that is left to be said.
//
// A transfer that cannot be entered for what it is, or for what its session has become, must not hold
// up those it happens to share a block with: a batch that fails is entered one by one, and the batches
// after it follow, none of them as the last. The error tells of those that failed.
func inBatches(
	ctx context.Context, ts []chain.Transfer,
	enter func(ctx context.Context, batch []chain.Transfer, last bool) error,
) error {
	var spoiled []error
	for {
		batch := ts[:min(len(ts), recordBatch)]
		ts = ts[len(batch):]
		err := enter(ctx, batch, len(ts) == 0 && len(spoiled) == 0)
		if err != nil && (passing(err) || len(batch) == 0) {
			return err
		}
		if err != nil {
			if spoiled, err = oneByOne(ctx, batch, enter, spoiled); err != nil {
				return err
			}
			if len(ts) == 0 && len(spoiled) == 0 {
				return enter(ctx, nil, true)
			}
		}
		if len(ts) == 0 {
			return becauseSpoiled(spoiled)
		}
	}
}

// errSpoiled says that what else there was to be entered is entered.
var errSpoiled = errors.New("what cannot be recorded waits")

func becauseSpoiled(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", errSpoiled, errors.Join(errs...))
}

// oneByOne enters each transfer of a batch by itself and adds those that fail to spoiled.
func oneByOne(
	ctx context.Context, batch []chain.Transfer,
	enter func(ctx context.Context, batch []chain.Transfer, last bool) error, spoiled []error,
) ([]error, error) {
	for i, t := range batch {
		err := enter(ctx, batch[i:i+1], false)
		if err == nil {
			continue
		}
		err = fmt.Errorf("transfer %s/%d: %w", t.TxID, t.Index, err)
		if spoiled = append(spoiled, err); passing(err) || len(spoiled) == mostSpoiled {
			return nil, errors.Join(spoiled...)
		}
	}
	return spoiled, nil
}

// enter records what was found, and counts it. Much is recorded side by side, and what comes after it
// then when all is committed.
func (s *Settlement) enter(ctx context.Context, n chain.Network, finds []find, on footing) error {
	parts := sideBySide(finds)
	recorded, errs := make([][]ports.Disposition, len(parts)), make([]error, len(parts))
	if len(parts) == 1 {
		recorded[0], errs[0] = s.commit(ctx, n, finds, on)
	} else {
		var all sync.WaitGroup
		for i, part := range parts {
			all.Go(func() { recorded[i], errs[i] = s.commit(ctx, n, part, footing{at: on.at}) })
		}
		all.Wait()
	}
	if s.Recorded != nil {
		for _, d := range slices.Concat(recorded...) {
			s.Recorded(n, d)
		}
	}
	if err := errors.Join(errs...); err != nil || len(parts) == 1 || on.after == nil {
		return err
	}
	_, err := s.commit(ctx, n, nil, on)
	return err
}

// sideBySide cuts much into two parts: while one waits for the disk, the other is worked on. What is for
// one session stays together, because its order counts.
func sideBySide(finds []find) [][]find {
	if len(finds) < fewest {
		return [][]find{finds}
	}
	met := make(map[checkout.SessionID]bool, len(finds))
	for _, f := range finds {
		if f.held == nil {
			continue
		}
		if met[f.held.Intent.SessionID] {
			return [][]find{finds}
		}
		met[f.held.Intent.SessionID] = true
	}
	return [][]find{finds[:len(finds)/2], finds[len(finds)/2:]}
}

// commit records what was found in one unit of work.
func (s *Settlement) commit(
	ctx context.Context, n chain.Network, finds []find, on footing,
) (recorded []ports.Disposition, err error) {
	now := s.now()
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		recorded = nil
		if len(finds) > 0 && on.at.Network != "" {
			if err := r.Cursors.Stand(ctx, on.at); err != nil {
				return fmt.Errorf("record upon block %d: %w", on.at.Height, err)
			}
		}
		book := booking{s: s, r: r, now: now, recorded: &recorded}
		if err := book.enter(ctx, finds); err != nil {
			return fmt.Errorf("record %d transfers: %w", len(finds), err)
		}
		if err := book.spend(ctx, n, finds); err != nil {
			return err
		}
		if on.after != nil {
			return on.after(ctx, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return recorded, nil
}

// passing reports whether an error says nothing about what was to be recorded: whatever is recorded
// next would meet it too.
func passing(err error) bool {
	return fault.From(err).Kind == fault.Unavailable || errors.Is(err, ports.ErrStale) || errors.Is(err, errHistoryMoves) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
