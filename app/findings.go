package app

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// Reason says what a transfer means for a payment. The set is closed.
type Reason string

// The reasons.
const (
	ReasonPays         Reason = "pays"      // it settled the session
	ReasonNotFinal     Reason = "not_final" // it pays the session and may still be undone
	ReasonHeld         Reason = "held"      // the amount, for a session that had ended: the merchant decides
	ReasonLate         Reason = "late"      // the amount, after the deadline
	ReasonDuplicate    Reason = "duplicate" // the amount, for a session that was paid by another transfer
	ReasonReversed     Reason = "reversed"  // the chain undid it
	ReasonShort        Reason = "short"
	ReasonOver         Reason = "over"
	ReasonTooEarly     Reason = "too_early"     // older than the intent
	ReasonOtherToken   Reason = "other_token"   // a coin of this gateway, not the one asked for
	ReasonOtherNetwork Reason = "other_network" // the same address on another network
	ReasonZeroValue    Reason = "zero_value"
	ReasonForeignToken Reason = "foreign_token" // of a contract nobody asked for, whatever it calls itself
	ReasonLookalike    Reason = "lookalike"     // bait: its sender's address is made to be mistaken for another
	ReasonUnsuccessful Reason = "unsuccessful"  // the transaction failed; only ever of a named transaction
	ReasonOtherPayment Reason = "belongs_to_another_payment"
)

// belongings are what was attributed to a session.
type belongings struct {
	rows      []ports.TransferRow
	sightings []ports.Sighting
}

// arrivals are what came to an address, whoever's it is.
type arrivals struct {
	rows      []ports.TransferRow
	sightings []ports.Sighting
}

// scope is one intent to explain, and everything its findings are judged by.
type scope struct {
	session checkout.Snapshot
	intent  checkout.Intent
	all     []checkout.Intent // of the session
	own     belongings
	states  []RailState
	now     time.Time
	to      audience
}

// query asks for what came to the intent's address in its life: for payers until its amount was let
// go, for merchants as long as addresses are watched.
func (s scope) query(near *ports.Near) ports.ArrivalQuery {
	until := s.intent.HoldUntil
	if s.to == owner {
		until = s.intent.ExpiresAt.Add(watchAfterEnd)
	}
	return ports.ArrivalQuery{
		At: s.intent.Address, On: s.intent.Asset.Network.Family(), Near: near, Limit: explainedArrivals,
		From: s.intent.CreatedAt.Add(-explainBefore), Until: until,
	}
}

// findings judges everything that came, newest block first, each once.
func (s scope) findings(came arrivals, ignored []ports.IgnoredTransfer) []Finding {
	var out []Finding
	known := map[transferKey]bool{}
	add := func(f Finding, ok bool) {
		if k := (transferKey{f.TxID, f.Index}); ok && !known[k] {
			known[k] = true
			out = append(out, f)
		}
	}
	for _, row := range s.own.rows {
		if row.IntentID == s.intent.ID {
			add(s.owned(row), true)
		}
	}
	for _, o := range s.own.sightings {
		if t := o.Transfer; t.Asset == s.intent.Asset && t.To == s.intent.Address && t.Units.Cmp(s.intent.Units) == 0 {
			add(s.finding(t, ReasonNotFinal, false), true)
		}
	}
	for _, row := range came.rows {
		add(s.stray(row.Transfer, row, true))
	}
	for _, o := range came.sightings {
		add(s.stray(o.Transfer, ports.TransferRow{SessionID: o.SessionID}, false))
	}
	friends := s.friends(out)
	for _, t := range ignored {
		add(s.ignored(t, friends))
	}
	for n := range out {
		if s.to == owner && lookalike(out[n].From, friends) {
			out[n].Lookalike = true
			if near := near(s.intent); out[n].Reason == ReasonShort && !near.Holds(out[n].Units, out[n].Decimals) {
				out[n].Reason = ReasonLookalike
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return b.BlockTime.Compare(a.BlockTime) })
	return out
}

// finding is a transfer with a reason.
func (s scope) finding(t chain.Transfer, because Reason, recorded bool) Finding {
	rail := stateOf(s.states, t.Network)
	f := Finding{
		Reason: because, Final: t.Height <= rail.Height, Network: t.Network, TxID: t.TxID, Index: t.Index,
		Contract: t.Asset.Contract, Symbol: t.Asset.Symbol, Decimals: t.Asset.Decimals, From: t.From, To: t.To,
		Units: t.Units, Height: t.Height, BlockTime: t.BlockTime,
	}
	f.Confirmations, f.Needed = depth(t, &s.intent, rail)
	if recorded { // however few blocks its terms ask for, or however far its network was read since
		f.Confirmations = f.Needed
	}
	switch because {
	case ReasonShort, ReasonOver:
		f.By = new(big.Int).Abs(new(big.Int).Sub(t.Units, s.intent.Units))
	case ReasonTooEarly:
		f.Off = s.intent.CreatedAt.Sub(t.BlockTime)
	case ReasonLate, ReasonHeld, ReasonPays:
		f.Off = max(0, t.BlockTime.Sub(s.intent.ExpiresAt))
	case ReasonNotFinal, ReasonDuplicate, ReasonReversed, ReasonOtherToken, ReasonOtherNetwork, ReasonZeroValue,
		ReasonForeignToken, ReasonLookalike, ReasonUnsuccessful, ReasonOtherPayment:
	}
	return f
}

// owned judges a transfer that was attributed to the session.
func (s scope) owned(row ports.TransferRow) Finding {
	because := ReasonHeld
	switch row.Disposition {
	case ports.Settled, ports.Part:
		because = ReasonPays
	case ports.Duplicate:
		because = ReasonDuplicate
	case ports.Reversed:
		because = ReasonReversed
	case ports.Held, ports.Unmatched, ports.Agent:
		if awaits(row) {
			because = ReasonNotFinal // it is on its way: nobody has to decide, nor to pay again
		} else if row.Transfer.BlockTime.After(s.intent.ExpiresAt) {
			because = ReasonLate
		}
	}
	f := s.finding(row.Transfer, because, true)
	f.Decided = row.Decision.Action
	if row.Disposition == ports.Held && row.Reason != ports.RescanMissing {
		f.Waits = row.Reason
	}
	return f
}

// stray judges a transfer to the address that was not attributed to the session; ok is false for
// what this audience does not get to see.
func (s scope) stray(t chain.Transfer, row ports.TransferRow, recorded bool) (f Finding, ok bool) {
	near := near(s.intent)
	switch {
	case row.SessionID == s.session.ID:
		return f, false // told with its own intent
	case s.to == payer && (row.SessionID != "" || !near.Holds(t.Units, t.Asset.Decimals)):
		return f, false
	case row.ProjectID != "" && row.ProjectID != s.session.ProjectID:
		return f, false // of another shop with the same address
	case row.SessionID != "" && row.ProjectID == "":
		return f, false // in sight, and perhaps another shop's
	case row.SessionID != "":
		return s.finding(t, ReasonOtherPayment, recorded), true
	case t.Asset != s.intent.Asset && s.toldElsewhere(t):
		return f, false
	}
	f = s.finding(t, s.because(t), recorded)
	if row.Disposition == ports.Reversed {
		f.Reason = ReasonReversed
	}
	if s.to == owner {
		f.Decided = row.Decision.Action
	}
	return f, true
}

// because says why a transfer that is nobody's did not pay.
func (s scope) because(t chain.Transfer) Reason {
	i := s.intent
	switch {
	case t.Network != i.Asset.Network:
		return ReasonOtherNetwork
	case t.Asset.Contract != i.Asset.Contract:
		return ReasonOtherToken
	case i.Postdates(t):
		return ReasonTooEarly
	case t.Units.Cmp(i.Units) < 0:
		return ReasonShort
	case t.Units.Cmp(i.Units) > 0:
		return ReasonOver
	}
	return ReasonLate // the amount, after it was let go
}

// toldElsewhere reports whether another intent of the session asked for just this coin here.
func (s scope) toldElsewhere(t chain.Transfer) bool {
	return slices.ContainsFunc(s.all, func(i checkout.Intent) bool {
		return i.ID != s.intent.ID && i.Asset == t.Asset && i.Address == t.To
	})
}

// ignored judges what only looks like a payment. A payer is shown a foreign token that was sent in
// the number asked for, which is what fakes are made to do.
func (s scope) ignored(t ports.IgnoredTransfer, friends []chain.Address) (f Finding, ok bool) {
	near := near(s.intent)
	if s.to == payer && (t.Reason != ports.ForeignToken || s.session.Status == checkout.Settled ||
		!near.Holds(t.Units, s.intent.Asset.Decimals)) {
		return f, false
	}
	f = s.finding(chain.Transfer{
		Network: t.Network, TxID: t.TxID, Index: t.Index, Asset: chain.Asset{Network: t.Network, Contract: t.Contract},
		From: t.From, To: t.To, Units: t.Units, Height: t.Height, BlockTime: t.BlockTime,
	}, Reason(t.Reason), true)
	if t.Reason == ports.ZeroValue {
		f.Symbol, f.Decimals = coinOf(t.Network, t.Contract)
	}
	if lookalike(t.From, friends) {
		f.Reason = ReasonLookalike
	}
	return f, true
}

// coinOf names a coin of this gateway by its contract.
func coinOf(n chain.Network, contract string) (symbol string, decimals uint8) {
	for _, a := range n.Tokens() {
		if a.Contract == contract {
			return a.Symbol, a.Decimals
		}
	}
	return "", 0
}

// friends are the addresses that a look-alike is made to be mistaken for: the one asked to pay to,
// and those that paid.
func (s scope) friends(found []Finding) []chain.Address {
	out := []chain.Address{s.intent.Address}
	near := near(s.intent)
	for _, f := range found {
		if near.Holds(f.Units, f.Decimals) {
			out = append(out, f.From)
		}
	}
	return out
}

// lookalikeEnds is how many characters at each end of an address wallets show, and people compare.
const lookalikeEnds = 4

// lookalike reports whether an address is another one than all friends, and shows the ends of one.
func lookalike(a chain.Address, friends []chain.Address) bool {
	if slices.Contains(friends, a) {
		return false
	}
	head, tail := ends(a)
	return head != "" && slices.ContainsFunc(friends, func(f chain.Address) bool {
		h, t := ends(f)
		return h == head && t == tail
	})
}

// ends are what wallets show of an address. The letters of an EVM address are small or capital for a
// checksum nobody compares.
func ends(a chain.Address) (head, tail string) {
	text := string(a)
	if rest, evm := strings.CutPrefix(text, "0x"); evm {
		text = strings.ToLower(rest)
	}
	if len(text) < 2*lookalikeEnds {
		return "", ""
	}
	return text[:lookalikeEnds], text[len(text)-lookalikeEnds:]
}
