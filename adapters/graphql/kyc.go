package graphql

import (
	"context"
	"strings"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// Bounds of what a merchant says about himself, in characters.
const (
	maxLegalName = 200
	maxRegistry  = 64
)

// Kyc is the verification of the account.
func (q queries) Kyc(ctx context.Context) (*Kyc, error) {
	who, err := q.anywhere(ctx, member.ManageKYC)
	if err != nil {
		return nil, err
	}
	k, err := q.KYC.Get(ctx, who)
	return showKYC(who, k), err
}

func showKYC(who merchant.Principal, k merchant.KYC) *Kyc {
	return &Kyc{
		State: KycState(strings.ToUpper(string(k.State))), LegalName: k.LegalName, Country: k.Country, Kind: k.Kind,
		Registry: k.Registry, Note: k.Note, SubmittedAt: moment(k.SubmittedAt), DecidedAt: moment(k.DecidedAt),
		who: who,
	}
}

// Documents lists the files attached to a verification.
func (r ofKyc) Documents(ctx context.Context, of *Kyc) ([]*KycDocument, error) {
	list, err := r.KYC.Documents(ctx, of.who)
	return each(list, func(d merchant.Document) *KycDocument {
		return &KycDocument{ID: d.ID, Kind: d.Kind, MediaType: d.MediaType, Bytes: d.Bytes, CreatedAt: d.CreatedAt}
	}), err
}

// SubmitKyc puts what the merchant says about himself before the operator.
func (m mutations) SubmitKyc(ctx context.Context, input KycInput) (*KycPayload, error) {
	who, err := m.anywhere(ctx, member.ManageKYC)
	if err != nil {
		return nil, err
	}
	said := merchant.KYC{LegalName: input.LegalName, Country: input.Country, Kind: input.Kind}
	if input.Registry != nil {
		said.Registry = *input.Registry
	}
	if err = edge.Text("legalName", said.LegalName, maxLegalName, false); err == nil {
		err = edge.Text("registry", said.Registry, maxRegistry, false)
	}
	var k merchant.KYC
	if err == nil {
		k, _, err = m.KYC.Submit(ctx, who, said, app.Once[merchant.KYC]{})
	}
	out := &KycPayload{}
	return done(out, &out.UserErrors, err, func() { out.Kyc = showKYC(who, k) })
}
