package pgembed

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMissingProgramsAreToldInOneLine(t *testing.T) {
	t.Setenv("PG_BIN", t.TempDir())
	_, err := Start(ctxOf(t), Options{Throwaway: true})
	if !errors.Is(err, ErrNoBinaries) {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"apt-get install postgresql", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
}

// PostgreSQL reads only what its own major version wrote; after an upgrade of the machine the data
// must not look lost.
func TestDataOfAnotherVersionIsRefusedByName(t *testing.T) {
	dir := dataDir(t)
	if err := os.MkdirAll(filepath.Join(dir, clusterName), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, clusterName, "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(ctxOf(t), Options{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "written by version 9") {
		t.Fatalf("got %v", err)
	}
}

func TestProgramsAreFoundNewestFirst(t *testing.T) {
	if number("/usr/lib/postgresql/9/bin") >= number("/usr/lib/postgresql/15/bin") {
		t.Fatal("9 sorts above 15")
	}
	dirs := installed()
	if len(dirs) == 0 {
		t.Fatal("none found")
	}
	major, err := majorVersion(ctxOf(t), dirs[0])
	if err != nil || major == "0" {
		t.Fatalf("version %s, %v", major, err)
	}
}

// Root's server runs as somebody else, who fails obscurely below a closed directory.
func TestClosedDirectoryIsNamed(t *testing.T) {
	closed := filepath.Join(dataDir(t), "closed")
	inside := filepath.Join(closed, "inside")
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	stranger := owner{uid: 1<<31 - 7, gid: 1<<31 - 7, name: "stranger", drop: true}
	if err := stranger.canReach(inside); err != nil {
		t.Fatalf("open: %v", err)
	}
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := stranger.canReach(inside); err == nil || !strings.Contains(err.Error(), closed+":") {
		t.Fatalf("closed: %v", err)
	}
}

// Anybody may make a directory in /tmp before we do.
func TestSocketDirectoryOfAnotherUserIsRefused(t *testing.T) {
	dir := filepath.Join(dataDir(t), "run")
	if err := os.Symlink("/", dir); err != nil {
		t.Fatal(err)
	}
	me := owner{uid: os.Geteuid(), gid: os.Getegid(), name: "me"}
	if err := me.ownDir(dir); err == nil {
		t.Fatal("followed a link somebody else made")
	}
}

func TestMayEnter(t *testing.T) {
	dir := dataDir(t)
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	self := owner{uid: os.Geteuid(), gid: -1}
	other := owner{uid: -2, gid: -2}
	for _, c := range []struct {
		mode        fs.FileMode
		self, other bool
	}{{0o700, true, false}, {0o711, true, true}, {0o011, false, true}} {
		was := moded{info, c.mode}
		if self.mayEnter(was) != c.self || other.mayEnter(was) != c.other {
			t.Errorf("%o: owner %v, other %v", c.mode, self.mayEnter(was), other.mayEnter(was))
		}
	}
}

type moded struct {
	fs.FileInfo
	mode fs.FileMode
}

func (m moded) Mode() fs.FileMode { return m.mode }

func TestLinesAreBoundedAndRemembered(t *testing.T) {
	l := &lines{log: slog.New(slog.DiscardHandler)}
	long := strings.Repeat("x", 10*maxLine)
	for range 2 * keptLines {
		if n, err := l.Write([]byte(long + "\nhalf ")); n != len(long)+len("\nhalf ") || err != nil {
			t.Fatal(n, err)
		}
	}
	if got := len(l.last()); got > keptLines*(maxLine+len(" | ")) {
		t.Fatalf("kept %d bytes", got)
	}
	if (&lines{}).last() != "it said nothing" {
		t.Fatal("silence is not said")
	}
}
