package native

import (
	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/ports"
)

func (a *API) mountPayments(v1 *gin.RouterGroup) {
	v1.POST("/payments", a.limits.authenticated, a.createPayment)
	v1.GET("/payments", a.limits.authenticated, a.listPayments)
}

// paymentJSON is a session as the payments API shows it: the same row under its other name.
type paymentJSON struct {
	ID          checkout.SessionID `json:"id"`
	Kind        checkout.Kind      `json:"kind"`
	Status      string             `json:"status"`
	Mode        string             `json:"mode"`
	Amount      string             `json:"amount"`
	Currency    string             `json:"currency"`
	Method      string             `json:"method,omitempty"`
	PayAmount   string             `json:"payAmount,omitempty"` // exact, once the payer has chosen
	PayCurrency string             `json:"payCurrency,omitempty"`
	partsJSON
	Network     string            `json:"network,omitempty"` // of Address, as wallets print it
	Address     chain.Address     `json:"address,omitempty"`
	OrderNo     string            `json:"orderNo,omitempty"`
	Transaction chain.TxID        `json:"transaction,omitempty"`
	Late        bool              `json:"late,omitempty"`
	Description string            `json:"description,omitempty"`
	OrderID     string            `json:"order_id,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	CreatedAt   string            `json:"createdAt"`
	ExpiresAt   string            `json:"expiresAt"`
	PaidAt      string            `json:"paidAt,omitempty"` // time of the block
	Link        string            `json:"cryptoPayLink"`
}

// failedWord is what this API calls a session its merchant cancelled.
const failedWord = "failed"

func showPayment(s checkout.Snapshot, link string) paymentJSON {
	shown := paymentJSON{
		ID: s.ID, Kind: s.Kind, Status: sessionWords[s.Status], Mode: s.Mode.String(), Amount: s.Due.String(),
		Currency: s.Due.Currency().Code(), Method: string(s.Method), Description: s.Description,
		OrderID: s.OrderID, Metadata: s.Metadata, CreatedAt: instant(s.CreatedAt), ExpiresAt: instant(s.ExpiresAt),
		Link: link, partsJSON: showParts(s),
	}
	if s.Status == checkout.Cancelled {
		shown.Status = failedWord
	}
	if i := s.Intent; i != nil {
		shown.Method, shown.PayAmount, shown.PayCurrency = string(i.Method), i.Payable(), i.Asset.Symbol
		shown.Network, shown.Address = i.Asset.Network.Standard(), i.Address
	}
	if r := s.Receipt; r != nil {
		shown.OrderNo, shown.Transaction, shown.Late, shown.PaidAt = r.OrderNo, r.TxID, r.Late, instant(r.BlockTime)
	}
	return shown
}

// payLink is the hosted page in English, as the source prints it; the page offers other languages.
func payLink(publicURL string, id checkout.SessionID) string {
	return publicURL + "/en/checkout/" + string(id)
}

var errPayCurrency = fault.New(fault.Invalid, "unsupported_currency",
	"currency must be USDC or USDT").About("currency")

func (a *API) createPayment(c *gin.Context) {
	var body struct {
		ClientID *string `json:"clientId"`
		Secret   *string `json:"secret"`
		Amount   *string `json:"amount"`
		Currency string  `json:"currency"`
		Method   string  `json:"method"`
		orderInput
	}
	body.Currency, body.Method = "USDT", string(checkout.USDT)
	if err := edge.Decode(c, &body); err != nil {
		edge.Fail(c, err)
		return
	}
	var n needed
	client, secret := n.take("clientId", body.ClientID), n.take("secret", body.Secret)
	if n.err != nil {
		edge.Fail(c, n.err)
		return
	}
	owner, err := a.Credentials.Client(c.Request.Context(), client, keys.NewSecret(secret))
	if err != nil {
		edge.Fail(c, err)
		return
	}
	in := app.OpenInput{Who: app.Owner(owner), Kind: checkout.KindUSDT}
	if body.Currency != "USDC" && body.Currency != "USDT" {
		err = errPayCurrency
	}
	if err == nil {
		in.Due, err = readAmount(body.Currency, body.Amount)
	}
	if err == nil {
		in.Method, err = checkout.ParseMethod(body.Method)
	}
	if err == nil {
		err = body.fill(&in)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	a.openPayment(c, in)
}

func (a *API) openPayment(c *gin.Context, in app.OpenInput) {
	raw, err := edge.RawBody(c)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	once, err := onceOver(a, c, raw, func(s app.OpenedSession) (ports.Answer, error) {
		link := payLink(a.PublicURL, s.ID)
		return answerOpened(s, struct {
			Success bool        `json:"success"`
			Payment paymentJSON `json:"payment"`
			Link    string      `json:"cryptoPayLink"`
		}{true, showPayment(s.Snapshot, link), link})
	})
	if err != nil {
		edge.Fail(c, err)
		return
	}
	opened, stored, err := a.Checkout.Open(c.Request.Context(), in, once)
	respond(c, once, opened, stored, err)
}

// kindX402 lists what agents paid for resources: another list than that of sessions.
const kindX402 checkout.Kind = "x402"

var errAgentStatus = errStatus.Saying("what programs paid is not listed by status").About("status")

var errKind = fault.New(fault.Invalid, "invalid_kind", "kind must be x402, usdt or checkout").About("kind")

func (a *API) listPayments(c *gin.Context) {
	who, err := a.apiKeyPrincipal(c)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	query, err := edge.Query(c, modeParam, "limit", "cursor", "kind", "status")
	if err != nil {
		edge.Fail(c, err)
		return
	}
	q := ports.SessionQuery{
		Merchant: who.Merchant, Project: who.Project, Mode: who.Mode,
		Without: ports.SessionReturns | ports.SessionRates, // nobody is shown them here
	}
	switch kind := checkout.Kind(query.Get("kind")); kind {
	case kindX402:
		if query.Has("status") {
			edge.Fail(c, errAgentStatus)
			return
		}
		a.pageAgents(c, who)
		return
	case "", checkout.KindCheckout, checkout.KindUSDT:
		q.Kind = kind
	default:
		edge.Fail(c, errKind)
		return
	}
	if word := query.Get("status"); word != "" {
		if word == failedWord {
			word = sessionWords[checkout.Cancelled]
		}
		if q.Statuses, err = readStatus(word); err != nil {
			edge.Fail(c, err)
			return
		}
	}
	a.pageSessions(c, "payments", who, q, func(found []checkout.Snapshot, next string) any {
		shown := make([]paymentJSON, len(found))
		for i, s := range found {
			shown[i] = showPayment(s, payLink(a.PublicURL, s.ID))
		}
		return struct {
			Payments   []paymentJSON `json:"payments"`
			NextCursor string        `json:"nextCursor,omitempty"`
		}{shown, next}
	})
}
