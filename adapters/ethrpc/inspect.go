package ethrpc

import (
	"context"
	"fmt"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// Inspect implements ports.Chain. It believes the first endpoint that has the transaction: whoever
// asks has the proven answer of Lookup already, and decides nothing by this one.
func (r *Rail) Inspect(ctx context.Context, id chain.TxID) (out ports.Inspection, err error) {
	tx, ok := readHash(string(id))
	if !ok {
		return out, nil
	}
	l := r.look(r.assets, nil)
	l.filter = l.filter.toAnyone()
	err = r.client.visit(ctx, func(e *endpoint) error {
		answers, err := e.ask(ctx, []call{receiptCall(tx)})
		if err != nil || null(answers[0].result) {
			return err
		}
		receipt, err := decodeReceipt(answers[0].result)
		if err != nil {
			return err
		}
		out, err = l.inspect(ctx, e, receipt, tx)
		return err
	})
	if err != nil {
		return ports.Inspection{}, fmt.Errorf("inspect %s transaction %s: %w", r.network, id, err)
	}
	return out, nil
}

// inspect reads what a receipt says beside its transfers.
func (l look) inspect(ctx context.Context, e *endpoint, r receipt, tx Hash) (ports.Inspection, error) {
	if r.tx != tx {
		return ports.Inspection{}, fail(Contradicting, "a receipt of another transaction")
	}
	answers, err := e.ask(ctx, []call{blockCall(quantity(r.block))})
	if err != nil {
		return ports.Inspection{}, err
	}
	h, err := decodeHeaderAt(answers[0].result, r.block)
	if err == nil {
		err = r.in(h)
	}
	if err != nil {
		return ports.Inspection{}, err
	}
	out := ports.Inspection{Known: true, Failed: !r.success, Height: h.Number, BlockTime: h.Time}
	whole := array(r.logs, func(value []byte) {
		one, ok := decodeLog(value)
		if !ok || len(out.Strange) >= ports.InspectionSize {
			return
		}
		if p, because, odd := l.filter.odd(one); odd {
			out.Strange = append(out.Strange, l.tell(oddLog{one, p, because}, h))
		}
	})
	if !whole {
		return ports.Inspection{}, fail(Broken, "a receipt without sound logs")
	}
	return out, nil
}
