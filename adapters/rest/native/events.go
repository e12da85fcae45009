package native

import (
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// EventWords puts events into this dialect's words.
type EventWords struct {
	PublicURL string // without a slash at its end
}

// eventJSON is the body of a webhook: type, timestamp and data as Standard Webhooks advises, and
// what a receiver needs to ignore news he has had already.
type eventJSON struct {
	ID        string        `json:"id"`
	Type      webhook.Type  `json:"type"`
	Timestamp string        `json:"timestamp"`
	Mode      string        `json:"mode"`
	Version   int64         `json:"version"` // of the payment: a lower one is older news
	Data      eventDataJSON `json:"data"`
}

type eventDataJSON struct {
	Payment  *paymentJSON  `json:"payment,omitempty"`
	Transfer *transferJSON `json:"transfer,omitempty"` // the one held, or undone by the chain
	Change   *changeJSON   `json:"receivingAccount,omitempty"`
	Agent    *agentJSON    `json:"x402Payment,omitempty"`
	Report   *toldJSON     `json:"report,omitempty"`
}

// changeJSON is where money goes, or is about to go.
type changeJSON struct {
	ID             merchant.ReceivingID `json:"id"`
	Network        string               `json:"network"`
	Chain          chain.Network        `json:"chain"`
	Asset          string               `json:"asset"`
	Address        chain.Address        `json:"address,omitempty"` // "" once nothing takes the old one's place
	Fingerprint    string               `json:"fingerprint,omitempty"`
	ActiveFrom     string               `json:"activeFrom"`
	OldAddress     chain.Address        `json:"oldAddress,omitempty"`
	OldFingerprint string               `json:"oldFingerprint,omitempty"`
}

// EncodeAddress implements ports.AddressEncoder.
func (w EventWords) EncodeAddress(e webhook.Event, c ports.AddressChange) ([]byte, error) {
	a := c.Account
	change := changeJSON{
		ID: a.ID, Network: a.Network.Standard(), Chain: a.Network, Asset: a.Asset,
		Address: a.Address, ActiveFrom: instant(a.ActiveFrom), OldAddress: c.Replaced,
	}
	if c.Removed {
		change.Address, change.OldAddress, change.ActiveFrom = "", a.Address, instant(a.RemovedAt)
	}
	if change.Address != "" {
		change.Fingerprint = change.Address.Fingerprint()
	}
	if change.OldAddress != "" {
		change.OldFingerprint = change.OldAddress.Fingerprint()
	}
	return encode(eventJSON{
		ID: e.ID, Type: e.Type, Timestamp: stamp(e.CreatedAt), Mode: e.Mode.String(), Version: e.Version,
		Data: eventDataJSON{Change: &change},
	})
}

// Encode implements ports.EventEncoder.
func (w EventWords) Encode(e webhook.Event, s checkout.Snapshot, concerned *ports.TransferRow) ([]byte, error) {
	body := eventJSON{
		ID: e.ID, Type: e.Type, Timestamp: stamp(e.CreatedAt), Mode: e.Mode.String(), Version: e.Version,
	}
	if s.ID != "" {
		payment := showPayment(s, payLink(w.PublicURL, s.ID))
		body.Data.Payment = &payment
	}
	if concerned != nil {
		t := concerned.Transfer
		body.Data.Transfer = &transferJSON{
			Transaction: t.TxID, Index: t.Index, Chain: t.Network, From: t.From, To: t.To,
			Amount: transferAmount(t), Currency: t.Asset.Symbol, BlockTime: instant(t.BlockTime),
			Disposition: string(concerned.Disposition),
		}
	}
	return encode(body)
}

func transferAmount(t chain.Transfer) string {
	return money.FormatUnits(t.Units, int(t.Asset.Decimals))
}
