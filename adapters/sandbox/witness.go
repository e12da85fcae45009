package sandbox

import (
	"context"
	"slices"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// endpoints is how many honest endpoints the simulated network plays, so that a policy that asks for
// two can be tried.
const endpoints = 2

// Sources implements ports.Witness.
func (c *Chain) Sources() int { return endpoints }

// Witnesses implements ports.Witness. All endpoints of a simulated network say the same.
func (c *Chain) Witnesses(ctx context.Context, t chain.Transfer, n int) (agreeing int, err error) {
	head, err := c.Head(ctx)
	if err != nil {
		return 0, err
	}
	if t.Height > head.Final {
		return 0, ports.ErrChainUnavailable
	}
	found, err := c.Lookup(ctx, t.TxID)
	if err != nil {
		return 0, err
	}
	there := slices.ContainsFunc(found, func(o chain.Transfer) bool {
		return o.Index == t.Index && o.Asset == t.Asset && o.To == t.To && t.Units != nil &&
			o.Units.Cmp(t.Units) == 0 && o.Height == t.Height && o.BlockID == t.BlockID
	})
	switch {
	case !there:
		return 0, ports.ErrSourcesDisagree
	case n > endpoints:
		return endpoints, ports.ErrChainUnavailable
	}
	return n, nil
}
