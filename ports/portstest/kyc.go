package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var kycPromises = []promise{
	{"a merchant without a record has not started", kycNotStarted},
	{"a record is kept, whole, and replaced", kycSaved},
	{"what waits for a decision is listed, the longest waiting first", kycPending},
	{"documents are listed oldest first and found with their content", kycDocuments},
	{"a document of another merchant is not found", kycForeign},
	{"no more documents than the limit, however many are sent at once", kycLimit},
}

func kycRecord(t *testing.T, w World, id merchant.ID) merchant.KYC {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (merchant.KYC, error) {
		return r.KYC.Load(ctx, id)
	})
}

func kycNotStarted(t *testing.T, w World) {
	shop := OpenShop(t, w)
	want := merchant.KYC{MerchantID: shop.ID(), State: merchant.KYCNotStarted}
	same(t, kycRecord(t, w, shop.ID()), want)
}

func kycSaved(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	k := merchant.KYC{
		MerchantID: shop.ID(), State: merchant.KYCPending, LegalName: "株式会社カフェ",
		Country: "JP", Kind: "company", Registry: "0100-01-000000", SubmittedAt: Epoch,
	}
	save := func() {
		t.Helper()
		do(t, w, func(ctx context.Context, r ports.Repos) error { return r.KYC.Save(ctx, k) })
	}
	save()
	same(t, kycRecord(t, w, shop.ID()), k)
	k.State, k.Note = merchant.KYCRejected, "the name is not legible"
	k.DecidedAt = Epoch.Add(time.Hour)
	save()
	same(t, kycRecord(t, w, shop.ID()), k)
	same(t, kycRecord(t, w, other.ID()).State, merchant.KYCNotStarted)
}

func kycPending(t *testing.T, w World) {
	var want []merchant.ID
	for i, state := range []merchant.KYCState{
		merchant.KYCPending, merchant.KYCApproved, merchant.KYCPending, merchant.KYCRejected, merchant.KYCPending,
	} {
		shop := OpenShop(t, w)
		k := merchant.KYC{
			MerchantID: shop.ID(), State: state, LegalName: "Corner Shop", Country: "DE", Kind: "individual",
			SubmittedAt: Epoch.Add(-time.Duration(i) * time.Hour),
		}
		do(t, w, func(ctx context.Context, r ports.Repos) error { return r.KYC.Save(ctx, k) })
		if state == merchant.KYCPending {
			want = append([]merchant.ID{shop.ID()}, want...)
		}
	}
	pending := func(limit int) (ids []merchant.ID) {
		t.Helper()
		for _, k := range in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.KYC, error) {
			return r.KYC.Pending(ctx, limit)
		}) {
			if slices.Contains(want, k.MerchantID) { // others wait in the same world
				ids = append(ids, k.MerchantID)
			}
		}
		return ids
	}
	same(t, pending(1<<10), want)
	if n := len(in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.KYC, error) {
		return r.KYC.Pending(ctx, 2)
	})); n != 2 {
		t.Errorf("%d listed, want 2", n)
	}
}

func (s Shop) document(at time.Time) merchant.Document {
	return merchant.Document{
		ID: UUID(), MerchantID: s.ID(), Kind: "identity", MediaType: "application/pdf",
		Bytes: 3, CreatedAt: at,
	}
}

func (s Shop) attach(t *testing.T, d merchant.Document, sealed []byte) {
	t.Helper()
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		return r.KYC.AddDocument(ctx, d, sealed)
	})
}

func kycList(t *testing.T, w World, id merchant.ID) []merchant.Document {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.Document, error) {
		return r.KYC.Documents(ctx, id)
	})
}

func kycDocuments(t *testing.T, w World) {
	shop := OpenShop(t, w)
	later, earlier := shop.document(Epoch.Add(time.Hour)), shop.document(Epoch)
	sealed := []byte{0, 0xff, '\n', 0}
	shop.attach(t, later, []byte("later"))
	shop.attach(t, earlier, sealed)
	same(t, kycList(t, w, shop.ID()), []merchant.Document{earlier, later})
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		d, content, err := r.KYC.Document(ctx, shop.ID(), earlier.ID)
		if err != nil {
			return err
		}
		same(t, d, earlier)
		same(t, content, sealed)
		return nil
	})
}

func kycForeign(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	d := shop.document(Epoch)
	shop.attach(t, d, []byte("sealed"))
	same(t, kycList(t, w, other.ID()), []merchant.Document(nil))
	for id, owner := range map[string]merchant.ID{d.ID: other.ID(), UUID(): shop.ID()} {
		refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
			_, _, err := r.KYC.Document(ctx, owner, id)
			return err
		})
	}
}

func kycLimit(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	for range merchant.MaxDocuments - 1 {
		shop.attach(t, shop.document(Epoch), []byte("sealed"))
	}
	oneWinner(t, race(racers, func(int) error {
		d := shop.document(Epoch)
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.KYC.AddDocument(ctx, d, []byte("sealed"))
		})
	}), merchant.ErrTooManyFiles)
	same(t, len(kycList(t, w, shop.ID())), merchant.MaxDocuments)
	other.attach(t, other.document(Epoch), []byte("sealed"))
}
