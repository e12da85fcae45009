package graphql

import (
	"context"
	"strings"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// AddressSources lists a project's sources of addresses.
func (q queries) AddressSources(ctx context.Context, project string) ([]*AddressSource, error) {
	who, err := q.setUp(ctx, member.ReadSetup, project)
	if err != nil {
		return nil, err
	}
	list, err := q.Sources.List(ctx, who)
	return each(list, showSource), err
}

func showSource(s app.SourceState) *AddressSource {
	return &AddressSource{
		ID: string(s.ID), Kind: string(s.Kind), Family: string(s.Family), Label: s.Label,
		State: AddressSourceState(strings.ToUpper(string(s.State))), CreatedAt: s.CreatedAt, Low: s.Low(),
		FirstAddresses: each(s.First, func(a chain.Address) string { return string(a) }),
		Total:          s.Tally.Total, Free: s.Tally.Free, Resting: s.Tally.Resting, Received: s.Tally.Received,
	}
}

func sourcePayload(s app.SourceState, err error) (*AddressSourcePayload, error) {
	out := &AddressSourcePayload{}
	return done(out, &out.UserErrors, err, func() { out.AddressSource = showSource(s) })
}

// RegisterAddressSource adds a source of addresses.
func (m mutations) RegisterAddressSource(ctx context.Context, input AddressSourceInput) (*AddressSourcePayload, error) {
	who, err := m.atDesk(ctx, input.Project)
	if err != nil {
		return nil, err
	}
	in := app.SourceInput{Family: input.Family, Addresses: input.Addresses}
	if input.Xpub != nil {
		in.Xpub = *input.Xpub
	}
	if input.Label != nil {
		in.Label = *input.Label
	}
	var made app.SourceState
	if err = edge.Text("label", in.Label, maxLabel, false); err == nil {
		made, _, err = m.Sources.Register(ctx, who, in, app.Once[app.SourceState]{})
	}
	return sourcePayload(made, err)
}

// AppendAddresses adds addresses to a pool.
func (m mutations) AppendAddresses(ctx context.Context, project, id string, addresses []string) (*AddressSourcePayload, error) {
	who, err := m.atDesk(ctx, project)
	if err != nil {
		return nil, err
	}
	return sourcePayload(first(m.Sources.Append(ctx, who, merchant.SourceID(id), addresses, app.Once[app.SourceState]{})))
}

// ConfirmAddressSource has payments get a source's addresses.
func (m mutations) ConfirmAddressSource(
	ctx context.Context, project, id, firstAddress string, password *string,
) (*AddressSourcePayload, error) {
	who, err := m.atDesk(ctx, project)
	if err != nil {
		return nil, err
	}
	in := app.SourceConfirmation{ID: merchant.SourceID(id), First: firstAddress, By: m.proven(ctx, password)}
	return sourcePayload(first(m.Sources.Confirm(ctx, who, in, app.Once[app.SourceState]{})))
}

// RemoveAddressSource retires a source of addresses.
func (m mutations) RemoveAddressSource(ctx context.Context, project, id string) (*RemovedPayload, error) {
	who, err := m.atDesk(ctx, project)
	if err != nil {
		return nil, err
	}
	_, _, err = m.Sources.Remove(ctx, who, merchant.SourceID(id), app.Once[struct{}]{})
	return removed(err)
}
