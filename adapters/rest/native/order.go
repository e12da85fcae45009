package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// orderRoute is where programs pay a checkout session, below /v1 (app.OrderPath).
const orderRoute = "/checkout/sessions/:id/x402"

func (a *API) mountOrder(v1 *gin.RouterGroup) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		v1.Handle(method, orderRoute, a.limits.public, failing(a.payOrder))
	}
}

// payOrder takes a payment by authorization for a checkout session, or says what it takes.
func (a *API) payOrder(c *gin.Context) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	body, err := edge.RawBody(c)
	if err != nil {
		return err
	}
	h := c.Request.Header
	return a.sell(c, app.Purchase{
		Session: checkout.SessionID(c.Param("id")), Method: c.Request.Method, Target: c.Request.URL.RequestURI(),
		Body: body, Accept: h.Get("Accept"), V1: h.Values(x402.HeaderPaymentV1), V2: h.Values(x402.HeaderPaymentV2),
		Client: edge.ByIP(c),
	})
}

// orderJSON is what a program is told that paid a session.
type orderJSON struct {
	Session sessionJSON   `json:"session"`
	Payment orderPaidJSON `json:"payment"`
}

// orderPaidJSON says what became of the program's own payment.
type orderPaidJSON struct {
	Status      string        `json:"status"`
	Duplicate   bool          `json:"duplicate"` // the order was paid by somebody else before
	Message     string        `json:"message"`
	Transaction chain.TxID    `json:"transaction,omitempty"`
	Index       uint32        `json:"index,omitempty"`
	Chain       chain.Network `json:"chain,omitempty"`
	Amount      string        `json:"amount,omitempty"`
	Currency    string        `json:"currency,omitempty"`
	OrderNo     string        `json:"orderNo,omitempty"`
}

// The statuses of a program's payment of an order.
const (
	orderPaid      = "paid"
	orderDuplicate = "duplicate"
	orderHeld      = "held"
	orderUndone    = "undone"
)

var orderWords = map[string]string{
	orderPaid: "this payment paid the order",
	orderDuplicate: "your payment arrived, and the order had been paid by somebody else before: your money is with " +
		"the merchant, who sees it as a second payment of this order and decides what becomes of it; ask him to send it back",
	orderHeld: "your payment arrived, and does not pay the order by itself: it came late, or the order had ended; the " +
		"merchant sees it and decides what becomes of it",
	orderUndone: "the chain undid your payment; it is looked for, and pays the order when it comes back: do not pay again " +
		"before the order says that it can be paid",
}

// orderStatus is what a transfer's disposition means for the program that made it.
func orderStatus(paid *ports.TransferRow) string {
	if paid == nil {
		return orderUndone
	}
	switch paid.Disposition {
	case ports.Settled, ports.Part:
		return orderPaid
	case ports.Duplicate:
		return orderDuplicate
	case ports.Reversed:
		return orderUndone
	case ports.Held, ports.Unmatched, ports.Agent:
	}
	return orderHeld
}

// EncodeOrder implements ports.OrderEncoder.
func (w EventWords) EncodeOrder(s checkout.Snapshot, paid *ports.TransferRow) ([]byte, error) {
	url := w.PublicURL + app.OrderPath(s.ID)
	shown := orderJSON{Session: showSession(s)}
	shown.Session.X402URL = &url
	status := orderStatus(paid)
	shown.Payment = orderPaidJSON{Status: status, Duplicate: status == orderDuplicate, Message: orderWords[status]}
	if status == orderPaid {
		shown.Session.SuccessURL = s.SuccessURL // as its page does
	}
	if paid != nil {
		t := paid.Transfer
		shown.Payment.Transaction, shown.Payment.Index, shown.Payment.Chain = t.TxID, t.Index, t.Network
		shown.Payment.Amount, shown.Payment.Currency = transferAmount(t), t.Asset.Symbol
		shown.Payment.OrderNo = paid.OrderNo
	}
	return encode(shown)
}
