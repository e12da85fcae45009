package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
)

func (a *API) mountReceiving(v1 *gin.RouterGroup) {
	a.forLogin(v1, http.MethodGet, "/receiving-accounts", orFail(a.listReceiving))
	a.forLogin(v1, http.MethodPost, "/receiving-accounts", orFail(a.addReceiving))
	a.forLogin(v1, http.MethodPatch, "/receiving-accounts/:id", orFail(a.relabelReceiving))
	a.forLogin(v1, http.MethodDelete, "/receiving-accounts/:id", orFail(a.removeReceiving))
	a.forLogin(v1, http.MethodGet, "/payment-methods", orFail(a.listMethods))
	a.forLogin(v1, http.MethodPut, "/payment-methods/:method", orFail(a.switchMethod))
}

type receivingJSON struct {
	ID        merchant.ReceivingID `json:"id"`
	Network   string               `json:"network"` // as wallets print it: "TRC20"
	Asset     string               `json:"asset"`
	Address   chain.Address        `json:"address"`
	Label     string               `json:"label"`
	CreatedAt string               `json:"createdAt"`
}

func showReceiving(r merchant.ReceivingAccount) receivingJSON {
	return receivingJSON{r.ID, r.Network.Standard(), r.Asset, r.Address, r.Label, instant(r.CreatedAt)}
}

func oneReceiving(r merchant.ReceivingAccount) any {
	return struct {
		ReceivingAccount receivingJSON `json:"receivingAccount"`
	}{showReceiving(r)}
}

func receivingID(c *gin.Context) merchant.ReceivingID { return merchant.ReceivingID(c.Param("id")) }

func (a *API) listReceiving(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	accounts, err := a.Receiving.List(c.Request.Context(), who)
	if err != nil {
		return err
	}
	shown := make([]receivingJSON, len(accounts))
	for i, r := range accounts {
		shown[i] = showReceiving(r)
	}
	show(c, struct {
		ReceivingAccounts []receivingJSON `json:"receivingAccounts"`
	}{shown})
	return nil
}

func (a *API) addReceiving(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Network *string `json:"network"`
		Asset   *string `json:"asset"`
		Address *string `json:"address"`
		Label   string  `json:"label"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	var n needed
	in := app.ReceivingInput{
		Network: n.take("network", body.Network), Asset: n.take("asset", body.Asset),
		Address: n.take("address", body.Address), Label: body.Label,
	}
	if n.err != nil {
		return n.err
	}
	if err := checkLabel(in.Label); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusCreated, oneReceiving)
	if err != nil {
		return err
	}
	account, stored, err := a.Receiving.Add(c.Request.Context(), who, in, once)
	respond(c, once, account, stored, err)
	return nil
}

func (a *API) relabelReceiving(c *gin.Context, who merchant.Principal) error {
	label, err := readLabel(c)
	if err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, oneReceiving)
	if err != nil {
		return err
	}
	relabelled := merchant.ReceivingAccount{ID: receivingID(c), Label: label}
	account, stored, err := a.Receiving.Relabel(c.Request.Context(), who, relabelled, once)
	respond(c, once, account, stored, err)
	return nil
}

func (a *API) removeReceiving(c *gin.Context, who merchant.Principal) error {
	if err := noBody(c); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusNoContent, func(struct{}) any { return nil })
	if err != nil {
		return err
	}
	done, stored, err := a.Receiving.Remove(c.Request.Context(), who, receivingID(c), once)
	respond(c, once, done, stored, err)
	return nil
}

type methodJSON struct {
	Method  checkout.Method `json:"method"`
	Asset   string          `json:"asset"`
	Network string          `json:"network,omitempty"` // of the first of Networks that is live, else of the first
	Enabled bool            `json:"enabled"`
	Live    bool            `json:"live"`
	Test    bool            `json:"test"`
	// ReceivingAddress is where live payments on Network go. Without one, test payments still work.
	ReceivingAddress chain.Address       `json:"receivingAddress,omitempty"`
	Networks         []methodNetworkJSON `json:"networks"`
}

// methodNetworkJSON is a network that carries the coin for real money.
type methodNetworkJSON struct {
	Network          string        `json:"network"`
	Chain            chain.Network `json:"chain"`
	Live             bool          `json:"live"`
	ReceivingAddress chain.Address `json:"receivingAddress,omitempty"`
}

func showMethod(m app.MethodState) methodJSON {
	shown := methodJSON{
		Method: m.Method, Asset: m.Method.Symbol(), Enabled: m.Enabled, Live: m.Live, Test: m.Test,
		Networks: []methodNetworkJSON{},
	}
	main := -1
	for i, n := range m.Networks {
		shown.Networks = append(shown.Networks,
			methodNetworkJSON{n.Network.Standard(), n.Network, n.Live, n.Address})
		if main < 0 || n.Live && !m.Networks[main].Live {
			main = i
		}
	}
	if main >= 0 {
		shown.Network, shown.ReceivingAddress = shown.Networks[main].Network, m.Networks[main].Address
	}
	return shown
}

func (a *API) listMethods(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	methods, err := a.Receiving.Methods(c.Request.Context(), who)
	if err != nil {
		return err
	}
	shown := make([]methodJSON, len(methods))
	for i, m := range methods {
		shown[i] = showMethod(m)
	}
	show(c, struct {
		PaymentMethods []methodJSON `json:"paymentMethods"`
	}{shown})
	return nil
}

func (a *API) switchMethod(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Enabled *bool `json:"enabled"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	method, err := checkout.ParseMethod(c.Param("method"))
	if err != nil {
		return err
	}
	if body.Enabled == nil {
		return missing("enabled")
	}
	once, err := onceFor(a, c, http.StatusOK, func(m app.MethodState) any {
		return struct {
			PaymentMethod methodJSON `json:"paymentMethod"`
		}{showMethod(m)}
	})
	if err != nil {
		return err
	}
	to := app.MethodState{Method: method, Enabled: *body.Enabled}
	m, stored, err := a.Receiving.Switch(c.Request.Context(), who, to, once)
	respond(c, once, m, stored, err)
	return nil
}
