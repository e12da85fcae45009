package pgembed

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Tests run in memory where it can be missed, and where they are told to whatever there is.
func TestPlacesOfThrowaways(t *testing.T) {
	for what, c := range map[string]struct {
		tmp          string
		free, memory uint64
		want         []string
	}{
		"plenty":                  {"", roomyDisk, roomyMachine, []string{ramDisk, "/tmp"}},
		"a container's few bytes": {"", 64 << 20, roomyMachine, []string{"/tmp"}},
		"a small machine":         {"", roomyDisk, roomyMachine - 1, []string{"/tmp"}},
		"no such disk":            {"", 0, 0, []string{"/tmp"}},
		"told where":              {"/elsewhere", roomyDisk, roomyMachine, []string{"/elsewhere", "/tmp"}},
	} {
		if got := basesOf(c.tmp, c.free, c.memory); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
	if freeIn(filepath.Join(t.TempDir(), "missing")) != 0 || freeIn(t.TempDir()) == 0 {
		t.Error("what is free is not told")
	}
}

// What fills a RAM disk may be what was left there, by a test that was killed.
func TestARAMDiskIsSweptByWhoeverIsElsewhere(t *testing.T) {
	if freeIn(ramDisk) == 0 {
		t.Log("this machine has none")
		return
	}
	left, err := os.MkdirTemp(ramDisk, throwawayPrefix) //nolint:usetesting // that is where it was left
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(left) })
	if err := os.WriteFile(filepath.Join(left, lockName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere := dataDir(t)
	t.Setenv("TMPDIR", elsewhere)
	s := start(t, Options{Throwaway: true})
	if !strings.HasPrefix(s.place.dir, elsewhere) {
		t.Errorf("told to be in %s, it is in %s", elsewhere, s.place.dir)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("%s was not swept: %v", left, err)
	}
}
