package ethrpc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// ErrMisfit says that what was configured is not what is there: another chain, another token, or a
// node too old. Waiting does not help.
var ErrMisfit = errors.New("the configuration and the nodes contradict each other")

// Script is how a network writes addresses.
type Script struct {
	// Read answers the bytes of an address in its canonical text; ok is false for any other text.
	Read  func(chain.Address) (b Address, ok bool)
	Print func(Address) chain.Address
}

// Rail tells what a Client reads in the domain's words. It implements ports.Chain and is safe for
// concurrent use.
type Rail struct {
	client  *Client
	network chain.Network
	assets  []chain.Asset
	own     *chain.Asset // the network's own coin, among assets, or nil
	script  Script

	mu      sync.Mutex
	ignored map[Reason]uint64
}

// NewRail speaks for a client, of a network that carries assets.
func NewRail(c *Client, n chain.Network, assets []chain.Asset, s Script) *Rail {
	r := &Rail{client: c, network: n, assets: assets, script: s, ignored: map[Reason]uint64{}}
	if at := slices.IndexFunc(assets, chain.Asset.IsNative); at >= 0 {
		r.own = &assets[at]
	}
	return r
}

// Network implements ports.Chain.
func (r *Rail) Network() chain.Network { return r.network }

// Assets implements ports.Chain. The network's own coin is among them while a node is known to trace.
func (r *Rail) Assets() []chain.Asset {
	out := slices.Clone(r.assets)
	if r.own != nil && !r.client.Traces() {
		out = slices.DeleteFunc(out, chain.Asset.IsNative)
	}
	return out
}

// Native is the network's own coin, if it is among what may be read here, whether or not a node can.
func (r *Rail) Native() (chain.Asset, bool) {
	if r.own == nil {
		return chain.Asset{}, false
	}
	return *r.own, true
}

// Head implements ports.Chain.
func (r *Rail) Head(ctx context.Context) (chain.Head, error) {
	h, err := r.client.Head(ctx)
	if err != nil {
		return chain.Head{}, fmt.Errorf("read %s head: %w", r.network, err)
	}
	if r.own != nil {
		r.client.AskTraces(ctx)
	}
	return chain.Head{
		Network: r.network, Latest: h.Latest.Number,
		Final: h.Final.Number, FinalID: h.Final.ID.Hex(), FinalTime: h.Final.Time,
	}, nil
}

// Scan implements ports.Chain.
func (r *Rail) Scan(ctx context.Context, from, to uint64, watch ports.Watch) (ports.Span, error) {
	l := r.look(watch.Assets, watch.Receivers)
	read, err := l.scan(ctx, from, to)
	if err != nil {
		return ports.Span{}, fmt.Errorf("scan %s blocks %d to %d: %w", r.network, from, to, err)
	}
	span := ports.Span{
		From: from, To: to, ToID: read.Last.ID.Hex(), ToTime: read.Last.Time,
		Transfers: l.translate(read.Transfers),
	}
	if from > 0 {
		span.ParentID = read.Parent.Hex()
	}
	return span, nil
}

// Seen implements ports.Chain.
func (r *Rail) Seen(
	ctx context.Context, head chain.Head, watch ports.Watch,
) ([]chain.Transfer, error) {
	l := r.look(watch.Assets, watch.Receivers)
	found, err := r.client.Above(ctx, head.Final, l.filter)
	if err == nil && l.traces() {
		var moved []Transfer
		moved, err = r.client.MovesAbove(ctx, head.Final, l.filter)
		found = append(found, moved...)
		inChainOrder(found)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s blocks above %d: %w", r.network, head.Final, err)
	}
	return l.translate(found), nil
}

// BlockID implements ports.Chain.
func (r *Rail) BlockID(ctx context.Context, height uint64) (string, error) {
	h, err := r.client.Block(ctx, height)
	if err != nil {
		return "", fmt.Errorf("read %s block %d: %w", r.network, height, err)
	}
	return h.ID.Hex(), nil
}

// Holds implements ports.Chain. What is not the id of any block is a block the chain does not have.
func (r *Rail) Holds(ctx context.Context, blocks map[uint64]string) (bool, error) {
	wanted := make(map[uint64]Hash, len(blocks))
	for height, id := range blocks {
		hash, ok := readHash(id)
		if !ok {
			return false, nil
		}
		wanted[height] = hash
	}
	whole, err := r.client.Holds(ctx, wanted)
	if err != nil {
		return false, fmt.Errorf("read %d %s blocks: %w", len(blocks), r.network, err)
	}
	return whole, nil
}

// Lookup implements ports.Chain. What is not the id of any transaction is a transaction the chain
// does not have.
func (r *Rail) Lookup(ctx context.Context, id chain.TxID) ([]chain.Transfer, error) {
	tx, ok := readHash(string(id))
	if !ok {
		return nil, nil
	}
	l := r.look(r.Assets(), nil)
	found, err := r.client.TransfersOf(ctx, tx, l.filter)
	if err == nil && l.native {
		var moved []Transfer
		moved, err = r.client.MovesOf(ctx, tx)
		found = append(found, moved...)
	}
	if err != nil {
		return nil, fmt.Errorf("look up %s transaction %s: %w", r.network, id, err)
	}
	return l.translate(found), nil
}

// Check asks every node whether it serves the configured chain, carries the assets with the decimals
// we count in, and is new enough. The error is nil if at least one node is fit, which is enough to
// work with; it is ErrMisfit if none is and a node contradicts the configuration, and
// ports.ErrChainUnavailable if none could be asked. It names every node that is not fit.
func (r *Rail) Check(ctx context.Context) ([]Checked, error) {
	checked := r.client.Check(ctx)
	verdict := error(ports.ErrChainUnavailable)
	var problems []string
	for _, one := range checked {
		if one.Class == None {
			return checked, nil
		}
		if one.Class.Misfit() {
			verdict = ErrMisfit
		}
		problems = append(problems, fmt.Sprintf("%s (%s): %s", one.Health.Host, one.Class, one.Problem))
	}
	return checked, fmt.Errorf("no %s node is fit: %s: %w", r.network, strings.Join(problems, "; "), verdict)
}

// Endpoints answers how every node is doing, in order of preference.
func (r *Rail) Endpoints() []EndpointHealth { return r.client.Endpoints() }

// Ignored counts, by reason, the logs that nodes offered as transfers and that do not count.
func (r *Rail) Ignored() map[Reason]uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[Reason]uint64, len(r.ignored))
	for reason, n := range r.ignored {
		out[reason] = n
	}
	return out
}

func (r *Rail) ignore(reason Reason, _ Log) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ignored[reason]++
}

// look is one reading: what is looked for, and how what is found is told.
type look struct {
	*Rail
	filter Filter
	told   map[Address]chain.Asset
	native bool // whether the network's own coin is looked for
}

// traces reports whether anything can only be found in traces.
func (l *look) traces() bool { return l.native && len(l.filter.receivers) > 0 }

// scan reads a range of final blocks, of tokens by their logs and of the network's own coin by traces,
// which must be of the same blocks.
func (l *look) scan(ctx context.Context, from, to uint64) (Range, error) {
	if l.traces() && to >= from && to-from >= maxTraceSpan {
		return Range{}, ports.ErrSpanTooWide
	}
	read, err := l.client.Transfers(ctx, from, to, l.filter)
	if err != nil || !l.traces() {
		return read, err
	}
	moved, err := l.client.Moves(ctx, from, to, l.filter)
	switch {
	case err != nil:
		return Range{}, err
	case moved.Last.ID != read.Last.ID:
		return Range{}, fmt.Errorf("the logs and the traces are of different blocks %d: %w", to, ports.ErrChainUnavailable)
	case from < to && len(read.Transfers)+len(moved.Transfers) > ports.MaxScanTransfers:
		return Range{}, ports.ErrSpanTooWide
	}
	read.Transfers = append(read.Transfers, moved.Transfers...)
	inChainOrder(read.Transfers)
	return read, nil
}

// look prepares a reading. What is no address of the network is left out: no wallet sends to it, and
// one bad row among the receivers must not stop the reading for everybody else.
func (r *Rail) look(assets []chain.Asset, receivers []chain.Address) look {
	l := look{Rail: r, told: make(map[Address]chain.Asset, len(assets))}
	var contracts []Address
	for _, a := range assets {
		if r.own != nil && a == *r.own {
			l.native = true
			continue
		}
		contract, ok := r.script.Read(chain.Address(a.Contract))
		if _, twice := l.told[contract]; ok && !twice && a.Network == r.network {
			l.told[contract] = a
			contracts = append(contracts, contract)
		}
	}
	to := make([]Address, 0, len(receivers))
	for _, receiver := range receivers {
		if b, ok := r.script.Read(receiver); ok {
			to = append(to, b)
		}
	}
	l.filter = NewFilter(contracts, to, r.ignore)
	return l
}

// translate tells what was found in the domain's words.
func (l look) translate(found []Transfer) []chain.Transfer {
	out := make([]chain.Transfer, 0, len(found))
	for _, t := range found {
		asset := l.told[t.Contract]
		if t.Native {
			asset = *l.own
		}
		out = append(out, chain.Transfer{
			Network: l.network, TxID: chain.TxID(t.TxID.Hex()), Index: t.Position,
			Asset: asset, From: l.script.Print(t.From), To: l.script.Print(t.To),
			Units: t.Units, Height: t.Block.Number, BlockID: t.Block.ID.Hex(), BlockTime: t.Block.Time,
		})
	}
	return out
}
