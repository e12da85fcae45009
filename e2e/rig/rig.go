// Package rig runs the real gateway for end-to-end tests: the binary as it ships, in a process of its
// own, on a real PostgreSQL, spoken to over HTTP.
//
// It owns building and starting that process, waiting for it, ending it kindly or not, and a client
// that says what went over the wire. It does not own any expectation: tests have those.
//
// Invariants: whatever was started ends with its test; nothing listens beyond loopback.
package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
)

// Bounds of waiting for a process.
const (
	readyLimit = 60 * time.Second
	stopLimit  = 60 * time.Second
	probePause = 20 * time.Millisecond
)

// built is where the binary is, once a test needed it.
var built atomic.Pointer[string]

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "101pay-rig-")
	if err != nil {
		return "", err
	}
	built.Store(&dir)
	out := filepath.Join(dir, "101pay")
	return out, Compile(Root(), out)
})

// Compile builds the gateway of a source tree to a file.
func Compile(root, out string) error {
	//nolint:gosec // a path of our own
	cmd := exec.CommandContext(context.Background(), "go", "build", "-buildvcs=false", "-o", out, "./cmd/101pay")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the gateway: %w\n%s", err, text)
	}
	return nil
}

// Root is the repository's root.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Binary is the gateway's binary, built once for all tests of a process.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Main runs the tests and then removes what they shared.
func Main(m *testing.M) int {
	code := pgtest.Main(m)
	if dir := built.Load(); dir != nil {
		_ = os.RemoveAll(*dir)
	}
	return code
}

// Gateway is a running gateway, and what is needed to run it again as it was.
type Gateway struct {
	URL string // without a slash at its end

	t      testing.TB
	binary string
	bugged bool // on purpose: what it answers is the test's business, not the document's
	env    map[string]string
	cmd    *exec.Cmd
	ended  chan struct{}
	result error
	log    *safeBuffer
}

// Start runs a gateway on a database of its own and waits until it is ready. env adds to or replaces
// the settings; a DATABASE_URL of "" there means the private PostgreSQL below DATA_DIR.
func Start(t testing.TB, env map[string]string) *Gateway {
	t.Helper()
	return StartBinary(t, Binary(t), env)
}

// StartBinary is Start with another binary than this tree's, such as one with a planted bug.
func StartBinary(t testing.TB, binary string, env map[string]string) *Gateway {
	t.Helper()
	settings := map[string]string{
		"LISTEN_ADDR": FreeAddress(t), "DATA_DIR": DataDir(t), "WEBHOOK_ALLOW_PRIVATE": "1",
	}
	if _, given := env["DATABASE_URL"]; !given {
		settings["DATABASE_URL"] = pgtest.Database(t)
	}
	maps.Copy(settings, env)
	g := &Gateway{
		t: t, binary: binary, bugged: binary != Binary(t), env: settings,
		URL: "http://" + settings["LISTEN_ADDR"], log: &safeBuffer{},
	}
	t.Cleanup(func() {
		g.Kill()
		if t.Failed() {
			t.Logf("log of the gateway at %s:\n%s", g.URL, g.Log())
		}
	})
	g.Run()
	return g
}

// DataDir is a directory that PostgreSQL's own user can pass through, which those of testing are not.
func DataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "101pay-data-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	return dir
}

// FreeAddress is a loopback address nobody listens on.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// Run starts the process, with the settings it had before if it ran before, and waits until it is
// ready.
func (g *Gateway) Run() {
	g.t.Helper()
	g.Launch()
	deadline := time.Now().Add(readyLimit)
	for !g.Ready() {
		select {
		case <-g.ended:
			g.t.Fatalf("the gateway ended at its start: %v\n%s", g.result, g.Log())
		case <-time.After(probePause):
		}
		if time.Now().After(deadline) {
			g.t.Fatalf("the gateway was not ready in %s:\n%s", readyLimit, g.Log())
		}
	}
}

// Launch starts the process and does not wait.
func (g *Gateway) Launch() {
	g.t.Helper()
	g.cmd = exec.Command(g.binary, "serve") //nolint:gosec,noctx // our own binary, which ends by Kill
	g.cmd.Env = append(essential(), pairs(g.env)...)
	g.cmd.Stdout, g.cmd.Stderr = g.log, g.log
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	ended := make(chan struct{})
	g.ended = ended
	cmd := g.cmd
	go func() {
		g.result = cmd.Wait()
		close(ended)
	}()
}

// essential is what a program needs of our environment, and nothing that would configure it.
func essential() []string {
	var out []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "PG_BIN", "XDG_CACHE_HOME"} {
		if value, ok := os.LookupEnv(name); ok {
			out = append(out, name+"="+value)
		}
	}
	return out
}

func pairs(env map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}

// Ready reports whether the gateway says that it is.
func (g *Gateway) Ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.URL+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// Alive reports whether the process runs.
func (g *Gateway) Alive() bool {
	select {
	case <-g.ended:
		return false
	default:
		return true
	}
}

// Kill ends the process at once, as a crash would.
func (g *Gateway) Kill() {
	if g.cmd != nil {
		_ = g.cmd.Process.Kill()
		<-g.ended
	}
}

// Stop ends the process kindly and answers how it left.
func (g *Gateway) Stop() error {
	g.t.Helper()
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-g.ended:
		return g.result
	case <-time.After(stopLimit):
		return errors.New("the gateway did not leave in time")
	}
}

// Log is what the process wrote so far.
func (g *Gateway) Log() string { return g.log.String() }

// Env is the settings the process runs with.
func (g *Gateway) Env() map[string]string { return maps.Clone(g.env) }

// Set changes a setting for the next Run.
func (g *Gateway) Set(name, value string) { g.env[name] = value }

// Command runs another command of the binary with the gateway's settings and answers what it wrote
// and its exit code.
func (g *Gateway) Command(args ...string) (output string, code int) {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), g.binary, args...) //nolint:gosec // our own binary
	cmd.Env = append(essential(), pairs(g.env)...)
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		g.t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// safeBuffer is a buffer that a process writes while a test reads.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

var _ io.Writer = (*safeBuffer)(nil)

// Eventually waits until a condition holds, and fails the test if it does not within limit.
func Eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, strings.TrimSpace(what))
		}
		time.Sleep(probePause)
	}
}
