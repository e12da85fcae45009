package app

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// announced is what a process hears of changes, by hand.
type announced struct {
	ports.Changes
	marks map[checkout.SessionID]ports.Mark
	deaf  bool
}

func (a *announced) Mark(id checkout.SessionID) (ports.Mark, bool) { return a.marks[id], !a.deaf }

// hand is a clock's.
type hand struct{ now time.Time }

func (h *hand) Now() time.Time { return h.now }

// keeping is what is kept, what is heard, and the time.
func keeping(most int) (*Kept[string], *announced, *hand) {
	heard := &announced{marks: map[checkout.SessionID]ports.Mark{}}
	clock := &hand{portstest.Epoch}
	return NewKept[string](Checkout{Core: Core{Clock: clock}, Changes: heard}, most), heard, clock
}

func (k *Kept[V]) wants(t *testing.T, id checkout.SessionID, want string) {
	t.Helper()
	got, ok := any(k).(*Kept[string]).known(id)
	if got != want || ok != (want != "") {
		t.Fatalf("kept of %s: %q, %v; want %q", id, got, ok, want)
	}
}

func TestWhatIsKeptHoldsUntilAChangeIsAnnounced(t *testing.T) {
	k, heard, clock := keeping(4)
	soon := clock.now.Add(time.Minute)
	k.wants(t, "a", "")
	k.Keep(k.Read("a"), "open", soon)
	k.Keep(k.Read("b"), "other", soon)
	k.wants(t, "a", "open")

	heard.marks["a"]++
	k.wants(t, "a", "")
	k.wants(t, "b", "other")
	k.Keep(k.Read("a"), "paid", soon)
	k.wants(t, "a", "paid")

	clock.now = soon
	k.wants(t, "a", "")
	clock.now = portstest.Epoch.Add(-time.Second) // set back
	k.wants(t, "a", "")
}

// What was read before a change may be written down after it: it is not told.
func TestAReadingThatWasOvertakenIsNotTold(t *testing.T) {
	k, heard, clock := keeping(4)
	soon := clock.now.Add(time.Minute)
	slow := k.Read("a")
	heard.marks["a"]++
	k.Keep(slow, "open", soon)
	k.wants(t, "a", "")

	k.Keep(k.Read("a"), "paid", soon)
	k.Keep(slow, "open", soon)
	k.wants(t, "a", "paid")

	early := k.Read("a")
	clock.now = clock.now.Add(time.Second)
	k.Keep(k.Read("a"), "paid, two confirmations", soon)
	k.Keep(early, "paid, one confirmation", soon)
	k.wants(t, "a", "paid, two confirmations")
}

// While an announcement may have been missed nothing is told, and what was read then is not kept.
func TestADeafProcessKeepsNothing(t *testing.T) {
	k, heard, clock := keeping(4)
	soon := clock.now.Add(time.Minute)
	k.Keep(k.Read("a"), "open", soon)
	heard.deaf = true
	k.wants(t, "a", "")
	k.Keep(k.Read("b"), "open", soon)
	heard.deaf = false
	k.wants(t, "a", "open") // the mark says that nothing was missed
	k.wants(t, "b", "")
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	const most = 8
	k, _, clock := keeping(most)
	soon := clock.now.Add(time.Minute)
	k.Keep(k.Read("asked for"), "yes", soon)
	for n := range 10 * most {
		id := checkout.SessionID(strconv.Itoa(n))
		k.Keep(k.Read(id), "x", soon)
		k.wants(t, id, "x")
		k.wants(t, "asked for", "yes")
		if len(k.young)+len(k.old) > most {
			t.Fatalf("%d sessions are remembered", len(k.young)+len(k.old))
		}
	}
	k.wants(t, "0", "")
}

// A crowd that asks for the same reads it once, or twice if some came while it was read.
func TestACrowdSharesAReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, heard, clock := keeping(4)
		soon := clock.now.Add(time.Minute)
		begun, goOn, reads := make(chan struct{}), make(chan struct{}), 0
		ask := func() {
			got, err := k.Get(t.Context(), "a", func(_ context.Context, r Reading) (string, error) {
				reads++ // one reads at a time
				if reads == 1 {
					close(begun)
					<-goOn
				}
				k.Keep(r, "open", soon)
				return "open", nil
			})
			if got != "open" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		}
		go ask()
		<-begun
		for range 50 {
			go ask()
		}
		synctest.Wait()
		close(goOn)
		synctest.Wait()
		if reads != 1 {
			t.Errorf("%d readings for 51 who ask", reads)
		}
		heard.marks["a"]++
		ask()
		if reads != 2 {
			t.Errorf("%d readings after a change", reads)
		}
	})
}

// What cannot be read is not kept.
func TestAFailedReadingIsNotKept(t *testing.T) {
	k, _, _ := keeping(4)
	fails := func(context.Context, Reading) (string, error) { return "half", ports.ErrNotFound }
	for range 2 {
		if _, err := k.Get(t.Context(), "a", fails); !errors.Is(err, ports.ErrNotFound) {
			t.Fatalf("%v", err)
		}
	}
	k.wants(t, "a", "")
}
