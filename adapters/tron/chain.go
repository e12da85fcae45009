package tron

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// What USDT's contract must say of itself.
const (
	usdtSymbol   = "USDT"
	usdtDecimals = 6
)

// Config says where and how the network is read. The zero value of everything but RPCURLs and Clock
// means the main network and no index.
type Config struct {
	RPCURLs      []string // of JSON-RPC, in order of preference; of TronGrid, the host suffices
	USDTContract string   // Base58Check
	ChainID      uint64
	TronGridURL  string // as in https://api.trongrid.io; "" means that no index is asked
	TronGridKey  string // sent to TronGrid only
	Clock        ports.Clock
	Timeout      time.Duration     // of one request; 0 means 15 seconds
	Transport    http.RoundTripper // nil means one of its own
}

// Chain reads Tron through JSON-RPC. It implements ports.Chain and is safe for concurrent use.
type Chain struct {
	client *ethrpc.Client
	usdt   chain.Asset

	mu      sync.Mutex
	ignored map[ethrpc.Reason]uint64
}

// New prepares a chain and, if TronGrid is configured, its explorer, which is nil otherwise. It
// asks nothing yet.
func New(cfg Config) (*Chain, *Grid, error) {
	if cfg.USDTContract == "" {
		cfg.USDTContract = chain.TronUSDT
	}
	if cfg.ChainID == 0 {
		cfg.ChainID = chain.TronChainID
	}
	contract, ok := account(chain.Address(cfg.USDTContract))
	if !ok {
		return nil, nil, fmt.Errorf("the USDT contract %q is not a Tron address", cfg.USDTContract)
	}
	endpoints, err := cfg.endpoints()
	if err != nil {
		return nil, nil, err
	}
	client, err := ethrpc.New(ethrpc.Config{
		Endpoints: endpoints, ChainID: cfg.ChainID, Version: acceptVersion, Now: cfg.Clock.Now,
		Tokens:  []ethrpc.Token{{Contract: contract, Symbol: usdtSymbol, Decimals: usdtDecimals}},
		Timeout: cfg.Timeout, Transport: cfg.Transport,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("tron: %w", err)
	}
	grid, err := newTronGrid(cfg)
	if err != nil {
		return nil, nil, err
	}
	return &Chain{
		client: client, ignored: map[ethrpc.Reason]uint64{},
		usdt: chain.Asset{
			Network: chain.Tron, Symbol: usdtSymbol, Decimals: usdtDecimals, Contract: cfg.USDTContract,
		},
	}, grid, nil
}

// Network implements ports.Chain.
func (c *Chain) Network() chain.Network { return chain.Tron }

// Assets implements ports.Chain.
func (c *Chain) Assets() []chain.Asset { return []chain.Asset{c.usdt} }

// Head implements ports.Chain.
func (c *Chain) Head(ctx context.Context) (chain.Head, error) {
	h, err := c.client.Head(ctx)
	if err != nil {
		return chain.Head{}, fmt.Errorf("read tron head: %w", err)
	}
	return chain.Head{
		Network: chain.Tron, Latest: h.Latest.Number,
		Final: h.Final.Number, FinalID: h.Final.ID.Hex(), FinalTime: h.Final.Time,
	}, nil
}

// Scan implements ports.Chain.
func (c *Chain) Scan(ctx context.Context, from, to uint64, watch ports.Watch) (ports.Span, error) {
	l := c.look(watch.Assets, watch.Receivers)
	r, err := c.client.Transfers(ctx, from, to, l.filter)
	if err != nil {
		return ports.Span{}, fmt.Errorf("scan tron blocks %d to %d: %w", from, to, err)
	}
	return ports.Span{
		From: from, To: to, ToID: r.Last.ID.Hex(), ToTime: r.Last.Time,
		Transfers: l.translate(r.Transfers),
	}, nil
}

// Seen implements ports.Chain.
func (c *Chain) Seen(
	ctx context.Context, head chain.Head, watch ports.Watch,
) ([]chain.Transfer, error) {
	l := c.look(watch.Assets, watch.Receivers)
	found, err := c.client.Above(ctx, head.Final, l.filter)
	if err != nil {
		return nil, fmt.Errorf("read tron blocks above %d: %w", head.Final, err)
	}
	return l.translate(found), nil
}

// BlockID implements ports.Chain.
func (c *Chain) BlockID(ctx context.Context, height uint64) (string, error) {
	h, err := c.client.Block(ctx, height)
	if err != nil {
		return "", fmt.Errorf("read tron block %d: %w", height, err)
	}
	return h.ID.Hex(), nil
}

// Lookup implements ports.Chain. What is not the id of any transaction is a transaction the chain
// does not have.
func (c *Chain) Lookup(ctx context.Context, id chain.TxID) ([]chain.Transfer, error) {
	var tx ethrpc.Hash
	if raw, err := hex.DecodeString(string(id)); err != nil || copy(tx[:], raw) != len(raw) ||
		len(raw) != len(tx) {
		return nil, nil
	}
	l := c.look(c.Assets(), nil)
	found, err := c.client.TransfersOf(ctx, tx, l.filter)
	if err != nil {
		return nil, fmt.Errorf("look up tron transaction %s: %w", id, err)
	}
	return l.translate(found), nil
}

// Endpoints answers how every node is doing, in order of preference.
func (c *Chain) Endpoints() []ethrpc.EndpointHealth { return c.client.Endpoints() }

// Ignored counts, by reason, the logs that nodes offered as transfers and that do not count.
func (c *Chain) Ignored() map[ethrpc.Reason]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[ethrpc.Reason]uint64, len(c.ignored))
	for reason, n := range c.ignored {
		out[reason] = n
	}
	return out
}

func (c *Chain) ignore(reason ethrpc.Reason, _ ethrpc.Log) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ignored[reason]++
}
