package portstest

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

var sightingPromises = []promise{
	{"sightings are shown with the session they pay", sightingsShown},
	{"sightings not given again are gone, and are answered", sightingsReplaced},
	{"a sighting recorded as final is not gone", sightingsFinal},
	{"a sighting recorded as final for nobody is gone", sightingsFinalForNobody},
	{"a sighting in another block is the same sighting", sightingsMoved},
	{"sightings of another network stay", sightingsOtherNetwork},
	{"a rolled back replacement replaced nothing", sightingsRollBack},
}

// sight makes sightings the only ones of the sandbox and answers those that are gone, by height.
func sight(t *testing.T, w World, now ...ports.Sighting) []ports.Sighting {
	t.Helper()
	gone := in(t, w, func(ctx context.Context, r ports.Repos) ([]ports.Sighting, error) {
		return r.Transfers.ReplaceSightings(ctx, chain.Sandbox, now)
	})
	slices.SortFunc(gone, func(a, b ports.Sighting) int {
		return cmp.Compare(a.Transfer.Height, b.Transfer.Height)
	})
	return gone
}

// sightings answers n payments in sight, in rising blocks, each of a session of its own.
func (s Shop) sightings(t *testing.T, n int) []ports.Sighting {
	t.Helper()
	var out []ports.Sighting
	for i := range n {
		session, intent := s.AwaitPayment(t, Epoch, Address(), 9_990_100)
		out = append(out, ports.Sighting{Transfer: Paying(intent, uint64(7+i)), SessionID: session.ID()})
	}
	return out
}

func seen(t *testing.T, w World, s ports.Sighting) []ports.Sighting {
	t.Helper()
	_, now := ofSession(t, w, s.SessionID)
	return now
}

func sightingsShown(t *testing.T, w World) {
	two := OpenShop(t, w).sightings(t, 2)
	none := []ports.Sighting(nil)
	same(t, sight(t, w, two...), none)
	same(t, seen(t, w, two[0]), two[:1])
	same(t, seen(t, w, two[1]), two[1:])
	same(t, sight(t, w, two...), none)
	rows, _ := ofSession(t, w, two[0].SessionID)
	same(t, rows, []ports.TransferRow(nil))
}

func sightingsReplaced(t *testing.T, w World) {
	four := OpenShop(t, w).sightings(t, 4)
	sight(t, w, four[:3]...)
	same(t, sight(t, w, four[1], four[3]), []ports.Sighting{four[0], four[2]})
	same(t, seen(t, w, four[0]), []ports.Sighting(nil))
	same(t, seen(t, w, four[1]), four[1:2])
	same(t, seen(t, w, four[3]), four[3:])
	same(t, sight(t, w), []ports.Sighting{four[1], four[3]})
	same(t, sight(t, w), []ports.Sighting(nil))
}

func sightingsFinal(t *testing.T, w World) {
	shop := OpenShop(t, w)
	two := shop.sightings(t, 2)
	sight(t, w, two...)
	addRow(t, w, ports.TransferRow{
		Transfer: two[0].Transfer, ProjectID: shop.Project.ID, SessionID: two[0].SessionID,
		Disposition: ports.Held, RecordedAt: Epoch,
	})
	same(t, sight(t, w), two[1:])
}

func sightingsFinalForNobody(t *testing.T, w World) {
	shop := OpenShop(t, w)
	one := shop.sightings(t, 1)
	sight(t, w, one...)
	addRow(t, w, ports.TransferRow{
		Transfer: one[0].Transfer, ProjectID: shop.Project.ID, Disposition: ports.Unmatched, RecordedAt: Epoch,
	})
	same(t, sight(t, w), one)
}

func sightingsMoved(t *testing.T, w World) {
	one := OpenShop(t, w).sightings(t, 1)
	sight(t, w, one...)
	moved := one[0]
	moved.Transfer.Height, moved.Transfer.BlockID = 99, BlockID(99)
	same(t, sight(t, w, moved), []ports.Sighting(nil))
	same(t, seen(t, w, moved), []ports.Sighting{moved})
}

func sightingsOtherNetwork(t *testing.T, w World) {
	two := OpenShop(t, w).sightings(t, 2)
	tron := two[1]
	tron.Transfer.Network, tron.Transfer.Asset.Network = chain.Tron, chain.Tron
	sight(t, w, two[0])
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		gone, err := r.Transfers.ReplaceSightings(ctx, chain.Tron, []ports.Sighting{tron})
		same(t, gone, []ports.Sighting(nil))
		return err
	})
	same(t, sight(t, w), two[:1])
	same(t, seen(t, w, tron), []ports.Sighting{tron})
}

func sightingsRollBack(t *testing.T, w World) {
	two := OpenShop(t, w).sightings(t, 2)
	sight(t, w, two[0])
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if _, err := r.Transfers.ReplaceSightings(ctx, chain.Sandbox, two[1:]); err != nil {
			return err
		}
		return ports.ErrStale
	}), ports.ErrStale)
	same(t, seen(t, w, two[0]), two[:1])
	same(t, seen(t, w, two[1]), []ports.Sighting(nil))
}
