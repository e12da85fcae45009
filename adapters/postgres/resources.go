package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

type resources struct{ *unit }

// places are n parameters of a statement, from the given one on.
func places(from, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("$%d", from+i)
	}
	return strings.Join(out, ", ")
}

func (r resources) Add(ctx context.Context, added *resource.Resource) error {
	s := added.Snapshot()
	if err := r.lockMerchant(ctx, s.MerchantID); err != nil {
		return err
	}
	if n, err := r.sum(ctx, "count(*)", s.MerchantID); err != nil || n >= resource.MaxResources {
		if err == nil {
			err = resource.ErrTooMany
		}
		return err
	}
	values, err := sellingOf(s)
	if err != nil {
		return err
	}
	args := append([]any{s.ID, s.MerchantID, s.ProjectID, s.Mode.String(), s.SKU, s.CreatedAt}, values...)
	n, err := exec(ctx, r.in(), "INSERT INTO resources ("+resourceColumns+") VALUES ("+
		places(1, len(args))+") ON CONFLICT (merchant_id, sku) DO NOTHING", args...)
	if err == nil && n == 0 {
		err = ports.ErrTaken
	}
	return err
}

// sum adds something up over all resources of a merchant.
func (r resources) sum(ctx context.Context, of string, m merchant.ID) (int64, error) {
	row, err := one[struct{ Total int64 }](ctx, r.in(),
		"SELECT coalesce("+of+", 0)::bigint AS total FROM resources WHERE merchant_id = $1", m)
	return row.Total, err
}

func (r resources) Load(ctx context.Context, m merchant.ID, sku string) (*resource.Resource, error) {
	if !isUUID(m) || !isText(sku) {
		return nil, ports.ErrNotFound
	}
	row, err := one[resourceRow](ctx, r.in(), "SELECT "+resourceColumns+`
		FROM resources WHERE merchant_id = $1 AND sku = $2 FOR UPDATE`, m, sku)
	if err != nil {
		return nil, err
	}
	return row.resource()
}

func (r resources) Save(ctx context.Context, saved *resource.Resource) error {
	s := saved.Snapshot()
	if !isUUID(s.ID) {
		return ports.ErrNotFound
	}
	values, err := sellingOf(s)
	if err != nil {
		return err
	}
	args := append([]any{s.ID, s.Version}, values...)
	n, err := exec(ctx, r.in(), "UPDATE resources SET ("+resourceChanging+") = ("+places(3, len(values))+
		") WHERE id = $1 AND version < $2", args...)
	if err != nil || n > 0 {
		return err
	}
	if err := exists(exec(ctx, r.in(), "SELECT id FROM resources WHERE id = $1", s.ID)); err != nil {
		return err
	}
	return ports.ErrStale
}

func (r resources) SetContent(ctx context.Context, of *resource.Resource, content []byte) error {
	s := of.Snapshot()
	if len(content) == 0 {
		_, err := exec(ctx, r.in(), "DELETE FROM resource_contents WHERE resource_id = $1", s.ID)
		return err
	}
	if err := r.lockMerchant(ctx, s.MerchantID); err != nil {
		return err
	}
	sum, err := r.sum(ctx, "sum(content_bytes)", s.MerchantID)
	if err != nil {
		return err
	}
	if sum > resource.MaxStoredBytes {
		return resource.ErrStorageLimit
	}
	_, err = exec(ctx, r.in(), `
		INSERT INTO resource_contents (resource_id, hash, content) VALUES ($1, $2, $3)
		ON CONFLICT (resource_id) DO UPDATE SET hash = EXCLUDED.hash, content = EXCLUDED.content`,
		s.ID, s.Content.Hash[:], content)
	return err
}
