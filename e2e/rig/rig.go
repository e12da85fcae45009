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
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
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
		"RATE_SOURCES": "none", // tests ask nobody outside
	}
	if _, given := env["DATABASE_URL"]; !given {
		settings["DATABASE_URL"] = pgtest.Database(t)
	}
	maps.Copy(settings, env)
	return start(t, binary, settings)
}

// Twin starts another process on the gateway's database, with the same settings but those of env, as
// behind one load balancer: it names the gateway's own address to payers.
func (g *Gateway) Twin(env map[string]string) *Gateway {
	g.t.Helper()
	settings := g.Env()
	settings["LISTEN_ADDR"] = FreeAddress(g.t)
	if settings["PUBLIC_URL"] == "" {
		settings["PUBLIC_URL"] = g.URL
	}
	maps.Copy(settings, env)
	return start(g.t, g.binary, settings)
}

func start(t testing.TB, binary string, settings map[string]string) *Gateway {
	t.Helper()
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

// Ports of gateways. They are below those that systems give to whoever asks for any: one of those could be
// given away between its choice and its use, or while a gateway is down.
const (
	firstPort = 10_101
	manyPorts = 5_000
	portTries = 200
)

// FreeAddress is a loopback address nobody listens on, and nobody's but this test's until it ends.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range portTries {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+mathrand.IntN(manyPorts))
		// Tests of other processes see whose it is by the same number of another protocol.
		mark, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", address)
		if err != nil {
			continue
		}
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		if err != nil {
			_ = mark.Close()
			continue
		}
		t.Cleanup(func() { _ = mark.Close() })
		_ = l.Close()
		return address
	}
	t.Fatalf("no port of %d tried is free", portTries)
	panic("unreachable")
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
