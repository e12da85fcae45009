package dashboard

import (
	"strings"
	"time"
)

// What each thing a person does takes: the keystroke-level model of Card, Moran and Newell (The
// Psychology of Human-Computer Interaction, 1983), for somebody who types with average skill.
const (
	keystroke = 280 * time.Millisecond  // K: a key, or a button of the mouse
	pointing  = 1100 * time.Millisecond // P: to something on the screen
	homing    = 400 * time.Millisecond  // H: a hand from the mouse to the keys, or back
	thinking  = 1350 * time.Millisecond // M: what to do next
)

// wordsPerMinute is how fast adults read English without a sound (Brysbaert, 2019).
const wordsPerMinute = 238

// person does by hand what a test does, and counts it. What he needs is arithmetic, the same on any
// machine; only how long the system lets him wait is measured.
type person struct {
	*tab

	clicks, fields         int
	keys, points, homes, m int
	screens                map[string]bool
	read                   int // words
	seen                   map[string]bool
	waited                 time.Duration
}

func newPerson(t *tab) *person {
	return &person{tab: t, screens: map[string]bool{}, seen: map[string]bool{}}
}

// arrives takes note of the screen he is on, and reads what of it is new to him. The page his customers will
// pay on is theirs to read: he looks for what he was sent there for.
func (p *person) arrives(on *tab) {
	p.Helper()
	p.screens[strings.SplitN(eval[string](on, `location.pathname`), "/", 4)[1]+"/"+
		eval[string](on, `location.pathname.split("/").pop().replace(/[0-9a-f-]{36}/, ":id")`)] = true
	if on != p.tab {
		return
	}
	for line := range strings.SplitSeq(eval[string](on, `document.querySelector("main").innerText`), "\n") {
		if line = strings.TrimSpace(line); !p.seen[line] {
			p.seen[line] = true
			p.read += len(strings.Fields(line))
		}
	}
}

// click clicks on what has a name, and waits until something is so.
func (p *person) click(name, until string) {
	p.Helper()
	p.clicked()
	p.press(name)
	p.awaits(p.tab, until)
}

// clicked counts what a click takes: to know on what, to get there, to press.
func (p *person) clicked() {
	p.clicks++
	p.m++
	p.points++
	p.keys++
}

// awaits waits for the system, and looks at what it shows then.
func (p *person) awaits(on *tab, until string) {
	p.Helper()
	since := time.Now()
	on.until(until)
	p.waited += time.Since(since)
	p.arrives(on)
}

// writes into a field: to know what, to click into it, a hand to the keys and back.
func (p *person) writes(label, text string) {
	p.Helper()
	p.fields++
	p.m++
	p.points++
	p.homes += 2
	p.keys += 1 + len(text)
	p.fill(label, text)
}

// keeps copies something, puts it where his server finds it, and comes back: another window, to the place,
// paste, save, and this window again.
func (p *person) keeps(what string) {
	p.Helper()
	p.clicked()
	p.do(clickOn(`[aria-label="Copy: ` + what + `"]`)) // by a mouse: a browser lets nobody else copy
	p.awaits(p.tab, said+`.includes("Copied: `+what+`")`)
	p.m += 2
	p.points++
	p.keys += 2 + 1 + 2 + 2 + 2
	p.homes += 2
}

// needs is how long the person himself takes, reading apart.
func (p *person) needs() time.Duration {
	return time.Duration(p.keys)*keystroke + time.Duration(p.points)*pointing + time.Duration(p.homes)*homing +
		time.Duration(p.m)*thinking
}

// reads is how long he takes to read every word of the dashboard that he comes across, once.
func (p *person) reads() time.Duration {
	return time.Duration(p.read) * time.Minute / wordsPerMinute
}
