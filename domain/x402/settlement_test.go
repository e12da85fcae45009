package x402

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drive does one thing to a settlement, with evidence that would do.
func drive(t testing.TB, s Settlement, on event, by Actor) (Settlement, error) {
	t.Helper()
	d := s.now.Due
	switch on {
	case eventClaim:
		v, err := offerOf(t, usdc(t)).Verify(specPayment().decode(t), specNow)
		if err != nil {
			t.Fatal(err)
		}
		if by != Requester { // ClaimAgain has no other
			return Settlement{}, ErrTransition
		}
		return s.ClaimAgain(v, s.now.Binding, specNow)
	case eventRefuse:
		return s.Refuse(by, ReasonFunds)
	case eventSign:
		return s.Sign(by, Hash{1})
	case eventSend:
		return s.Send(by)
	case eventDoubt:
		return s.Doubt(by)
	case eventProve:
		p, err := Prove(d, proof(d), 1)
		if err != nil {
			t.Fatal(err)
		}
		return s.Settle(by, p, specNow.Add(time.Minute))
	case eventRevert:
		return s.Revert(by, ReasonReverted)
	case eventLapse:
		return s.Lapse(by, specNow.Add(time.Hour), false)
	case eventUndo:
		return s.Undo(by)
	case eventDelegate:
		return s.Delegate(by, Hash{2})
	}
	t.Fatalf("event %d", on)
	return Settlement{}, nil
}

// resting is a settlement in a status, restored as a store kept it.
func resting(t testing.TB, status Status) Settlement {
	t.Helper()
	way := usdc(t)
	snap := Snapshot{
		Due: specDue(t), Binding: way.BindingOf(specPayment().decode(t), asked()), Status: status,
		ClaimedAt: specNow,
	}
	if status != Claimed && status != Refused && status != Delegated {
		snap.TxID = Hash{1}
	}
	if status == Refused || status == Failed {
		snap.Reason = ReasonFunds
	}
	if status == Settled {
		snap.SettledAt = specNow
	}
	s, err := Restore(snap)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// allowed is the state machine once more, as a drawing: from, event, to, by whom.
const allowed = `
claimed: refuse -> refused (requester relayer reconciler)
claimed: sign -> signed (relayer)
claimed: receipt proves it -> settled (reconciler)
claimed: ask another facilitator -> delegated (relayer)
signed: send -> broadcast (relayer reconciler)
signed: receipt proves it -> settled (relayer reconciler)
signed: window over, nonce unused -> failed (reconciler)
broadcast: sign -> signed (relayer)
broadcast: send -> broadcast (relayer reconciler)
broadcast: no receipt in time -> pending (requester relayer)
broadcast: receipt proves it -> settled (relayer reconciler)
broadcast: transaction moved nothing -> failed (relayer reconciler)
broadcast: window over, nonce unused -> failed (reconciler)
delegated: refuse -> refused (relayer)
delegated: receipt proves it -> settled (relayer reconciler)
delegated: window over, nonce unused -> failed (reconciler)
delegated: ask another facilitator -> delegated (relayer reconciler)
pending: sign -> signed (relayer)
pending: send -> pending (relayer reconciler)
pending: receipt proves it -> settled (relayer reconciler)
pending: transaction moved nothing -> failed (relayer reconciler)
pending: window over, nonce unused -> failed (reconciler)
settled: chain undoes it -> reversed (reconciler)
reversed: sign -> signed (relayer)
reversed: send -> reversed (relayer reconciler)
reversed: receipt proves it -> settled (reconciler)
reversed: window over, nonce unused -> failed (reconciler)
refused: claim again -> claimed (requester)
refused: receipt proves it -> settled (reconciler)
failed: receipt proves it -> settled (reconciler)
`

func TestTransitionsAreTheDrawing(t *testing.T) {
	got := "\n"
	for _, c := range Transitions() {
		by := ""
		for _, a := range c.By {
			by += " " + a.String()
		}
		got += c.From.String() + ": " + c.On + " -> " + c.To.String() + " (" + by[1:] + ")\n"
	}
	if diff := cmp.Diff(allowed, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Every status, event and actor: what the table allows happens and can be stored, all else is refused.
func TestEveryCell(t *testing.T) {
	for _, from := range Statuses() {
		for on := eventClaim; on <= eventDelegate; on++ {
			for _, by := range []Actor{Requester, Relayer, Reconciler, 0} {
				m, ok := transitions[cell{from, on}]
				ok = ok && slices.Contains(m.by, by)
				got, err := drive(t, resting(t, from), on, by)
				switch {
				case ok && (err != nil || got.now.Status != m.to):
					t.Errorf("%s: %s by %s: %s, %v; want %s", from, eventNames[on], by, got.now.Status, err, m.to)
				case !ok && !errors.Is(err, ErrTransition):
					t.Errorf("%s: %s by %q: %s, %v; want a refusal", from, eventNames[on], by, got.now.Status, err)
				case ok:
					if again, err := Restore(got.Snapshot()); err != nil || again != got {
						t.Errorf("%s: %s by %s cannot be stored: %v", from, eventNames[on], by, err)
					}
				}
			}
		}
	}
}

// Whatever happens, in whatever order: settled means proven, and what was signed is never forgotten while
// somebody could still submit it.
func TestLivesOfSettlements(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s, wasSigned := resting(t, Claimed), false
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			on := event(rapid.IntRange(int(eventClaim), int(eventDelegate)).Draw(r, "event"))
			by := Actor(rapid.IntRange(int(Requester), int(Reconciler)).Draw(r, "actor"))
			next, err := drive(t, s, on, by)
			if err != nil {
				continue
			}
			before := s
			s = next
			wasSigned = wasSigned || on == eventSign
			if s.now.Status == Settled && on != eventProve {
				r.Fatalf("settled by %s", eventNames[on])
			}
			if wasSigned && (s.now.Status == Claimed || s.now.Status == Refused) {
				r.Fatalf("signed, and then %s", s.now.Status)
			}
			if s.now.Status == Failed && on != eventRevert && on != eventLapse {
				r.Fatalf("%s failed by %s", before.now.Status, eventNames[on])
			}
			if s.now.Due != before.now.Due {
				r.Fatal("what is due changed")
			}
		}
	})
}

// Evidence is of this settlement and says enough, or nothing moves.
func TestEvidence(t *testing.T) {
	other := specDue(t)
	other.Nonce = Nonce{9}
	foreign, err := Prove(other, proof(other), 1)
	if err != nil {
		t.Fatal(err)
	}
	s := resting(t, Pending)
	until := time.Unix(1740672154, 0)
	v, err := offerOf(t, usdc(t)).Verify(specPayment().decode(t), specNow)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := s.now.Binding
	elsewhere.SKU = "slow"
	for name, try := range map[string]func() (Settlement, error){
		"a receipt of another nonce":   func() (Settlement, error) { return s.Settle(Reconciler, foreign, specNow) },
		"no receipt":                   func() (Settlement, error) { return s.Settle(Reconciler, Proven{}, specNow) },
		"the nonce was used":           func() (Settlement, error) { return s.Lapse(Reconciler, until, true) },
		"a second before the end":      func() (Settlement, error) { return s.Lapse(Reconciler, until.Add(-time.Second), false) },
		"no transaction":               func() (Settlement, error) { return s.Sign(Relayer, Hash{}) },
		"failed for no reason":         func() (Settlement, error) { return s.Revert(Relayer, 0) },
		"refused for no reason":        func() (Settlement, error) { return resting(t, Claimed).Refuse(Relayer, 0) },
		"claimed again for another":    func() (Settlement, error) { return resting(t, Refused).ClaimAgain(v, elsewhere, specNow) },
		"claimed again with another":   func() (Settlement, error) { return resting(t, Refused).ClaimAgain(Verified{}, s.now.Binding, specNow) },
		"claimed for nobody's request": func() (Settlement, error) { return Claim(v, Binding{Authorization: v.Digest()}, specNow) },
		"claimed with another's":       func() (Settlement, error) { return Claim(v, Binding{MerchantID: "shop"}, specNow) },
	} {
		if got, err := try(); !errors.Is(err, ErrEvidence) || got != (Settlement{}) {
			t.Errorf("%s: %s, %v", name, got.now.Status, err)
		}
	}
	if got, err := s.Lapse(Reconciler, until, false); err != nil || got.now.Status != Failed {
		t.Errorf("the window is over: %s, %v", got.now.Status, err)
	}
	if got, err := Claim(v, s.now.Binding, specNow); err != nil || got != resting(t, Claimed) {
		t.Errorf("claimed: %+v, %v", got, err)
	}
}

func TestRestoreRefusesContradictions(t *testing.T) {
	for name, change := range map[string]func(*Snapshot){
		"no status":             func(s *Snapshot) { s.Status = 0 },
		"an unknown status":     func(s *Snapshot) { s.Status = Delegated + 1 },
		"nothing due":           func(s *Snapshot) { s.Due = Due{} },
		"never claimed":         func(s *Snapshot) { s.ClaimedAt = time.Time{} },
		"settled at no time":    func(s *Snapshot) { s.SettledAt = time.Time{} },
		"settled by nothing":    func(s *Snapshot) { s.TxID = Hash{} },
		"settled for a reason":  func(s *Snapshot) { s.Reason = ReasonFunds },
		"failed for no reason":  func(s *Snapshot) { s.Status, s.SettledAt = Failed, time.Time{} },
		"pending, yet settled":  func(s *Snapshot) { s.Status = Pending },
		"claimed, and yet sent": func(s *Snapshot) { s.Status, s.SettledAt = Claimed, time.Time{} },
	} {
		snap := resting(t, Settled).Snapshot()
		change(&snap)
		if _, err := Restore(snap); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
}

// Stores keep names.
func TestStatusesHaveNames(t *testing.T) {
	for _, s := range Statuses() {
		if got, ok := ParseStatus(s.String()); !ok || got != s {
			t.Errorf("%s is read as %s", s, got)
		}
	}
	if _, ok := ParseStatus(Status(0).String()); ok {
		t.Error("no status has a name")
	}
}
