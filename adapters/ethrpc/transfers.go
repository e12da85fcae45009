package ethrpc

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/101pay/101pay/ports"
)

// Transfer is one movement of a token or of the network's own coin, proven by the receipt of a
// successful transaction.
type Transfer struct {
	Native             bool // the network's own coin; Contract means nothing then
	Contract, From, To Address
	Units              *big.Int // positive
	TxID               Hash
	// Position is the transfer's place among the logs of its transaction; of the network's own coin,
	// see chain.FirstNative. Unlike the log index it is the same whichever node tells of it and
	// whichever block took the transaction in.
	Position uint32
	Block    Header
}

// Range is a fully read range of blocks.
type Range struct {
	Parent    Hash   // of the range, as the endpoint that told of it has it; zero if it begins at 0
	Last      Header // of the range
	Transfers []Transfer
}

// Transfers reads the final blocks from..to for transfers the filter looks for, in order of height
// and position. It answers ports.ErrSpanTooWide if the endpoint refuses so wide a range; never for
// a single block, which is read by its receipts instead.
func (c *Client) Transfers(ctx context.Context, from, to uint64, f Filter) (r Range, err error) {
	if from > to {
		return Range{}, fmt.Errorf("read blocks %d to %d: backwards", from, to)
	}
	if to-from >= ports.MaxScanSpan {
		return Range{}, ports.ErrSpanTooWide
	}
	err = c.visit(ctx, func(e *endpoint) error {
		if err := e.reach(ctx, to); err != nil {
			return err
		}
		if r, err = c.readRange(ctx, e, from, to, f); err != nil {
			return err
		}
		if r.Parent, err = e.parent(ctx, from); err == nil {
			c.readBy(e)
		}
		return err
	})
	if err != nil {
		return Range{}, err
	}
	c.remember(r.Last)
	return r, nil
}

// parent is the block before a range, at the endpoint the range was read at. It is asked for after
// the range: history that changed in between is then noticed, and the other way round it is not.
func (e *endpoint) parent(ctx context.Context, from uint64) (Hash, error) {
	if from == 0 {
		return Hash{}, nil
	}
	h, err := e.blockAt(ctx, from-1)
	return h.ID, err
}

// readRange reads a range at one endpoint.
func (c *Client) readRange(
	ctx context.Context, e *endpoint, from, to uint64, f Filter,
) (Range, error) {
	last, found, err := e.findLogs(ctx, span{from, to, quantity(to)}, f)
	if err == ports.ErrSpanTooWide && from == to { //nolint:errorlint // our own, just made
		return c.readBlock(ctx, e, to, f)
	}
	if err != nil {
		return Range{}, err
	}
	if err := c.fits(last); err != nil {
		return Range{}, err
	}
	txs, heights := distinct(found, last)
	if from < to && (len(found) > ports.MaxScanTransfers || len(txs) > maxProofs) {
		return Range{}, ports.ErrSpanTooWide
	}
	transfers, err := e.prove(ctx, proof{found, txs, heights, last}, f)
	return Range{Last: last, Transfers: transfers}, err
}

// fits holds a block against the final block we were told of last: at the same height it must be
// the same block, whichever endpoint told us.
func (c *Client) fits(h Header) error {
	if seen := c.lastSeen(); seen.Number == h.Number && seen.ID != h.ID && seen.ID != (Hash{}) {
		return fail(Contradicting, fmt.Sprintf("another final block %d than was seen before", h.Number))
	}
	return nil
}

// headAbove is an endpoint's head, if the blocks from a final one up to it are few enough to be looked at.
func (e *endpoint) headAbove(ctx context.Context, final uint64) (Head, error) {
	head, err := e.askHead(ctx)
	switch {
	case err != nil:
		return Head{}, err
	case head.Latest.Number < final:
		return Head{}, fail(Lagging, fmt.Sprintf("newest block %d is below a final one", head.Latest.Number))
	case head.Latest.Number-final > ports.MaxSeenSpan:
		return Head{}, ports.ErrSpanTooWide
	}
	return head, nil
}

// Above reads the blocks above a final one. What it answers may be undone.
func (c *Client) Above(ctx context.Context, final uint64, f Filter) (found []Transfer, err error) {
	err = c.visit(ctx, func(e *endpoint) error {
		found = nil
		head, err := e.headAbove(ctx, final)
		if err != nil {
			return err
		}
		for from := final + 1; err == nil && from <= head.Latest.Number; from += ports.MaxScanSpan {
			var part []Transfer
			to := min(from+ports.MaxScanSpan-1, head.Latest.Number)
			part, err = c.readHalves(ctx, e, from, to, f)
			found = append(found, part...)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// readHalves reads a range, in halves as long as the endpoint finds it too wide.
func (c *Client) readHalves(
	ctx context.Context, e *endpoint, from, to uint64, f Filter,
) ([]Transfer, error) {
	r, err := c.readRange(ctx, e, from, to, f)
	if !errors.Is(err, ports.ErrSpanTooWide) {
		return r.Transfers, err
	}
	middle := from + (to-from)/2
	lower, err := c.readHalves(ctx, e, from, middle, f)
	if err != nil {
		return nil, err
	}
	upper, err := c.readHalves(ctx, e, middle+1, to, f)
	return append(lower, upper...), err
}

// TransfersOf reads the transfers of the filter's tokens in one transaction, to anyone. A
// transaction the chain does not have is an empty answer; but only an endpoint that is as far as we
// have seen the chain final may say so, and if its newest block is old, every other endpoint must
// say it too.
func (c *Client) TransfersOf(ctx context.Context, tx Hash, f Filter) (found []Transfer, err error) {
	f = f.toAnyone()
	absent := 0
	err = c.visit(ctx, func(e *endpoint) error {
		found = nil
		result, latest, err := c.findReceipt(ctx, e, tx)
		if err != nil {
			return err
		}
		if null(result) {
			absent++
			return c.fresh(latest)
		}
		r, err := decodeReceipt(result)
		if err != nil {
			return err
		}
		found, err = e.proveOne(ctx, r, tx, f)
		return err
	})
	if err != nil && absent < len(c.endpoints) {
		return nil, err
	}
	return found, nil
}

// findReceipt asks for a transaction's receipt, null if there is none, and for the newest block, which
// must not be below what we have seen final.
func (c *Client) findReceipt(
	ctx context.Context, e *endpoint, tx Hash,
) (result []byte, latest Header, err error) {
	answers, err := e.ask(ctx, []call{receiptCall(tx), blockCall(tagLatest)})
	if err != nil {
		return nil, latest, err
	}
	if latest, err = decodeHeader(answers[1].result); err != nil {
		return nil, latest, err
	}
	if seen := c.lastSeen().Number; latest.Number < seen {
		return nil, latest, fail(Lagging, fmt.Sprintf("newest block %d, want %d", latest.Number, seen))
	}
	return answers[0].result, latest, nil
}

func (e *endpoint) proveOne(ctx context.Context, r receipt, tx Hash, f Filter) ([]Transfer, error) {
	if r.tx != tx {
		return nil, fail(Contradicting, "a receipt of another transaction")
	}
	answers, err := e.ask(ctx, []call{blockCall(quantity(r.block))})
	if err != nil {
		return nil, err
	}
	h, err := decodeHeaderAt(answers[0].result, r.block)
	if err != nil {
		return nil, err
	}
	if err := r.in(h); err != nil {
		return nil, err
	}
	return r.transfers(h, f)
}

// transfers lists what a receipt's logs move for the filter.
func (r *receipt) transfers(h Header, f Filter) (found []Transfer, err error) {
	position, torn, broken := uint32(0), false, false
	whole := array(r.logs, func(value []byte) {
		at := position
		position++
		l, ok := decodeLog(value)
		if !ok {
			broken = true
			return
		}
		if !slices.Contains(f.contracts, l.Contract) || l.Count == 0 || l.Topics[0] != TransferTopic {
			return // other things happen in a transaction too
		}
		if l.TxID != r.tx || l.BlockID != r.blockID {
			torn = true
			return
		}
		p, ok := f.match(&l)
		if !ok {
			return
		}
		if !r.success {
			f.ignore(FailedTransaction, &l)
			return
		}
		found = append(found, Transfer{
			Contract: l.Contract, From: p.from, To: p.to, Units: p.units,
			TxID: r.tx, Position: at, Block: h,
		})
	})
	switch {
	case !whole || broken:
		return nil, fail(Broken, "a receipt without sound logs")
	case torn:
		return nil, fail(Contradicting, "a receipt holds a log of another transaction")
	}
	return found, nil
}

// inChainOrder sorts by height and position.
func inChainOrder(ts []Transfer) {
	slices.SortFunc(ts, func(a, b Transfer) int {
		return cmp.Or(
			cmp.Compare(a.Block.Number, b.Block.Number), cmp.Compare(a.Position, b.Position),
			bytes.Compare(a.TxID[:], b.TxID[:]),
		)
	})
}
