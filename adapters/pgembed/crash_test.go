package pgembed

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// parentVar turns the test binary into a gateway that runs a server in the named directory.
const parentVar = "PGEMBED_TEST_PARENT"

// playParent starts a server, says that it is ready and waits to be killed.
func playParent(dir string) int {
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	opts := Options{DataDir: dir}
	if dir == "throwaway" {
		opts = Options{Throwaway: true}
	}
	s, err := Start(ctx, opts)
	if err != nil {
		fmt.Println("failed", err)
		return 1
	}
	if _, err := query(ctx, s.DSN(""), "CREATE TABLE kept AS SELECT 'paid'::text AS status"); err != nil {
		fmt.Println("failed", err)
		return 1
	}
	fmt.Println("ready", s.place.dir)
	<-ctx.Done()
	return 1
}

// parent starts the test binary as a gateway. The test kills it.
func parent(t *testing.T, dir string) (cmd *exec.Cmd, out *bufio.Scanner) {
	t.Helper()
	cmd = exec.CommandContext(ctxOf(t), os.Args[0])
	cmd.Env = append(os.Environ(), parentVar+"="+dir)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(pipe)
}

// ready waits for the gateway's word and answers its directory.
func ready(t *testing.T, out *bufio.Scanner) string {
	t.Helper()
	if out.Scan(); !strings.HasPrefix(out.Text(), "ready ") {
		t.Fatalf("the parent said %q", out.Text())
	}
	return strings.TrimPrefix(out.Text(), "ready ")
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // reports the kill
}

func TestKilledParentLeavesNoServer(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Log("only Linux ends the server with its parent; elsewhere the next start does")
		return
	}
	dir := dataDir(t)
	cmd, out := parent(t, dir)
	ready(t, out)
	pid := serverPID(t, dir)
	kill(t, cmd)
	waitUntil(t, "the server ends with its parent", func() bool {
		return !isServer(pid, filepath.Join(dir, clusterName))
	})
	s := start(t, Options{DataDir: dir})
	if got := mustQuery(t, s, "SELECT status FROM kept"); got != "paid" {
		t.Fatalf("read %q", got)
	}
}

// A first start killed at any moment must not keep the second from working.
func TestInterruptedFirstStartIsRepaired(t *testing.T) {
	for name, moment := range map[string]string{
		"while initdb starts":  "init-*/PG_VERSION",
		"while initdb works":   "init-*/base/1/PG_VERSION",
		"once it was renamed":  "cluster/PG_VERSION",
		"while it first boots": "cluster/postmaster.pid",
	} {
		t.Run(name, func(t *testing.T) {
			dir := dataDir(t)
			cmd, _ := parent(t, dir)
			waitUntil(t, moment, func() bool {
				seen, _ := filepath.Glob(filepath.Join(dir, moment))
				past, _ := filepath.Glob(filepath.Join(dir, "cluster/postmaster.pid")) // before anybody looked
				return len(seen)+len(past) > 0
			})
			kill(t, cmd)
			s := start(t, Options{DataDir: dir})
			if got := mustQuery(t, s, "SELECT 'up'::text"); got != "up" {
				t.Fatal(got)
			}
		})
	}
}

func TestHalfMadeClusterIsRemoved(t *testing.T) {
	dir := dataDir(t)
	half := filepath.Join(dir, initPrefix+"123")
	if err := os.MkdirAll(filepath.Join(half, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, Options{DataDir: dir})
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Fatalf("%s is still there: %v", half, err)
	}
}

// After a container's restart an unrelated process often has the number in a left-over mark.
func TestStalePIDFile(t *testing.T) {
	dir := dataDir(t)
	first := start(t, Options{DataDir: dir})
	cluster, who := first.place.cluster, first.owner
	mark, err := os.ReadFile(filepath.Join(cluster, pidFileName))
	if err != nil {
		t.Fatal(err)
	}
	stop(t, first)

	// The bystander runs as the server's user, the one case PostgreSQL itself cannot tell apart.
	bystander := exec.CommandContext(ctxOf(t), "sleep", "60")
	bystander.SysProcAttr = &syscall.SysProcAttr{Credential: who.credential()}
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(t, bystander) })
	dead := exec.CommandContext(ctxOf(t), "true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}

	_, rest, _ := strings.Cut(string(mark), "\n")
	for name, pid := range map[string]string{
		"of a dead process":       strconv.Itoa(dead.Process.Pid),
		"of a bystander":          strconv.Itoa(bystander.Process.Pid),
		"of everyone":             "-1",
		"of our group":            "0",
		"that is not a number":    "x",
		"that was never finished": "",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(cluster, pidFileName)
			if err := os.WriteFile(path, []byte(pid+"\n"+rest), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Lchown(path, who.uid, who.gid); err != nil {
				t.Fatal(err)
			}
			s := start(t, Options{DataDir: dir})
			mustQuery(t, s, "SELECT 'up'::text")
			stop(t, s)
			if bystander.Process.Signal(syscall.Signal(0)) != nil {
				t.Fatal("the bystander was harmed")
			}
		})
	}
}

// Where the system does not end the server with its parent, the next start meets it alive.
func TestServerThatLostItsSupervisorIsStopped(t *testing.T) {
	dir := dataDir(t)
	first := start(t, Options{DataDir: dir})
	mustQuery(t, first, "CREATE TABLE kept AS SELECT 'paid'::text AS status")
	cluster := first.place.cluster
	settings, bin := first.settings(), first.bin
	stop(t, first)

	orphan := exec.CommandContext(ctxOf(t), filepath.Join(bin, "postgres"), settings...)
	orphan.Env, orphan.Dir = environment(), first.place.sockets
	orphan.SysProcAttr = &syscall.SysProcAttr{Credential: first.owner.credential()}
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = orphan.Wait()
		close(ended)
	}()
	waitUntil(t, "the orphan serves", func() bool {
		pf, err := readPIDFile(cluster)
		return err == nil && pf.pid == orphan.Process.Pid && pf.status == "ready"
	})
	// A client that holds on must not hold up the new server.
	if _, err := query(ctxOf(t), first.DSN(""), "SELECT status FROM kept"); err != nil {
		t.Fatal(err)
	}

	second := start(t, Options{DataDir: dir})
	<-ended
	if got := mustQuery(t, second, "SELECT status FROM kept"); got != "paid" {
		t.Fatalf("read %q", got)
	}
}

// The gateway must come back by itself when the system takes the database's memory away.
func TestServerThatDiesIsRevived(t *testing.T) {
	dir := dataDir(t)
	s := start(t, Options{DataDir: dir})
	mustQuery(t, s, "CREATE TABLE kept AS SELECT 'paid'::text AS status")
	for range 2 { // once must not be all it survives
		pid := serverPID(t, dir)
		signalServer(pid, s.place.cluster, syscall.SIGKILL)
		waitUntil(t, "another server answers", func() bool {
			got, err := query(t.Context(), s.DSN(""), "SELECT status FROM kept")
			return err == nil && got == "paid" && serverPID(t, dir) != pid
		})
	}
}

// The system ties the server's life to one thread of ours, which must not be the caller's.
func TestServerOutlivesTheThreadThatAskedForIt(t *testing.T) {
	died := &marker{sign: "died", seen: make(chan struct{})}
	var s *Server
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		s = start(t, Options{Throwaway: true, Log: slog.New(slog.NewTextHandler(died, nil))})
	})
	wg.Wait()
	if s == nil {
		t.FailNow() // start has said why
	}
	mustQuery(t, s, "SELECT 'up'::text")
	stop(t, s)
	select {
	case <-died.seen:
		t.Fatal("the server ended with the thread")
	default:
	}
}

// A server that cannot live must be given up, loudly, instead of being started for ever.
func TestServerThatKeepsDyingIsGivenUp(t *testing.T) {
	dir := dataDir(t)
	given := &marker{sign: "given up", seen: make(chan struct{})}
	s := start(t, Options{DataDir: dir, Log: slog.New(slog.NewTextHandler(given, nil))})
	pid := serverPID(t, dir)
	if err := os.Rename(s.place.cluster, s.place.cluster+".gone"); err != nil {
		t.Fatal(err)
	}
	signalServer(pid, s.place.cluster, syscall.SIGKILL)
	select {
	case <-s.Done():
	case <-time.After(testLimit):
		t.Fatal("still trying")
	}
	<-given.seen
}

// A test process killed before it could clean up leaves files; the next one removes them.
func TestAbandonedThrowawayIsSwept(t *testing.T) {
	cmd, out := parent(t, "throwaway")
	dir := ready(t, out)
	living := start(t, Options{Throwaway: true})
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("a living process's files were swept: %v", err)
	}
	kill(t, cmd)
	start(t, Options{Throwaway: true})
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Fatalf("%s was not swept: %v", dir, err)
	}
	if got := mustQuery(t, living, "SELECT 'up'::text"); got != "up" {
		t.Fatal(got)
	}
}
