package native

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

func (a *API) mountExplanations(v1 *gin.RouterGroup) {
	v1.GET("/checkout/sessions/:id/explanation", a.limits.public, failing(a.explain))
	v1.GET("/payments/:id/explanation", a.limits.authenticated, failing(a.explainOwn))
}

// explain answers whoever knows the session's id; what he may see is app.Explainer's to say.
func (a *API) explain(c *gin.Context) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	x, err := a.Explainer.Explain(c.Request.Context(), checkout.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	show(c, showExplanation(x))
	return nil
}

// explainOwn answers the merchant.
func (a *API) explainOwn(c *gin.Context) error {
	who, err := a.principal(c)
	if err != nil {
		return err
	}
	if _, err := edge.Query(c, modeParam); err != nil {
		return err
	}
	x, err := a.Explainer.ExplainTo(c.Request.Context(), who, checkout.SessionID(c.Param("id")))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	show(c, showExplanation(x))
	return nil
}

type explanationJSON struct {
	ID         checkout.SessionID  `json:"id"`
	Status     string              `json:"status"`
	Headline   app.Headline        `json:"headline"`
	Message    string              `json:"message"`
	LatePolicy merchant.LatePolicy `json:"latePolicy"`
	About      *findingJSON        `json:"about,omitempty"`
	Attempts   []askedJSON         `json:"attempts"`
	At         string              `json:"at"`
}

type askedJSON struct {
	PaymentID checkout.IntentID `json:"paymentId"`
	Current   bool              `json:"current"`
	Address   chain.Address     `json:"address"`
	Amount    string            `json:"amount"`
	Currency  string            `json:"currency"`
	Network   string            `json:"network"`
	Chain     chain.Network     `json:"chain"`
	Contract  string            `json:"contract"`
	Matching  string            `json:"matching"`
	CreatedAt string            `json:"createdAt"`
	ExpiresAt string            `json:"expiresAt"`
	Scan      scanJSON          `json:"scan"`
	Transfers []findingJSON     `json:"transfers"`
	Cut       bool              `json:"cut"`
	Ignored   int               `json:"ignoredMore"`
}

type scanJSON struct {
	FromBlock uint64    `json:"fromBlock,omitempty"`
	ToBlock   uint64    `json:"toBlock"`
	Until     string    `json:"until,omitempty"`
	ReadAt    string    `json:"readAt,omitempty"`
	Reading   bool      `json:"reading"`
	Gaps      []gapJSON `json:"gaps"`
}

type gapJSON struct {
	From    string `json:"from"`
	Until   string `json:"until"`
	Ongoing bool   `json:"ongoing"`
}

type findingJSON struct {
	Reason        app.Reason    `json:"reason"`
	Message       string        `json:"message"`
	Transaction   chain.TxID    `json:"transaction"`
	Index         uint32        `json:"index"`
	Network       string        `json:"network"`
	Chain         chain.Network `json:"chain"`
	Contract      string        `json:"contract"`
	From          chain.Address `json:"from,omitempty"`
	To            chain.Address `json:"to"`
	Amount        string        `json:"amount,omitempty"`
	Currency      string        `json:"currency,omitempty"`
	Units         string        `json:"units"`
	By            string        `json:"by,omitempty"`
	Seconds       int64         `json:"seconds,omitempty"`
	Lookalike     bool          `json:"lookalike,omitempty"`
	Final         bool          `json:"final"`
	Confirmations uint64        `json:"confirmations"`
	Needed        uint64        `json:"needed"`
	Block         uint64        `json:"block"`
	BlockTime     string        `json:"blockTime"`
	Waits         ports.Reason  `json:"waits,omitempty"`
	Decided       ports.Action  `json:"decided,omitempty"`
}

func showExplanation(x app.Explanation) explanationJSON {
	shown := explanationJSON{
		ID: x.Session.ID, Status: sessionWords[x.Session.Status], Headline: x.Headline,
		Message: headlineWords[x.Headline], LatePolicy: x.Late, Attempts: []askedJSON{}, At: instant(x.Now),
	}
	for _, a := range x.Attempts {
		shown.Attempts = append(shown.Attempts, showAttempt(a))
		for _, f := range a.Findings {
			if about := x.About; about != nil && f.TxID == about.TxID && f.Index == about.Index && f.Reason == about.Reason {
				one := showFinding(f, a.Intent)
				shown.About = &one
			}
		}
	}
	return shown
}

func showAttempt(a app.Attempt) askedJSON {
	i := a.Intent
	matching, _ := matchingOf(i)
	shown := askedJSON{
		PaymentID: i.ID, Current: a.Current, Address: i.Address, Amount: i.Payable(), Currency: i.Asset.Symbol,
		Network: i.Asset.Network.Standard(), Chain: i.Asset.Network, Contract: i.Asset.Contract,
		Matching: matching, CreatedAt: instant(i.CreatedAt), ExpiresAt: instant(i.ExpiresAt),
		Scan: scanJSON{
			FromBlock: a.Scan.From, ToBlock: a.Scan.To, Until: instant(a.Scan.Until), ReadAt: instant(a.Scan.At),
			Reading: a.Scan.OK, Gaps: []gapJSON{},
		},
		Transfers: []findingJSON{}, Cut: a.Cut, Ignored: a.Ignored,
	}
	for _, g := range a.Scan.Gaps {
		shown.Scan.Gaps = append(shown.Scan.Gaps, gapJSON{instant(g.From), instant(g.Until), g.Ongoing})
	}
	for _, f := range a.Findings {
		shown.Transfers = append(shown.Transfers, showFinding(f, i))
	}
	return shown
}

func showFinding(f app.Finding, asked checkout.Intent) findingJSON {
	shown := findingJSON{
		Reason: f.Reason, Message: messageOf(f), Transaction: f.TxID, Index: f.Index,
		Network: f.Network.Standard(), Chain: f.Network, Contract: f.Contract, From: f.From, To: f.To,
		Units: f.Units.String(), Seconds: int64(f.Off / time.Second), Lookalike: f.Lookalike, Final: f.Final,
		Confirmations: f.Confirmations, Needed: f.Needed, Block: f.Height, BlockTime: instant(f.BlockTime),
		Waits: f.Waits, Decided: f.Decided,
	}
	if f.Symbol != "" {
		shown.Amount, shown.Currency = money.FormatUnits(f.Units, int(f.Decimals)), f.Symbol
	}
	if f.By != nil {
		shown.By = money.FormatUnits(f.By, int(asked.Asset.Decimals))
	}
	return shown
}

// messageOf says in a sentence what a finding means: what was decided, why it waits, or its reason.
func messageOf(f app.Finding) string {
	if said, ok := decidedWords[f.Decided]; ok {
		return said
	}
	if said, ok := waitsWords[f.Waits]; ok {
		return said
	}
	return reasonWords[f.Reason]
}

// decidedWords are for what keeps its reason after the merchant decided.
var decidedWords = map[ports.Action]string{
	ports.Returned: "the merchant sent this money back",
	ports.Closed:   "the merchant closed the case of this transfer",
}

var waitsWords = map[ports.Reason]string{
	ports.AwaitingSource: "this transfer pays; a second endpoint has yet to prove it",
	ports.SourcesDiffer:  "this transfer pays; endpoints contradict each other about it, and it waits until enough agree",
	ports.Uncorroborated: "this transfer has the exact amount, but no second endpoint proved it in time; it waits for the " +
		"merchant's decision",
}

// reasonWords say in a sentence what a transfer means for a payment.
var reasonWords = map[app.Reason]string{
	app.ReasonPays:         "this transfer paid",
	app.ReasonNotFinal:     "this transfer pays; the network has not made it final yet",
	app.ReasonHeld:         "this transfer has the exact amount, but the payment had ended; it waits for the merchant's decision",
	app.ReasonLate:         "this transfer has the exact amount, but came after the deadline; it waits for the merchant's decision",
	app.ReasonDuplicate:    "this transfer has the exact amount, but another one had already paid",
	app.ReasonReversed:     "the network undid this transfer",
	app.ReasonShort:        "this transfer is less than the exact amount",
	app.ReasonOver:         "this transfer is more than the exact amount",
	app.ReasonTooEarly:     "this transfer is older than the payment",
	app.ReasonOtherToken:   "this transfer is of another coin than the one asked for",
	app.ReasonOtherNetwork: "this transfer went to the right address on another network",
	app.ReasonZeroValue:    "this moved nothing; anyone can make it appear",
	app.ReasonForeignToken: "this is a token of a contract nobody asked for, whatever it calls itself",
	app.ReasonLookalike:    "this is bait: its sender's address is made to be mistaken for another; never copy an address from it",
	app.ReasonUnsuccessful: "this transaction failed and moved nothing",
	app.ReasonOtherPayment: "this transfer belongs to another payment",
}

// headlineWords say what helps most, and what to do.
var headlineWords = map[app.Headline]string{
	app.HeadlinePaid:      "It is paid.",
	app.HeadlineChoose:    "Nothing has been asked for yet: choose how to pay.",
	app.HeadlineProgram:   "A program is paying this order. Send nothing; it says here when it is paid.",
	app.HeadlineCancelled: "The merchant cancelled this payment, and nothing has come for it. Send nothing.",
	app.HeadlineUnread: "The network cannot be read right now. What was sent is not lost and will be found when " +
		"it can be read again. Do not send it twice.",
	app.HeadlineExpired: "The time to pay is over and nothing came in time. Send nothing; start again at the shop.",
	app.HeadlineNothing: "Nothing like this amount has come to the address yet. If it was sent a while ago, look " +
		"the transaction up by its id.",
	app.Headline(app.ReasonNotFinal): "The payment has been seen and is being confirmed. Do not send it again.",
	app.Headline(app.ReasonReversed): "The network undid the payment. It often comes back by itself; look into " +
		"the wallet before sending anything again.",
	app.Headline(app.ReasonHeld):      "The amount came after the payment had ended. The merchant decides; contact him with the transaction id.",
	app.Headline(app.ReasonLate):      "The amount came after the deadline. The merchant decides; contact him with the transaction id.",
	app.Headline(app.ReasonDuplicate): "It was paid already when the amount came again. Contact the merchant with the transaction id.",
	app.Headline(app.ReasonShort): "Less than the exact amount came. Do not send the rest; contact the merchant " +
		"with the transaction id.",
	app.Headline(app.ReasonOver): "More than the exact amount came, so it could not be matched. Contact the " +
		"merchant with the transaction id.",
	app.Headline(app.ReasonOtherNetwork): "The money came to the right address on another network. The merchant " +
		"has it; contact him with the transaction id.",
	app.Headline(app.ReasonOtherToken): "Another coin came than the one asked for. The merchant has it; contact " +
		"him with the transaction id.",
	app.Headline(app.ReasonTooEarly): "A transfer near this amount is older than the payment, so it was not taken " +
		"for it. Contact the merchant with the transaction id.",
	app.Headline(app.ReasonForeignToken): "A token came that is not the coin asked for, whatever it calls itself. " +
		"It does not pay. Send the coin itself.",
}
