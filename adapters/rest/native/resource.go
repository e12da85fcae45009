package native

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// boughtPath is where programs buy a resource.
const boughtPath = "/v1/resource/:sku"

// merchantParam names the seller. The rest of the query is the payer's own.
const merchantParam = "merchant"

// CrossOrigin is what pages of any origin may ask: what payers and their programs ask, without a
// credential of anybody.
func CrossOrigin() []edge.CrossOrigin {
	return []edge.CrossOrigin{
		{Prefix: "/v1/checkout/sessions/", Headers: []string{x402.HeaderPaymentV1, x402.HeaderPaymentV2}},
		{Prefix: WellKnown},
		{Prefix: "/v1/resource/", Headers: []string{
			x402.HeaderPaymentV1, x402.HeaderPaymentV2, x402.HeaderSignIn,
		}},
	}
}

func (a *API) mountResource(e *gin.Engine) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		e.Handle(method, boughtPath, a.limits.public, failing(a.buy))
	}
}

var errMerchant = fault.New(fault.Invalid, "merchant_required",
	"name the seller once: /v1/resource/{sku}?merchant={merchantId}").About(merchantParam)

// buy sells a resource, or says what it takes: for programs of both versions in one answer.
func (a *API) buy(c *gin.Context) error {
	purchase, err := purchaseOf(c)
	if err != nil {
		return err
	}
	return a.sell(c, purchase)
}

// sell answers a purchase.
func (a *API) sell(c *gin.Context, purchase app.Purchase) error {
	sale, err := a.Paywall.Buy(c.Request.Context(), purchase)
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Add("Vary", "Accept, X-PAYMENT, PAYMENT-SIGNATURE, SIGN-IN-WITH-X")
	if sale.Response != nil {
		name, value := sale.Response.Header(sale.Version)
		h.Set(name, value)
	}
	switch {
	case sale.Answer != nil:
		deliver(c, *sale.Answer)
	case sale.Challenge != nil:
		return challenge(c, sale)
	default:
		return sale.Fault
	}
	return nil
}

// purchaseOf reads what is asked for, and what is presented to pay for it.
func purchaseOf(c *gin.Context) (app.Purchase, error) {
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return app.Purchase{}, edge.ErrUnexpectedQuery
	}
	seller := query[merchantParam]
	if len(seller) != 1 || seller[0] == "" {
		return app.Purchase{}, errMerchant
	}
	body, err := edge.RawBody(c)
	if err != nil {
		return app.Purchase{}, err
	}
	h := c.Request.Header
	return app.Purchase{
		Merchant: merchant.ID(seller[0]), SKU: c.Param("sku"), Method: c.Request.Method,
		Target: c.Request.URL.RequestURI(), Query: payersQuery(c.Request.URL.RawQuery), Body: body,
		Type: h.Get("Content-Type"), Accept: h.Get("Accept"),
		V1: h.Values(x402.HeaderPaymentV1), V2: h.Values(x402.HeaderPaymentV2),
		SignIn: h.Values(x402.HeaderSignIn), Client: edge.ByIP(c),
	}, nil
}

// payersQuery is a query without the name of the seller, otherwise as it was.
func payersQuery(raw string) string {
	var own []string
	for _, part := range strings.Split(raw, "&") {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); part != "" && (err != nil || plain != merchantParam) {
			own = append(own, part)
		}
	}
	return strings.Join(own, "&")
}

// deliver gives what was sold, or what its seller's server said instead. It is nobody else's.
func deliver(c *gin.Context, a ports.AuthorizationAnswer) {
	h := c.Writer.Header()
	for name, value := range a.Headers {
		h.Set(name, value)
	}
	h.Set("Cache-Control", "private")
	h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	c.Status(a.Status)
	_, _ = c.Writer.Write(a.Body) // a client that hung up asks again
}

// challenge says how to pay, in the words of whoever asks.
func challenge(c *gin.Context, sale app.Sale) error {
	if sale.Fault != nil {
		edge.Note(c, sale.Fault)
	}
	h := c.Writer.Header()
	h.Set(x402.HeaderRequiredV2, sale.Challenge.Required)
	h.Set("Cache-Control", "no-store")
	body, media := sale.Challenge.Body, jsonType
	if sale.Fault == nil && readsPages(c.Request.Header.Get("Accept")) {
		page, err := pricePage(sale.Shown)
		if err != nil {
			return err
		}
		body, media = page, "text/html; charset=utf-8"
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	}
	if c.Request.Method == http.MethodHead {
		body = nil
	}
	c.Data(sale.Status(), media, body)
	return nil
}

// readsPages reports whether somebody would rather read a page: his browser asks for one first.
func readsPages(accept string) bool {
	first, _, _ := strings.Cut(accept, ",")
	first, _, _ = strings.Cut(first, ";")
	return strings.EqualFold(strings.TrimSpace(first), "text/html")
}
