package portstest

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var sandboxPromises = []promise{
	{"emitted transfers are mined in their period, to their receivers", sandboxMined},
	{"a transaction is answered with all its transfers", sandboxTransaction},
	{"a reorg undoes its transaction only, and is remembered", sandboxReorged},
	{"reorgs are listed oldest first", sandboxReorgs},
	{"an outage is in force from its beginning to its end", sandboxTroubles},
	{"what was rolled back was never scripted", sandboxRollBack},
	{"a transfer too late for sealed time is mined at its end", sandboxSealed},
	{"sealed time stays as it was read, however emitting and sealing race", sandboxSealRace},
}

// Scripted answers a transfer of USDT for the sandbox chain.
func Scripted(to chain.Address, units string, mined time.Time) ports.SandboxTransfer {
	return ports.SandboxTransfer{
		TxID: TxID(), Contract: USDT.Contract, Symbol: USDT.Symbol, From: Address(), To: to,
		Units: units, MinedAt: mined,
	}
}

func emit(t *testing.T, w World, ts ...ports.SandboxTransfer) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Sandbox.Emit(ctx, ts) })
}

// minedTo lists what was mined in a period to receivers, by time.
func minedTo(
	t *testing.T, w World, from, to time.Time, at ...chain.Address,
) []ports.SandboxTransfer {
	t.Helper()
	got, err := w.Sandbox.Mined(t.Context(), from, to, at)
	ok(t, err)
	slices.SortFunc(got, func(a, b ports.SandboxTransfer) int {
		return cmp.Or(
			a.MinedAt.Compare(b.MinedAt), cmp.Compare(a.TxID, b.TxID), cmp.Compare(a.Index, b.Index),
		)
	})
	return got
}

func sandboxMined(t *testing.T, w World) {
	at, other := Address(), Address()
	second := func(n int) time.Time { return Epoch.Add(time.Duration(n) * time.Second) }
	a, b := Scripted(at, "1", second(1)), Scripted(other, "2", second(2))
	c := Scripted(at, new(big.Int).Lsh(big.NewInt(1), 255).String(), second(3))
	c.Contract = Fake.Contract
	emit(t, w, a, b)
	emit(t, w, c)
	none := []ports.SandboxTransfer(nil)
	same(t, minedTo(t, w, second(0), second(9), at, other), []ports.SandboxTransfer{a, b, c})
	same(t, minedTo(t, w, second(0), second(9), at), []ports.SandboxTransfer{a, c})
	same(t, minedTo(t, w, second(1), second(3), at), []ports.SandboxTransfer{a})
	same(t, minedTo(t, w, second(2), second(4), at), []ports.SandboxTransfer{c})
	same(t, minedTo(t, w, second(0), second(9)), none)
	same(t, minedTo(t, w, second(0), second(9), Address()), none)
}

func transactionOf(t *testing.T, w World, id chain.TxID) []ports.SandboxTransfer {
	t.Helper()
	got, err := w.Sandbox.Transaction(t.Context(), id)
	ok(t, err)
	slices.SortFunc(got, func(a, b ports.SandboxTransfer) int { return cmp.Compare(a.Index, b.Index) })
	return got
}

func sandboxTransaction(t *testing.T, w World) {
	a, b := Scripted(Address(), "1", Epoch), Scripted(Address(), "2", Epoch)
	b.TxID, b.Index = a.TxID, 1
	emit(t, w, a, b, Scripted(Address(), "3", Epoch))
	same(t, transactionOf(t, w, a.TxID), []ports.SandboxTransfer{a, b})
	same(t, transactionOf(t, w, TxID()), []ports.SandboxTransfer(nil))
	for _, text := range hostile {
		same(t, transactionOf(t, w, chain.TxID(text)), []ports.SandboxTransfer(nil))
	}
}

func reorg(t *testing.T, w World, id chain.TxID, r ports.SandboxReorg) {
	t.Helper()
	do(t, w, func(ctx context.Context, repos ports.Repos) error {
		return repos.Sandbox.Reorg(ctx, id, r)
	})
}

func sandboxReorged(t *testing.T, w World) {
	at := Address()
	a, b := Scripted(at, "1", Epoch), Scripted(at, "2", Epoch.Add(time.Second))
	emit(t, w, a, b)
	r := ports.SandboxReorg{At: Epoch.Add(time.Minute), Height: 41}
	reorg(t, w, a.TxID, r)
	same(t, minedTo(t, w, Epoch, Epoch.Add(time.Hour), at), []ports.SandboxTransfer{b})
	same(t, transactionOf(t, w, a.TxID), []ports.SandboxTransfer(nil))
	same(t, transactionOf(t, w, b.TxID), []ports.SandboxTransfer{b})
	all, err := w.Sandbox.Reorgs(t.Context())
	ok(t, err)
	same(t, all, []ports.SandboxReorg{r})
}

func sandboxReorgs(t *testing.T, w World) {
	none, err := w.Sandbox.Reorgs(t.Context())
	ok(t, err)
	same(t, none, []ports.SandboxReorg(nil))
	var want []ports.SandboxReorg
	for i := range 4 {
		r := ports.SandboxReorg{At: Epoch.Add(-time.Duration(i) * time.Minute), Height: uint64(40 + i)}
		a := Scripted(Address(), "1", Epoch)
		emit(t, w, a)
		reorg(t, w, a.TxID, r)
		want = append([]ports.SandboxReorg{r}, want...)
	}
	all, err := w.Sandbox.Reorgs(t.Context())
	ok(t, err)
	same(t, all, want)
}

func sandboxTroubles(t *testing.T, w World) {
	shop := OpenShop(t, w)
	node := ports.SandboxTrouble{Kind: "node", From: Epoch, Until: Epoch.Add(time.Minute)}
	hooks := ports.SandboxTrouble{
		Kind: "webhook", Project: shop.Project.ID, From: Epoch.Add(time.Minute),
		Until: Epoch.Add(time.Hour),
	}
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sandbox.Trouble(ctx, node); err != nil {
			return err
		}
		return r.Sandbox.Trouble(ctx, hooks)
	})
	inForce := func(now time.Time, want ...ports.SandboxTrouble) {
		t.Helper()
		got, err := w.Sandbox.Troubles(t.Context(), now)
		ok(t, err)
		same(t, got, want)
	}
	inForce(Epoch.Add(-time.Microsecond))
	inForce(Epoch, node)
	inForce(Epoch.Add(59*time.Second), node)
	inForce(Epoch.Add(time.Minute), hooks)
	inForce(Epoch.Add(time.Hour))
}

func sandboxRollBack(t *testing.T, w World) {
	a := Scripted(Address(), "1", Epoch)
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Sandbox.Emit(ctx, []ports.SandboxTransfer{a}); err != nil {
			return err
		}
		if err := r.Sandbox.Trouble(ctx, ports.SandboxTrouble{
			Kind: "node", From: Epoch, Until: Epoch.Add(time.Hour), Project: merchant.ProjectID(""),
		}); err != nil {
			return err
		}
		return ports.ErrStale
	}), ports.ErrStale)
	same(t, transactionOf(t, w, a.TxID), []ports.SandboxTransfer(nil))
	troubles, err := w.Sandbox.Troubles(t.Context(), Epoch)
	ok(t, err)
	same(t, len(troubles), 0)
}

func seal(t *testing.T, w World, until time.Time) {
	t.Helper()
	ok(t, w.Sandbox.Seal(t.Context(), until))
}

func sandboxSealed(t *testing.T, w World) {
	at, end := Address(), Epoch.Add(time.Minute)
	before := Scripted(at, "1", Epoch)
	emit(t, w, before)
	seal(t, w, end)
	seal(t, w, Epoch.Add(time.Second))
	late := Scripted(at, "2", end.Add(-time.Microsecond))
	onTime := Scripted(at, "3", end.Add(time.Second))
	emit(t, w, late, onTime)
	late.MinedAt = end
	same(t, minedTo(t, w, Epoch, end, at), []ports.SandboxTransfer{before})
	same(t, minedTo(t, w, end, end.Add(time.Hour), at), []ports.SandboxTransfer{late, onTime})
	same(t, transactionOf(t, w, late.TxID), []ports.SandboxTransfer{late})
}

// sandboxSealRace reads time as a watcher does, sealing ever more of it, while others emit at times
// that are being sealed; what was read and what is there in the end must be the same.
func sandboxSealRace(t *testing.T, w World) {
	at := Address()
	const step = time.Second
	var read []ports.SandboxTransfer
	allWon(t, race(racers+1, func(i int) error {
		if i < racers {
			a := Scripted(at, "1", Epoch.Add(time.Duration(i)*step))
			return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				return r.Sandbox.Emit(ctx, []ports.SandboxTransfer{a})
			})
		}
		for n := range 2 * racers {
			from := Epoch.Add(time.Duration(n) * step)
			if err := w.Sandbox.Seal(t.Context(), from.Add(step)); err != nil {
				return err
			}
			found, err := w.Sandbox.Mined(t.Context(), from, from.Add(step), []chain.Address{at})
			if err != nil {
				return err
			}
			read = append(read, found...)
		}
		return nil
	}))
	end := Epoch.Add(2 * racers * step)
	read = append(read, minedTo(t, w, end, end.Add(step), at)...)
	all := minedTo(t, w, Epoch, end.Add(step), at)
	same(t, len(all), racers)
	byID := func(a, b ports.SandboxTransfer) int { return cmp.Compare(a.TxID, b.TxID) }
	slices.SortFunc(read, byID)
	slices.SortFunc(all, byID)
	same(t, read, all)
}
