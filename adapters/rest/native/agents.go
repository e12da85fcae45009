package native

import (
	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// agentJSON is what an agent paid for a resource.
type agentJSON struct {
	ID          string         `json:"id"`
	Kind        ledger.Kind    `json:"kind"`
	Status      string         `json:"status"`
	Mode        string         `json:"mode"`
	SKU         string         `json:"sku,omitempty"`
	Session     string         `json:"session,omitempty"` // the checkout session it pays, instead of a resource
	Description string         `json:"description,omitempty"`
	Amount      string         `json:"amount"`
	AmountMinor string         `json:"amountMinor"`
	Currency    string         `json:"currency"`
	Payer       string         `json:"payer"`
	PayTo       string         `json:"payTo"`
	Network     string         `json:"network"` // CAIP-2
	Asset       string         `json:"asset"`   // the token's contract
	Transaction string         `json:"transaction,omitempty"`
	Reason      string         `json:"reason,omitempty"` // why it failed
	OrderNo     ledger.OrderNo `json:"orderNo,omitempty"`
	CreatedAt   string         `json:"createdAt"`
	PaidAt      string         `json:"paidAt,omitempty"`
}

func showAgent(a ports.AuthorizationRow) agentJSON {
	s := a.Settlement.Snapshot()
	shown := agentJSON{
		ID: a.ID, Kind: ledger.KindAgent, Status: s.Status.String(), Mode: a.Mode.String(), SKU: s.Binding.SKU,
		Description: a.Title, Amount: a.Price.String(), AmountMinor: a.Price.MinorText(),
		Currency: a.Price.Currency().Code(), Payer: s.Due.Payer.String(), PayTo: s.Due.PayTo.String(),
		Network: s.Due.Network.String(), Asset: s.Due.Asset.String(), OrderNo: a.OrderNo, CreatedAt: instant(s.ClaimedAt),
	}
	if a.SessionID != "" {
		shown.SKU, shown.Session = "", a.SessionID
	}
	if s.TxID != (x402.Hash{}) {
		shown.Transaction = s.TxID.String()
	}
	if s.Reason != 0 {
		shown.Reason = s.Reason.String()
	}
	if !s.SettledAt.IsZero() {
		shown.PaidAt = instant(s.SettledAt)
	}
	return shown
}

// pageAgents answers one page of what programs paid.
func (a *API) pageAgents(c *gin.Context, who merchant.Principal) {
	const list = "x402 payments"
	from, err := a.askedPage(c, list, who, maxSessionsPage)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	rows, more, err := a.Paywall.History(
		c.Request.Context(), who, ports.AuthorizationMark{ClaimedAt: from.at, ID: from.id}, from.limit)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	shown := make([]agentJSON, len(rows))
	for i, row := range rows {
		shown[i] = showAgent(row)
	}
	next := ""
	if more && len(rows) > 0 {
		last := rows[len(rows)-1]
		next = a.makeCursor(list, who, last.Settlement.Snapshot().ClaimedAt, last.ID)
	}
	show(c, struct {
		Payments   []agentJSON `json:"payments"`
		NextCursor string      `json:"nextCursor,omitempty"`
	}{shown, next})
}

// EncodeAgent implements ports.AgentEncoder.
func (w EventWords) EncodeAgent(e webhook.Event, a ports.AuthorizationRow) ([]byte, error) {
	shown := showAgent(a)
	return encode(eventJSON{
		ID: e.ID, Type: e.Type, Timestamp: stamp(e.CreatedAt), Mode: e.Mode.String(), Version: e.Version,
		Data: eventDataJSON{Agent: &shown},
	})
}
