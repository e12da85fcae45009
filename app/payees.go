package app

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// coinSold is the coin resources are sold for, unless they say otherwise.
const coinSold = "USDC"

// PayeeProblem is why a resource cannot be paid on a network.
type PayeeProblem string

// The problems.
const (
	PayeeNotChosen PayeeProblem = "not_chosen"                 // the merchant named other networks
	PayeeNoRail    PayeeProblem = "network_not_enabled"        // the gateway settles nothing there, any more
	PayeeNoAccount PayeeProblem = "receiving_account_missing"  // live money has nowhere to go
	PayeeTampered  PayeeProblem = "receiving_account_tampered" // the account is not as it was recorded
)

// Payee is where the money for a resource goes on a network: To, or nowhere because of a Problem.
type Payee struct {
	Network x402.Network
	To      x402.Address
	Problem PayeeProblem // "" for none
}

// payees lists, in order of preference, every network of the resource's mode and where its money goes
// there. accounts are the current ones of its project. Live money goes to a sealed receiving account or
// nowhere, whatever the resource says.
func (rs TokenRails) payees(
	v ports.Vault, s resource.Snapshot, accounts []merchant.ReceivingAccount,
) (out []Payee) {
	for _, rail := range rs.Of(s.Mode) {
		p := Payee{Network: rail.Network()}
		switch {
		case len(s.Terms.Networks) > 0 && !slices.Contains(s.Terms.Networks, p.Network):
			p.Problem = PayeeNotChosen
		case s.Mode == merchant.Live:
			p.To, p.Problem = livePayee(v, rail.Watched, s.Terms.Coin(), accounts)
		default:
			p.To = testPayee(s, p.Network)
		}
		out = append(out, p)
	}
	for _, n := range s.Terms.Networks {
		if _, settled := rs.For(s.Mode, n); !settled {
			out = append(out, Payee{Network: n, Problem: PayeeNoRail})
		}
	}
	return out
}

func livePayee(
	v ports.Vault, n chain.Network, coin string, accounts []merchant.ReceivingAccount,
) (to x402.Address, problem PayeeProblem) {
	at := slices.IndexFunc(accounts, func(a merchant.ReceivingAccount) bool {
		return n != "" && a.Network == n && a.Asset == coin
	})
	if at < 0 {
		return to, PayeeNoAccount
	}
	if !isSealed(v, accounts[at]) {
		return to, PayeeTampered
	}
	to, ok := x402.AddressOf(accounts[at].Address)
	if !ok {
		return x402.Address{}, PayeeNoAccount
	}
	return to, ""
}

// testPayee is where test money goes: where the resource says, or to an address nobody needs a key to,
// the same one for all of a project.
func testPayee(s resource.Snapshot, n x402.Network) x402.Address {
	if to, said := s.Terms.PayTo[n]; said {
		return to
	}
	var to x402.Address
	sum := sha256.Sum256([]byte("101pay x402 test payee of " + string(s.ProjectID)))
	copy(to[:], sum[:])
	return to
}

// ResourceView is a resource as its merchant sees it.
type ResourceView struct {
	resource.Snapshot
	State  resource.State
	Payees []Payee
	// Unreachable warns that its upstream could not be asked just now.
	Unreachable bool
}

func (s Resources) view(
	r *resource.Resource, accounts []merchant.ReceivingAccount, now time.Time,
) ResourceView {
	snapshot := r.Snapshot()
	return ResourceView{
		Snapshot: snapshot, State: snapshot.State(now),
		Payees: s.Rails.payees(s.Core.Vault, snapshot, accounts),
	}
}
