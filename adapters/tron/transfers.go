package tron

import (
	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/chain"
)

// look is one reading: what is looked for, and how what is found is told.
type look struct {
	filter ethrpc.Filter
	assets map[ethrpc.Address]chain.Asset
}

// look prepares a reading. What is no Tron address is left out: no wallet sends to it, and one bad
// row among the receivers must not stop the reading for everybody else.
func (c *Chain) look(assets []chain.Asset, receivers []chain.Address) look {
	l := look{assets: make(map[ethrpc.Address]chain.Asset, len(assets))}
	var contracts []ethrpc.Address
	for _, a := range assets {
		contract, ok := account(chain.Address(a.Contract))
		if _, twice := l.assets[contract]; ok && !twice && a.Network == chain.Tron {
			l.assets[contract] = a
			contracts = append(contracts, contract)
		}
	}
	to := make([]ethrpc.Address, 0, len(receivers))
	for _, r := range receivers {
		if b, ok := account(r); ok {
			to = append(to, b)
		}
	}
	l.filter = ethrpc.NewFilter(contracts, to, c.ignore)
	return l
}

// translate tells what was found in the domain's words.
func (l look) translate(found []ethrpc.Transfer) []chain.Transfer {
	out := make([]chain.Transfer, 0, len(found))
	for _, t := range found {
		out = append(out, chain.Transfer{
			Network: chain.Tron, TxID: chain.TxID(t.TxID.Hex()), Index: t.Position,
			Asset: l.assets[t.Contract], From: chain.TronAddress(t.From), To: chain.TronAddress(t.To),
			Units: t.Units, Height: t.Block.Number, BlockID: t.Block.ID.Hex(), BlockTime: t.Block.Time,
		})
	}
	return out
}

// account is the 20 bytes of an address exactly as Tron writes it: of its version, in its case.
func account(a chain.Address) (ethrpc.Address, bool) {
	b, ok := a.Bytes20()
	return b, ok && chain.TronAddress(b) == a
}
