package crash

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

const (
	shortRun = 10 // kills
	longRun  = 50 // from which a trial waits for what only time mends
)

// After any number of crashes nothing that was answered is lost and nothing is done twice. KILLS says
// how many crashes, SEED which.
func TestNothingAnsweredIsLostOrDoubled(t *testing.T) {
	v := trial{
		kills: int(setting(t, "KILLS", shortRun)), seed: setting(t, "SEED", rand.Uint64()),
		patience: time.Minute,
	}
	v.careful = v.kills >= longRun
	t.Logf("KILLS=%d SEED=%d", v.kills, v.seed)
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
