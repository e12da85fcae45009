package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

type dayBookedRow struct {
	Day         time.Time
	Kind        ledger.Kind
	Place       string
	Currency    string
	WorthOf     string
	WorthSource string
	Entries     int64
	Amount      string
	Worth       string
}

func (r dayBookedRow) booked() (out ports.DayBooked, err error) {
	out = ports.DayBooked{
		Day: r.Day.UTC(), Kind: r.Kind, Place: r.Place, Entries: r.Entries, WorthOf: r.WorthOf, Source: r.WorthSource,
	}
	if out.Currency, err = money.ParseNotation(r.Currency); err != nil {
		return out, err
	}
	if out.Amount, err = integer(r.Amount); err != nil {
		return out, err
	}
	out.Worth, err = integer(r.Worth)
	return out, err
}

// daysFilter selects from a table of days, d.
func daysFilter(q ports.FigureQuery) *filter {
	f := &filter{}
	f.add("d.project_id = $?", q.Project)
	f.add("d.mode = $?", q.Mode.String())
	if !q.From.IsZero() {
		f.add("d.day >= $?::text::date", q.From.UTC().Format(time.DateOnly))
	}
	if !q.To.IsZero() {
		f.add("d.day < $?::text::date", q.To.UTC().Format(time.DateOnly))
	}
	return f
}

// Booked implements ports.Figures.
func (s *Store) Booked(ctx context.Context, q ports.FigureQuery) ([]ports.DayBooked, error) {
	if !isUUID(q.Project) {
		return nil, nil
	}
	f := daysFilter(q)
	day, group := "d.day::timestamp AT TIME ZONE 'UTC'", "d.day, "
	if q.Whole {
		day, group = "NULL::timestamptz", ""
	}
	group += "d.kind, d.place, d.currency, d.worth_of, d.worth_source"
	rows, err := all[dayBookedRow](ctx, s.in(), "SELECT "+day+` AS day, d.kind, d.place, d.currency, d.worth_of,
			d.worth_source, sum(d.entries)::bigint AS entries, sum(d.amount)::text AS amount, sum(d.worth)::text AS worth
		FROM ledger_days d`+f.where()+" GROUP BY "+group+` ORDER BY 1, d.kind COLLATE "C", d.place COLLATE "C",
			d.currency COLLATE "C", d.worth_of COLLATE "C", d.worth_source COLLATE "C"`, append([]any{prepared}, f.args...)...)
	if err != nil {
		return nil, err
	}
	return each(rows, dayBookedRow.booked)
}

type toldRow struct {
	Status webhook.DeliveryStatus
	Count  int
}

// Told implements ports.Figures.
func (s *Store) Told(
	ctx context.Context, q ports.FigureQuery, limit int,
) (map[webhook.DeliveryStatus]int, error) {
	out := map[webhook.DeliveryStatus]int{}
	if !isUUID(q.Project) {
		return out, nil
	}
	rows, err := all[toldRow](ctx, s.in(), toldQuery(limit), prepared, q.Project, q.Mode.String())
	for _, row := range rows {
		out[row.Status] = row.Count
	}
	return out, err
}

// toldQuery counts what is owed for the newest events of project $1 and mode $2.
func toldQuery(limit int) string {
	f := &filter{conditions: []string{"ev.project_id = $1", "ev.mode = $2"}}
	return `
		SELECT d.status, count(*) AS count
		FROM (SELECT ev.id FROM webhook_events ev` + f.first("ev.created_at DESC, ev.id DESC", limited(limit)) + `) ev
		JOIN webhook_deliveries d ON d.event_id = ev.id
		GROUP BY d.status`
}

// maxSearchText is the longest text any clue can have.
const maxSearchText = 256

// Search implements ports.SessionSearch. Each clue is looked up by an index of its own.
func (s *Store) Search(
	ctx context.Context, who merchant.Principal, by ports.Clues, limit int,
) ([]checkout.Snapshot, error) {
	if !isUUID(who.Project) || !isText(by.OrderID) || !isText(by.Address) || !isText(by.TxID) ||
		len(by.OrderID) > maxSearchText || len(by.Address) > maxSearchText || len(by.TxID) > maxSearchText {
		return nil, nil
	}
	networks := []string{string(chain.Sandbox)}
	for _, n := range chain.Networks() {
		networks = append(networks, string(n))
	}
	id, number := (*string)(nil), int64(0)
	if isUUID(by.ID) {
		id = &by.ID
	}
	if no, err := orderNumber(by.OrderNo); err == nil {
		number = no
	}
	most := strconv.Itoa(limited(limit)) // in the text, because a plan for whatever number is one for many rows
	rows, err := all[sessionRow](ctx, s.in(), `
		WITH found (id) AS (
			SELECT $3::uuid WHERE $3::uuid IS NOT NULL
			UNION SELECT i.session_id FROM intents i WHERE i.id = $3::uuid
			UNION SELECT o.id FROM sessions o
				WHERE o.project_id = $1 AND o.mode = $2 AND o.order_id = $4 AND o.order_id <> ''
			UNION SELECT t.session_id::uuid FROM transactions t
				WHERE t.order_no = $5 AND t.session_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
			UNION SELECT r.session_id FROM transfers r
				WHERE r.network = ANY($8::text[]) AND r.txid = $6 AND r.session_id IS NOT NULL
			UNION SELECT g.session_id FROM sightings g
				WHERE g.network = ANY($8::text[]) AND g.txid = $6 AND g.session_id IS NOT NULL
			UNION SELECT a.session_id FROM unnest($8::text[]) AS n (network)
				CROSS JOIN LATERAL (SELECT i.session_id FROM intents i
					WHERE i.network = n.network AND i.address = $7 AND $7 <> ''
					ORDER BY i.created_at DESC, i.id DESC LIMIT `+most+`) a
		) `+sessionQuery+`
		WHERE s.id IN (SELECT id FROM found) AND s.project_id = $1 AND s.mode = $2
		ORDER BY s.created_at DESC, s.id DESC LIMIT `+most,
		prepared, who.Project, who.Mode.String(), id, by.OrderID, number, string(by.TxID), string(by.Address), networks)
	if err != nil {
		return nil, err
	}
	return each(rows, func(r sessionRow) (checkout.Snapshot, error) { return r.shown() })
}
