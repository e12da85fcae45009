package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Choice is how a payer wants to pay.
type Choice struct {
	Method checkout.Method
	// Network is as the payer writes it; "" if he leaves it to us, which is possible while there is
	// only one.
	Network string
	// Dedicated asks for an address of the payment's own in test mode, where the project may have no
	// address source yet.
	Dedicated bool
}

// ErrNetworkRequired asks for the network where a coin can be paid on several: money sent on another
// one than meant is lost, so nobody is left to guess.
var ErrNetworkRequired = fault.New(fault.Invalid, "network_required",
	"this coin can be paid on several networks; name one").About("network")

// network reads the network of a choice, "" if it names none. In test mode every network that
// carries the coin for real is played by the sandbox, so that a shop's code is tried as it will run.
func (c Choice) network(mode merchant.Mode) (chain.Network, error) {
	if c.Network == "" || mode == merchant.Test && c.Network == string(chain.Sandbox) {
		return chain.Network(c.Network), nil
	}
	n, err := chain.ParseNetwork(c.Network)
	if err != nil {
		return "", err
	}
	if mode != merchant.Test {
		return n, nil
	}
	if !slices.Contains(c.Method.Networks(), n) {
		return "", notCarried(c.Method, n, c.Method.Networks())
	}
	return chain.Sandbox, nil
}

// place is where a choice leads: an asset, and the merchant's address for it.
type place struct {
	asset    chain.Asset
	at       chain.Address             // "" when the payment gets one of its own
	matching checkout.Matching         // by which a payment there is recognised
	account  merchant.ReceivingAccount // zero on the sandbox chain, and where a payment has its own address
}

// receivers are where a project's money goes: its accounts, and the families of networks on which each
// payment has an address of its own.
type receivers struct {
	accounts  []merchant.ReceivingAccount
	dedicated map[chain.Family]bool
}

// receiversOf reads where a project's money goes at a moment.
func receiversOf(
	ctx context.Context, r ports.Repos, p merchant.ProjectID, now time.Time,
) (receivers, error) {
	found, err := receiversOfAll(ctx, r, []merchant.ProjectID{p}, now)
	return found[p], err
}

func receiversOfAll(
	ctx context.Context, r ports.Repos, of []merchant.ProjectID, now time.Time,
) (map[merchant.ProjectID]receivers, error) {
	accounts, err := r.Receiving.ListOf(ctx, of, now)
	if err != nil {
		return nil, err
	}
	sources, err := r.Sources.ListOf(ctx, of)
	if err != nil {
		return nil, err
	}
	found := make(map[merchant.ProjectID]receivers, len(of))
	for _, p := range of {
		to := receivers{onlyCurrent(accounts[p], now), map[chain.Family]bool{}}
		for _, s := range sources[p] {
			if s.State(now) == merchant.SourceActive {
				to.dedicated[s.Family] = true
			}
		}
		found[p] = to
	}
	return found, nil
}

// places lists where payments by a method can go for a project: every enabled network that carries
// the coin and that the project has an account or addresses on.
func (r Rails) places(
	m checkout.Method, who merchant.Principal, to receivers,
) ([]place, error) {
	assets, err := r.Assets(m, who.Mode)
	if err != nil {
		return nil, err
	}
	var out []place
	for _, a := range assets {
		if to.dedicate(a.Network) {
			out = append(out, place{asset: a, matching: checkout.Dedicated})
			continue
		}
		if at, ok := receiver(who.Project, a, to.accounts); ok {
			out = append(out, at)
		}
	}
	if len(out) == 0 {
		return nil, merchant.ErrReceivingMissing
	}
	return out, nil
}

// dedicate reports whether payments on a network have addresses of their own. In test mode they do if
// they would on any network for real money, so that a shop is tried as it will run.
func (to receivers) dedicate(n chain.Network) bool {
	if n == chain.Sandbox {
		return len(to.dedicated) > 0
	}
	return to.dedicated[n.KeyFamily()]
}

// receiver is where payments of an asset to a shared address go, given the accounts that are current. Test payments go to an address of the sandbox chain
// that no wallet accepts, never to the merchant's own: nobody shall send real money to a test page.
func receiver(
	p merchant.ProjectID, a chain.Asset, accounts []merchant.ReceivingAccount,
) (place, bool) {
	if a.Network == chain.Sandbox {
		return place{asset: a, at: chain.SandboxAddress("project " + string(p)), matching: checkout.Shared}, true
	}
	for _, o := range accounts {
		if o.Network == a.Network && o.Asset == a.Symbol {
			return place{a, o.Address, checkout.Shared, o}, true
		}
	}
	return place{}, false
}

// choose picks the place on a network, or the only one if none is named.
func choose(m checkout.Method, on chain.Network, among []place) (place, error) {
	networks := make([]chain.Network, len(among))
	for i, p := range among {
		networks[i] = p.asset.Network
	}
	switch at := slices.Index(networks, on); {
	case at >= 0:
		return among[at], nil
	case on != "":
		return place{}, notCarried(m, on, networks)
	case len(among) > 1:
		return place{}, ErrNetworkRequired.Saying(
			string(m) + " can be paid on several networks; name one of " + standards(networks))
	}
	return among[0], nil
}

func notCarried(m checkout.Method, n chain.Network, instead []chain.Network) error {
	return chain.ErrUnsupportedNetwork.Saying(
		string(m) + " cannot be paid on " + n.Standard() + " here; name one of " + standards(instead))
}

// standards lists networks as payers know them.
func standards(networks []chain.Network) string {
	names := make([]string, len(networks))
	for i, n := range networks {
		names[i] = n.Standard()
	}
	return strings.Join(names, ", ")
}

// switchedOff reports whether a project does not want a method.
func switchedOff(switched map[checkout.Method]bool, m checkout.Method) bool {
	on, touched := switched[m]
	return touched && !on
}
