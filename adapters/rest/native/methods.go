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
