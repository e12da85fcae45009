package native

import (
	"time"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
)

// What this dialect calls a session's status.
var sessionWords = map[checkout.Status]string{
	checkout.Opened: "open", checkout.Awaiting: "open", checkout.Processing: "processing",
	checkout.Settled: "paid", checkout.Expired: "expired", checkout.Cancelled: "cancelled",
}

// What it calls the payment within a session.
var paymentWords = map[checkout.Status]string{
	checkout.Awaiting: "requires_action", checkout.Processing: "processing", checkout.Settled: "settled",
	checkout.Expired: "expired", checkout.Cancelled: "failed",
}

var errStatus = fault.New(fault.Invalid, "invalid_status",
	"status must be one of open, processing, paid, expired, cancelled").About("status")

// readStatus reads the statuses a list is filtered by.
func readStatus(word string) ([]checkout.Status, error) {
	var found []checkout.Status
	for _, status := range checkout.Statuses() {
		if sessionWords[status] == word {
			found = append(found, status)
		}
	}
	if found == nil {
		return nil, errStatus
	}
	return found, nil
}

// sessionJSON is a session. Everything from OrderID on is the merchant's own and left out of public
// answers.
type sessionJSON struct {
	ID          checkout.SessionID `json:"id"`
	Status      string             `json:"status"`
	Mode        string             `json:"mode"`
	Amount      string             `json:"amount"`
	AmountMinor string             `json:"amountMinor"`
	Currency    string             `json:"currency"`
	Description string             `json:"description,omitempty"`
	Method      string             `json:"method,omitempty"` // the only one allowed
	CreatedAt   string             `json:"createdAt"`
	ExpiresAt   string             `json:"expiresAt"`
	Delayed     bool               `json:"delayed,omitempty"` // the chain is not being read right now
	Payment     *intentJSON        `json:"payment,omitempty"`
	Receipt     *receiptJSON       `json:"receipt,omitempty"`
	X402URL     *string            `json:"x402_url"` // where programs pay it; null where they never can
	X402None    app.NoOrderURL     `json:"x402_unavailable,omitempty"`

	OrderID    string            `json:"order_id,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	SuccessURL string            `json:"success_url,omitempty"`
	FailURL    string            `json:"fail_url,omitempty"`
	URL        string            `json:"url,omitempty"`
}

func (a *API) showSession(s checkout.Snapshot) sessionJSON {
	shown := showSession(s)
	if url, none := a.Paywall.OrderURL(s); none == "" {
		shown.X402URL = &url
	} else {
		shown.X402None = none
	}
	return shown
}

func showSession(s checkout.Snapshot) sessionJSON {
	shown := sessionJSON{
		ID: s.ID, Status: sessionWords[s.Status], Mode: s.Mode.String(), Amount: s.Due.String(),
		AmountMinor: s.Due.MinorText(), Currency: s.Due.Currency().Code(), Description: s.Description,
		Method: string(s.Method), CreatedAt: instant(s.CreatedAt), ExpiresAt: instant(s.ExpiresAt),
		Receipt: showReceipt(s),
	}
	if s.Intent != nil {
		intent := showIntent(s)
		shown.Payment = &intent
	}
	return shown
}

// showOwn is a session as its merchant sees it.
func (a *API) showOwn(s checkout.Snapshot) sessionJSON {
	shown := a.showSession(s)
	shown.OrderID, shown.Metadata = s.OrderID, s.Metadata
	shown.SuccessURL, shown.FailURL, shown.URL = s.SuccessURL, s.FailURL, a.pageURL(s.ID)
	return shown
}

// pageURL is where the payer goes; the page picks his language.
func (a *API) pageURL(id checkout.SessionID) string { return a.PublicURL + "/checkout/" + string(id) }

// intentJSON says how to pay.
type intentJSON struct {
	PaymentID    checkout.IntentID `json:"paymentId"`
	Status       string            `json:"status"`
	Method       string            `json:"method"`
	Instructions instructionsJSON  `json:"instructions"`
}

type instructionsJSON struct {
	Address   chain.Address `json:"address"`
	Print     string        `json:"fingerprint"` // of Address, for people to compare
	Amount    string        `json:"amount"`      // exact, in units of Currency
	Currency  string        `json:"currency"`
	Network   string        `json:"network"` // the token standard, as wallets show it
	Chain     chain.Network `json:"chain"`
	Contract  string        `json:"contract"`
	Matching  string        `json:"matching"` // the rule by which a transfer is this payment's
	Rule      string        `json:"rule"`     // the same as a sentence
	Tolerance string        `json:"tolerance"`
	Paid      string        `json:"paid"`
	Rest      string        `json:"rest"` // what to send now
	QR        string        `json:"qr"`   // what to put into a QR code: the bare address
	Rate      *rateJSON     `json:"rate,omitempty"`
	ExpiresAt string        `json:"expiresAt"`
}

type rateJSON struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Price  string `json:"price"`
	Source string `json:"source"`
	At     string `json:"at"`
}

func showIntent(s checkout.Snapshot) intentJSON {
	i := *s.Intent
	matching, rule := matchingOf(i)
	return intentJSON{
		PaymentID: i.ID, Status: paymentWords[s.Status], Method: string(i.Method),
		Instructions: instructionsJSON{
			Address: i.Address, Print: i.Address.Fingerprint(), Amount: i.Payable(), Currency: i.Asset.Symbol,
			Network: i.Asset.Network.Standard(),
			Chain:   i.Asset.Network, Contract: i.Asset.Contract, QR: string(i.Address),
			Matching: matching, Rule: rule, Tolerance: inUnits(s, i.Terms.Tolerance), Paid: inUnits(s, s.Paid),
			Rest:      inUnits(s, s.Rest()),
			Rate:      &rateJSON{i.Rate.From, i.Rate.To, i.Rate.Price.String(), i.Rate.Source, instant(i.Rate.At)},
			ExpiresAt: instant(i.ExpiresAt),
		},
	}
}

// receiptJSON is what settled a session.
type receiptJSON struct {
	OrderNo     string        `json:"orderNo"`
	Transaction chain.TxID    `json:"transaction"`
	Index       uint32        `json:"index"`
	Chain       chain.Network `json:"chain"`
	From        chain.Address `json:"from"`
	Amount      string        `json:"amount"`
	Currency    string        `json:"currency"`
	Block       uint64        `json:"block"`
	BlockTime   string        `json:"blockTime"`
	Late        bool          `json:"late"`
}

func showReceipt(s checkout.Snapshot) *receiptJSON {
	if s.Receipt == nil {
		return nil
	}
	r := s.Receipt
	return &receiptJSON{
		OrderNo: r.OrderNo, Transaction: r.TxID, Index: r.Index, Chain: r.Network, From: r.From,
		Amount: inUnits(s, r.Units), Currency: s.Intent.Asset.Symbol, Block: r.Height,
		BlockTime: instant(r.BlockTime), Late: r.Late,
	}
}

// settlementJSON answers pay/confirm.
type settlementJSON struct {
	ID          checkout.IntentID `json:"id"`
	Status      string            `json:"status"`
	Amount      string            `json:"amount"`
	Currency    string            `json:"currency"`
	OrderNo     string            `json:"orderNo,omitempty"`
	Transaction chain.TxID        `json:"transaction,omitempty"`
}

func showSettlement(s checkout.Snapshot) settlementJSON {
	shown := settlementJSON{
		ID: s.Intent.ID, Status: paymentWords[s.Status], Amount: s.Intent.Payable(), Currency: s.Intent.Asset.Symbol,
	}
	if s.Receipt != nil {
		shown.OrderNo, shown.Transaction = s.Receipt.OrderNo, s.Receipt.TxID
	}
	return shown
}

// proofWords say in a sentence what a named transaction means.
var proofWords = map[app.Outcome]string{
	app.OutcomePaid:         "this transaction paid this checkout",
	app.OutcomePart:         "this transaction paid part of this checkout",
	app.OutcomeProcessing:   "this transaction pays this checkout; it is not final yet",
	app.OutcomeUnknown:      "the network knows no transfer of the asset to be paid in this transaction",
	app.OutcomeOtherAddress: "this transaction went to another address",
	app.OutcomeShort:        "this transaction sent less than the exact amount",
	app.OutcomeOver:         "this transaction sent more than the exact amount",
	app.OutcomeOtherPayment: "this transaction is the exact amount of another payment",
	app.OutcomeTooEarly:     "this transaction is older than this checkout",
	app.OutcomeHeld:         "this transaction was found and waits for the merchant's decision",
	app.OutcomeDuplicate:    "this transaction was found, but the checkout was paid by another one",
	app.OutcomeUnsuccessful: "this transaction failed and moved nothing; the money is still where it was",
	app.OutcomeNoTransfer:   "the network has this transaction, and it moves nothing of the coin to be paid to this address",
	app.OutcomeOtherToken:   "this transaction sent another coin than the one to be paid",
	app.OutcomeForeignToken: "this transaction sent a token of another contract, whatever it calls itself; it does not pay",
	app.OutcomeZeroValue:    "this transaction moved nothing",
	app.OutcomeOtherNetwork: "this transaction went to the right address on another network; the merchant decides",
}

type proofJSON struct {
	Outcome       app.Outcome `json:"outcome"`
	Message       string      `json:"message"`
	Amount        string      `json:"amount,omitempty"` // what the transfer moved
	Currency      string      `json:"currency,omitempty"`
	Contract      string      `json:"contract,omitempty"` // of a token that is not the coin asked for
	Network       string      `json:"network,omitempty"`  // where it was found, if that is another one
	BlockTime     string      `json:"blockTime,omitempty"`
	Confirmations uint64      `json:"confirmations"`
	Needed        uint64      `json:"needed"`
}

func showProof(p app.Proof) proofJSON {
	shown := proofJSON{
		Outcome: p.Outcome, Message: proofWords[p.Outcome], Contract: p.Contract, Confirmations: p.Confirmations,
		Needed: p.Needed,
	}
	if p.Transfer != nil {
		shown.Amount, shown.Currency = transferAmount(*p.Transfer), p.Transfer.Asset.Symbol
		shown.BlockTime = instant(p.Transfer.BlockTime)
		if p.Outcome == app.OutcomeOtherNetwork {
			shown.Network = p.Transfer.Network.Standard()
		}
	}
	return shown
}

// transferJSON is a transfer on a chain.
type transferJSON struct {
	Transaction chain.TxID    `json:"transaction"`
	Index       uint32        `json:"index"`
	Chain       chain.Network `json:"chain"`
	From        chain.Address `json:"from"`
	To          chain.Address `json:"to"`
	Amount      string        `json:"amount"`
	Currency    string        `json:"currency"`
	BlockTime   string        `json:"blockTime"`
	Disposition string        `json:"disposition"`
}

// stamp prints the time of an event as Standard Webhooks bodies do (RFC 3339).
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
