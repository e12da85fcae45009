package postgres

import (
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// query reads pages of a shape, each between bounds of its own.
func (l *listShape) query() string {
	f := &filter{}
	if l.ofMerchant && !l.ofProject {
		f.add("merchant_id = q.merchant")
	}
	if l.ofProject {
		f.add("project_id = q.project")
	}
	if l.ofMode {
		f.add("mode = q.mode")
	}
	f.add("created_at >= q.since")
	f.add("(created_at, id) < (q.before, q.before_id)")
	page := merged{
		table: "sessions", columns: "*", order: "created_at DESC, id DESC", parts: l.parts(),
	}.query(f, l.limit+1)
	// A project is one merchant's: of another's nothing is left, and nothing was walked for it.
	own := ""
	if l.ofMerchant {
		own = "WHERE s.merchant_id = q.merchant"
	}
	return "SELECT q.page, " + l.columns() + ` FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[],
			$5::timestamptz[], $6::uuid[]) WITH ORDINALITY AS q (merchant, project, mode, since, before, before_id, page),
		LATERAL (` + page + ") " + withIntents + own
}

// parts are the parts of the index on states that are asked, none if it is asked for all of them.
func (l *listShape) parts() (parts []string) {
	if l.statuses == 0 && l.kind == "" {
		return nil
	}
	for _, status := range checkout.Statuses() {
		if !l.statuses.has(status) {
			continue
		}
		for _, kind := range checkout.Kinds() {
			if l.kind == "" || l.kind == kind {
				parts = append(parts, "status = '"+status.String()+"' AND kind = '"+string(kind)+"'")
			}
		}
	}
	return parts
}

// columns are those to be read.
func (l *listShape) columns() string {
	columns := coinColumns + requestColumns
	for _, c := range []struct {
		part ports.SessionParts
		of   string
	}{
		{ports.SessionMetadata, metadataColumn},
		{ports.SessionReturns, returnColumns},
		{ports.SessionReceipts, receiptColumns},
		{ports.SessionRates, rateColumns},
		{ports.SessionOffers, offerColumns},
	} {
		if !l.without.Any(c.part) {
			columns += c.of
		}
	}
	if !l.placed() {
		columns += whoseColumns
	}
	return columns
}

// listArgs are the bounds of pages, as columns.
func listArgs(asked []sessionList) []any {
	var merchants, projects, modes, ids []string
	var since, before []time.Time
	for _, l := range asked {
		merchants, projects = append(merchants, orFirst(l.merchant)), append(projects, orFirst(l.project))
		modes, since = append(modes, l.mode.String()), append(since, l.since)
		before, ids = append(before, l.before.At), append(ids, string(l.before.ID))
	}
	return []any{prepared, merchants, projects, modes, since, before, ids}
}

// orFirst is an id, or one of nothing where there is none.
func orFirst[T ~string](id T) string {
	if id == "" {
		return firstUUID
	}
	return string(id)
}
