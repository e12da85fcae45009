package crash

import (
	"math/rand/v2"
	"time"
)

// killerPart is the killer's part of the dice; those of the load count from 1.
const killerPart = 0

// Bounds of chance.
const (
	leastLoad     = 200 * time.Millisecond  // before a kill
	mostLoad      = 1500 * time.Millisecond // before a kill
	longestOutage = 300 * time.Millisecond  // of the database alone
	longestBoot   = 400 * time.Millisecond  // of a gateway that is killed while it starts
	backLimit     = 30 * time.Second        // until the gateway is ready after its database came back
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
			s.killBooting(dice)
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

// killBooting kills the gateway a second time while it starts.
func (s *stage) killBooting(dice *rand.Rand) {
	s.g.Kill()
	s.g.Launch()
	time.Sleep(short(dice, longestBoot))
	s.g.Kill()
	s.g.Run()
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

// back waits until the gateway is ready. One that left because its database was gone for a moment
// is a finding.
func (s *stage) back() bool {
	deadline := time.Now().Add(backLimit)
	for !s.g.Ready() {
		if !s.g.Alive() {
			s.found.add("died: the gateway left by itself")
			return false
		}
		if time.Now().After(deadline) {
			s.found.add("stuck: not ready within %s of the database's return", backLimit)
			return false
		}
		time.Sleep(retryPause)
	}
	return true
}
