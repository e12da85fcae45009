package postgres

import (
	"context"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

// resourceQuery reads resources with whether their projects may sell.
const resourceQuery = `SELECT r.*, p.disabled AS project_disabled
	FROM (SELECT ` + resourceColumns + ` FROM resources) r JOIN projects p ON p.id = r.project_id`

// BySKU implements ports.ResourceReads.
func (s *Store) BySKU(ctx context.Context, m merchant.ID, sku string) (ports.ResourceRow, error) {
	if !isUUID(m) || !isText(sku) {
		return ports.ResourceRow{}, ports.ErrNotFound
	}
	row, err := one[resourceRow](ctx, s.in(),
		resourceQuery+" WHERE r.merchant_id = $1 AND r.sku = $2", prepared, m, sku)
	if err != nil {
		return ports.ResourceRow{}, err
	}
	found, err := row.resource()
	return ports.ResourceRow{Resource: found, ProjectDisabled: row.ProjectDisabled}, err
}

// Content implements ports.ResourceReads.
func (s *Store) Content(ctx context.Context, id resource.ID, h resource.Hash) ([]byte, error) {
	if !isUUID(id) {
		return nil, ports.ErrNotFound
	}
	row, err := one[struct{ Content []byte }](ctx, s.in(),
		"SELECT content FROM resource_contents WHERE resource_id = $1 AND hash = $2", prepared, id, h[:])
	return row.Content, err
}

// Resources implements ports.ResourceReads.
func (s *Store) Resources(ctx context.Context, q ports.ResourceQuery) ([]*resource.Resource, bool, error) {
	if !isUUID(q.Project) {
		return nil, false, nil
	}
	var f filter
	f.add("project_id = $?", q.Project)
	f.add("mode = $?", q.Mode.String())
	if !q.Archived {
		f.add("archived_at IS NULL")
	}
	if (q.Before != ports.ResourceMark{}) {
		if !isUUID(q.Before.ID) {
			return nil, false, ports.ErrNotFound
		}
		f.add("(created_at, id) < ($?, $?)", q.Before.At, q.Before.ID)
	}
	rows, err := all[resourceRow](ctx, s.in(), "SELECT "+resourceColumns+" FROM resources"+
		f.page("created_at DESC, id DESC", q.Limit), f.args...)
	if err != nil {
		return nil, false, err
	}
	rows, more := cut(rows, q.Limit)
	list, err := each(rows, resourceRow.resource)
	return list, more, err
}

// listed are the resources of the public catalog.
const listed = ` WHERE r.mode = $1 AND r.discoverable AND r.archived_at IS NULL AND r.content_kind <> ''
	AND (r.valid_from IS NULL OR r.valid_from <= $2) AND (r.valid_until IS NULL OR r.valid_until > $2)
	AND NOT p.disabled ORDER BY r.created_at, r.id`

// Discoverable implements ports.ResourceReads.
func (s *Store) Discoverable(ctx context.Context, q ports.DiscoveryQuery) ([]*resource.Resource, int, error) {
	count, err := one[struct{ Total int }](ctx, s.in(), `SELECT count(*) AS total FROM (
		SELECT 1 FROM resources r JOIN projects p ON p.id = r.project_id`+listed+` LIMIT $3) AS found`,
		q.Mode.String(), q.At, ports.MaxDiscovered)
	if err != nil {
		return nil, 0, err
	}
	offset := min(limited(q.Offset), ports.MaxDiscovered)
	rows, err := all[resourceRow](ctx, s.in(), resourceQuery+listed+" LIMIT $3 OFFSET $4",
		q.Mode.String(), q.At, min(limited(q.Limit), ports.MaxDiscovered-offset), offset)
	if err != nil {
		return nil, 0, err
	}
	list, err := each(rows, resourceRow.resource)
	return list, count.Total, err
}
