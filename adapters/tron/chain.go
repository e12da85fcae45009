package tron

import (
	"fmt"
	"net/http"
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
	*ethrpc.Rail
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
	usdt := chain.Asset{
		Network: chain.Tron, Symbol: usdtSymbol, Decimals: usdtDecimals, Contract: cfg.USDTContract,
	}
	script := ethrpc.Script{
		Read:  account,
		Print: func(b ethrpc.Address) chain.Address { return chain.TronAddress(b) },
	}
	return &Chain{ethrpc.NewRail(client, chain.Tron, []chain.Asset{usdt}, script)}, grid, nil
}

// account is the 20 bytes of an address exactly as Tron writes it: of its version, in its case.
func account(a chain.Address) (ethrpc.Address, bool) {
	b, ok := a.Bytes20()
	return b, ok && chain.TronAddress(b) == a
}
