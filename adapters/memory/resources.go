package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

type resources struct{ *unit }

// sku is the unique index on names.
type sku struct {
	owner merchant.ID
	name  string
}

// storedContent are the bytes of a resource.
type storedContent struct {
	hash  resource.Hash
	bytes []byte
}

func (r resources) Add(ctx context.Context, added *resource.Resource) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row := added.Snapshot()
	if _, taken := s.skus.get(sku{row.MerchantID, row.SKU}); taken {
		return ports.ErrTaken
	}
	if len(s.resources.where(func(o resource.Snapshot) bool { return o.MerchantID == row.MerchantID })) >= resource.MaxResources {
		return resource.ErrTooMany
	}
	s.skus.put(r.unit, sku{row.MerchantID, row.SKU}, row.ID)
	s.resources.put(r.unit, row.ID, row)
	return nil
}

// resourceBySKU finds a merchant's resource.
func resourceBySKU(s *state, m merchant.ID, name string) (resource.Snapshot, error) {
	id, found := s.skus.get(sku{m, name})
	if !found {
		return resource.Snapshot{}, ports.ErrNotFound
	}
	return must(s.resources.get(id))
}

func (r resources) Load(ctx context.Context, m merchant.ID, name string) (*resource.Resource, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	row, err := resourceBySKU(s, m, name)
	if err != nil {
		return nil, err
	}
	return resource.Restore(row)
}

func (r resources) Save(ctx context.Context, saved *resource.Resource) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row := saved.Snapshot()
	was, err := must(s.resources.get(row.ID))
	if err != nil {
		return err
	}
	if was.Version >= row.Version {
		return ports.ErrStale
	}
	row.MerchantID, row.ProjectID, row.Mode, row.SKU = was.MerchantID, was.ProjectID, was.Mode, was.SKU
	row.CreatedAt = was.CreatedAt
	s.resources.put(r.unit, row.ID, row)
	return nil
}

func (r resources) SetContent(ctx context.Context, of *resource.Resource, content []byte) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	row := of.Snapshot()
	if len(content) == 0 {
		s.contents.drop(r.unit, row.ID)
		return nil
	}
	sum := 0
	for _, o := range s.resources.all() {
		if o.MerchantID == row.MerchantID {
			sum += o.Content.Bytes
		}
	}
	if sum > resource.MaxStoredBytes {
		return resource.ErrStorageLimit
	}
	s.contents.put(r.unit, row.ID, storedContent{row.Content.Hash, bytes.Clone(content)})
	return nil
}

// BySKU implements ports.ResourceReads.
func (s *Store) BySKU(_ context.Context, m merchant.ID, name string) (ports.ResourceRow, error) {
	now := s.committed.Load()
	row, err := resourceBySKU(now, m, name)
	if err != nil {
		return ports.ResourceRow{}, err
	}
	project, _ := now.projects.get(row.ProjectID)
	found, err := resource.Restore(row)
	return ports.ResourceRow{Resource: found, ProjectDisabled: project.Disabled}, err
}

// Content implements ports.ResourceReads.
func (s *Store) Content(_ context.Context, id resource.ID, h resource.Hash) ([]byte, error) {
	c, found := s.committed.Load().contents.get(id)
	if !found || c.hash != h {
		return nil, ports.ErrNotFound
	}
	return bytes.Clone(c.bytes), nil
}

// Resources implements ports.ResourceReads.
func (s *Store) Resources(_ context.Context, q ports.ResourceQuery) ([]*resource.Resource, bool, error) {
	rows := s.committed.Load().resources.where(func(r resource.Snapshot) bool {
		return r.ProjectID == q.Project && r.Mode == q.Mode && (q.Archived || r.ArchivedAt.IsZero()) &&
			(q.Before == ports.ResourceMark{} || newerResource(q.Before, resourceMark(r)) < 0)
	})
	slices.SortFunc(rows, func(a, b resource.Snapshot) int {
		return newerResource(resourceMark(a), resourceMark(b))
	})
	rows, more := first(rows, q.Limit)
	list, err := restoreAll(rows)
	return list, more, err
}

func resourceMark(r resource.Snapshot) ports.ResourceMark {
	return ports.ResourceMark{At: r.CreatedAt, ID: r.ID}
}

func newerResource(a, b ports.ResourceMark) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
}

// Discoverable implements ports.ResourceReads.
func (s *Store) Discoverable(_ context.Context, q ports.DiscoveryQuery) ([]*resource.Resource, int, error) {
	now := s.committed.Load()
	rows := now.resources.where(func(r resource.Snapshot) bool {
		project, _ := now.projects.get(r.ProjectID)
		return r.Terms.Discoverable && r.Mode == q.Mode && r.State(q.At) == resource.Active && !project.Disabled
	})
	slices.SortFunc(rows, func(a, b resource.Snapshot) int {
		return newerResource(resourceMark(b), resourceMark(a))
	})
	rows, _ = first(rows, ports.MaxDiscovered)
	total := len(rows)
	rows, _ = first(rows[min(max(q.Offset, 0), total):], q.Limit)
	list, err := restoreAll(rows)
	return list, total, err
}

func restoreAll(rows []resource.Snapshot) ([]*resource.Resource, error) {
	var out []*resource.Resource
	for _, row := range rows {
		r, err := resource.Restore(row)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
