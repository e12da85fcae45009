package races

import (
	"net/http"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// Two processes watch, one of them at a time. Whichever dies, and when, every payment is found by the
// other, once.
func TestEitherOfTwoProcessesMayDie(t *testing.T) {
	const payments = 8
	gates := twins(t)
	f := &field{t: t, gates: gates}
	m := gates[0].Register(t)
	for victim := range gates {
		survivor := gates[1-victim]
		var sessions []string
		for i := range payments {
			session := m.Pay(t, "5.00")
			f.ask(i, choose(session)).Want(t, http.StatusOK)
			sessions = append(sessions, session)
		}
		f.race(func(i int) call {
			return post("/v1/checkout/sessions/"+sessions[i%payments]+"/sandbox", map[string]string{"scenario": "exact"})
		})
		gates[victim].Kill()
		for _, session := range sessions {
			rig.Eventually(t, settleLimit, "the survivor finds every payment", func() bool {
				return survivor.Status(session) == "paid"
			})
		}
		gates[victim].Run()
		for _, session := range sessions {
			wantPaidOnce(t, f, m, session)
		}
	}
	if text, code := gates[0].Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}
