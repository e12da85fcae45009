package crash

import (
	"math/rand/v2"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

// killerPart is the killer's part of the dice; those of the load count from 1.
const killerPart = 0

// Bounds of chance.
const (
	leastLoad      = 200 * time.Millisecond  // before a kill
	mostLoad       = 1500 * time.Millisecond // before a kill
	longestOutage  = 300 * time.Millisecond  // of the database alone
	longestBoot    = 400 * time.Millisecond  // of a gateway that is killed while it starts
	longestAbsence = 5 * time.Second         // of one gateway of several, enough for another to do its work
	longestSilence = 30 * time.Second        // of its network, longer than the database bears it
	backLimit      = 30 * time.Second        // until the gateway is ready after its database came back
)

// killing kills, restarts and waits until the gateway is ready, as often as the trial says.
func (s *stage) killing() {
	s.t.Helper()
	dice := s.dice(killerPart)
	for range s.kills {
		time.Sleep(leastLoad + short(dice, mostLoad-leastLoad))
		switch die := dice.IntN(100); {
		case die < 40:
			s.g.Kill()
			s.g.Run()
		case die < 50:
			s.killBooting(s.g, dice)
		case die < 80:
			s.killDatabase(dice)
		default:
			s.killBoth(dice)
		}
		if !s.back() {
			return
		}
	}
}

// short is a while below a limit.
func short(dice *rand.Rand, below time.Duration) time.Duration {
	return time.Duration(dice.Int64N(int64(below)))
}

// killBooting kills a gateway a second time while it starts.
func (s *stage) killBooting(g *rig.Gateway, dice *rand.Rand) {
	g.Kill()
	g.Launch()
	time.Sleep(short(dice, longestBoot))
	g.Kill()
	g.Run()
}

// killingOne kills one of several gateways at a time, or has it stand still, or cuts it off from the
// database, and waits until it is ready again: there is always one that lives.
func (s *stage) killingOne() {
	s.t.Helper()
	dice := s.dice(killerPart)
	for range s.kills {
		time.Sleep(leastLoad + short(dice, mostLoad-leastLoad))
		victim := dice.IntN(len(s.fleet))
		g, line := s.fleet[victim], s.cables[victim]
		switch die := dice.IntN(100); {
		case die < 45:
			g.Kill()
			time.Sleep(short(dice, longestAbsence))
			g.Run()
		case die < 60:
			s.killBooting(g, dice)
		case die < 75:
			g.Pause()
			time.Sleep(short(dice, longestAbsence))
			g.Resume()
		case die < 88:
			line.Cut()
			time.Sleep(short(dice, longestAbsence))
			line.Heal()
		default:
			line.Silence()
			time.Sleep(short(dice, longestSilence))
			line.Heal()
		}
		if !s.back() {
			return
		}
	}
}

// killDatabase leaves the gateway to bear it.
func (s *stage) killDatabase(dice *rand.Rand) {
	s.t.Helper()
	s.downDatabase()
	time.Sleep(short(dice, longestOutage))
	s.upDatabase()
}

func (s *stage) killBoth(dice *rand.Rand) {
	s.t.Helper()
	if dice.IntN(2) == 0 {
		s.g.Kill()
		s.downDatabase()
	} else {
		s.downDatabase()
		s.g.Kill()
	}
	s.upDatabase()
	s.g.Run()
}

func (s *stage) downDatabase() {
	s.t.Helper()
	if err := s.pg.Kill(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) upDatabase() {
	s.t.Helper()
	if err := s.pg.Restart(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// back waits until every gateway is ready. One that left by itself, because its database or another
// gateway was gone for a moment, is a finding.
func (s *stage) back() bool {
	deadline := time.Now().Add(backLimit)
	for _, g := range s.fleet {
		for !g.Ready() {
			if !g.Alive() {
				s.found.add("died: the gateway at %s left by itself", g.URL)
				return false
			}
			if time.Now().After(deadline) {
				s.found.add("stuck: %s is not ready within %s", g.URL, backLimit)
				return false
			}
			time.Sleep(retryPause)
		}
	}
	return true
}
