package postgres

import (
	"context"
	"slices"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// List implements ports.SessionReads.
func (s *Store) List(ctx context.Context, q ports.SessionQuery) (ports.SessionPage, error) {
	if q.Merchant != "" && !isUUID(q.Merchant) || q.Project != "" && !isUUID(q.Project) ||
		q.Kind != "" && !slices.Contains(checkout.Kinds(), q.Kind) {
		return ports.SessionPage{}, nil
	}
	f := &filter{}
	if q.Project == "" && q.Merchant != "" {
		f.add("merchant_id = $?", q.Merchant)
	}
	if q.Project != "" {
		f.add("project_id = $?", q.Project)
	}
	if q.Mode != 0 {
		f.add("mode = $?", q.Mode.String())
	}
	if !q.From.IsZero() {
		f.add("created_at >= $?", q.From)
	}
	if !q.To.IsZero() {
		f.add("created_at < $?", q.To)
	}
	if (q.Before != ports.SessionMark{}) {
		if !isUUID(q.Before.ID) {
			return ports.SessionPage{}, ports.ErrNotFound
		}
		f.add("(created_at, id) < ($?, $?)", q.Before.At, q.Before.ID)
	}
	if len(f.conditions) == 0 {
		f.add("true")
	}
	page := merged{
		table: "sessions", columns: "*", order: "created_at DESC, id DESC", parts: sessionParts(q),
	}.query(f, limited(q.Limit)+1)
	// A project is one merchant's: of another's nothing is left, and nothing was walked for it.
	own := ""
	if q.Merchant != "" {
		f.add("s.merchant_id = $?", q.Merchant)
		own = " WHERE " + f.conditions[len(f.conditions)-1]
	}
	rows, err := all[sessionRow](ctx, s.in(), sessionsOf+"("+page+") "+withIntents+own+
		" ORDER BY s.created_at DESC, s.id DESC", append([]any{prepared}, f.args...)...)
	if err != nil {
		return ports.SessionPage{}, err
	}
	rows, more := cut(rows, q.Limit)
	list, err := each(rows, sessionRow.session)
	return ports.SessionPage{Sessions: list, More: more}, err
}

// sessionParts are the parts of the index on states that a query asks, none if it asks for all of them.
func sessionParts(q ports.SessionQuery) (parts []string) {
	if len(q.Statuses) == 0 && q.Kind == "" {
		return nil
	}
	for _, status := range checkout.Statuses() {
		if len(q.Statuses) > 0 && !slices.Contains(q.Statuses, status) {
			continue
		}
		for _, kind := range checkout.Kinds() {
			if q.Kind == "" || q.Kind == kind {
				parts = append(parts, "status = '"+status.String()+"' AND kind = '"+string(kind)+"'")
			}
		}
	}
	return parts
}
