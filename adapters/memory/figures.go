package memory

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// dayKey is what a sum of a day is for.
type dayKey struct {
	day                              time.Time
	kind                             ledger.Kind
	place, currency, worthOf, source string
}

func dayStart(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }

func holds(q ports.FigureQuery, at time.Time) bool {
	return (q.From.IsZero() || !at.Before(q.From)) && (q.To.IsZero() || at.Before(q.To))
}

// Booked implements ports.Figures.
func (s *Store) Booked(_ context.Context, q ports.FigureQuery) ([]ports.DayBooked, error) {
	return s.committed.Load().sumsOf(q), nil
}

func (s *state) sumsOf(q ports.FigureQuery) []ports.DayBooked {
	sums := map[dayKey]*ports.DayBooked{}
	for _, b := range s.booked.all() {
		t := b.Transaction
		if t.ProjectID != q.Project || t.Mode != q.Mode || !holds(q, t.BookedAt) {
			continue
		}
		for _, p := range t.Postings {
			place := placeOf(p)
			worth, intent := s.worth(t, p, place)
			day := dayStart(t.BookedAt)
			if q.Whole {
				day = time.Time{}
			}
			k := dayKey{day, t.Kind, place, p.Amount.Currency().String(), intent.Rate.From, intent.Rate.Source}
			sum := sums[k]
			if sum == nil {
				sum = &ports.DayBooked{
					Day: k.day, Kind: k.kind, Place: place, Currency: p.Amount.Currency(), Amount: new(big.Int),
					WorthOf: k.worthOf, Source: k.source, Worth: new(big.Int),
				}
				sums[k] = sum
			}
			sum.Entries++
			sum.Amount.Add(sum.Amount, p.Amount.Minor())
			sum.Worth.Add(sum.Worth, worth)
		}
	}
	out := make([]ports.DayBooked, 0, len(sums))
	for _, sum := range sums {
		out = append(out, *sum)
	}
	slices.SortFunc(out, func(a, b ports.DayBooked) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Place, b.Place),
			cmp.Compare(a.Currency.String(), b.Currency.String()), cmp.Compare(a.WorthOf, b.WorthOf),
			cmp.Compare(a.Source, b.Source))
	})
	return out
}

// placeOf is where what a posting moves came over.
func placeOf(p ledger.Posting) string {
	for _, account := range []ledger.Account{p.Source, p.Destination} {
		parts := strings.SplitN(string(account), ":", 5)
		if len(parts) == 5 && parts[0] == "merchant" && parts[3]+":" == ledger.Received {
			return parts[4]
		}
	}
	return ports.Recorded
}

// worth is what a posting was worth by the newest intent its payer was told in that coin before it, or
// before what is undone, was booked.
func (s *state) worth(t ledger.Transaction, p ledger.Posting, place string) (*big.Int, checkout.Intent) {
	at := t.BookedAt
	if undone, found := s.booked.get(t.Reverses); found {
		at = undone.Transaction.BookedAt
	}
	intents := s.intents.where(func(i checkout.Intent) bool {
		return t.SessionID != "" && string(i.SessionID) == t.SessionID && string(i.Asset.Network) == place &&
			i.Asset.Symbol == p.Amount.Currency().Code() && !i.CreatedAt.After(at)
	})
	if len(intents) == 0 {
		return new(big.Int), checkout.Intent{}
	}
	newest := slices.MaxFunc(intents, func(a, b checkout.Intent) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	ten, price := big.NewInt(10), newest.Rate.Price
	over := new(big.Int).Mul(p.Amount.Minor(), new(big.Int).Exp(ten, big.NewInt(ports.WorthScale), nil))
	under := new(big.Int).Mul(price.Coefficient(),
		new(big.Int).Exp(ten, big.NewInt(int64(p.Amount.Currency().Scale())), nil))
	if e := int64(price.Exponent()); e < 0 {
		over.Mul(over, new(big.Int).Exp(ten, big.NewInt(-e), nil))
	} else {
		under.Mul(under, new(big.Int).Exp(ten, big.NewInt(e), nil))
	}
	return over.Div(over, under), newest
}

// Overview implements ports.Figures.
func (s *Store) Overview(_ context.Context, q ports.OverviewQuery) (ports.Overview, error) {
	now := s.committed.Load()
	of := ports.FigureQuery{Project: q.Project, Mode: q.Mode, From: q.From, To: q.To}
	out := ports.Overview{Told: map[webhook.DeliveryStatus]int{}}
	if !q.Without.Any(ports.OverviewVolume) {
		out.Volume = volumeOf(now.sumsOf(of))
	}
	if !q.Without.Any(ports.OverviewOpened) {
		out.Opened = now.opened(of)
	}
	if !q.Without.Any(ports.OverviewCredited) {
		out.Credited = now.credited(of, q.Credited)
	}
	if !q.Without.Any(ports.OverviewTold) {
		out.Told = now.told(of, q.Told)
	}
	return out, nil
}

// volumeOf sums over what entries were worth.
func volumeOf(days []ports.DayBooked) []ports.DayVolume {
	var out []ports.DayVolume
	for _, d := range days {
		one := ports.DayVolume{Day: d.Day, Kind: d.Kind, Place: d.Place, Currency: d.Currency, Amount: new(big.Int)}
		if last := len(out) - 1; last < 0 || out[last].Day != one.Day || out[last].Kind != one.Kind ||
			out[last].Place != one.Place || out[last].Currency != one.Currency {
			out = append(out, one)
		}
		sum := &out[len(out)-1]
		sum.Entries += d.Entries
		sum.Amount.Add(sum.Amount, d.Amount)
	}
	return out
}

func (s *state) opened(q ports.FigureQuery) []ports.DayOpened {
	days := map[time.Time]*ports.DayOpened{}
	for _, row := range s.sessions.all() {
		if row.ProjectID != q.Project || row.Mode != q.Mode || !holds(q, row.CreatedAt) {
			continue
		}
		day := days[dayStart(row.CreatedAt)]
		if day == nil {
			day = &ports.DayOpened{Day: dayStart(row.CreatedAt)}
			days[day.Day] = day
		}
		day.Created++
		if row.Status == checkout.Settled {
			day.Settled++
		}
	}
	var out []ports.DayOpened
	for _, day := range days {
		out = append(out, *day)
	}
	slices.SortFunc(out, func(a, b ports.DayOpened) int { return a.Day.Compare(b.Day) })
	return out
}

func (s *state) credited(q ports.FigureQuery, limit int) []time.Duration {
	rows := s.sessions.where(func(row sessionRow) bool {
		return row.ProjectID == q.Project && row.Mode == q.Mode && row.Status == checkout.Settled
	})
	slices.SortFunc(rows, func(a, b sessionRow) int { return newerSession(markOf(a), markOf(b)) })
	rows, _ = first(rows, limit)
	var out []time.Duration
	for _, row := range rows {
		r := row.Receipt
		if t, found := s.transfers.get(transferKey{r.Network, r.TxID, r.Index}); found {
			out = append(out, t.RecordedAt.Sub(t.Transfer.BlockTime))
		}
	}
	return out
}

// Told implements ports.Figures.
func (s *Store) Told(
	_ context.Context, q ports.FigureQuery, limit int,
) (map[webhook.DeliveryStatus]int, error) {
	return s.committed.Load().told(q, limit), nil
}

func (s *state) told(q ports.FigureQuery, limit int) map[webhook.DeliveryStatus]int {
	events := s.events.where(func(e webhook.Event) bool { return e.ProjectID == q.Project && e.Mode == q.Mode })
	slices.SortFunc(events, func(a, b webhook.Event) int {
		return newerEvent(ports.EventMark{At: a.CreatedAt, ID: a.ID}, ports.EventMark{At: b.CreatedAt, ID: b.ID})
	})
	events, _ = first(events, limit)
	out := map[webhook.DeliveryStatus]int{}
	for _, e := range events {
		for _, d := range deliveriesOf(s, e.ID) {
			out[d.Status]++
		}
	}
	return out
}

// Search implements ports.SessionSearch.
func (s *Store) Search(
	_ context.Context, who merchant.Principal, by ports.Clues, limit int,
) ([]checkout.Snapshot, error) {
	now := s.committed.Load()
	found := now.clued(by, limit)
	rows := now.sessions.where(func(row sessionRow) bool {
		return row.ProjectID == who.Project && row.Mode == who.Mode &&
			(found[row.ID] || by.OrderID != "" && row.OrderID == by.OrderID)
	})
	slices.SortFunc(rows, func(a, b sessionRow) int { return newerSession(markOf(a), markOf(b)) })
	rows, _ = first(rows, limit)
	var out []checkout.Snapshot
	for _, row := range rows {
		out = append(out, snapshot(now, row))
	}
	return out, nil
}

// clued are the sessions that clues lead to, whoever they belong to.
func (s *state) clued(by ports.Clues, limit int) map[checkout.SessionID]bool {
	found := map[checkout.SessionID]bool{checkout.SessionID(by.ID): true}
	if b, known := s.booked.get(by.OrderNo); known {
		found[checkout.SessionID(b.Transaction.SessionID)] = true
	}
	for _, t := range s.transfers.all() {
		found[t.SessionID] = found[t.SessionID] || t.Transfer.TxID == by.TxID
	}
	for _, t := range s.sightings.all() {
		found[t.SessionID] = found[t.SessionID] || t.Transfer.TxID == by.TxID
	}
	if i, known := s.intents.get(checkout.IntentID(by.ID)); known {
		found[i.SessionID] = true
	}
	if by.Address == "" {
		return found
	}
	at := s.intents.where(func(i checkout.Intent) bool { return i.Address == by.Address })
	slices.SortFunc(at, func(a, b checkout.Intent) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	counts := map[string]int{}
	for _, i := range at {
		if counts[string(i.Asset.Network)]++; counts[string(i.Asset.Network)] <= limit {
			found[i.SessionID] = true
		}
	}
	return found
}
