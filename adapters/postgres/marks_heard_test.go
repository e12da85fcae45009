package postgres

import (
	"testing"
	"time"
)

// Marks are known as long as the connection that tells of changes has answered a moment ago, and not a
// moment longer: not before it is there, not when it has said nothing for too long, not when it is lost.
func TestMarksAreKnownWhileSomebodyListens(t *testing.T) {
	var m marks
	for _, step := range []struct {
		name  string
		does  func()
		known bool
	}{
		{"nobody listens yet", func() {}, false},
		{"it answered", func() { m.heard(time.Now()) }, true},
		{"it answered too long ago", func() { m.heard(time.Now().Add(-heardLimit)) }, false},
		{"it answered again", func() { m.heard(time.Now()) }, true},
		{"it is lost", m.deaf, false},
	} {
		step.does()
		if _, known := m.of("a"); known != step.known {
			t.Errorf("%s: known %v", step.name, known)
		}
	}
}

// A mark moves with its own session's changes, and with what may have been any session's.
func TestMarksMove(t *testing.T) {
	var m marks
	at := func() uint64 { mark, _ := m.of("a"); return uint64(mark) }
	was := at()
	m.move("a")
	if at() == was {
		t.Error("a change moves nothing")
	}
	was = at()
	m.moveAll()
	if at() == was {
		t.Error("a change of whatever it was moves nothing")
	}
}
