package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/101pay/101pay/adapters/facilitator"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/rest/paywall"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
)

// paywallCommand puts a server behind x402, without a database of its own: a facilitator settles.
type paywallCommand struct {
	Upstream string        `required:"" help:"the server to sell, as in http://127.0.0.1:3000"`
	PayTo    string        `required:"" help:"where the money goes: your address"`
	Network  []string      `default:"base" help:"where it may be paid, as in base,polygon; base-sepolia for tests"`
	Price    []string      `sep:"none" help:"what requests cost in USDC, as in 'GET /weather/{city}=0.01'; once for every rule"`
	Tool     []string      `sep:"none" help:"what a tool of an MCP server costs in USDC, as in '/mcp weather=0.01'; once for every tool"`
	Free     []string      `sep:"none" help:"what is free, as in 'GET /health'; everything that is named nowhere is answered 404"`
	Upfront  bool          `help:"have the money moved before the server is asked, for requests that cannot be taken back"`
	Timeout  time.Duration `default:"60s" help:"how long a payment may take"`
}

// paywallAnswerLimit is how long an answer may take: the server behind and the network take their time.
const paywallAnswerLimit = 3 * time.Minute

// Run implements the command.
func (w *paywallCommand) Run(p process, c *Config) error {
	log := logger(p, c)
	handler, err := w.handler(c, log)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(p.ctx, "tcp", c.ListenAddr)
	if err != nil {
		return fmt.Errorf("LISTEN_ADDR: %w", err)
	}
	server := edge.Server(c.ListenAddr, handler, log)
	server.WriteTimeout = paywallAnswerLimit
	_, _ = fmt.Fprintf(p.stdout, "Selling %s at %s.\n", w.Upstream, c.PublicURL)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-p.ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), paywallAnswerLimit)
	defer cancel()
	return server.Shutdown(deadline) // payments under way are answered first
}

// handler is the server's server.
func (w *paywallCommand) handler(c *Config, log *slog.Logger) (http.Handler, error) {
	if c.X402.FacilitatorURL == "" {
		return nil, errors.New("X402_FACILITATOR_URL is needed: of a 101pay gateway it is its address with " +
			"/facilitator, and X402_FACILITATOR_TOKEN is an API key of your account there")
	}
	settles, err := facilitator.New(facilitator.Options{
		URL: c.X402.FacilitatorURL, Token: c.X402.FacilitatorToken, Clock: system.Clock{},
	})
	if err != nil {
		return nil, err
	}
	upstream, err := url.Parse(w.Upstream)
	if err != nil {
		return nil, errors.New("--upstream is not a URL")
	}
	rules, err := w.rules()
	if err != nil {
		return nil, err
	}
	gate, err := paywall.New(paywall.Options{Facilitator: settles, PublicURL: c.PublicURL, Log: log})
	if err != nil {
		return nil, err
	}
	handlers, err := gate.Proxy(upstream, rules)
	if err != nil {
		return nil, err
	}
	const everything = "/*path"
	engine := edge.NewEngine(edge.Options{
		Log: log, TrustedProxies: c.proxies, Secure: strings.HasPrefix(c.PublicURL, "https://"),
		BodyLimits: map[string]int64{everything: paywall.MaxRequestBytes},
	})
	engine.Any(everything, handlers...)
	return engine, nil
}

// rules reads what costs what.
func (w *paywallCommand) rules() ([]paywall.Rule, error) {
	var out []paywall.Rule
	for _, text := range w.Price {
		pattern, price, err := w.priced("price", text)
		if err != nil {
			return nil, err
		}
		out = append(out, paywall.Rule{Pattern: pattern, Price: &price})
	}
	tools := map[string]paywall.Tools{}
	for _, text := range w.Tool {
		at, price, err := w.priced("tool", text)
		if err != nil {
			return nil, err
		}
		path, name, found := strings.Cut(at, " ")
		if !found || !strings.HasPrefix(path, "/") {
			return nil, fmt.Errorf("--tool %q must be a path, a tool and a price, as in '/mcp weather=0.01'", text)
		}
		if tools[path] == nil {
			tools[path] = paywall.Tools{}
			out = append(out, paywall.Rule{Pattern: path, Tools: tools[path]})
		}
		tools[path][name] = price
	}
	for _, pattern := range w.Free {
		out = append(out, paywall.Rule{Pattern: pattern})
	}
	if len(w.Price)+len(w.Tool) == 0 {
		return nil, errors.New("nothing has a price: say --price or --tool")
	}
	return out, nil
}

// priced reads what something costs: what, an equals sign, USDC.
func (w *paywallCommand) priced(flag, text string) (what string, price paywall.Price, err error) {
	at := strings.LastIndex(text, "=")
	if at < 0 {
		return "", price, fmt.Errorf("--%s %q must end in a price, as in =0.01", flag, text)
	}
	amount, err := money.ParsePrice(money.USDC, text[at+1:])
	if err != nil {
		return "", price, fmt.Errorf("--%s %q: %w", flag, text, err)
	}
	price.Ways, err = w.ways(amount)
	price.Upfront = w.Upfront
	return strings.TrimSpace(text[:at]), price, err
}

// ways are the networks on which a price may be paid.
func (w *paywallCommand) ways(amount money.Amount) (out []x402.Requirements, err error) {
	to, ok := x402.ParseAddress(w.PayTo)
	if !ok {
		return nil, errors.New("--pay-to must be an address of 0x and 40 hexadecimal digits")
	}
	units, ok := x402.UintOf(amount.Minor())
	if !ok {
		return nil, errors.New("the price is too high")
	}
	for _, name := range w.Network {
		token, err := usdcOn(name)
		if err != nil {
			return nil, err
		}
		out = append(out, x402.Requirements{Token: token, Amount: units, PayTo: to, Timeout: w.Timeout})
	}
	return out, nil
}

// usdcOn is Circle's USDC on a network, as its contract calls itself (the facilitator compares).
func usdcOn(network string) (x402.Token, error) {
	if network == testNetwork {
		return sandbox.USDC, nil
	}
	for _, a := range chain.Network(network).Tokens() {
		// What is not of six decimals is a bridge's, and takes no authorizations.
		at, ok := x402.AddressOf(chain.Address(a.Contract))
		if n := x402.NetworkOf(a.Network); ok && n != 0 && a.Symbol == payable && a.Decimals == 6 {
			return x402.NewToken(n, at, "USD Coin", "2")
		}
	}
	return x402.Token{}, fmt.Errorf("--network %q: no USDC there that takes payments by authorization; "+
		"names are ethereum, polygon, arbitrum, base, optimism, avalanche and base-sepolia", network)
}
