package pgembed

import (
	"slices"
	"testing"
)

// PostgreSQL gets a part of the machine, or of the container if that is smaller, and never less than it
// chooses by itself.
func TestBuffersFollowTheMachine(t *testing.T) {
	const gib = 1 << 30
	for what, c := range map[string]struct {
		machine, container string
		memory             uint64
		setting            []string
	}{
		"a large machine":    {"MemTotal:       25165824 kB\nMemFree: 1 kB\n", "max\n", 24 * gib, []string{"shared_buffers=1024MB"}},
		"a middling machine": {"MemTotal:        4194304 kB\n", "", 4 * gib, []string{"shared_buffers=409MB"}},
		"a small machine":    {"MemTotal:        1048576 kB\n", "", gib, nil},
		"a small container":  {"MemTotal:       25165824 kB\n", "536870912\n", gib / 2, nil},
		"a large container":  {"MemTotal:        4194304 kB\n", "9223372036854771712\n", 4 * gib, []string{"shared_buffers=409MB"}},
		"nothing told":       {"", "", 0, nil},
		"nonsense":           {"MemTotal: 99999999999999999999 kB\n", "x", 0, nil},
	} {
		if got := memoryOf(c.machine, c.container); got != c.memory {
			t.Errorf("%s has %d bytes, want %d", what, got, c.memory)
		}
		if got := buffers(c.memory); !slices.Equal(got, c.setting) {
			t.Errorf("%s: %q, want %q", what, got, c.setting)
		}
	}
}
