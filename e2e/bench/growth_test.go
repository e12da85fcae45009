package bench

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	mib = 1 << 20
	// mostMemory is what a gateway may have beyond an empty one (design).
	mostMemory = 150 * mib
	// mostGrowth is by how many percent the last third of a run may be above the first.
	mostGrowth = 10
	// What a process may grow by in any case: the collector lets garbage lie up to its smallest heap,
	// and pools open a connection more.
	memoryNoise    = 4 * mib
	goroutineNoise = 8
	// warmUp is the part of a run, one in so many, that is not judged: caches and pools fill.
	warmUp = 4
)

// size is how large a process is at a moment.
type size struct {
	memory     int // bytes of its own; what is mapped from its binary is not counted
	goroutines int
}

func (z size) String() string {
	return fmt.Sprintf("%.1f MiB, %d goroutines", float64(z.memory)/mib, z.goroutines)
}

var (
	ownMemory  = regexp.MustCompile(`(?m)^RssAnon:\s+(\d+) kB$`)
	goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)$`)
)

// readSize reads what the system says of a process and what the process says of itself.
func readSize(status, metrics string) (z size, err error) {
	memory, running := ownMemory.FindStringSubmatch(status), goroutines.FindStringSubmatch(metrics)
	if memory == nil || running == nil {
		return z, fmt.Errorf("no size in %.200q and %.200q", status, metrics)
	}
	kib, err := strconv.Atoi(memory[1])
	if err != nil {
		return z, err
	}
	z.memory = kib << 10
	z.goroutines, err = strconv.Atoi(running[1])
	return z, err
}

// growth is the sizes of one process in the course of a run.
type growth struct{ samples []size }

// thirds are the medians of the first and the last third after the warm-up.
func (g growth) thirds() (first, last size) {
	warm := g.samples[len(g.samples)/warmUp:]
	third := max(len(warm)/3, 1)
	return typical(warm[:third]), typical(warm[len(warm)-third:])
}

// typical is the median of each figure.
func typical(of []size) size {
	var memory, running []int
	for _, z := range of {
		memory, running = append(memory, z.memory), append(running, z.goroutines)
	}
	slices.Sort(memory)
	slices.Sort(running)
	return size{memory[len(memory)/2], running[len(running)/2]}
}

func (g growth) String() string {
	first, last := g.thirds()
	return fmt.Sprintf("first third after the warm-up: %s\nlast third: %s", first, last)
}

// judge says what grew, or is larger than it may be beside an empty server.
func (g growth) judge(empty size) (complaints []string) {
	first, last := g.thirds()
	grew := func(what string, from, to, noise int) {
		if to-from > noise && to*100 > from*(100+mostGrowth) {
			complaints = append(complaints, fmt.Sprintf("%s grew from %d to %d", what, from, to))
		}
	}
	grew("memory", first.memory, last.memory, memoryNoise)
	grew("the number of goroutines", first.goroutines, last.goroutines, goroutineNoise)
	if more := last.memory - empty.memory; more > mostMemory {
		complaints = append(complaints, fmt.Sprintf("%d bytes beyond an empty server", more))
	}
	return complaints
}

// A judge who lets a leak pass is worthless, and one who calls noise a leak is not listened to.
func TestGrowthIsSeen(t *testing.T) {
	run := func(at func(i int) size) growth {
		var g growth
		for i := range 120 {
			g.samples = append(g.samples, at(i))
		}
		return g
	}
	empty := size{20 * mib, 40}
	for name, c := range map[string]struct {
		g    growth
		want string // "" means flat
	}{
		"flat with noise":  {run(func(i int) size { return size{50*mib + i%7*mib/2, 60 + i%3} }), ""},
		"a warm-up":        {run(func(i int) size { return size{min(20+i, 50) * mib, min(40+i, 60)} }), ""},
		"garbage":          {run(func(i int) size { return size{18*mib + i*mib/40, 60 + i/20} }), ""},
		"one spike":        {run(func(i int) size { return size{(50 + i/119*90) * mib, 60} }), ""},
		"a leak of memory": {run(func(i int) size { return size{20*mib + i*mib/10, 60} }), "memory grew"},
		"a goroutine each": {run(func(i int) size { return size{50 * mib, 60 + i} }), "goroutines grew"},
		"large and flat":   {run(func(int) size { return size{171 * mib, 60} }), "beyond an empty server"},
	} {
		got := strings.Join(c.g.judge(empty), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: complaints %q, want %q", name, got, c.want)
		}
	}
}

func TestSizeIsRead(t *testing.T) {
	got, err := readSize("Name:\t101pay\nVmRSS:\t  9999 kB\nRssAnon:\t   2048 kB\n", "# HELP\ngo_goroutines 51\n")
	if want := (size{2 * mib, 51}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := readSize("", ""); err == nil {
		t.Error("a size was read from nothing")
	}
}
