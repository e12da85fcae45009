package ethrpc

import (
	"context"
	"fmt"
	"math/big"
	"slices"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// maxHalves is how often a look at strangers is split that the endpoint finds too wide. What is left
// then is left out: nobody shall wait for dust.
const maxHalves = 4

// strange is the filter for Transfer events of any contract to the receivers. The answers are not
// proven: nothing hangs on them but what people are told.
func (f Filter) strange(from, to string) []call {
	var calls []call
	for chunk := range slices.Chunk(f.sorted(), maxReceiverTopics) {
		topics := make([]string, len(chunk))
		for i, a := range chunk {
			word := a.word()
			topics[i] = fixed(word[:])
		}
		calls = append(calls, call{method: "eth_getLogs", params: []any{map[string]any{
			"fromBlock": from, "toBlock": to, "topics": []any{fixed(TransferTopic[:]), nil, topics},
		}}})
	}
	return calls
}

// odd tells a log that only looks like a payment, and why it is none; ok is false for every other.
func (f Filter) odd(l Log) (p payment, because ports.IgnoredReason, ok bool) {
	if l.Count != 3 || !l.OneWord || l.Topics[0] != TransferTopic || l.Removed {
		return p, "", false
	}
	from, fromOK := l.Topics[1].address()
	to, toOK := l.Topics[2].address()
	p = payment{from: from, to: to, units: new(big.Int).SetBytes(l.Word[:])}
	if _, watched := f.receivers[to]; !fromOK || !toOK || !watched && !f.anyone {
		return p, "", false
	}
	switch {
	case !slices.Contains(f.contracts, l.Contract):
		return p, ports.ForeignToken, true
	case p.units.Sign() == 0:
		return p, ports.ZeroValue, true
	}
	return p, "", false
}

// sieve keeps so many odd events, and counts the others.
type sieve struct {
	filter Filter
	kept   []oddLog
	of     map[Address]int
	more   map[Address]int
}

type oddLog struct {
	Log
	payment
	because ports.IgnoredReason
}

func (s *sieve) take(l Log) {
	p, because, ok := s.filter.odd(l)
	switch {
	case !ok:
	case len(s.kept) >= ports.MaxStrange, s.of[p.to] >= ports.MaxStrangeOf:
		s.more[p.to]++
	default:
		s.of[p.to]++
		s.kept = append(s.kept, oddLog{l, p, because})
	}
}

// Strange implements ports.Strangers.
func (r *Rail) Strange(ctx context.Context, from, to uint64, watch ports.Watch) (ports.Strange, error) {
	l := r.look(watch.Assets, watch.Receivers)
	if len(l.filter.receivers) == 0 {
		return ports.Strange{}, nil
	}
	if len(l.filter.receivers) > ports.MaxStrangeTo || from > to || to-from >= ports.MaxScanSpan {
		return ports.Strange{}, ports.ErrSpanTooWide
	}
	var out ports.Strange
	err := r.client.advise(to, func(e *endpoint) error {
		s := &sieve{filter: l.filter, of: map[Address]int{}, more: map[Address]int{}}
		err := s.read(ctx, e, from, to, maxHalves)
		if err == nil {
			out, err = l.dated(ctx, e, s)
		}
		return err
	})
	if err != nil {
		return ports.Strange{}, fmt.Errorf("look for strangers in %s blocks %d to %d: %w", r.network, from, to, err)
	}
	return out, nil
}

// advise runs fn with one endpoint after another that is well and holds a final block, until it
// succeeds. However it goes, nothing is held against an endpoint: what is asked here is dispensable,
// and must never be why the reading of payments finds an endpoint closed.
func (c *Client) advise(final uint64, fn func(e *endpoint) error) error {
	err := error(ports.ErrChainUnavailable)
	for _, e := range inOrder(c.endpoints) {
		if !e.health().Healthy || e.final() < final {
			continue
		}
		if err = fn(e); err == nil {
			return nil
		}
		if f, failed := asFailure(err); failed {
			err = fail(f.class, e.redact(f.detail))
		}
	}
	return err
}

// read sieves a range, in halves as long as the endpoint finds it too wide.
func (s *sieve) read(ctx context.Context, e *endpoint, from, to uint64, halves int) error {
	for _, question := range s.filter.strange(quantity(from), quantity(to)) {
		answers, err := e.post(ctx, []call{question})
		if err == nil && answers[0].err != nil {
			err = answers[0].err
		}
		switch err = widthOr(err); {
		case err == ports.ErrSpanTooWide && from < to && halves > 0: //nolint:errorlint // our own, just made
			middle := from + (to-from)/2
			if err := s.read(ctx, e, from, middle, halves-1); err != nil {
				return err
			}
			return s.read(ctx, e, middle+1, to, halves-1)
		case err != nil:
			return err
		}
		whole := array(answers[0].result, func(value []byte) {
			if l, ok := decodeLog(value); ok && l.Block >= from && l.Block <= to {
				s.take(l)
			}
		})
		if !whole {
			return fail(Broken, "no list of logs")
		}
	}
	return nil
}

// dated tells sieved events in the domain's words, each with the time of its block.
func (l look) dated(ctx context.Context, e *endpoint, s *sieve) (ports.Strange, error) {
	out := ports.Strange{More: make(map[chain.Address]int, len(s.more))}
	for to, n := range s.more {
		out.More[l.script.Print(to)] += n
	}
	at := map[uint64]int{}
	var calls []call
	for _, one := range s.kept {
		if _, asked := at[one.Block]; !asked {
			at[one.Block] = len(calls)
			calls = append(calls, blockCall(quantity(one.Block)))
		}
	}
	if len(calls) == 0 {
		return out, nil
	}
	var answers []answer
	for part := range slices.Chunk(calls, e.batchSize()) { // not ask: it learns from refusals
		some, err := e.post(ctx, part)
		if err != nil {
			return ports.Strange{}, err
		}
		answers = append(answers, some...)
	}
	for _, one := range s.kept {
		h, err := decodeHeaderAt(answers[at[one.Block]].result, one.Block)
		if err != nil {
			return ports.Strange{}, err
		}
		if h.ID == one.BlockID {
			out.Transfers = append(out.Transfers, l.tell(one, h))
		}
	}
	slices.SortStableFunc(out.Transfers, func(a, b ports.IgnoredTransfer) int {
		return int(a.Height) - int(b.Height) //nolint:gosec // heights of one range
	})
	return out, nil
}

// tell is an odd event in the domain's words.
func (l look) tell(one oddLog, h Header) ports.IgnoredTransfer {
	return ports.IgnoredTransfer{
		Network: l.network, TxID: chain.TxID(one.TxID.Hex()), Index: uint32(one.Index), //nolint:gosec // of a block's logs
		Contract: string(l.script.Print(one.Contract)), From: l.script.Print(one.from), To: l.script.Print(one.to),
		Units: one.units, Height: h.Number, BlockTime: h.Time, Reason: one.because,
	}
}
