package graphql

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// PaymentConnection is a page of payments.
type PaymentConnection struct {
	listed[paymentRow, Payment, PaymentEdge]
}

// paymentRow is a payment, which is only read, and the API that shows it.
type paymentRow struct {
	*checkout.Snapshot

	api *API
}

func showPayments(rows []paymentRow) []*Payment {
	return each(rows, func(p paymentRow) *Payment { return p.api.showPayment(*p.Snapshot) })
}

func paymentEdge(cursor string, node *Payment) *PaymentEdge {
	return &PaymentEdge{Cursor: cursor, Node: node}
}

// coins are units of an asset.
type coins struct {
	units *big.Int
	of    *chain.Asset
}

var coinColumns = object[coins]{"CoinAmount", map[string]column[coins]{
	"amount": figure(func(to []byte, c *coins) []byte {
		return money.AppendUnits(to, c.units, int(c.of.Decimals))
	}),
	"units":    text(func(c *coins) string { return c.units.String() }),
	"asset":    text(func(c *coins) string { return c.of.Symbol }),
	"decimals": whole(func(c *coins) int { return int(c.of.Decimals) }),
	"network":  text(func(c *coins) chain.Network { return c.of.Network }),
}}

var rateColumns = object[money.Rate]{"Rate", map[string]column[money.Rate]{
	"from":   text(func(r *money.Rate) string { return r.From }),
	"to":     text(func(r *money.Rate) string { return r.To }),
	"price":  text(func(r *money.Rate) string { return r.Price.String() }),
	"source": text(func(r *money.Rate) string { return r.Source }),
	"at":     instant(func(r *money.Rate) time.Time { return r.At }),
}}

var intentColumns = object[checkout.Intent]{"Intent", map[string]column[checkout.Intent]{
	"id":        text(func(i *checkout.Intent) checkout.IntentID { return i.ID }),
	"method":    text(func(i *checkout.Intent) checkout.Method { return i.Method }),
	"amount":    within(coinColumns, func(i *checkout.Intent) *coins { return &coins{i.Units, &i.Asset} }),
	"address":   text(func(i *checkout.Intent) chain.Address { return i.Address }),
	"dedicated": truth(func(i *checkout.Intent) bool { return i.Terms.Matching == checkout.Dedicated }),
	"rate":      within(rateColumns, func(i *checkout.Intent) *money.Rate { return &i.Rate }),
	"createdAt": instant(func(i *checkout.Intent) time.Time { return i.CreatedAt }),
	"expiresAt": instant(func(i *checkout.Intent) time.Time { return i.ExpiresAt }),
}}

// receipt is how a payment was paid, in what was asked for.
type receipt struct {
	*checkout.Receipt

	asset *chain.Asset
}

var receiptColumns = object[receipt]{"Receipt", map[string]column[receipt]{
	"network":   text(func(r *receipt) chain.Network { return r.Network }),
	"txId":      text(func(r *receipt) chain.TxID { return r.TxID }),
	"index":     whole(func(r *receipt) int { return int(r.Index) }),
	"from":      text(func(r *receipt) chain.Address { return r.From }),
	"amount":    within(coinColumns, func(r *receipt) *coins { return &coins{r.Units, r.asset} }),
	"block":     number(func(r *receipt) uint64 { return r.Height }),
	"blockTime": instant(func(r *receipt) time.Time { return r.BlockTime }),
	"orderNo":   text(func(r *receipt) string { return r.OrderNo }),
	"late":      truth(func(r *receipt) bool { return r.Late }),
}}

// attached is a key and a value that a merchant attached.
type attached struct{ key, value string }

var attachedColumns = object[attached]{"MetadataEntry", map[string]column[attached]{
	"key":   text(func(a *attached) string { return a.key }),
	"value": text(func(a *attached) string { return a.value }),
}}

func attachedTo(p *paymentRow) []attached {
	var out []attached
	for k, v := range p.Metadata {
		out = append(out, attached{k, v})
	}
	slices.SortFunc(out, func(a, b attached) int { return strings.Compare(a.key, b.key) })
	return out
}

// inAsked is units of what was asked for, nil before anything was.
func (p *paymentRow) inAsked(units *big.Int) *coins {
	if p.Intent == nil {
		return nil
	}
	return &coins{units, &p.Intent.Asset}
}

// paymentColumns are the fields of a payment but those that are looked up by themselves.
var paymentColumns = object[paymentRow]{"Payment", map[string]column[paymentRow]{
	"id":             text(func(p *paymentRow) checkout.SessionID { return p.ID }),
	"projectId":      text(func(p *paymentRow) merchant.ProjectID { return p.ProjectID }),
	"mode":           text(func(p *paymentRow) Mode { return showMode(p.Mode) }),
	"kind":           text(func(p *paymentRow) checkout.Kind { return p.Kind }),
	"status":         word(func(p *paymentRow) string { return p.Status.String() }),
	"due":            within(moneyColumns, func(p *paymentRow) *money.Amount { return &p.Due }),
	"description":    text(func(p *paymentRow) string { return p.Description }),
	"orderId":        maybe(func(p *paymentRow) string { return p.OrderID }),
	"metadata":       many(attachedColumns, attachedTo),
	"method":         maybe(func(p *paymentRow) checkout.Method { return p.Method }),
	"createdAt":      instant(func(p *paymentRow) time.Time { return p.CreatedAt }),
	"expiresAt":      instant(func(p *paymentRow) time.Time { return p.ExpiresAt }),
	"updatedAt":      instant(func(p *paymentRow) time.Time { return p.UpdatedAt }),
	"checkoutUrl":    text(func(p *paymentRow) string { return p.api.checkoutURL(p.ID) }),
	"intent":         within(intentColumns, func(p *paymentRow) *checkout.Intent { return p.Intent }),
	"received":       within(coinColumns, func(p *paymentRow) *coins { return p.inAsked(p.Received()) }),
	"rest":           within(coinColumns, func(p *paymentRow) *coins { return p.inAsked(p.Rest()) }),
	"awaitsDecision": truth(func(p *paymentRow) bool { return p.UnderpaidHeld }),
	"receipt": within(receiptColumns, func(p *paymentRow) *receipt {
		if p.Receipt == nil || p.Intent == nil {
			return nil
		}
		return &receipt{p.Receipt, &p.Intent.Asset}
	}),
}}

var paymentPages = connection("Payment", paymentColumns)
