package crash

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// How many kills there are unless KILLS says so.
const (
	shortRun  = 10
	shortTwin = 6 // of one of two gateways
)

// After any number of crashes nothing that was answered is lost and nothing is done twice. KILLS says
// how many crashes, SEED which, INSTANCES how many gateways there are; of several one at a time dies, stands still or is cut off.
func TestNothingAnsweredIsLostOrDoubled(t *testing.T) {
	survive(t, trial{
		kills: int(setting(t, "KILLS", shortRun)), instances: int(setting(t, "INSTANCES", 1)),
	})
}

// Either of two gateways may die, stand still or be cut off from the database at any moment.
func TestEitherOfTwoMayDie(t *testing.T) {
	if os.Getenv("KILLS") != "" || os.Getenv("INSTANCES") != "" {
		t.Skip("the other test does what KILLS and INSTANCES ask for")
	}
	survive(t, trial{kills: shortTwin, instances: 2})
}

func survive(t *testing.T, v trial) {
	t.Helper()
	v.seed, v.patience = setting(t, "SEED", rand.Uint64()), patience
	t.Logf("INSTANCES=%d KILLS=%d SEED=%d", v.instances, v.kills, v.seed)
	s := openStage(t, v)
	for _, finding := range s.run() {
		t.Error(finding)
	}
	if len(s.journal.charges) == 0 || len(s.journal.sales) == 0 || len(s.journal.pairs) == 0 {
		t.Error("there was no load")
	}
	t.Logf("%d charges, %d sales, %d pairs, %d webhooks", len(s.journal.charges), len(s.journal.sales),
		len(s.journal.pairs), len(s.receiver.ids()))
}

// setting reads a number of the environment; unset and empty mean the same.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
