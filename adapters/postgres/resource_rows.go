package postgres

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
)

type resourceRow struct {
	ID              resource.ID
	MerchantID      merchant.ID
	ProjectID       merchant.ProjectID
	Mode            string
	Sku             string
	Currency        string
	Price           string
	Networks        []int64 `bun:",array"`
	PayTo           []byte
	Title           string
	ServiceName     string
	Description     string
	MimeType        string
	Tags            []string `bun:",array"`
	Discoverable    bool
	TimeoutSeconds  int64
	Flow            resource.Flow
	Scheme          string
	ValidFrom       time.Time
	ValidUntil      time.Time
	ContentKind     resource.Kind
	ContentType     string
	FileName        string
	ContentBytes    int
	ContentHash     []byte
	UpstreamURL     string
	UpstreamHeader  string
	UpstreamSealed  []byte
	UpstreamPost    bool
	UpstreamQuery   bool
	Version         int64
	CreatedAt       time.Time
	UpdatedAt       time.Time
	ArchivedAt      time.Time
	ProjectDisabled bool
}

// resourceChanging are the columns that a resource may change, and resourceColumns all.
const (
	resourceChanging = `currency, price, networks, pay_to, title, service_name, description,
	mime_type, tags, discoverable, timeout_seconds, flow, valid_from, valid_until, content_kind, content_type,
	file_name, content_bytes, content_hash, upstream_url, upstream_header, upstream_sealed, upstream_post,
	upstream_query, version, updated_at, archived_at, scheme`
	resourceColumns = `id, merchant_id, project_id, mode, sku, created_at, ` + resourceChanging
)

// sellingOf are the values of resourceChanging.
func sellingOf(s resource.Snapshot) ([]any, error) {
	t, c := s.Terms, s.Content
	payTo, err := payToJSON(t.PayTo)
	if err != nil {
		return nil, err
	}
	networks := make([]int64, len(t.Networks))
	for i, n := range t.Networks {
		networks[i] = int64(n) //nolint:gosec // package resource lets no larger one pass
	}
	tags := t.Tags
	if tags == nil {
		tags = []string{}
	}
	var hash []byte
	if c.Stored() {
		hash = c.Hash[:]
	}
	return []any{
		t.Price.Currency().String(), t.Price.MinorText(), networks, payTo, t.Title, t.ServiceName, t.Description,
		t.MIMEType, tags, t.Discoverable, int64(t.Timeout / time.Second), t.Flow, orNull(t.ValidFrom),
		orNull(t.ValidUntil), c.Kind, c.Type, c.FileName, c.Bytes, hash, c.Upstream.URL, c.Upstream.Header,
		c.Upstream.Sealed, c.Upstream.Post, c.Upstream.Query, s.Version, s.UpdatedAt, orNull(s.ArchivedAt), schemeOf(t),
	}, nil
}

// schemeOf is how a resource is sold, as the protocol calls it.
func schemeOf(t resource.Terms) string {
	if t.UpTo {
		return x402.SchemeUpTo
	}
	return x402.SchemeExact
}

// payToJSON is an object of addresses by chain id, nil for none.
func payToJSON(to map[x402.Network]x402.Address) (*string, error) {
	if len(to) == 0 {
		return nil, nil //nolint:nilnil // NULL is the value
	}
	object := map[string]string{}
	for n, a := range to {
		object[strconv.FormatUint(uint64(n), 10)] = a.String()
	}
	text, err := json.Marshal(object)
	s := string(text)
	return &s, err
}

func readPayTo(text []byte) (map[x402.Network]x402.Address, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var object map[string]string
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	out := map[x402.Network]x402.Address{}
	for name, text := range object {
		n, err := strconv.ParseUint(name, 10, 64)
		a, ok := x402.ParseAddress(text)
		if err != nil || !ok {
			return nil, fmt.Errorf("payee %q on %q", text, name)
		}
		out[x402.Network(n)] = a
	}
	return out, nil
}

func (r resourceRow) resource() (*resource.Resource, error) {
	t, err := r.terms()
	if err != nil {
		return nil, fmt.Errorf("resource %s: %w", r.ID, err)
	}
	mode, err := merchant.ParseMode(r.Mode)
	if err != nil {
		return nil, fmt.Errorf("resource %s: mode %q", r.ID, r.Mode)
	}
	c := resource.Content{
		Kind: r.ContentKind, Type: r.ContentType, FileName: r.FileName, Bytes: r.ContentBytes,
		Upstream: resource.Source{
			URL: r.UpstreamURL, Header: r.UpstreamHeader, Sealed: r.UpstreamSealed, Post: r.UpstreamPost,
			Query: r.UpstreamQuery,
		},
	}
	copy(c.Hash[:], r.ContentHash)
	return resource.Restore(resource.Snapshot{
		ID: r.ID, MerchantID: r.MerchantID, ProjectID: r.ProjectID, Mode: mode, SKU: r.Sku, Terms: t, Content: c,
		Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, ArchivedAt: r.ArchivedAt,
	})
}

func (r resourceRow) terms() (resource.Terms, error) {
	t := resource.Terms{
		Title: r.Title, ServiceName: r.ServiceName, Description: r.Description, MIMEType: r.MimeType,
		Discoverable: r.Discoverable, Timeout: time.Duration(r.TimeoutSeconds) * time.Second, Flow: r.Flow,
		ValidFrom: r.ValidFrom, ValidUntil: r.ValidUntil, UpTo: r.Scheme == x402.SchemeUpTo,
	}
	currency, err := money.ParseNotation(r.Currency)
	if err != nil {
		return t, err
	}
	if t.Price, err = money.FromMinorText(currency, r.Price); err != nil {
		return t, err
	}
	for _, n := range r.Networks {
		t.Networks = append(t.Networks, x402.Network(n)) //nolint:gosec // was one when it was written
	}
	if len(r.Tags) > 0 {
		t.Tags = r.Tags
	}
	t.PayTo, err = readPayTo(r.PayTo)
	return t, err
}
