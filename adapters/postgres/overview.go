package postgres

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// The parts of an overview, which are one statement: each is a few rows, and a round trip costs as much as
// reading them.
const (
	volumePart = iota + 1
	openedPart
	toldPart
	creditedPart
)

// overviewRow is a row of any of the parts.
type overviewRow struct {
	Part     int
	Day      time.Time
	Name     string // the kind of what was booked, or the status of deliveries
	Place    string
	Currency string
	Entries  int64
	Amount   string
	Took     []time.Duration
}

// Overview implements ports.Figures.
func (s *Store) Overview(ctx context.Context, q ports.OverviewQuery) (ports.Overview, error) {
	out := ports.Overview{Told: map[webhook.DeliveryStatus]int{}}
	if !isUUID(q.Project) || q.Without == ports.EveryOverviewPart {
		return out, nil
	}
	days := ports.FigureQuery{Project: q.Project, Mode: q.Mode}
	if !q.Without.Any(ports.OverviewVolume) || !q.Without.Any(ports.OverviewOpened) { // the others are of no days
		days.From, days.To = q.From, q.To
	}
	f := daysFilter(days)
	rows, err := all[overviewRow](ctx, s.in(), overviewQuery(f, q), append([]any{prepared}, f.args...)...)
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		switch row.Part {
		case volumePart:
			err = row.addVolume(&out)
		case openedPart:
			err = row.addOpened(&out)
		case toldPart:
			out.Told[webhook.DeliveryStatus(row.Name)] = int(row.Entries)
		case creditedPart:
			out.Credited = row.Took
		}
		if err != nil {
			return ports.Overview{}, err
		}
	}
	out.Volume = summed(out.Volume)
	slices.SortFunc(out.Opened, func(a, b ports.DayOpened) int { return a.Day.Compare(b.Day) })
	return out, nil
}

func (r overviewRow) addVolume(to *ports.Overview) (err error) {
	v := ports.DayVolume{Day: r.Day, Kind: ledger.Kind(r.Name), Place: r.Place, Entries: r.Entries}
	if v.Currency, err = money.ParseNotation(r.Currency); err != nil {
		return err
	}
	v.Amount, err = integer(r.Amount)
	to.Volume = append(to.Volume, v)
	return err
}

func (r overviewRow) addOpened(to *ports.Overview) error {
	settled, err := integer(r.Amount)
	if err != nil {
		return err
	}
	to.Opened = append(to.Opened, ports.DayOpened{Day: r.Day, Created: r.Entries, Settled: settled.Int64()})
	return nil
}

// summed sorts volumes, and sums over what entries were worth. That is little here, and PostgreSQL's sort of
// it by words took as long as reading it.
func summed(read []ports.DayVolume) []ports.DayVolume {
	slices.SortStableFunc(read, func(a, b ports.DayVolume) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Place, b.Place),
			cmp.Compare(a.Currency.String(), b.Currency.String()))
	})
	out := read[:0]
	for _, v := range read {
		last := len(out) - 1
		if last < 0 || !out[last].Day.Equal(v.Day) || out[last].Kind != v.Kind || out[last].Place != v.Place ||
			out[last].Currency != v.Currency {
			out = append(out, v)
			continue
		}
		out[last].Entries += v.Entries
		out[last].Amount = new(big.Int).Add(out[last].Amount, v.Amount)
	}
	return out
}

// overviewQuery reads the parts that are wanted, at least one; f selects days, d, and its first two arguments are
// the project and the mode.
func overviewQuery(f *filter, q ports.OverviewQuery) string {
	var parts []string
	for _, p := range []struct {
		of   ports.OverviewParts
		rows string
	}{
		{ports.OverviewVolume, overviewColumns(volumePart, "d.day", "d.kind", "d.place", "d.currency", "d.entries", "d.amount", "NULL") +
			"ledger_days d" + f.where()},
		{ports.OverviewOpened, overviewColumns(openedPart, "o.day", "''", "''", "''", "o.opened", "o.settled", "NULL") + `(
			SELECT d.day, sum(d.opened)::bigint AS opened, sum(d.settled) AS settled
			FROM session_days d` + f.where() + " GROUP BY d.day) o"},
		{ports.OverviewTold, overviewColumns(toldPart, "NULL", "w.status", "''", "''", "w.count", "0", "NULL") +
			"(" + toldQuery(q.Told) + ") w"},
		{ports.OverviewCredited, overviewColumns(creditedPart, "NULL", "''", "''", "''", "0", "0", "c.took") +
			"(" + creditedQuery(q.Credited) + ") c"},
	} {
		if !q.Without.Any(p.of) {
			parts = append(parts, p.rows)
		}
	}
	return strings.Join(parts, " UNION ALL ")
}

// overviewColumns are those of a part of an overview.
func overviewColumns(part int, day, name, place, currency, entries, amount, took string) string {
	return fmt.Sprintf(`SELECT %d AS part, %s::date AS day, %s::text AS name, %s::text AS place, %s::text AS currency,
		%s::bigint AS entries, %s::numeric AS amount, %s::interval[] AS took FROM `,
		part, day, name, place, currency, entries, amount, took)
}

// creditedQuery lists how long it took to credit the newest settled sessions of project $1 and mode $2. Their
// transfers are looked up by session, at half of what looking up their long ids costs; whatever is not found
// so, by those. As values of rows they are looked up one by one, whatever plan there is for the rest.
func creditedQuery(limit int) string {
	of := &filter{conditions: []string{"project_id = $1", "mode = $2", "status = 'settled'"}}
	newest := merged{
		table: "sessions", columns: "id, created_at, receipt_network, receipt_txid, receipt_idx",
		order: "created_at DESC, id DESC",
	}
	for _, kind := range checkout.Kinds() {
		newest.parts = append(newest.parts, "kind = '"+string(kind)+"'")
	}
	const took = `SELECT t.recorded_at - t.block_time FROM transfers t
		WHERE t.network = s.receipt_network AND t.txid = s.receipt_txid AND t.idx = s.receipt_idx`
	return `
		SELECT array_agg(s.took) FILTER (WHERE s.took IS NOT NULL) AS took
		FROM (SELECT COALESCE((` + took + ` AND t.session_id = s.id), (` + took + `)) AS took
			FROM (` + newest.query(of, limited(limit)) + `) s OFFSET 0) s`
}
