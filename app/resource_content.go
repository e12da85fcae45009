package app

import (
	"context"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/webhook"
)

// ContentInput is what shall be delivered: stored bytes, or an upstream.
type ContentInput struct {
	Body     []byte
	File     bool   // Body was uploaded
	FileName string // of a file
	Type     string // media type; "" for that of plain bytes, or of the upstream
	Upstream *UpstreamInput
}

// UpstreamInput is a merchant's server. Header and Value are sent along; both "" for none.
type UpstreamInput struct {
	URL, Header, Value string
	Post, Query        bool
}

// contentBytes is what plain bytes are.
const contentBytes = "application/octet-stream"

// content describes what a merchant hands in, and the bytes to store.
func (s Resources) content(id resource.ID, in ContentInput) (resource.Content, []byte, error) {
	if in.Upstream != nil {
		c, err := s.upstream(id, in)
		return c, nil, err
	}
	if in.Type == "" {
		in.Type = contentBytes
	}
	var c resource.Content
	var err error
	if in.File {
		c, err = resource.StoredFile(in.Body, in.Type, in.FileName)
	} else {
		c, err = resource.StoredBody(in.Body, in.Type)
	}
	return c, in.Body, err
}

func (s Resources) upstream(id resource.ID, in ContentInput) (c resource.Content, err error) {
	u := *in.Upstream
	c = resource.Content{Kind: resource.Upstream, Type: in.Type}
	c.Upstream.Post, c.Upstream.Query = u.Post, u.Query
	if c.Upstream.URL, err = webhook.CheckURL(u.URL, s.AllowPrivate); err != nil {
		return c, resource.ErrUpstreamURL.Because(fault.From(err).Reason)
	}
	if u.Header == "" && u.Value == "" {
		return c, nil
	}
	c.Upstream.Header = resource.HeaderName(u.Header)
	if err := resource.CheckHeader(c.Upstream.Header, u.Value); err != nil {
		return c, err
	}
	c.Upstream.Sealed, err = s.Core.Vault.Seal(upstreamPurpose(id, c.Upstream.URL), []byte(u.Value))
	return c, err
}

// upstreamPurpose ties a sealed value to its resource and to the server it is for, so that whoever can
// write to the database cannot have it sent elsewhere.
func upstreamPurpose(id resource.ID, url string) string {
	return "upstream header of " + string(id) + " at " + url
}

// UpstreamHeader opens the header that a resource's upstream is sent; name is "" for none.
func (s Resources) UpstreamHeader(r resource.Snapshot) (name, value string, err error) {
	u := r.Content.Upstream
	if u.Header == "" {
		return "", "", nil
	}
	plain, err := s.Core.Vault.Open(upstreamPurpose(r.ID, u.URL), u.Sealed)
	return u.Header, string(plain), err
}

func (s Resources) unreachable(ctx context.Context, c resource.Content) bool {
	return c.Kind == resource.Upstream && !s.Prober.Reachable(ctx, c.Upstream.URL)
}
