package ethrpc

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// Sources is how many different endpoints can prove a transfer of a token or, native, of the chain's own
// coin, which those can that are known to trace. Two addresses of one host are one: the same company
// would answer twice.
func (c *Client) Sources(native bool) int {
	hosts := map[string]bool{}
	for _, e := range c.endpoints {
		if !native || e.tracesBy() != noTrace {
			hosts[e.host] = true
		}
	}
	return len(hosts)
}

// Claim is a transfer that endpoints are asked to prove.
type Claim struct {
	Native       bool // of the chain's own coin; Contract means nothing then
	Contract, To Address
	Units        *big.Int
	TxID         Hash
	Position     uint32
	Height       uint64
	BlockID      Hash
}

// Witnesses asks one endpoint after another to prove a transfer, each by its own receipt in a block it
// holds for final, and a movement of the chain's own coin by its own trace too, until n agree.
func (c *Client) Witnesses(ctx context.Context, claim Claim, n int) (agreeing int, err error) {
	agreed := map[string]bool{}
	var against, silent []string
	for _, e := range inOrder(c.endpoints) {
		if agreed[e.host] || !e.admit() {
			continue
		}
		err := c.try(ctx, e, func(e *endpoint) error { return e.testify(ctx, claim) })
		f, failed := asFailure(err)
		switch {
		case err == nil:
			agreed[e.host] = true
			if len(agreed) >= n {
				return len(agreed), nil
			}
		case errors.Is(err, errNoTrace):
			silent = append(silent, e.host+" "+err.Error())
		case !failed:
			return len(agreed), err
		case f.class == Contradicting:
			against = append(against, e.host+" "+f.Error())
		default:
			silent = append(silent, e.host+" "+f.Error())
		}
	}
	if len(against) > 0 {
		return len(agreed), fmt.Errorf("%s: %w", strings.Join(against, "; "), ports.ErrSourcesDisagree)
	}
	if len(silent) == 0 {
		silent = []string{"too few endpoints can be asked"}
	}
	return len(agreed), c.unavailable(silent)
}

// testify has an endpoint prove a claim. An endpoint that calls the block's height final has the block,
// so that "no such transaction" from it is a contradiction and not silence.
func (e *endpoint) testify(ctx context.Context, claim Claim) error {
	if err := e.reach(ctx, claim.Height); err != nil {
		return err
	}
	answers, err := e.ask(ctx, []call{receiptCall(claim.TxID), blockCall(quantity(claim.Height))})
	if err != nil {
		return err
	}
	h, err := decodeHeaderAt(answers[1].result, claim.Height)
	if err != nil {
		return err
	}
	if h.ID != claim.BlockID {
		return fail(Contradicting, fmt.Sprintf("another block %d than the transfer's", claim.Height))
	}
	if null(answers[0].result) {
		return fail(Contradicting, "it knows no such transaction")
	}
	r, err := decodeReceipt(answers[0].result)
	if err != nil {
		return err
	}
	if r.tx != claim.TxID {
		return fail(Contradicting, "a receipt of another transaction")
	}
	if err := r.in(h); err != nil {
		return err
	}
	found, told, err := e.told(ctx, r, h, claim)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(found, claim.is) {
		return fail(Contradicting, "its "+told+" does not hold the transfer")
	}
	return nil
}

// told lists what an endpoint tells of what the claim's transaction moved, and where it tells that: the
// logs of the receipt, or for the chain's own coin the trace. Who cannot trace cannot tell.
func (e *endpoint) told(
	ctx context.Context, r receipt, h Header, claim Claim,
) (found []Transfer, by string, err error) {
	if !claim.Native {
		found, err = r.transfers(h, NewFilter([]Address{claim.Contract}, nil, nil).toAnyone())
		return found, "receipt", err
	}
	m, err := e.traceWith(ctx)
	if err != nil {
		return nil, "", err
	}
	found, err = e.traceOne(ctx, m, r, claim.TxID)
	if e.lostTraces(err) {
		err = errNoTrace
	}
	return found, "trace", err
}

// is reports whether a transfer is the claimed one.
func (c *Claim) is(t Transfer) bool {
	return t.TxID == c.TxID && t.Position == c.Position && t.Native == c.Native &&
		(c.Native || t.Contract == c.Contract) && t.To == c.To &&
		t.Units.Cmp(c.Units) == 0 && t.Block.Number == c.Height && t.Block.ID == c.BlockID
}

// Sources implements ports.Witness.
func (r *Rail) Sources(a chain.Asset) int {
	if !slices.Contains(r.assets, a) {
		return 0
	}
	return r.client.Sources(a.IsNative())
}

// Witnesses implements ports.Witness.
func (r *Rail) Witnesses(ctx context.Context, t chain.Transfer, n int) (agreeing int, err error) {
	native := r.own != nil && t.Asset == *r.own
	contract, isContract := r.script.Read(chain.Address(t.Asset.Contract))
	to, isAddress := r.script.Read(t.To)
	tx, isTx := readHash(string(t.TxID))
	block, isBlock := readHash(t.BlockID)
	if !isContract && !native || !isAddress || !isTx || !isBlock || t.Network != r.network || t.Units == nil {
		return 0, fmt.Errorf("transfer %s/%d is none of %s: %w", t.TxID, t.Index, r.network,
			ports.ErrSourcesDisagree)
	}
	claim := Claim{
		Native: native, Contract: contract, To: to, Units: t.Units, TxID: tx, Position: t.Index, Height: t.Height,
		BlockID: block,
	}
	agreeing, err = r.client.Witnesses(ctx, claim, n)
	if err != nil {
		err = fmt.Errorf("prove %s transaction %s by %d endpoints: %w", r.network, t.TxID, n, err)
	}
	return agreeing, err
}
