package native

import (
	"encoding/hex"
	"net/http"
	"net/url"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
)

type resourceJSON struct {
	ID             resource.ID       `json:"id"`
	SKU            string            `json:"sku"`
	URL            string            `json:"url"` // where programs pay for it
	Mode           string            `json:"mode"`
	Status         resource.State    `json:"status"`
	Price          string            `json:"price"`
	PriceMinor     string            `json:"priceMinor"`
	Currency       string            `json:"currency"`
	Networks       []string          `json:"networks"` // empty means all
	PayTo          map[string]string `json:"payTo,omitempty"`
	Offers         []offerJSON       `json:"offers"`
	Title          string            `json:"title"`
	ServiceName    string            `json:"serviceName"`
	Description    string            `json:"description"`
	MIMEType       string            `json:"mimeType"`
	Tags           []string          `json:"tags"`
	Discoverable   bool              `json:"discoverable"`
	TimeoutSeconds int64             `json:"timeoutSeconds"`
	Flow           resource.Flow     `json:"flow"`
	Scheme         string            `json:"scheme"`
	ValidFrom      string            `json:"validFrom,omitempty"`
	ValidUntil     string            `json:"validUntil,omitempty"`
	Content        *soldJSON         `json:"content,omitempty"`
	Unreachable    bool              `json:"unreachable,omitempty"`
	Version        int64             `json:"version"`
	CreatedAt      string            `json:"createdAt"`
	UpdatedAt      string            `json:"updatedAt"`
	ArchivedAt     string            `json:"archivedAt,omitempty"`
}

// offerJSON is whether a resource can be paid on a network now, and where the money goes.
type offerJSON struct {
	Network string           `json:"network"`        // CAIP-2
	Name    string           `json:"name,omitempty"` // in x402 version 1
	Offered bool             `json:"offered"`
	PayTo   string           `json:"payTo,omitempty"`
	Reason  app.PayeeProblem `json:"reason,omitempty"` // why it is not offered
}

type soldJSON struct {
	Kind        resource.Kind `json:"kind"`
	ContentType string        `json:"contentType,omitempty"`
	FileName    string        `json:"fileName,omitempty"`
	Bytes       int           `json:"bytes,omitempty"`
	SHA256      string        `json:"sha256,omitempty"`
	Upstream    *upstreamJSON `json:"upstream,omitempty"`
}

// upstreamJSON is a merchant's server. The value of the header is nowhere in it.
type upstreamJSON struct {
	URL       string   `json:"url"`
	Header    string   `json:"header,omitempty"`
	Methods   []string `json:"methods"`
	PassQuery bool     `json:"passQuery"`
}

// resourceURL is where a resource is paid for and delivered.
func resourceURL(publicURL string, m merchant.ID, sku string) string {
	return publicURL + "/v1/resource/" + url.PathEscape(sku) + "?merchant=" + url.QueryEscape(string(m))
}

func (a *API) oneResource(v app.ResourceView) any {
	return struct {
		Resource resourceJSON `json:"resource"`
	}{a.showResource(v)}
}

func (a *API) showResource(v app.ResourceView) resourceJSON {
	t := v.Terms
	shown := resourceJSON{
		ID: v.ID, SKU: v.SKU, URL: resourceURL(a.PublicURL, v.MerchantID, v.SKU), Mode: v.Mode.String(),
		Status: v.State, Price: t.Price.String(), PriceMinor: t.Price.MinorText(),
		Currency: t.Price.Currency().Code(), Networks: []string{}, Offers: []offerJSON{}, Title: t.Title,
		ServiceName: t.ServiceName, Description: t.Description, MIMEType: v.Advertised(),
		Tags: append([]string{}, t.Tags...), Discoverable: t.Discoverable, TimeoutSeconds: int64(t.Timeout.Seconds()),
		Flow: t.Flow, Scheme: x402.SchemeExact, ValidFrom: instant(t.ValidFrom), ValidUntil: instant(t.ValidUntil),
		Content: showContent(v.Content), Unreachable: v.Unreachable, Version: v.Version,
		CreatedAt: instant(v.CreatedAt), UpdatedAt: instant(v.UpdatedAt), ArchivedAt: instant(v.ArchivedAt),
	}
	if t.UpTo {
		shown.Scheme = x402.SchemeUpTo
	}
	for _, n := range t.Networks {
		shown.Networks = append(shown.Networks, n.String())
	}
	for n, to := range t.PayTo {
		if shown.PayTo == nil {
			shown.PayTo = map[string]string{}
		}
		shown.PayTo[n.String()] = to.String()
	}
	for _, p := range v.Payees {
		shown.Offers = append(shown.Offers, showOffer(p))
	}
	return shown
}

func showOffer(p app.Payee) offerJSON {
	shown := offerJSON{Network: p.Network.String(), Name: p.Network.Name(x402.V1), Reason: p.Problem}
	if p.Problem == "" {
		shown.Offered, shown.PayTo = true, p.To.String()
	}
	return shown
}

func showContent(c resource.Content) *soldJSON {
	if c.Kind == "" {
		return nil
	}
	shown := &soldJSON{Kind: c.Kind, ContentType: c.Type, FileName: c.FileName, Bytes: c.Bytes}
	if c.Stored() {
		shown.SHA256 = hex.EncodeToString(c.Hash[:])
		return shown
	}
	shown.Upstream = &upstreamJSON{
		URL: c.Upstream.URL, Header: c.Upstream.Header, Methods: []string{http.MethodGet}, PassQuery: c.Upstream.Query,
	}
	if c.Upstream.Post {
		shown.Upstream.Methods = append(shown.Upstream.Methods, http.MethodPost)
	}
	return shown
}
