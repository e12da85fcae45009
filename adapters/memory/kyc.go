package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type kyc struct{ *unit }

type document struct {
	merchant.Document
	sealed []byte
}

func (r kyc) Load(ctx context.Context, id merchant.ID) (merchant.KYC, error) {
	s, err := r.state(ctx)
	if err != nil {
		return merchant.KYC{}, err
	}
	k, found := s.kyc.get(id)
	if !found {
		k = merchant.KYC{MerchantID: id, State: merchant.KYCNotStarted}
	}
	return k, nil
}

func (r kyc) Save(ctx context.Context, k merchant.KYC) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	s.kyc.put(r.unit, k.MerchantID, k)
	return nil
}

func (r kyc) Pending(ctx context.Context, limit int) ([]merchant.KYC, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	list := s.kyc.where(func(k merchant.KYC) bool { return k.State == merchant.KYCPending })
	slices.SortFunc(list, func(a, b merchant.KYC) int {
		return cmp.Or(a.SubmittedAt.Compare(b.SubmittedAt), cmp.Compare(a.MerchantID, b.MerchantID))
	})
	return list[:min(len(list), limit)], nil
}

func (r kyc) AddDocument(ctx context.Context, d merchant.Document, sealed []byte) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if len(documentsOf(s, d.MerchantID)) >= merchant.MaxDocuments {
		return merchant.ErrTooManyFiles
	}
	s.documents.put(r.unit, d.ID, document{d, bytes.Clone(sealed)})
	return nil
}

func (r kyc) Documents(ctx context.Context, id merchant.ID) ([]merchant.Document, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	var list []merchant.Document
	for _, d := range documentsOf(s, id) {
		list = append(list, d.Document)
	}
	slices.SortFunc(list, func(a, b merchant.Document) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

func documentsOf(s *state, id merchant.ID) []document {
	return s.documents.where(func(d document) bool { return d.MerchantID == id })
}

func (r kyc) Document(
	ctx context.Context, id merchant.ID, doc string,
) (merchant.Document, []byte, error) {
	s, err := r.state(ctx)
	if err != nil {
		return merchant.Document{}, nil, err
	}
	d, found := s.documents.get(doc)
	if !found || d.MerchantID != id {
		return merchant.Document{}, nil, ports.ErrNotFound
	}
	return d.Document, bytes.Clone(d.sealed), nil
}
