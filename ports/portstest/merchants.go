package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var merchantPromises = []promise{
	{"a merchant is found by e-mail and by id, whole", merchantsFound},
	{"an unknown merchant is not found", merchantsUnknown},
	{"a second account of an e-mail address is taken", merchantsEmailTaken},
	{"a second account of a client id is taken", merchantsClientIDTaken},
	{"of many registrations with one e-mail address one wins", merchantsRace},
	{"rename changes the name and nothing else", merchantsRename},
	{"the default project is listed, whole", merchantsProjects},
	{"a further project is listed after it, and there are not too many", merchantsMoreProjects},
	{"update replaces name, website, mode and policy", projectsUpdate},
	{"a project is its merchant's, for ever", projectsOwner},
	{"a website belongs to one project", projectsWebsiteTaken},
	{"of many changes to a loaded project none is lost", projectsRace},
}

func merchantsFound(t *testing.T, w World) {
	shop := OpenShop(t, w)
	OpenShop(t, w)
	got := in(t, w, func(ctx context.Context, r ports.Repos) (ports.Account, error) {
		return r.Merchants.ByEmail(ctx, shop.Account.Merchant.Email)
	})
	same(t, got, shop.Account)
	byID := in(t, w, func(ctx context.Context, r ports.Repos) (merchant.Merchant, error) {
		return r.Merchants.ByID(ctx, shop.ID())
	})
	same(t, byID, shop.Account.Merchant)
}

func merchantsUnknown(t *testing.T, w World) {
	OpenShop(t, w)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Merchants.ByEmail(ctx, "nobody@shop.example")
		return err
	})
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Merchants.ByID(ctx, merchant.ID(UUID()))
		return err
	})
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Projects.ByID(ctx, merchant.ProjectID(UUID()))
		return err
	})
	for _, id := range append([]string{UUID()}, hostile...) {
		_, err := w.Projects.Project(t.Context(), merchant.ProjectID(id))
		isFault(t, err, ports.ErrNotFound)
		_, err = w.Projects.Owner(t.Context(), merchant.ProjectID(id))
		isFault(t, err, ports.ErrNotFound)
	}
}

func merchantsEmailTaken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	account, project := Unregistered()
	account.Merchant.Email = shop.Account.Merchant.Email
	isTaken(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Merchants.Add(ctx, account, project)
	}), "email")
}

func merchantsClientIDTaken(t *testing.T, w World) {
	shop := OpenShop(t, w)
	account, project := Unregistered()
	account.Merchant.ClientID = shop.Account.Merchant.ClientID
	isTaken(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Merchants.Add(ctx, account, project)
	}), "clientId")
}

func merchantsRace(t *testing.T, w World) {
	first, _ := Unregistered()
	oneWinner(t, race(racers, func(int) error {
		account, project := Unregistered()
		account.Merchant.Email = first.Merchant.Email
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Merchants.Add(ctx, account, project)
		})
	}), ports.ErrTaken)
}

func merchantsRename(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Merchants.Rename(ctx, shop.ID(), "東京コーヒー")
	})
	got := in(t, w, func(ctx context.Context, r ports.Repos) (ports.Account, error) {
		return r.Merchants.ByEmail(ctx, shop.Account.Merchant.Email)
	})
	want := shop.Account
	want.Merchant.Name = "東京コーヒー"
	same(t, got, want)
	untouched := in(t, w, func(ctx context.Context, r ports.Repos) (merchant.Merchant, error) {
		return r.Merchants.ByID(ctx, other.ID())
	})
	same(t, untouched, other.Account.Merchant)
}

func merchantsProjects(t *testing.T, w World) {
	shop := OpenShop(t, w)
	OpenShop(t, w)
	list := in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.Project, error) {
		return r.Projects.Of(ctx, shop.ID())
	})
	same(t, list, []merchant.Project{shop.Project})
	one := in(t, w, func(ctx context.Context, r ports.Repos) (merchant.Project, error) {
		return r.Projects.ByID(ctx, shop.Project.ID)
	})
	same(t, one, shop.Project)
	read, err := w.Projects.Project(t.Context(), shop.Project.ID)
	ok(t, err)
	same(t, read, shop.Project)
	nobody := in(t, w, func(ctx context.Context, r ports.Repos) ([]merchant.Project, error) {
		return r.Projects.Of(ctx, merchant.ID(UUID()))
	})
	same(t, nobody, []merchant.Project(nil))
}

func projectsUpdate(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	want := shop.Project
	want.Name, want.WebsiteURL, want.Mode = "Web shop", "https://shop.example", merchant.Live
	want.Policy = merchant.Policy{
		SessionMinutes: 45, Late: merchant.LateHold, RecordedCharges: true, ToleranceBasisPoints: 50,
		Underpaid: merchant.UnderpaidRecord, TwoSourcesFrom: 1000, Finality: []merchant.FinalityRule{
			{Network: chain.Ethereum, UpTo: 1000, Confirmations: 12}, {Network: chain.Base, UpTo: 50, Confirmations: 10},
		},
	}
	update(t, w, want)
	same(t, project(t, w, shop.Project.ID), want)
	same(t, project(t, w, other.Project.ID), other.Project)

	// Saving a project unchanged must not collide with its own website.
	update(t, w, want)

	moved := want
	moved.CreatedAt, moved.Disabled = Epoch.Add(time.Hour), true
	update(t, w, moved)
	same(t, project(t, w, shop.Project.ID), want)
}

func projectsOwner(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	second := shop.Project
	second.ID, second.CreatedAt = merchant.ProjectID(UUID()), shop.Project.CreatedAt.Add(time.Hour)
	for range 2 {
		for id, want := range map[merchant.ProjectID]merchant.ID{
			shop.Project.ID: shop.ID(), other.Project.ID: other.ID(),
		} {
			got, err := w.Projects.Owner(t.Context(), id)
			ok(t, err)
			same(t, got, want)
		}
		_, err := w.Projects.Owner(t.Context(), second.ID)
		isFault(t, err, ports.ErrNotFound)
		moved := shop.Project
		moved.MerchantID = other.ID()
		update(t, w, moved)
		same(t, project(t, w, shop.Project.ID), shop.Project)
	}
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Projects.Add(ctx, second) })
	got, err := w.Projects.Owner(t.Context(), second.ID) // nobody remembers that it was not there
	ok(t, err)
	same(t, got, shop.ID())
}

func projectsWebsiteTaken(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	first := shop.Project
	first.WebsiteURL = "https://shop.example"
	update(t, w, first)
	second := other.Project
	second.WebsiteURL = first.WebsiteURL
	isTaken(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Projects.Update(ctx, second)
	}), "websiteUrl")

	first.WebsiteURL = ""
	update(t, w, first)
	update(t, w, second)

	// Having none is not a website two projects could share.
	second.WebsiteURL = ""
	update(t, w, second)
}

func update(t *testing.T, w World, p merchant.Project) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Projects.Update(ctx, p)
	})
}

func project(t *testing.T, w World, id merchant.ProjectID) merchant.Project {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) (merchant.Project, error) {
		return r.Projects.ByID(ctx, id)
	})
}

// orderID gives a session the merchant's reference.
func orderID(id string) func(*checkout.Snapshot) {
	return func(s *checkout.Snapshot) { s.OrderID = id }
}

func projectsRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	const changes = 8
	errs := make(chan error, changes)
	for range changes {
		go func() {
			errs <- w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				p, err := r.Projects.Load(ctx, shop.Project.ID)
				if err != nil {
					return err
				}
				p.Policy.SessionMinutes++
				return r.Projects.Update(ctx, p)
			})
		}()
	}
	for range changes {
		ok(t, <-errs)
	}
	got := in(t, w, func(ctx context.Context, r ports.Repos) (merchant.Project, error) {
		return r.Projects.ByID(ctx, shop.Project.ID)
	})
	same(t, got.Policy.SessionMinutes, shop.Project.Policy.SessionMinutes+changes)
}

func merchantsMoreProjects(t *testing.T, w World) {
	shop := OpenShop(t, w)
	want := []merchant.Project{shop.Project}
	add := func(ctx context.Context, r ports.Repos, p merchant.Project) error { return r.Projects.Add(ctx, p) }
	for i := 1; i < merchant.MaxProjects; i++ {
		_, p := Unregistered()
		p.MerchantID, p.CreatedAt = shop.ID(), shop.Project.CreatedAt.Add(time.Duration(i)*time.Second)
		do(t, w, func(ctx context.Context, r ports.Repos) error { return add(ctx, r, p) })
		want = append(want, p)
	}
	var got []merchant.Project
	do(t, w, func(ctx context.Context, r ports.Repos) (err error) {
		got, err = r.Projects.Of(ctx, shop.ID())
		return err
	})
	same(t, got, want)
	_, more := Unregistered()
	more.MerchantID = shop.ID()
	refused(t, w, merchant.ErrTooManyProjects, func(ctx context.Context, r ports.Repos) error { return add(ctx, r, more) })
	more.MerchantID = merchant.ID(UUID())
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error { return add(ctx, r, more) })
}
