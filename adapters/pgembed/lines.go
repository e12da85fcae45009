package pgembed

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

const (
	maxLine   = 1000 // bytes of one message that are kept
	keptLines = 8    // last messages kept to explain an unexpected end
)

// lines passes a program's messages to the log and remembers the last few.
type lines struct {
	log *slog.Logger

	mu   sync.Mutex
	part []byte
	kept []string
}

// Write implements io.Writer. It never fails, so the program never blocks on its own messages.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := b; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if room := maxLine - len(l.part); room > 0 {
			l.part = append(l.part, line[:min(room, len(line))]...)
		}
		if !whole {
			break
		}
		l.put(strings.TrimSpace(string(l.part)))
		l.part, rest = l.part[:0], after
	}
	return len(b), nil
}

func (l *lines) put(line string) {
	if line == "" {
		return
	}
	l.kept = append(l.kept, line)
	if len(l.kept) > keptLines {
		l.kept = l.kept[1:]
	}
	if strings.Contains(line, "PANIC:") {
		l.log.Error("postgres", "says", line)
	} else {
		l.log.Debug("postgres", "says", line)
	}
}

// last is what the program said before it ended, in one line.
func (l *lines) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) == 0 {
		return "it said nothing"
	}
	return strings.Join(l.kept, " | ")
}

// sayInTheWay recognises a refusal to start beside a server that is still leaving.
func (l *lines) sayInTheWay() bool {
	said := l.last()
	for _, sign := range []string{
		"pre-existing shared memory block", `lock file "postmaster.pid" already exists`,
		`.lock" already exists`,
	} {
		if strings.Contains(said, sign) {
			return true
		}
	}
	return false
}
