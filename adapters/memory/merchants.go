package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type merchants struct{ *unit }

type projects struct{ *unit }

func (r merchants) Add(ctx context.Context, a ports.Account, p merchant.Project) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	m := a.Merchant
	sameEmail := func(o ports.Account) bool { return o.Merchant.Email == m.Email }
	if _, taken := s.accounts.find(sameEmail); taken {
		return ports.ErrTaken.About("email")
	}
	sameClient := func(o ports.Account) bool { return o.Merchant.ClientID == m.ClientID }
	if _, taken := s.accounts.find(sameClient); taken {
		return ports.ErrTaken.About("clientId")
	}
	s.accounts.put(r.unit, m.ID, a)
	s.projects.put(r.unit, p.ID, p)
	return nil
}

func (r merchants) ByEmail(ctx context.Context, email string) (ports.Account, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.Account{}, err
	}
	return must(s.accounts.find(func(a ports.Account) bool { return a.Merchant.Email == email }))
}

func (r merchants) ByID(ctx context.Context, id merchant.ID) (merchant.Merchant, error) {
	s, err := r.state(ctx)
	if err != nil {
		return merchant.Merchant{}, err
	}
	a, err := must(s.accounts.get(id))
	return a.Merchant, err
}

func (r merchants) Rename(ctx context.Context, id merchant.ID, name string) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	a, err := must(s.accounts.get(id))
	if err != nil {
		return err
	}
	a.Merchant.Name = name
	s.accounts.put(r.unit, id, a)
	return nil
}

func (r projects) Of(ctx context.Context, id merchant.ID) ([]merchant.Project, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	return s.projectsOf(id), nil
}

// projectsOf are a merchant's projects; the default one is the first one made.
func (s *state) projectsOf(id merchant.ID) []merchant.Project {
	list := s.projects.where(func(p merchant.Project) bool { return p.MerchantID == id })
	slices.SortFunc(list, func(a, b merchant.Project) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func (r projects) ByID(ctx context.Context, id merchant.ProjectID) (merchant.Project, error) {
	s, err := r.state(ctx)
	if err != nil {
		return merchant.Project{}, err
	}
	return must(s.projects.get(id))
}

// Project implements ports.ProjectReads.
func (s *Store) Project(_ context.Context, id merchant.ProjectID) (merchant.Project, error) {
	return must(s.committed.Load().projects.get(id))
}

// Owner implements ports.ProjectReads.
func (s *Store) Owner(ctx context.Context, id merchant.ProjectID) (merchant.ID, error) {
	p, err := s.Project(ctx, id)
	return p.MerchantID, err
}

func (r projects) ByIDs(
	ctx context.Context, ids []merchant.ProjectID,
) (map[merchant.ProjectID]merchant.Project, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	found := make(map[merchant.ProjectID]merchant.Project, len(ids))
	for _, id := range ids {
		if p, known := s.projects.get(id); known {
			found[id] = p
		}
	}
	return found, nil
}

// Load needs no lock of its own: one unit of work changes things at a time.
func (r projects) Load(ctx context.Context, id merchant.ProjectID) (merchant.Project, error) {
	return r.ByID(ctx, id)
}

func (r projects) Add(ctx context.Context, p merchant.Project) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if _, known := s.accounts.get(p.MerchantID); !known {
		return ports.ErrNotFound
	}
	list := s.projects.where(func(o merchant.Project) bool { return o.MerchantID == p.MerchantID })
	if len(list) >= merchant.MaxProjects {
		return merchant.ErrTooManyProjects
	}
	s.projects.put(r.unit, p.ID, p)
	return nil
}

func (r projects) Update(ctx context.Context, p merchant.Project) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row, err := must(s.projects.get(p.ID))
	if err != nil {
		return err
	}
	_, taken := s.projects.find(func(o merchant.Project) bool {
		return o.ID != p.ID && o.WebsiteURL != "" && o.WebsiteURL == p.WebsiteURL
	})
	if taken {
		return ports.ErrTaken.About("websiteUrl")
	}
	row.Name, row.WebsiteURL, row.Mode, row.Policy = p.Name, p.WebsiteURL, p.Mode, p.Policy
	s.projects.put(r.unit, p.ID, row)
	return nil
}
