package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
)

// TermsChange is what shall be different of a resource's terms; nil leaves as it is. Networks are named
// as merchants write them, and an empty list takes the choice away.
type TermsChange struct {
	Price                 *money.Amount
	Networks              *[]string
	PayTo                 *map[string]string // addresses by network
	Title, ServiceName    *string
	Description, MIMEType *string
	Tags                  *[]string
	Discoverable          *bool
	Timeout               *time.Duration
	Flow                  *resource.Flow
	UpTo                  *bool      // whether the price is the most that is paid
	ValidFrom, ValidUntil *time.Time // the zero time takes the bound away
}

// resolvedTerms is a change whose names were looked up.
type resolvedTerms struct {
	TermsChange

	networks []x402.Network
	payTo    map[x402.Network]x402.Address
}

// resolve looks up what a change names. It may ask a chain, so it is not done in a unit of work.
func (s Resources) resolve(ctx context.Context, c TermsChange, m merchant.Mode) (out resolvedTerms, err error) {
	out.TermsChange = c
	if c.Networks != nil {
		for _, name := range *c.Networks {
			rail, err := s.rail(m, name, "networks")
			if err != nil {
				return out, err
			}
			out.networks = append(out.networks, rail.Network())
		}
	}
	if c.PayTo != nil {
		out.payTo, err = s.resolvePayTo(ctx, *c.PayTo, m)
	}
	return out, err
}

func (s Resources) resolvePayTo(
	ctx context.Context, to map[string]string, m merchant.Mode,
) (out map[x402.Network]x402.Address, err error) {
	if m == merchant.Live && len(to) > 0 {
		return nil, resource.ErrPayToLive
	}
	for name, text := range to {
		rail, err := s.rail(m, name, "payTo")
		if err != nil {
			return nil, err
		}
		address, err := payeeAddress(ctx, rail, text)
		if err != nil {
			return nil, err
		}
		if _, twice := out[rail.Network()]; twice {
			return nil, resource.ErrInvalid.About("payTo").Saying("payTo names " + rail.Network().String() + " twice")
		}
		if out == nil {
			out = map[x402.Network]x402.Address{}
		}
		out[rail.Network()] = address
	}
	return out, nil
}

// assign replaces what a change names.
func assign[T any](into *T, to *T) {
	if to != nil {
		*into = *to
	}
}

// onto changes terms. Whether they can be sold on is package resource's to say.
func (c resolvedTerms) onto(t resource.Terms) resource.Terms {
	assign(&t.Price, c.Price)
	assign(&t.Title, c.Title)
	assign(&t.ServiceName, c.ServiceName)
	assign(&t.Description, c.Description)
	assign(&t.MIMEType, c.MIMEType)
	assign(&t.Tags, c.Tags)
	assign(&t.Discoverable, c.Discoverable)
	assign(&t.Timeout, c.Timeout)
	assign(&t.Flow, c.Flow)
	assign(&t.UpTo, c.UpTo)
	assign(&t.ValidFrom, c.ValidFrom)
	assign(&t.ValidUntil, c.ValidUntil)
	if c.Networks != nil {
		t.Networks = c.networks
	}
	if c.PayTo != nil {
		t.PayTo = c.payTo
	}
	if len(t.Tags) == 0 {
		t.Tags = nil
	}
	return t
}

// payeeAddress reads an address, exactly as written, and refuses those where money would be lost.
func payeeAddress(ctx context.Context, rail TokenRail, text string) (x402.Address, error) {
	parsed, err := chain.ParseEVMAddress(text)
	if err != nil {
		return x402.Address{}, fault.From(err).About("payTo")
	}
	address, _ := x402.AddressOf(parsed)
	tokens, err := rail.Chain.Tokens(ctx)
	if err != nil {
		return x402.Address{}, err
	}
	if slices.ContainsFunc(tokens, func(t x402.Token) bool { return t.Contract() == address }) {
		return x402.Address{}, chain.ErrInvalidAddress.About("payTo").Saying(
			"this is a token contract, not an account; money sent there is lost")
	}
	return address, nil
}

// rail finds the network a merchant names, if the gateway settles there.
func (s Resources) rail(m merchant.Mode, name, param string) (TokenRail, error) {
	if rail, settled := s.Rails.For(m, tokenNetwork(name)); settled {
		return rail, nil
	}
	var known []string
	for _, rail := range s.Rails.Of(m) {
		known = append(known, rail.Network().String())
	}
	say := "programs can pay on no network in " + m.String() + " mode on this gateway; its operator has to configure one"
	if len(known) > 0 {
		say = "in " + m.String() + " mode this gateway is paid by programs on " + strings.Join(known, ", ") + ", and nowhere else"
	}
	return TokenRail{}, chain.ErrUnsupportedNetwork.About(param).Saying(say)
}

// tokenNetwork reads a network by its CAIP-2 id, by its name in x402, or as wallets print it; 0 for
// what is none.
func tokenNetwork(name string) x402.Network {
	if n, ok := x402.ParseNetwork(x402.V2, name); ok {
		return n
	}
	if n, ok := x402.ParseNetwork(x402.V1, name); ok {
		return n
	}
	if n, err := chain.ParseNetwork(name); err == nil {
		return x402.NetworkOf(n)
	}
	return 0
}
