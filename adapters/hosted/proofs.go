package hosted

import (
	"math/big"
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/money"
)

// outcomeUnavailable is our own: no node would say what became of a transaction.
const outcomeUnavailable app.Outcome = "unavailable"

// unitsMax bounds an amount in a query string, in digits: 2^256 has 78.
const unitsMax = 78

// claim takes "I paid, here is my transaction" and leads to the page with what was found. A text
// that is no transaction id comes back in the form, with what was wrong.
func (d *desk) claim(c *gin.Context) {
	text, err := readForm(c, "transaction")
	if err != nil {
		edge.Fail(c, err)
		return
	}
	p, v, far, err := d.view(c)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	tx, ok := readTxID(text)
	if !ok {
		s := newScreen(c, v, p.Now)
		s.Read = far
		s.refuse(text)
		s.send(c, edge.Status(fault.Invalid))
		return
	}
	proof, err := d.Settlement.Prove(c.Request.Context(), p.Session.ID, string(tx))
	if f := fault.From(err); f != nil && f.Kind == fault.Unavailable {
		proof, err = app.Proof{Outcome: outcomeUnavailable}, nil
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	found := url.Values{"tx": {string(tx)}, "found": {string(proof.Outcome)}}
	if proof.Transfer != nil {
		found.Set("units", proof.Transfer.Units.String())
		if proof.Outcome == app.OutcomeOtherNetwork {
			found.Set("on", string(proof.Transfer.Network))
		}
	}
	back(c, "?"+found.Encode()+"#answer")
}

// answer words what is known of the transaction a query names, nil if it names none. What was
// recorded speaks first. A query is only believed where it says that a transaction did not pay:
// anybody can write one, and nobody may be shown a payment that was not made.
func answer(query url.Values, p app.Progress) *notice {
	tx, ok := readTxID(query.Get("tx"))
	if !ok || p.Session.Intent == nil {
		return nil
	}
	for _, t := range p.Seen {
		if t.TxID == tx {
			return told(t)
		}
	}
	i := p.Session.Intent
	n := &notice{TxID: string(tx), Pairs: []string{
		"asked", sum(i.Payable(), i.Asset), "asset", i.Asset.Symbol, "network", networkName(i.Asset.Network),
	}}
	switch outcome := app.Outcome(query.Get("found")); outcome {
	case app.OutcomeShort, app.OutcomeOver:
		units, ok := readUnits(query.Get("units"))
		if !ok || (units.Cmp(i.Units) < 0) != (outcome == app.OutcomeShort) {
			return nil
		}
		n.Pairs = append(n.Pairs, "sent", sum(money.FormatUnits(units, int(i.Asset.Decimals)), i.Asset))
		n.Key, n.Tone = "proof."+string(outcome), "bad"
	case app.OutcomeOtherNetwork:
		on, ok := elsewhere(query.Get("on"))
		if !ok {
			return nil
		}
		n.Pairs = append(n.Pairs, "on", networkName(on))
		n.Key, n.Tone = "proof."+string(outcome), "bad"
	case app.OutcomeOtherAddress, app.OutcomeUnsuccessful, app.OutcomeNoTransfer, app.OutcomeOtherToken,
		app.OutcomeForeignToken, app.OutcomeZeroValue:
		n.Key, n.Tone = "proof."+string(outcome), "bad"
	case app.OutcomeOtherPayment, app.OutcomeTooEarly:
		n.Key, n.Tone = "proof."+string(outcome), "warn"
	case app.OutcomeUnknown, outcomeUnavailable:
		n.Key, n.Tone = "proof."+string(outcome), "info"
	case app.OutcomePaid, app.OutcomePart, app.OutcomeProcessing, app.OutcomeHeld, app.OutcomeDuplicate:
		n.Key, n.Tone = "proof.noted", "info"
	default:
		return nil
	}
	return n
}

// told words a transaction that was recorded for the session; nil where a notice of the page says
// it already.
func told(t app.SeenTransfer) *notice {
	n := &notice{TxID: string(t.TxID)}
	switch t.State {
	case app.SeenSettled:
		n.Key, n.Tone = "proof.paid", "good"
	case app.SeenPart:
		n.Key, n.Tone = "proof.part", "good"
		n.Pairs = []string{"sent", sum(money.FormatUnits(t.Units, int(t.Asset.Decimals)), t.Asset)}
	case app.SeenSighted:
		n.Key, n.Tone = "proof.processing", "info"
		n.Pairs = []string{
			"have", strconv.FormatUint(t.Confirmations, 10), "need", strconv.FormatUint(t.Needed, 10),
		}
	case app.SeenHeld, app.SeenDuplicate, app.SeenReversed:
		return nil
	}
	return n
}

func readUnits(text string) (*big.Int, bool) {
	if text == "" || len(text) > unitsMax {
		return nil, false
	}
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return nil, false
		}
	}
	return new(big.Int).SetString(text, 10)
}

// played words a scenario that was just played, nil if the query names none.
func played(query url.Values, s checkout.Snapshot) *notice {
	scenario := app.Scenario(query.Get("played"))
	for _, known := range scenes(s) {
		if known.Name == string(scenario) {
			return &notice{Key: "played." + known.Name + ownWords(scenario, s.Intent), Tone: "info"}
		}
	}
	return nil
}

// ownWords ends the key of words that differ where an address is a payment's own: there other amounts
// than the exact one count.
func ownWords(scenario app.Scenario, i *checkout.Intent) string {
	if i.Terms.Matching != checkout.Dedicated || !slices.Contains(inexact, scenario) {
		return ""
	}
	return "_own"
}

// inexact are the scenarios in which another amount than the exact one is sent.
var inexact = []app.Scenario{app.ScenarioShort, app.ScenarioOver, app.ScenarioSplit}
