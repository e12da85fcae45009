package portstest

import (
	"context"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

var figurePromises = []promise{
	{"what is booked is summed by day, whichever way it is booked", figuresBooked},
	{"what was refused or undone by its unit of work is in no sum", figuresRolledBack},
	{"payments are summed with what they were worth, and reversals with the same", figuresWorth},
	{"bookings that race are all summed", figuresRace},
	{"sessions are counted by the day they were opened", figuresOpened},
	{"what is undone is not counted as paid, and counts once when it is paid again", figuresReopened},
	{"openings and settlements that race are all counted, those that fail are not", figuresOpenedRace},
	{"how long payments took is told of the newest ones", figuresCredited},
	{"deliveries of the newest events are counted by status", figuresTold},
}

const day = 24 * time.Hour

func (s Shop) figures() ports.FigureQuery {
	return ports.FigureQuery{Project: s.Project.ID, Mode: merchant.Test}
}

// booked answers the sums of days, once the volume of an overview was held against them.
func (s Shop) booked(t *testing.T, q ports.FigureQuery) []ports.DayBooked {
	t.Helper()
	list, err := s.World.Figures.Booked(t.Context(), q)
	ok(t, err)
	if q.Whole {
		return list
	}
	var volume []ports.DayVolume
	for _, d := range list {
		v := ports.DayVolume{
			Day: d.Day, Kind: d.Kind, Place: d.Place, Currency: d.Currency, Entries: d.Entries, Amount: d.Amount,
		}
		last := len(volume) - 1
		if last < 0 || volume[last].Day != v.Day || volume[last].Kind != v.Kind || volume[last].Place != v.Place ||
			volume[last].Currency != v.Currency {
			volume = append(volume, v)
			continue
		}
		volume[last].Entries += v.Entries
		volume[last].Amount = new(big.Int).Add(volume[last].Amount, v.Amount)
	}
	same(t, s.overview(t, q, 0, 0).Volume, volume)
	return list
}

func (s Shop) overview(t *testing.T, q ports.FigureQuery, credited, told int) ports.Overview {
	t.Helper()
	in := ports.OverviewQuery{
		Project: q.Project, Mode: q.Mode, From: q.From, To: q.To, Credited: credited, Told: told,
	}
	whole, err := s.World.Figures.Overview(t.Context(), in)
	ok(t, err)
	for in.Without = range ports.EveryOverviewPart + 1 {
		got, err := s.World.Figures.Overview(t.Context(), in)
		ok(t, err)
		same(t, got, withoutParts(whole, in.Without))
	}
	return whole
}

func withoutParts(o ports.Overview, parts ports.OverviewParts) ports.Overview {
	if parts.Any(ports.OverviewVolume) {
		o.Volume = nil
	}
	if parts.Any(ports.OverviewOpened) {
		o.Opened = nil
	}
	if parts.Any(ports.OverviewCredited) {
		o.Credited = nil
	}
	if parts.Any(ports.OverviewTold) {
		o.Told = map[webhook.DeliveryStatus]int{}
	}
	return o
}

// charged is a sum of charges as the suite makes them.
func charged(at time.Time, entries, minor int64) ports.DayBooked {
	return ports.DayBooked{
		Day: at.Truncate(day), Kind: ledger.KindCharge, Place: ports.Recorded, Currency: money.USDT, Entries: entries,
		Amount: big.NewInt(minor), Worth: new(big.Int),
	}
}

func figuresBooked(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	same(t, len(shop.booked(t, shop.figures())), 0)
	book(t, w, other.Charge(t, 99, Epoch))
	book(t, w, shop.Charge(t, 1, Epoch))
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Ledger.BookAll(ctx, []ledger.Transaction{
			shop.Charge(t, 10, Epoch), shop.Charge(t, 100, Epoch.Add(day)), other.Charge(t, 7, Epoch),
			shop.Charge(t, 500, Epoch),
		})
		return err
	})
	_, err := w.Bookkeeper.Book(t.Context(), shop.Charge(t, 1000, Epoch), "")
	ok(t, err)
	live := shop.Charge(t, 5, Epoch)
	live.Mode = merchant.Live
	live.Postings[0].Source = ledger.World(live.Mode, "charge")
	live.Postings[0].Destination = ledger.Of(shop.ID(), live.Mode, ledger.Charged)
	book(t, w, live)

	first, second := charged(Epoch, 4, 1511), charged(Epoch.Add(day), 1, 100)
	same(t, shop.booked(t, shop.figures()), []ports.DayBooked{first, second})
	q := shop.figures()
	q.From = second.Day
	same(t, shop.booked(t, q), []ports.DayBooked{second})
	q = shop.figures()
	q.To = second.Day
	same(t, shop.booked(t, q), []ports.DayBooked{first})
	same(t, other.booked(t, other.figures()), []ports.DayBooked{charged(Epoch, 2, 106)})
	q = shop.figures()
	q.Whole = true
	whole := charged(Epoch, 5, 1611)
	whole.Day = time.Time{}
	same(t, shop.booked(t, q), []ports.DayBooked{whole})
	q.From = second.Day
	whole.Entries, whole.Amount = 1, big.NewInt(100)
	same(t, shop.booked(t, q), []ports.DayBooked{whole})
}

func figuresRolledBack(t *testing.T, w World) {
	shop := OpenShop(t, w)
	tx := shop.Charge(t, 1, Epoch)
	book(t, w, tx)
	again := shop.Charge(t, 1, Epoch)
	again.SourceRef = tx.SourceRef
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Ledger.Book(ctx, again)
		isFault(t, err, ports.ErrTaken)
		return nil // what was refused must be in no sum although its unit of work commits
	})
	refused(t, w, context.Canceled, func(ctx context.Context, r ports.Repos) error {
		if _, err := r.Ledger.Book(ctx, shop.Charge(t, 1, Epoch)); err != nil {
			return err
		}
		return context.Canceled
	})
	same(t, shop.booked(t, shop.figures()), []ports.DayBooked{charged(Epoch, 1, 1)})
}

// payment is a booking of money that came over the network of an intent.
func (s Shop) payment(t *testing.T, i checkout.Intent, minor int64, at time.Time) ledger.Transaction {
	t.Helper()
	tx := s.Charge(t, minor, at)
	tx.Kind, tx.SessionID = ledger.KindPayment, string(i.SessionID)
	tx.Postings[0].Source = ledger.World(tx.Mode, string(i.Asset.Network))
	tx.Postings[0].Destination = ledger.Of(s.ID(), tx.Mode, ledger.Received+string(i.Asset.Network))
	return tx
}

func figuresWorth(t *testing.T, w World) {
	shop := OpenShop(t, w)
	session := shop.AddSession(t, Epoch)
	intent := MakeIntent(session, Address(), 9_990_100)
	price, err := money.Parse(money.USDT, "150.25") // USDT for one of the currency it was asked in
	ok(t, err)
	intent.Rate = money.Rate{From: "USD", To: "USDT", Price: price.Decimal(), Source: "median(a,b)", At: Epoch}
	ok(t, session.Issue(intent, intent.CreatedAt))
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Reserve(ctx, intent); err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	})
	paid := shop.payment(t, intent, 300_500_001, Epoch.Add(time.Hour))
	book(t, w, paid)
	no, err := w.OrderNumbers.Next(t.Context(), Epoch)
	ok(t, err)
	book(t, w, paid.Reversal(no, paid.SourceRef, "the chain undid it", Epoch.Add(day)))
	far := shop.payment(t, intent, 9, Epoch)
	far.SessionID, far.Kind = "", ledger.KindAgent
	far.Postings[0].Source = ledger.World(far.Mode, "eip155:84532")
	far.Postings[0].Destination = ledger.Of(shop.ID(), far.Mode, ledger.Received+"eip155:84532")
	book(t, w, far)
	unasked := shop.payment(t, intent, 7, Epoch.Add(-time.Hour)) // before anybody was told a rate
	book(t, w, unasked)

	// 300.500001 / 150.25, rounded down
	worth, _ := new(big.Int).SetString("2000000006655574043", 10)
	sum := ports.DayBooked{
		Day: Epoch.Truncate(day), Kind: ledger.KindPayment, Place: string(intent.Asset.Network), Currency: money.USDT,
		Entries: 1, Amount: big.NewInt(300_500_001), WorthOf: "USD", Worth: worth, Source: "median(a,b)",
	}
	undone := sum
	undone.Day, undone.Kind = sum.Day.Add(day), ledger.KindReversal
	plain := sum
	plain.Amount, plain.WorthOf, plain.Worth, plain.Source = big.NewInt(7), "", new(big.Int), ""
	program := plain
	program.Kind, program.Place, program.Amount = ledger.KindAgent, "eip155:84532", big.NewInt(9)
	same(t, shop.booked(t, shop.figures()), []ports.DayBooked{plain, sum, program, undone})
}

func figuresRace(t *testing.T, w World) {
	const bookings = 16
	shops := []Shop{OpenShop(t, w), OpenShop(t, w)}
	done := make(chan error, bookings)
	for i := range bookings {
		one, two := shops[i%2].Charge(t, 1, Epoch), shops[(i+1)%2].Charge(t, 1, Epoch)
		go func() {
			done <- w.Work.Do(context.WithoutCancel(t.Context()), func(ctx context.Context, r ports.Repos) error {
				_, err := r.Ledger.BookAll(ctx, []ledger.Transaction{one, two})
				return err
			})
		}()
	}
	for range bookings {
		ok(t, <-done)
	}
	for _, shop := range shops {
		same(t, shop.booked(t, shop.figures()), []ports.DayBooked{charged(Epoch, bookings, bookings)})
	}
}

func figuresOpened(t *testing.T, w World) {
	shop := OpenShop(t, w)
	OpenShop(t, w).AddSession(t, Epoch)
	shop.AddSession(t, Epoch)
	shop.AddSession(t, Epoch, func(s *checkout.Snapshot) { s.Mode = merchant.Live })
	shop.AddSession(t, Epoch.Add(day))
	shop.settled(t, Epoch, time.Minute)
	q := shop.figures()
	first := ports.DayOpened{Day: Epoch.Truncate(day), Created: 2, Settled: 1}
	second := ports.DayOpened{Day: first.Day.Add(day), Created: 1}
	same(t, shop.overview(t, q, 0, 0).Opened, []ports.DayOpened{first, second})
	q.To = second.Day
	same(t, shop.overview(t, q, 0, 0).Opened, []ports.DayOpened{first})
	q.From, q.To = second.Day, time.Time{}
	same(t, shop.overview(t, q, 0, 0).Opened, []ports.DayOpened{second})
}

func (s Shop) opened(t *testing.T) []ports.DayOpened {
	t.Helper()
	return s.overview(t, s.figures(), 0, 0).Opened
}

func figuresReopened(t *testing.T, w World) {
	shop := OpenShop(t, w)
	intent := shop.settled(t, Epoch, time.Minute)
	counted := func(settled int64) {
		t.Helper()
		same(t, shop.opened(t), []ports.DayOpened{{Day: Epoch.Truncate(day), Created: 1, Settled: settled}})
	}
	counted(1)
	change := func(by func(s *checkout.Session) error) {
		t.Helper()
		do(t, w, func(ctx context.Context, r ports.Repos) error {
			found, err := r.Sessions.LoadAll(ctx, []checkout.SessionID{intent.SessionID})
			if err != nil {
				return err
			}
			session := found[intent.SessionID]
			if err := by(session); err != nil {
				return err
			}
			return r.Sessions.SaveAll(ctx, []*checkout.Session{session})
		})
	}
	paying := Paying(intent, 7)
	change(func(s *checkout.Session) error {
		_, err := s.Reverse(paying, Epoch.Add(2*time.Minute), merchant.LateWindow)
		return err
	})
	counted(0)
	change(func(s *checkout.Session) error {
		return s.Credit(Confirm(t, paying), *s.Intent(), false, "20270301000000009", Epoch.Add(3*time.Minute))
	})
	counted(1)
}

func figuresOpenedRace(t *testing.T, w World) {
	const each = 8
	shops := []Shop{OpenShop(t, w), OpenShop(t, w)}
	done := make(chan error, 2*each)
	for i := range 2 * each {
		session := shops[i%2].MakeSession(t, Epoch)
		go func() {
			done <- w.Work.Do(context.WithoutCancel(t.Context()), func(ctx context.Context, r ports.Repos) error {
				return r.Sessions.Add(ctx, session)
			})
		}()
	}
	for range 2 * each {
		ok(t, <-done)
	}
	ordered := shops[0].MakeSession(t, Epoch, func(s *checkout.Snapshot) { s.OrderID = "once" })
	again := shops[0].MakeSession(t, Epoch, func(s *checkout.Snapshot) { s.OrderID = "once" })
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Add(ctx, ordered); err != nil {
			return err
		}
		isFault(t, r.Sessions.Add(ctx, again), ports.ErrTaken)
		return nil
	})
	refused(t, w, context.Canceled, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Add(ctx, shops[1].MakeSession(t, Epoch)); err != nil {
			return err
		}
		return context.Canceled
	})
	first := Epoch.Truncate(day)
	same(t, shops[0].opened(t), []ports.DayOpened{{Day: first, Created: each + 1}})
	same(t, shops[1].opened(t), []ports.DayOpened{{Day: first, Created: each}})
}

// settled makes a payment whose transfer was recorded some time after its block.
func (s Shop) settled(
	t *testing.T, at time.Time, took time.Duration, change ...func(*ports.TransferRow),
) checkout.Intent {
	t.Helper()
	session, intent := s.AwaitPayment(t, at, Address(), 9_990_100)
	transfer := Paying(intent, 7)
	row := Row(s, intent, transfer)
	row.RecordedAt = transfer.BlockTime.Add(took)
	for _, c := range change {
		c(&row)
	}
	ok(t, session.Credit(Confirm(t, transfer), intent, false, row.OrderNo, row.RecordedAt))
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		if _, err := r.Transfers.Add(ctx, row); err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	})
	return intent
}

func figuresCredited(t *testing.T, w World) {
	shop := OpenShop(t, w)
	OpenShop(t, w).settled(t, Epoch, time.Hour)
	shop.AddSession(t, Epoch)
	q := shop.figures()
	same(t, len(shop.overview(t, q, 2, 0).Credited), 0)
	took := []time.Duration{time.Minute, time.Second, 50*time.Hour + time.Microsecond}
	for i, took := range took {
		shop.settled(t, Epoch.Add(time.Duration(i)*time.Minute), took)
	}
	credited := func(limit int) []time.Duration {
		list := shop.overview(t, q, limit, 0).Credited
		slices.Sort(list)
		return list
	}
	same(t, credited(1), took[2:])
	same(t, credited(2), took[1:])
	q.From = Epoch.Add(day)
	same(t, credited(100), []time.Duration{took[1], took[0], took[2]})
	shop.settled(t, Epoch.Add(time.Hour), 3*time.Minute, func(r *ports.TransferRow) { r.SessionID, r.IntentID = "", "" })
	same(t, credited(1), []time.Duration{3 * time.Minute})
}

func figuresTold(t *testing.T, w World) {
	shop := OpenShop(t, w)
	OpenShop(t, w).owe(t)
	for range 3 {
		shop.owe(t)
	}
	c := shop.owe(t)
	c.Delivery.Delivered(Epoch.Add(time.Second))
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Webhooks.Deliveries().Save(ctx, c.Delivery) })
	told := func(limit int) map[webhook.DeliveryStatus]int {
		got, err := w.Figures.Told(t.Context(), shop.figures(), limit)
		ok(t, err)
		same(t, shop.overview(t, shop.figures(), 0, limit).Told, got)
		return got
	}
	same(t, told(100), map[webhook.DeliveryStatus]int{webhook.Pending: 3, webhook.Delivered: 1})
	one := told(1)
	same(t, one[webhook.Pending]+one[webhook.Delivered], 1)
	same(t, len(told(0)), 0)
}
