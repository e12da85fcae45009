package relayer

import (
	"context"
	"math/big"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

const (
	// baseFeeRoom is how often the base fee may be had before a transaction waits: it rises by an eighth
	// with every full block.
	baseFeeRoom = 2
	// leastTip is what a block's maker is offered at least, in wei per gas.
	leastTip = 1_000_000
	// Gas is estimated with a quarter more: the state may be another by the time of the block.
	marginPart = 4
	// A replacement offers an eighth more; nodes ask for a tenth.
	raisePart = 8
)

// price is what gas costs now.
type price struct{ base, tip *big.Int }

func priceQuestions() []ethrpc.Question {
	return []ethrpc.Question{blockBy(latest), {Method: "eth_maxPriorityFeePerGas"}}
}

// priceOf reads what priceQuestions ask. A node that does not know what others tip is not doubted.
func (c *Chain) priceOf(replies []ethrpc.Reply) (p price, err error) {
	head, err := blockOf(replies[0])
	if err == nil {
		err = c.cfg.Client.Fresh(head.Header)
	}
	if err != nil {
		return p, err
	}
	if head.BaseFee == nil {
		return p, ethrpc.Doubt("it does not tell a base fee")
	}
	p = price{base: head.BaseFee, tip: big.NewInt(leastTip)}
	if tip, err := bigOf(replies[1]); err == nil && tip.Cmp(p.tip) > 0 {
		p.tip = tip
	}
	return p, nil
}

// fees are those of a new transaction at a price, within the cap. A cap that leaves no room above the
// price is still enough to be mined now.
func (r *Relay) fees(p price, gas uint64) (ports.RelayFees, error) {
	now := new(big.Int).Add(p.base, p.tip)
	most := new(big.Int).Mul(p.base, big.NewInt(baseFeeRoom))
	most.Add(most, p.tip)
	switch {
	case now.Cmp(r.maxFee) > 0:
		return ports.RelayFees{}, ports.ErrFeesTooHigh
	case most.Cmp(r.maxFee) > 0:
		most.Set(r.maxFee)
	}
	return ports.RelayFees{Gas: gas, MaxFee: most, Tip: new(big.Int).Set(p.tip), ExpectedPrice: now}, nil
}

// Quote implements ports.RelayFeed.
func (r *Relay) Quote(
	ctx context.Context, account x402.Address, d x402.Due, o ports.AuthorizationOrder,
) (ports.RelayFees, error) {
	to, input, most, err := r.settlement(account, d, o)
	if err != nil {
		return ports.RelayFees{}, err
	}
	estimate := ethrpc.Question{Method: "eth_estimateGas", Params: []any{map[string]any{
		"from": account.String(), "to": to.String(), "data": hexOf(input),
	}}}
	var out outcome
	var now price
	var gas *big.Int
	err = r.chain.cfg.Client.Ask(ctx, append(priceQuestions(), estimate), func(replies []ethrpc.Reply) (err error) {
		if now, err = r.chain.priceOf(replies); err != nil {
			return err
		}
		if replies[2].Refused != nil {
			out, err = outcomeOf(replies[2])
			return err
		}
		if gas, err = bigOf(replies[2]); err != nil {
			return ethrpc.Doubt("it does not tell how much gas a call takes")
		}
		return nil
	})
	switch {
	case err != nil:
		return ports.RelayFees{}, err
	case out.failed:
		return ports.RelayFees{}, simulated(out)
	case !gas.IsUint64() || gas.Uint64() > most:
		return ports.RelayFees{}, x402.ReasonSimulation.Refuse("settling this payment takes more gas than a payment may")
	}
	return r.fees(now, min(gas.Uint64()+gas.Uint64()/marginPart, most))
}

// Raise implements ports.RelayFeed.
func (r *Relay) Raise(ctx context.Context, was ports.RelayFees) (out ports.RelayFees, err error) {
	var now price
	err = r.chain.cfg.Client.Ask(ctx, priceQuestions(), func(replies []ethrpc.Reply) (err error) {
		now, err = r.chain.priceOf(replies)
		return err
	})
	if err != nil {
		return out, err
	}
	out = ports.RelayFees{
		Gas: was.Gas, MaxFee: raised(was.MaxFee), Tip: raised(was.Tip), ExpectedPrice: new(big.Int).Add(now.base, now.tip),
	}
	if now.tip.Cmp(out.Tip) > 0 {
		out.Tip.Set(now.tip)
	}
	room := new(big.Int).Mul(now.base, big.NewInt(baseFeeRoom))
	if room.Add(room, out.Tip); room.Cmp(out.MaxFee) > 0 && room.Cmp(r.maxFee) <= 0 {
		out.MaxFee = room
	}
	if out.Tip.Cmp(out.MaxFee) > 0 {
		out.MaxFee.Set(out.Tip)
	}
	if out.MaxFee.Cmp(r.maxFee) > 0 {
		return ports.RelayFees{}, ports.ErrFeesTooHigh
	}
	return out, nil
}

// raised is an eighth more, rounded up.
func raised(n *big.Int) *big.Int {
	step := new(big.Int).Add(n, big.NewInt(raisePart-1))
	step.Div(step, big.NewInt(raisePart))
	return step.Add(step, n)
}
