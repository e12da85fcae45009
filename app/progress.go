package app

import (
	"context"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Progress is a session together with everything its payer may want to know.
type Progress struct {
	Session checkout.Snapshot
	Payee   string         // the name of the merchant the money is for
	Website string         // of the project, "" if none
	Offers  []Offer        // what the payer may choose from: methods in the source's order, each on its networks
	Seen    []SeenTransfer // what the chain says was sent for this session, oldest first
	Rail    RailState      // of the intent's network; zero before a method was chosen
	Now     time.Time
}

// Offer is a method the project takes, on one network.
type Offer struct {
	Method    checkout.Method
	Asset     chain.Asset
	Available bool // false while nobody reads its network
}

// SeenState says what became of a transfer.
type SeenState string

// The states of a transfer. Sighted ones are not final and may vanish.
const (
	SeenSighted   SeenState = "sighted"
	SeenSettled   SeenState = SeenState(ports.Settled)
	SeenPart      SeenState = SeenState(ports.Part)
	SeenHeld      SeenState = SeenState(ports.Held)
	SeenDuplicate SeenState = SeenState(ports.Duplicate)
	SeenReversed  SeenState = SeenState(ports.Reversed)
)

// SeenTransfer is a transfer that was attributed to a session.
type SeenTransfer struct {
	TxID          chain.TxID
	Asset         chain.Asset
	From          chain.Address
	Units         *big.Int
	Height        uint64
	BlockTime     time.Time
	State         SeenState
	Confirmations uint64 // at most Needed
	Needed        uint64 // until the network calls it final
}

// Progress answers how a session is doing.
func (s Checkout) Progress(ctx context.Context, id checkout.SessionID) (Progress, error) {
	session, err := s.Sessions.ByID(ctx, id)
	if err != nil {
		return Progress{}, err
	}
	p := Progress{Session: session.Snapshot(), Now: s.Core.Clock.Now()}
	var owner merchant.Merchant
	var project merchant.Project
	var switched map[checkout.Method]bool
	var to receivers
	var rows []ports.TransferRow
	var sightings []ports.Sighting
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		if owner, err = r.Merchants.ByID(ctx, p.Session.MerchantID); err != nil {
			return err
		}
		if project, err = r.Projects.ByID(ctx, p.Session.ProjectID); err != nil {
			return err
		}
		if switched, err = r.Receiving.Methods(ctx, p.Session.ProjectID); err != nil {
			return err
		}
		if to, err = receiversOf(ctx, r, p.Session.ProjectID, p.Now); err != nil {
			return err
		}
		rows, sightings, err = r.Transfers.OfSession(ctx, id)
		return err
	})
	if err != nil {
		return Progress{}, err
	}
	states, err := s.Rails.States(ctx, p.Now)
	if err != nil {
		return Progress{}, err
	}
	p.Payee, p.Website = owner.Name, project.WebsiteURL
	p.Offers = s.offers(p.Session, switched, to, states)
	if p.Session.Intent != nil {
		p.Rail = stateOf(states, p.Session.Intent.Asset.Network)
	}
	p.Seen = seen(rows, sightings, states, p.Session.Intent)
	return p, nil
}

// offers lists how a session can be paid.
func (s Checkout) offers(
	was checkout.Snapshot, switched map[checkout.Method]bool, to receivers,
	states []RailState,
) []Offer {
	who := merchant.Principal{Merchant: was.MerchantID, Project: was.ProjectID, Mode: was.Mode}
	var out []Offer
	for _, m := range checkout.Methods() {
		if switchedOff(switched, m) || was.Method != "" && was.Method != m {
			continue
		}
		places, err := s.Rails.places(m, who, to)
		if err != nil {
			continue // no rail carries it, or the project has no address there
		}
		for _, p := range places {
			out = append(out, Offer{Method: m, Asset: p.asset, Available: stateOf(states, p.asset.Network).OK})
		}
	}
	return out
}

func seen(
	rows []ports.TransferRow, sightings []ports.Sighting, states []RailState, i *checkout.Intent,
) []SeenTransfer {
	var out []SeenTransfer
	add := func(t chain.Transfer, state SeenState) {
		one := SeenTransfer{
			TxID: t.TxID, Asset: t.Asset, From: t.From, Units: t.Units, Height: t.Height, BlockTime: t.BlockTime,
			State: state,
		}
		one.Confirmations, one.Needed = depth(t, i, stateOf(states, t.Network))
		if state == SeenSettled {
			one.Confirmations = one.Needed // however few blocks its terms ask for
		}
		out = append(out, one)
	}
	for _, row := range rows {
		if awaits(row) {
			add(row.Transfer, SeenSighted)
			continue
		}
		add(row.Transfer, SeenState(row.Disposition))
	}
	for _, s := range sightings {
		add(s.Transfer, SeenSighted)
	}
	slices.SortStableFunc(out, func(a, b SeenTransfer) int { return a.BlockTime.Compare(b.BlockTime) })
	return out
}

// depth is how many confirmations a transfer has, and how many it needs: by the terms of the intent it
// is for, or until its network calls it final.
func depth(t chain.Transfer, i *checkout.Intent, rail RailState) (has, needed uint64) {
	final := t.Network.FinalityDepth()
	has = confirmations(t.Height, final, rail)
	if i == nil || i.Terms.Confirmations <= 0 || i.Asset.Network != t.Network {
		return has, final
	}
	needed = min(uint64(i.Terms.Confirmations), final)
	return min(has, needed), needed
}

// confirmations counts how far a block is on its way to final. It is reckoned from the last block
// read as final, so that a page never shows more than the watcher knows.
func confirmations(height, needed uint64, rail RailState) uint64 {
	if height <= rail.Height {
		return needed
	}
	return needed - min(needed, height-rail.Height)
}

func stateOf(states []RailState, n chain.Network) RailState {
	for _, s := range states {
		if s.Network == n {
			return s
		}
	}
	return RailState{Network: n}
}

// Follow answers a channel that receives after each change of a session until ctx ends. A change
// is a hint to look; hints may be merged.
func (s Checkout) Follow(ctx context.Context, id checkout.SessionID) <-chan struct{} {
	return s.Changes.Subscribe(ctx, id)
}
