// Package relayer checks payments by authorization (EIP-3009) and by permit (Permit2) on networks of
// Ethereum's kind, and sends the transactions that settle them.
//
// It owns what a token, a payer and a wallet contract are asked before a payment is taken, how the answer
// of a simulation is told from the failure of a node, what a settlement's transaction is and how it is
// signed, and what it may cost. It does not own which node is asked and when its answer counts (package
// ethrpc), in what order nonces are given out, when something is sent again, or what a receipt proves.
//
// Invariants:
//   - A key signs calls of transferWithAuthorization to listed tokens with value 0, the same behind the
//     deployment of a wallet by a listed factory, calls of settle and settleWithPermit to the two contracts
//     of x402 that move listed tokens by Permit2, and transfers of nothing to itself; all within caps of gas
//     and fees. It is never printed.
//   - Whoever has code is judged by that code alone; whoever has none, by his key. A signature inside an
//     ERC-6492 wrapper proves nothing by itself: deployment, question and transfer are simulated in one
//     call.
//   - What a node says of itself (a failure, a limit, an unknown error) is never a word about a payment.
package relayer

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Listed is a token that may be taken: its contract, and the decimals we count in.
type Listed struct {
	Contract x402.Address
	Decimals uint8
}

// Config says which network is asked, and what for.
type Config struct {
	Network   x402.Network
	Client    *ethrpc.Client // of that network
	Tokens    []Listed       // in order of preference
	Factories []x402.Address // that may deploy the wallets of payers
	Sender    x402.Address   // in whose name transfers are simulated; zero for nobody's
	// Permits says that payments by Permit2 are taken too, where its contracts are.
	Permits bool
	Clock   ports.Clock
}

// Chain asks one network about payments. It implements ports.TokenChain and is safe for concurrent use.
type Chain struct {
	cfg Config

	mu     sync.Mutex
	proven map[x402.Address]standing
}

// standing is what a listed token came to when it was asked.
type standing struct {
	token   x402.Token
	problem string // why it is not offered, "" if it is
	at      time.Time
}

// askAgain is how long a token that is not as listed is left alone; its issuer may upgrade it, or a node
// have told nonsense.
const askAgain = 10 * time.Minute

// New prepares a chain. It asks nothing yet.
func New(cfg Config) (*Chain, error) {
	if cfg.Network == 0 || cfg.Client == nil || cfg.Clock == nil || len(cfg.Tokens) == 0 {
		return nil, errors.New("a network of tokens needs its chain id, its nodes, a clock and a token")
	}
	return &Chain{cfg: cfg, proven: map[x402.Address]standing{}}, nil
}

// Network implements ports.TokenChain.
func (c *Chain) Network() x402.Network { return c.cfg.Network }

// Tokens implements ports.TokenChain. A token is asked once for all; one that is not as listed now and
// then again, and until then it is not there.
func (c *Chain) Tokens(ctx context.Context) (out []x402.Token, err error) {
	for _, l := range c.cfg.Tokens {
		s, err := c.standing(ctx, l)
		if err != nil {
			return nil, err
		}
		if s.problem == "" {
			out = append(out, s.token)
		}
	}
	return out, nil
}

// Problems says why listed tokens are not among Tokens.
func (c *Chain) Problems(ctx context.Context) (out []string, err error) {
	for _, l := range c.cfg.Tokens {
		s, err := c.standing(ctx, l)
		if err != nil {
			return nil, err
		}
		if s.problem != "" {
			out = append(out, l.Contract.String()+": "+s.problem)
		}
	}
	return out, nil
}

// standing asks a token, unless it is known.
func (c *Chain) standing(ctx context.Context, l Listed) (standing, error) {
	c.mu.Lock()
	s, known := c.proven[l.Contract]
	c.mu.Unlock()
	if known && (s.problem == "" || c.cfg.Clock.Now().Sub(s.at) < askAgain) {
		return s, nil
	}
	s, err := c.judge(ctx, l)
	if err != nil {
		return standing{}, err
	}
	s.at = c.cfg.Clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proven[l.Contract] = s
	return s, nil
}

// lists reports whether a token is listed.
func (c *Chain) lists(contract x402.Address) bool {
	return slices.ContainsFunc(c.cfg.Tokens, func(l Listed) bool { return l.Contract == contract })
}
