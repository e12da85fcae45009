package crash

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

// How hard a planted bug is looked for.
const (
	plantedKills  = 12
	plantedTrials = 3
)

// Every planted bug can still be planted: the source still says what it replaces.
func TestPlantsApply(t *testing.T) {
	for _, p := range plants {
		if _, err := rig.Apply(rig.Root(), p.edits); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

// The loop finds each planted bug. It takes minutes for each, so it runs when asked for: PLANT=1.
func TestPlantedBugs(t *testing.T) {
	if os.Getenv("PLANT") == "" {
		t.Skip("PLANT=1 builds a gateway for each planted bug and looks for it")
	}
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			binary := rig.Planted(t, p.edits)
			for range plantedTrials {
				s := openStage(t, trial{
					binary: binary, kills: plantedKills, seed: rand.Uint64(), setting: p.setting,
					patience: 30 * time.Second,
				})
				findings := s.run()
				s.g.Kill()
				if shown := p.found(findings); shown != "" {
					t.Logf("found with SEED=%d: %s", s.seed, shown)
					return
				}
				t.Logf("SEED=%d found %d other things: %.500q", s.seed, len(findings), findings)
			}
			t.Errorf("not found in %d trials of %d kills", plantedTrials, plantedKills)
		})
	}
}
