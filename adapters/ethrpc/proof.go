package ethrpc

import (
	"context"
	"fmt"
	"slices"

	"github.com/101pay/101pay/ports"
)

// span is a range of blocks asked for.
type span struct {
	from, to uint64
	last     string // to, as it is asked for
}

// findLogs asks where in a range the filter's transfers may be, and for the range's last block in
// the same batch: a node that has not the block, yet answers "no logs", is found out. Nothing it
// answers is a transfer yet.
func (e *endpoint) findLogs(
	ctx context.Context, s span, f Filter,
) (last Header, found []Log, err error) {
	questions := f.calls(quantity(s.from), s.last)
	if f.empty() {
		questions = nil
	}
	if len(questions) == 0 {
		answers, err := e.ask(ctx, []call{blockCall(s.last)})
		if err != nil {
			return Header{}, nil, err
		}
		last, err = decodeHeaderAt(answers[0].result, s.to)
		return last, nil, err
	}
	for i, question := range questions {
		h, logs, err := e.findOnce(ctx, question, s, f)
		if err != nil {
			return Header{}, nil, err
		}
		if i > 0 && h.ID != last.ID {
			return Header{}, nil, fail(Contradicting, "the range changed while it was read")
		}
		last, found = h, append(found, logs...)
	}
	return last, found, nil
}

func (e *endpoint) findOnce(
	ctx context.Context, question call, s span, f Filter,
) (last Header, found []Log, err error) {
	answers, err := e.post(ctx, []call{question, blockCall(s.last)})
	if err != nil {
		return Header{}, nil, widthOr(err)
	}
	// The block is looked at first: a node that is behind may call our range wrong.
	if answers[1].err != nil {
		return Header{}, nil, answers[1].err
	}
	last, err = decodeHeaderAt(answers[1].result, s.to)
	if err != nil {
		return Header{}, nil, err
	}
	if answers[0].err != nil {
		return Header{}, nil, widthOr(answers[0].err)
	}
	found, err = f.Read(answers[0].result, s.from, s.to)
	return last, found, err
}

// widthOr is ErrSpanTooWide if a node refused a range for its size, and the error itself otherwise.
func widthOr(err error) error {
	if e, ok := err.(*rpcError); ok && e.tooWide() { //nolint:errorlint // post answers it unwrapped
		return ports.ErrSpanTooWide
	}
	return err
}

// Read reads an answer to eth_getLogs about the blocks from..to and answers the logs in it that may be
// transfers the filter looks for; nothing is proven by that. A log that pays nobody is reported and left
// out; an answer that is no list of logs is the endpoint's failure. What a contract can write into a log
// never makes it no log, so nobody can stop the reading from the chain; a node whose logs we cannot
// read can, because reading on without them would be a hole.
func (f Filter) Read(result []byte, from, to uint64) (found []Log, err error) {
	r := logReader{t: textOf(result)}
	var l Log
	whole := r.t.members('[', ']', func() bool {
		l = Log{}
		if !r.read(&l) {
			return false
		}
		if l.Block < from || l.Block > to {
			f.ignore(OutsideRange, &l)
			return true
		}
		if _, ok := f.match(&l); ok {
			found = append(found, l)
		}
		return true
	})
	if !whole || !r.t.done() {
		return nil, fail(Broken, "no list of logs")
	}
	return found, nil
}

// maxProofs is how many transactions one range is proven for; somebody may fill blocks with dust,
// and what was read up to then shall not be lost.
const maxProofs = 1000

// proof is what there is to prove: logs, their transactions, their blocks other than the last one.
type proof struct {
	found   []Log
	txs     []Hash
	heights []uint64
	last    Header
}

// prove reads the receipts of the transactions that were found, and their blocks, and answers the
// transfers the receipts hold. A log that its receipt does not know is a contradiction: one of the
// two is wrong, and money hangs on which.
func (e *endpoint) prove(ctx context.Context, p proof, f Filter) ([]Transfer, error) {
	if len(p.found) == 0 {
		return nil, nil
	}
	calls := make([]call, 0, len(p.txs)+len(p.heights))
	for _, tx := range p.txs {
		calls = append(calls, receiptCall(tx))
	}
	for _, height := range p.heights {
		calls = append(calls, blockCall(quantity(height)))
	}
	answers, err := e.ask(ctx, calls)
	if err != nil {
		return nil, err
	}
	headers := map[uint64]Header{p.last.Number: p.last}
	for i, a := range answers[len(p.txs):] {
		h, err := decodeHeaderAt(a.result, p.heights[i])
		if err != nil {
			return nil, err
		}
		headers[h.Number] = h
	}
	said := make(map[Hash][]Log, len(p.txs))
	for _, l := range p.found {
		said[l.TxID] = append(said[l.TxID], l)
	}
	var out []Transfer
	for i, tx := range p.txs {
		transfers, err := proveTransaction(answers[i].result, said[tx], headers, f)
		if err != nil {
			return nil, err
		}
		out = append(out, transfers...)
	}
	inChainOrder(out)
	return out, nil
}

// proveTransaction holds what was said of one transaction against its receipt.
func proveTransaction(
	result []byte, said []Log, headers map[uint64]Header, f Filter,
) ([]Transfer, error) {
	if null(result) {
		return nil, fail(Lagging, "a transaction with logs has no receipt")
	}
	r, err := decodeReceipt(result)
	if err != nil {
		return nil, err
	}
	h, known := headers[r.block]
	if !known || r.tx != said[0].TxID {
		return nil, fail(Contradicting, "a receipt of another transaction")
	}
	if err := r.in(h); err != nil {
		return nil, err
	}
	transfers, err := r.transfers(h, f)
	if err != nil || !r.success {
		return nil, err
	}
	for _, l := range said {
		if l.Block != h.Number || l.BlockID != h.ID || !slices.ContainsFunc(transfers, l.says) {
			return nil, fail(Contradicting, fmt.Sprintf("a receipt in block %d lacks a log", h.Number))
		}
	}
	return transfers, nil
}

// says reports whether a log tells of a transfer.
func (l *Log) says(t Transfer) bool {
	p, because := l.payment()
	return because == "" && l.Contract == t.Contract && p.from == t.From && p.to == t.To &&
		p.units.Cmp(t.Units) == 0
}

// distinct lists the transactions and blocks of logs, in the order they first appear; the last
// block of the range is known already.
func distinct(found []Log, last Header) (txs []Hash, heights []uint64) {
	seenTx, seenBlock := map[Hash]bool{}, map[uint64]bool{last.Number: true}
	for _, l := range found {
		if !seenTx[l.TxID] {
			seenTx[l.TxID], txs = true, append(txs, l.TxID)
		}
		if !seenBlock[l.Block] {
			seenBlock[l.Block], heights = true, append(heights, l.Block)
		}
	}
	return txs, heights
}

// readBlock reads one block by all its receipts, for a node that refuses even that range. Their
// number must be the block's: java-tron answers an empty list for a block whose receipts it has
// lost.
func (c *Client) readBlock(
	ctx context.Context, e *endpoint, height uint64, f Filter,
) (Range, error) {
	answers, err := e.ask(ctx, []call{
		{method: "eth_getBlockReceipts", params: []any{quantity(height)}}, blockCall(quantity(height)),
	})
	if err != nil {
		return Range{}, err
	}
	h, err := decodeHeaderAt(answers[1].result, height)
	if err == nil {
		err = c.fits(h)
	}
	if err != nil {
		return Range{}, err
	}
	if null(answers[0].result) {
		return Range{}, fail(Lagging, "the node has not the receipts")
	}
	r := Range{Last: h}
	count := 0
	var problem error
	whole := array(answers[0].result, func(value []byte) {
		count++
		one, err := decodeReceipt(value)
		if err == nil {
			err = one.in(h)
		}
		var transfers []Transfer
		if err == nil {
			transfers, err = one.transfers(h, f)
		}
		if err != nil {
			problem = err
		}
		r.Transfers = append(r.Transfers, transfers...)
	})
	switch {
	case !whole:
		return Range{}, fail(Broken, "no list of receipts")
	case problem != nil:
		return Range{}, problem
	case count != h.transactions:
		return Range{}, fail(Contradicting, fmt.Sprintf("%d receipts of %d", count, h.transactions))
	}
	inChainOrder(r.Transfers)
	return r, nil
}
