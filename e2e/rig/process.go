package rig

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

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

// ID is the process's number.
func (g *Gateway) ID() int { return g.cmd.Process.Pid }

// Kill ends the process at once, as a crash would.
func (g *Gateway) Kill() {
	if g.cmd != nil {
		_ = g.cmd.Process.Kill()
		<-g.ended
	}
}

// Pause has the process stand still, as a machine does that is starved or migrated: its connections
// stay open, and its kernel answers for it.
func (g *Gateway) Pause() {
	g.t.Helper()
	g.signal(syscall.SIGSTOP)
}

// Resume has a process go on that stood still.
func (g *Gateway) Resume() {
	g.t.Helper()
	g.signal(syscall.SIGCONT)
}

func (g *Gateway) signal(s syscall.Signal) {
	g.t.Helper()
	if err := g.cmd.Process.Signal(s); err != nil {
		g.t.Fatal(err)
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
