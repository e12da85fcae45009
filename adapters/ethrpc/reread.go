package ethrpc

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/101pay/101pay/ports"
)

// Again is a range to read again.
type Again struct {
	From, To   uint64
	Filter     Filter
	ByReceipts bool // block by block, by all receipts, where the endpoint can
}

// Reading is a range that was read again, and how.
type Reading struct {
	Range
	Host   string
	Second bool // at another endpoint than ranges are read by
	Calls  int  // it took, as providers count them
}

// Reread reads final blocks at another endpoint than the one ranges are read by, so that a hole in that
// one's answers shows. A chain of one endpoint is read by that one.
func (c *Client) Reread(ctx context.Context, a Again) (out Reading, err error) {
	if a.From > a.To || a.To-a.From >= ports.MaxScanSpan {
		return Reading{}, fmt.Errorf("read blocks %d to %d again: %w", a.From, a.To, ports.ErrSpanTooWide)
	}
	among := c.apart()
	second := len(among) > 0
	if !second {
		among = c.endpoints
	}
	err = c.visitAmong(ctx, among, func(e *endpoint) error {
		if err := e.reach(ctx, a.To); err != nil {
			return err
		}
		r, calls, err := c.rereadAt(ctx, e, a)
		out = Reading{Range: r, Host: e.host, Second: second, Calls: calls}
		return err
	})
	if err != nil {
		return Reading{}, err
	}
	return out, nil
}

// apart are the endpoints that are not of the host ranges are read by: of the one last read by, and
// before any was read, of the one that would be asked first.
func (c *Client) apart() []*endpoint {
	c.mu.Lock()
	reader := c.reader
	c.mu.Unlock()
	return apartFrom(reader, c.endpoints)
}

// apartFrom are the endpoints of other hosts than one; than that of the first when it is not known.
func apartFrom(host string, all []*endpoint) []*endpoint {
	if host == "" && len(all) > 0 {
		host = inOrder(all)[0].host
	}
	return slices.DeleteFunc(slices.Clone(all), func(e *endpoint) bool { return e.host == host })
}

// readBy remembers the endpoint a range was read by.
func (c *Client) readBy(e *endpoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reader = e.host
}

// tracersApart are the endpoints that trace and are not of the host that is watched for movements of
// the chain's own coin, which may be another than the one ranges are read by.
func (c *Client) tracersApart(ctx context.Context) []*endpoint {
	c.askAllTraces(ctx)
	c.mu.Lock()
	mover := c.mover
	c.mu.Unlock()
	can := slices.DeleteFunc(slices.Clone(c.endpoints), func(e *endpoint) bool { return e.tracesBy() == noTrace })
	return apartFrom(mover, can)
}

// movedBy remembers the endpoint movements were read by.
func (c *Client) movedBy(e *endpoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mover = e.host
}

// rereadMoves reads movements of the chain's own coin at some endpoints that trace, as Moves does.
func (c *Client) rereadMoves(ctx context.Context, among []*endpoint, a Again) (out Reading, err error) {
	err = c.visitAmong(ctx, among, func(e *endpoint) error {
		if err := e.reach(ctx, a.To); err != nil {
			return err
		}
		r, err := e.moves(ctx, a)
		if err == nil {
			err = c.fits(r.Last)
		}
		out = Reading{Range: r, Host: e.host, Second: true}
		return err
	})
	if err != nil {
		return Reading{}, err
	}
	out.Calls = int(a.To-a.From+1)*callsPerTrace + len(transactions(out.Transfers)) //nolint:gosec // at most maxTraceSpan
	return out, nil
}

// moves traces a range at an endpoint that is known to trace.
func (e *endpoint) moves(ctx context.Context, a Again) (Range, error) {
	m, err := e.traceWith(ctx)
	if err != nil {
		return Range{}, err
	}
	blocks, err := e.traceBlocks(ctx, m, a.From, a.To)
	if err == nil {
		return e.provenMoves(ctx, blocks, a.Filter)
	}
	if e.lostTraces(err) {
		err = errNoTrace
	}
	return Range{}, err
}

// Calls of one look, as providers count them: a question, the block it is about, and now and then the
// receipts and blocks of what was found.
const (
	callsPerBlock  = 2
	callsPerTrace  = 2
	callsPerSearch = 2
	callsPerProof  = 2
)

func (c *Client) rereadAt(ctx context.Context, e *endpoint, a Again) (whole Range, calls int, err error) {
	if !a.ByReceipts {
		return c.search(ctx, e, a)
	}
	for height := a.From; height <= a.To; height++ {
		r, err := c.readBlock(ctx, e, height, a.Filter)
		var refused *rpcError
		if errors.As(err, &refused) && refused.unknownMethod() {
			return c.search(ctx, e, a)
		}
		if err != nil {
			return Range{}, calls, err
		}
		calls += callsPerBlock
		whole.Last, whole.Transfers = r.Last, append(whole.Transfers, r.Transfers...)
	}
	return whole, calls, nil
}

// search reads a range as watching does.
func (c *Client) search(ctx context.Context, e *endpoint, a Again) (Range, int, error) {
	r, err := c.readRange(ctx, e, a.From, a.To, a.Filter)
	searches := max(1, len(a.Filter.calls("", "")))
	return r, searches*callsPerSearch + len(r.Transfers)*callsPerProof, err
}

// Reread implements ports.Rereader. A range is too wide sooner where the own coin is read too.
func (r *Rail) Reread(ctx context.Context, again ports.Rereading) (ports.Reread, error) {
	l := r.look(again.Watch.Assets, again.Watch.Receivers)
	asked := Again{again.From, again.To, l.filter, again.ByReceipts}
	var tracers []*endpoint
	if l.traces() {
		tracers = r.client.tracersApart(ctx)
	}
	if len(tracers) > 0 && again.To >= again.From && again.To-again.From >= maxTraceSpan {
		return ports.Reread{}, ports.ErrSpanTooWide
	}
	read, err := r.client.Reread(ctx, asked)
	if err == nil && len(tracers) > 0 {
		err = r.client.withMoves(ctx, tracers, asked, &read)
	}
	if err != nil {
		return ports.Reread{}, fmt.Errorf("read %s blocks %d to %d again: %w", r.network, again.From, again.To, err)
	}
	out := ports.Reread{
		Span: ports.Span{
			From: again.From, To: again.To, ToID: read.Last.ID.Hex(), ToTime: read.Last.Time,
			Transfers: l.translate(read.Transfers),
		},
		Host: read.Host, Second: read.Second, Calls: read.Calls,
	}
	for _, a := range again.Watch.Assets {
		if a.IsNative() && len(tracers) == 0 && len(again.Watch.Receivers) > 0 {
			out.Unread = append(out.Unread, a)
		}
	}
	return out, nil
}

// withMoves adds to a reading what moved of the chain's own coin in the same blocks.
func (c *Client) withMoves(ctx context.Context, among []*endpoint, a Again, read *Reading) error {
	moved, err := c.rereadMoves(ctx, among, a)
	switch {
	case err != nil:
		return err
	case moved.Last.ID != read.Last.ID:
		return fmt.Errorf("the receipts and the traces are of different blocks %d: %w", a.To, ports.ErrChainUnavailable)
	case a.From < a.To && len(read.Transfers)+len(moved.Transfers) > ports.MaxScanTransfers:
		return ports.ErrSpanTooWide
	}
	read.Transfers, read.Calls = append(read.Transfers, moved.Transfers...), read.Calls+moved.Calls
	inChainOrder(read.Transfers)
	return nil
}
