package graphql

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var (
	errOneContent = fault.New(fault.Invalid, "invalid_content",
		"give body or upstreamUrl, not both").About("body")
	errVersion = fault.New(fault.Invalid, "invalid_version",
		"version must be the one the resource was read in").About("version")
)

// plainText is what a body is unless it is said what it is.
const plainText = "text/plain; charset=utf-8"

// Resources pages through what a project sells.
func (q queries) Resources(
	ctx context.Context, project string, mode Mode, archived *bool, first *int, after *string,
) (*ResourceConnection, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	asked := ports.ResourceQuery{Project: who.Project, Mode: who.Mode, Archived: archived != nil && *archived}
	if asked.Limit, err = sizeOf(first); err != nil {
		return nil, err
	}
	at := list{q.API, "resources " + strconv.FormatBool(asked.Archived), who}
	from, err := at.read(after)
	if err != nil {
		return nil, err
	}
	asked.Before = ports.ResourceMark{At: from.at, ID: resource.ID(from.id)}
	views, more, err := q.API.Resources.List(ctx, asked)
	if err != nil {
		return nil, err
	}
	out := &ResourceConnection{Edges: []*ResourceEdge{}, Nodes: each(views, q.showResource)}
	var cursors []string
	for i, v := range views {
		cursors = append(cursors, at.cursor(mark{v.CreatedAt, string(v.ID)}))
		out.Edges = append(out.Edges, &ResourceEdge{Cursor: cursors[i], Node: out.Nodes[i]})
	}
	out.PageInfo = ending(cursors, more)
	return out, nil
}

// Resource finds a resource.
func (q queries) Resource(ctx context.Context, project string, mode Mode, sku string) (*Resource, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	v, err := q.API.Resources.Get(ctx, who, sku)
	if err != nil {
		return nil, err
	}
	return q.showResource(v), nil
}

func (a *API) showResource(v app.ResourceView) *Resource {
	return &Resource{
		ID: string(v.ID), Sku: v.SKU, Mode: showMode(v.Mode), Price: showMoney(v.Terms.Price), Title: v.Terms.Title,
		Description: v.Terms.Description, Tags: append([]string{}, v.Terms.Tags...), Discoverable: v.Terms.Discoverable,
		State: ResourceState(strings.ToUpper(string(v.State))), ContentKind: string(v.Content.Kind),
		MediaType: v.Advertised(), ContentBytes: v.Content.Bytes, UpstreamURL: optional(v.Content.Upstream.URL),
		ValidFrom: moment(v.Terms.ValidFrom), ValidUntil: moment(v.Terms.ValidUntil), Version: decimalOf(v.Version),
		URL:       a.PublicURL + "/v1/resource/" + url.PathEscape(v.SKU) + "?merchant=" + url.QueryEscape(string(v.MerchantID)),
		CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt, Payees: each(v.Payees, showPayee),
	}
}

func showPayee(p app.Payee) *Payee {
	shown := &Payee{Network: p.Network.String(), Problem: optional(p.Problem)}
	if p.Problem == "" {
		shown.Address = optional(p.To.String())
	}
	return shown
}

// CreateResource adds a resource.
func (m mutations) CreateResource(ctx context.Context, input ResourceInput) (*ResourcePayload, error) {
	who, err := m.enter(ctx, member.ManageResources, input.Project, input.Mode)
	if err != nil {
		return nil, err
	}
	in := app.ResourceInput{Who: who, SKU: input.Sku}
	in.Terms, err = termsOf(ResourceChange{
		Price: &input.Price, Currency: &input.Currency, Title: input.Title, Description: input.Description,
		Tags: input.Tags, Discoverable: input.Discoverable,
	})
	if err == nil {
		in.Content, err = contentOf(input)
	}
	var made app.ResourceView
	if err == nil {
		made, _, err = m.Resources.Create(ctx, in, app.Once[app.ResourceView]{})
	}
	return m.resourcePayload(made, err)
}

func (a *API) resourcePayload(v app.ResourceView, err error) (*ResourcePayload, error) {
	out := &ResourcePayload{}
	return done(out, &out.UserErrors, err, func() { out.Resource = a.showResource(v) })
}

func termsOf(in ResourceChange) (app.TermsChange, error) {
	c := app.TermsChange{Title: in.Title, Description: in.Description, Discoverable: in.Discoverable}
	if in.Tags != nil {
		c.Tags = &in.Tags
	}
	for param, text := range map[string]*string{"title": in.Title, "description": in.Description} {
		if text != nil {
			if err := edge.Text(param, *text, len(*text), param == "description"); err != nil {
				return c, err
			}
		}
	}
	if in.Price == nil && in.Currency == nil {
		return c, nil
	}
	if in.Price == nil || in.Currency == nil {
		return c, resource.ErrInvalid.About("price").Saying("price and currency are changed together")
	}
	unit, err := money.ParseCurrency(*in.Currency)
	if err != nil || unit != money.USDC && unit != money.USD {
		return c, resource.ErrCurrency
	}
	price, err := money.ParsePrice(unit, *in.Price)
	if err != nil {
		said := fault.From(err)
		return c, said.About("price").Saying(strings.Replace(said.Message, "amount", "price", 1))
	}
	c.Price = &price
	return c, nil
}

func contentOf(in ResourceInput) (*app.ContentInput, error) {
	if in.Body != nil && in.UpstreamURL != nil {
		return nil, errOneContent
	}
	out := &app.ContentInput{}
	if in.MediaType != nil {
		out.Type = *in.MediaType
	}
	switch {
	case in.Body != nil:
		out.Body = []byte(*in.Body)
		if out.Type == "" {
			out.Type = plainText
		}
		return out, nil
	case in.UpstreamURL != nil:
		out.Upstream = &app.UpstreamInput{URL: *in.UpstreamURL}
		return out, nil
	}
	return nil, nil //nolint:nilnil // nothing is delivered yet
}

// UpdateResource changes a resource.
func (m mutations) UpdateResource(ctx context.Context, input ResourceChange) (*ResourcePayload, error) {
	who, err := m.enter(ctx, member.ManageResources, input.Project, input.Mode)
	if err != nil {
		return nil, err
	}
	change := app.ResourceChange{SKU: input.Sku, Archived: input.Archived}
	if input.Version != nil {
		n, err := strconv.ParseInt(*input.Version, 10, 64)
		if err != nil {
			return m.resourcePayload(app.ResourceView{}, errVersion)
		}
		change.Version = &n
	}
	var changed app.ResourceView
	if change.Terms, err = termsOf(input); err == nil {
		changed, _, err = m.Resources.Update(ctx, who, change, app.Once[app.ResourceView]{})
	}
	return m.resourcePayload(changed, err)
}

// ArchiveResource ends the sale of a resource.
func (m mutations) ArchiveResource(ctx context.Context, project string, mode Mode, sku string) (*RemovedPayload, error) {
	who, err := m.enter(ctx, member.ManageResources, project, mode)
	if err != nil {
		return nil, err
	}
	_, err = m.Resources.Archive(ctx, who, sku, app.Once[struct{}]{})
	return removed(err)
}

// AgentPayments pages through what programs paid.
func (q queries) AgentPayments(
	ctx context.Context, project string, mode Mode, first *int, after *string,
) (*AgentPaymentConnection, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	size, err := sizeOf(first)
	if err != nil {
		return nil, err
	}
	at := list{q.API, "agent payments", who}
	from, err := at.read(after)
	if err != nil {
		return nil, err
	}
	rows, more, err := q.Paywall.History(ctx, who, ports.AuthorizationMark{ClaimedAt: from.at, ID: from.id}, size)
	if err != nil {
		return nil, err
	}
	out := &AgentPaymentConnection{Edges: []*AgentPaymentEdge{}, Nodes: each(rows, showAgent)}
	var cursors []string
	for i, row := range rows {
		cursors = append(cursors, at.cursor(mark{row.Settlement.Snapshot().ClaimedAt, row.ID}))
		out.Edges = append(out.Edges, &AgentPaymentEdge{Cursor: cursors[i], Node: out.Nodes[i]})
	}
	out.PageInfo = ending(cursors, more)
	return out, nil
}

func showAgent(row ports.AuthorizationRow) *AgentPayment {
	s := row.Settlement.Snapshot()
	shown := &AgentPayment{
		ID: row.ID, Sku: optional(s.Binding.SKU), Title: row.Title, Price: showMoney(row.Price),
		Network: s.Due.Network.String(), Payer: s.Due.Payer.String(), Payee: s.Due.PayTo.String(),
		Status: s.Status.String(), OrderNo: optional(row.OrderNo), ClaimedAt: s.ClaimedAt, ChangedAt: row.ChangedAt,
	}
	if s.TxID != (x402.Hash{}) {
		shown.TxID = optional(s.TxID.String())
	}
	return shown
}
