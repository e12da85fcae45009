package portstest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// batchPromises are those of methods that do to many things what others do to one.
var batchPromises = []promise{
	{"many sessions are loaded as one is, whole or not at all", batchLoad},
	{"of many who load the same sessions each finds what the one before saved", batchLoadRace},
	{"many sessions are saved as one is", batchSave},
	{"one session that is stale, unknown or without its intent fails all", batchSaveRefused},
	{"many sessions are recorded as one is", batchOpen},
	{"of many sessions those whose order id is taken are not recorded, and fail nobody", batchOpenTaken},
	{"of many who take the same order ids in any order each is taken by one", batchOpenRace},
	{"what many projects offer is what each does", batchOffers},
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
