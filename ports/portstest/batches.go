package portstest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// batchPromises are those of methods that do to many things what others do to one.
var batchPromises = []promise{
	{"many sessions are loaded as one is, whole or not at all", batchLoad},
	{"of many who load the same sessions each finds what the one before saved", batchLoadRace},
	{"many sessions are saved as one is", batchSave},
	{"one session that is stale, unknown or without its intent fails all", batchSaveRefused},
	{"many projects are found, those nobody knows are absent", batchProjects},
	{"of many transfers those are fresh that were not recorded", batchTransfers},
	{"of many who record the same transfers each is fresh for one of them", batchTransfersRace},
	{"many transactions are booked in turn, each linked to the one before", batchBook},
	{"no transaction is booked with one whose cause is taken, and the unit goes on", batchBookTaken},
	{"books that many write to at once stay unbroken", batchBookRace},
	{"the endpoints of many projects are those of each", batchEndpoints},
	{"many events are kept with their deliveries, in the order they are owed in", batchEvents},
	{"many jobs are enqueued in their order, and are gone with their unit of work", batchJobs},
}

func loadAll(
	t *testing.T, w World, ids ...checkout.SessionID,
) (found map[checkout.SessionID]*checkout.Session, err error) {
	t.Helper()
	err = w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
		found, err = r.Sessions.LoadAll(ctx, ids)
		return err
	})
	return found, err
}

func batchLoad(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	one := shop.AddSession(t, Epoch, rich)
	two, _ := other.AwaitPayment(t, Epoch, Address(), 9_990_100)
	shop.AddSession(t, Epoch)
	found, err := loadAll(t, w, two.ID(), one.ID())
	ok(t, err)
	same(t, len(found), 2)
	sameSession(t, found[one.ID()], one)
	sameSession(t, found[two.ID()], two)
	found, err = loadAll(t, w)
	ok(t, err)
	same(t, len(found), 0)
	for _, id := range append(hostile, UUID()) {
		_, err := loadAll(t, w, one.ID(), checkout.SessionID(id))
		isFault(t, err, ports.ErrNotFound)
	}
}

func batchLoadRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	var ids []checkout.SessionID
	for range 3 {
		session, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
		ids = append(ids, session.ID())
	}
	backwards := slices.Clone(ids)
	slices.Reverse(backwards)
	allWon(t, race(racers, func(i int) error {
		asked := ids
		if i%2 == 1 {
			asked = backwards
		}
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			found, err := r.Sessions.LoadAll(ctx, asked)
			if err != nil {
				return err
			}
			var list []*checkout.Session
			for _, session := range found {
				if session.Status() == checkout.Awaiting {
					_, err = session.See(Epoch)
				} else {
					err = session.Unsee(Epoch)
				}
				if err != nil {
					return err
				}
				list = append(list, session)
			}
			return r.Sessions.SaveAll(ctx, list)
		})
	}))
	found, err := loadAll(t, w, ids...)
	ok(t, err)
	for _, session := range found {
		same(t, session.Snapshot().Version, int64(2+racers))
	}
}

func saveAll(t *testing.T, w World, list ...*checkout.Session) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.SaveAll(ctx, list)
	})
}

func batchSave(t *testing.T, w World) {
	shop := OpenShop(t, w)
	paid, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	seen, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	bare, untouched := shop.AddSession(t, Epoch), shop.AddSession(t, Epoch)
	ok(t, paid.Credit(Confirm(t, Paying(intent, 1<<62)), intent, true, "20260301000000001", Epoch.Add(time.Minute)))
	_, err := seen.See(Epoch.Add(time.Second))
	ok(t, err)
	ok(t, bare.Cancel(Epoch.Add(time.Second)))
	ok(t, saveAll(t, w))
	ok(t, saveAll(t, w, paid, seen, bare))
	for _, want := range []*checkout.Session{paid, seen, bare, untouched} {
		got, err := w.Sessions.ByID(t.Context(), want.ID())
		ok(t, err)
		sameSession(t, got, want)
	}
}

func batchSaveRefused(t *testing.T, w World) {
	shop := OpenShop(t, w)
	was, _ := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	stale, unknown, bare := shop.AddSession(t, Epoch), shop.MakeSession(t, Epoch), shop.AddSession(t, Epoch)
	fresh, err := w.Sessions.ByID(t.Context(), was.ID())
	ok(t, err)
	_, err = fresh.See(Epoch.Add(time.Second))
	ok(t, err)
	isFault(t, saveAll(t, w, fresh, stale), ports.ErrStale)
	if err := saveAll(t, w, fresh, unknown); err == nil {
		t.Fatal("a session nobody added was saved among others")
	}
	unreserved := MakeIntent(bare, Address(), 9_990_100)
	ok(t, bare.Issue(unreserved, Epoch))
	if err := saveAll(t, w, fresh, bare); err == nil {
		t.Fatal("an intent that holds no amount was saved among others")
	}
	got, err := w.Sessions.ByID(t.Context(), was.ID())
	ok(t, err)
	sameSession(t, got, was)
}

func batchProjects(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	OpenShop(t, w)
	ask := []merchant.ProjectID{other.Project.ID, merchant.ProjectID(UUID()), shop.Project.ID}
	for _, id := range hostile {
		ask = append(ask, merchant.ProjectID(id))
	}
	found := in(t, w, func(ctx context.Context, r ports.Repos) (map[merchant.ProjectID]merchant.Project, error) {
		return r.Projects.ByIDs(ctx, ask)
	})
	same(t, found, map[merchant.ProjectID]merchant.Project{
		shop.Project.ID: shop.Project, other.Project.ID: other.Project,
	})
}

func addRows(t *testing.T, w World, rows ...ports.TransferRow) []bool {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]bool, error) { return r.Transfers.AddAll(ctx, rows) })
}

func batchTransfers(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	row := func(height uint64) ports.TransferRow { return Row(shop, intent, Paying(intent, height)) }
	known, undone, one := row(1), row(2), row(3)
	sibling := one
	sibling.Transfer.Index = 1
	stray := ports.TransferRow{Transfer: Paying(intent, 4), Disposition: ports.Unmatched, RecordedAt: Epoch}
	same(t, addRows(t, w), []bool{})
	same(t, addRows(t, w, known, undone), []bool{true, true})
	reverse(t, w, undone)
	again, other := one, known
	again.Disposition, again.OrderNo = ports.Held, ""
	other.Disposition, other.OrderNo = ports.Held, ""
	undone.Transfer.Height = 5
	same(t, addRows(t, w, other, one, undone, again, sibling, stray), []bool{false, true, true, false, true, true})
	same(t, above(t, w, chain.Sandbox, 0), []ports.TransferRow{known, one, sibling, stray, undone})
}

func batchTransfersRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	_, intent := shop.AwaitPayment(t, Epoch, Address(), 9_990_100)
	rows := []ports.TransferRow{
		Row(shop, intent, Paying(intent, 1)), Row(shop, intent, Paying(intent, 2)), Row(shop, intent, Paying(intent, 3)),
	}
	first := make([][]bool, racers)
	allWon(t, race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) (err error) {
			first[i], err = r.Transfers.AddAll(ctx, rows)
			return err
		})
	}))
	for at := range rows {
		fresh := 0
		for _, f := range first {
			if f[at] {
				fresh++
			}
		}
		same(t, fresh, 1)
	}
}

func bookAll(ctx context.Context, r ports.Repos, txs ...ledger.Transaction) ([]ports.Booked, error) {
	return r.Ledger.BookAll(ctx, txs)
}

func batchBook(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	book(t, w, shop.Charge(t, 1, Epoch))
	live := other.Charge(t, 4, Epoch)
	live.Mode = merchant.Live
	live.Postings[0].Source = ledger.World(merchant.Live, "charge")
	live.Postings[0].Destination = ledger.Of(other.ID(), merchant.Live, ledger.Charged)
	txs := []ledger.Transaction{shop.Charge(t, 2, Epoch), other.Charge(t, 3, Epoch), live, shop.Charge(t, 5, Epoch)}
	booked := in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.Booked, error) {
		if none, err := bookAll(ctx, r); err != nil || len(none) > 0 {
			return none, errors.Join(err, errors.New("something was booked out of nothing"))
		}
		return bookAll(ctx, r, txs...)
	})
	same(t, len(booked), len(txs))
	for i, tx := range txs {
		same(t, booked[i], findBooked(t, w, tx.MerchantID, tx.OrderNo))
		same(t, booked[i].Transaction, tx)
	}
	linked(t, w, shop.ID(), merchant.Test, 3)
	linked(t, w, other.ID(), merchant.Test, 1)
	linked(t, w, other.ID(), merchant.Live, 1)
}

func batchBookTaken(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	first, fresh, again := shop.Charge(t, 1, Epoch), shop.Charge(t, 2, Epoch), other.Charge(t, 3, Epoch)
	twin := other.Charge(t, 4, Epoch)
	again.SourceRef, twin.SourceRef = first.SourceRef, fresh.SourceRef
	book(t, w, first)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		for _, batch := range [][]ledger.Transaction{{fresh, again}, {again, fresh}, {fresh, twin}} {
			if _, err := bookAll(ctx, r, batch...); !errors.Is(err, ports.ErrTaken) {
				return errors.Join(err, errors.New("a cause was booked twice"))
			}
		}
		_, err := r.Ledger.Book(ctx, fresh)
		return err
	})
	linked(t, w, shop.ID(), merchant.Test, 2)
	linked(t, w, other.ID(), merchant.Test, 0)
	invalid := shop.Charge(t, 5, Epoch)
	invalid.Postings = nil
	err := w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		_, err := bookAll(ctx, r, shop.Charge(t, 6, Epoch), invalid)
		return err
	})
	if err == nil {
		t.Fatal("an invalid transaction was booked among others")
	}
	linked(t, w, shop.ID(), merchant.Test, 2)
}

func batchBookRace(t *testing.T, w World) {
	shops := []Shop{OpenShop(t, w), OpenShop(t, w), OpenShop(t, w)}
	batches := make([][]ledger.Transaction, racers)
	for i := range batches {
		for n := range 2 * len(shops) {
			batches[i] = append(batches[i], shops[(i+n)%len(shops)].Charge(t, 1, Epoch))
		}
	}
	allWon(t, race(racers, func(i int) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			_, err := bookAll(ctx, r, batches[i]...)
			return err
		})
	}))
	for _, shop := range shops {
		linked(t, w, shop.ID(), merchant.Test, 2*racers)
	}
}

func batchEndpoints(t *testing.T, w World) {
	shop, other, silent := OpenShop(t, w), OpenShop(t, w), OpenShop(t, w)
	second := shop.AddEndpoint(t, merchant.Test, Epoch.Add(time.Hour))
	first := shop.AddEndpoint(t, merchant.Test, Epoch)
	shop.AddEndpoint(t, merchant.Live, Epoch)
	theirs := other.AddEndpoint(t, merchant.Live, Epoch)
	of := func(s Shop, m merchant.Mode) ports.Audience { return ports.Audience{Project: s.Project.ID, Mode: m} }
	found := in(t, w, func(ctx context.Context, r ports.Repos) (map[ports.Audience][]webhook.Endpoint, error) {
		return r.Webhooks.EndpointsOf(ctx, []ports.Audience{
			of(shop, merchant.Test), of(other, merchant.Live), of(silent, merchant.Test),
			{Project: merchant.ProjectID(hostile[0]), Mode: merchant.Test},
		})
	})
	same(t, found[of(shop, merchant.Test)], []webhook.Endpoint{first, second})
	same(t, found[of(other, merchant.Live)], []webhook.Endpoint{theirs})
	same(t, found[of(silent, merchant.Test)], []webhook.Endpoint(nil))
	same(t, found[of(shop, merchant.Live)], []webhook.Endpoint(nil))
}

func batchEvents(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	till, web := shop.AddEndpoint(t, merchant.Test, Epoch), shop.AddEndpoint(t, merchant.Test, Epoch)
	theirs := other.AddEndpoint(t, merchant.Test, Epoch)
	one, two, quiet := shop.MakeEvent(1, Epoch), other.MakeEvent(2, Epoch), shop.MakeEvent(3, Epoch)
	owed := []webhook.Delivery{Owed(one, web), Owed(two, theirs), Owed(one, till)}
	owed[1].NextAt = time.Time{}
	add := func(events []webhook.Event, owed []webhook.Delivery) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Webhooks.AddEvents(ctx, events, owed)
		})
	}
	if err := add([]webhook.Event{one, quiet}, owed); err == nil {
		t.Fatal("a delivery of no event was recorded")
	}
	ok(t, add([]webhook.Event{one, two, quiet}, owed))
	told(t, w, ports.EventQuery{Project: shop.Project.ID}, one, quiet)
	told(t, w, ports.EventQuery{Project: other.Project.ID}, two)
	same(t, ofEvent(t, w, one.ID), []webhook.Delivery{owed[0], owed[2]})
	same(t, ofEvent(t, w, two.ID), []webhook.Delivery{owed[1]})
	same(t, ofEvent(t, w, quiet.ID), []webhook.Delivery(nil))
}

func batchJobs(t *testing.T, w World) {
	two := []ports.Job{Parcel{Number: 1, Label: "☕"}, Parcel{Number: 2}}
	stop := errors.New("stop")
	enqueue := func(js []ports.Job, outcome error) error {
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return errors.Join(r.Jobs.EnqueueAll(ctx, js), outcome)
		})
	}
	ok(t, enqueue(nil, nil))
	isFault(t, enqueue(two, stop), stop)
	same(t, parcels(t, w), []Parcel(nil))
	ok(t, enqueue(two, nil))
	same(t, parcels(t, w), []Parcel{{Number: 1, Label: "☕"}, {Number: 2}})
}
