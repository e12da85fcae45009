package pgembed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	pidFileName = "postmaster.pid"
	// lowestPID keeps a wrong number in a file from ever meaning "everyone" (0, -1) or init (1).
	lowestPID = 2
	// orphanGrace is how long a server that lost its supervisor may take to end properly.
	orphanGrace = 10 * time.Second
)

// pidFile is what a server writes about itself beside its data.
type pidFile struct {
	pid     int
	sockets string // directory of its socket
	status  string // "starting", "ready", "stopping"
}

// readPIDFile reads the file by its documented lines: 1 process, 5 socket directory, 8 status.
func readPIDFile(cluster string) (pidFile, error) {
	b, err := os.ReadFile(filepath.Join(cluster, pidFileName))
	if err != nil {
		return pidFile{}, err
	}
	rows := strings.Split(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(rows[0]))
	if err != nil {
		return pidFile{}, fmt.Errorf("%s: %w", pidFileName, err)
	}
	pf := pidFile{pid: pid}
	if len(rows) > 4 {
		pf.sockets = strings.TrimSpace(rows[4])
	}
	if len(rows) > 7 {
		pf.status = strings.TrimSpace(rows[7])
	}
	return pf, nil
}

// isServer reports whether the process is the server of this very cluster. A number from a file
// proves nothing: every signal sent to a process we did not start is preceded by this question.
func isServer(pid int, cluster string) bool {
	if pid <= lowestPID {
		return false
	}
	args := commandLine(pid)
	at := slices.Index(args, "-D")
	return at >= 0 && at+1 < len(args) && args[at+1] == cluster
}

// stopOrphan ends a server whose supervisor is gone, gently first.
func stopOrphan(ctx context.Context, pid int, cluster string) error {
	for _, step := range []struct {
		sig   syscall.Signal
		grace time.Duration
	}{
		{syscall.SIGINT, orphanGrace}, {syscall.SIGQUIT, quitGrace}, {syscall.SIGKILL, quitGrace},
	} {
		if signalServer(pid, cluster, step.sig); waitGone(ctx, pid, cluster, step.grace) {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("stop server %d: %w", pid, context.Cause(ctx))
		}
	}
	return fmt.Errorf("server %d of %s does not end", pid, cluster)
}

// killOrphan ends a server whose data nobody wants any more.
func killOrphan(pid int, cluster string) {
	signalServer(pid, cluster, syscall.SIGSTOP) // so that it makes no more children
	family := children(pid)
	signalServer(pid, cluster, syscall.SIGKILL)
	for _, child := range family {
		killBackend(child, cluster)
	}
}

func signalServer(pid int, cluster string, sig syscall.Signal) {
	if isServer(pid, cluster) {
		_ = syscall.Kill(pid, sig)
	}
}

// killBackend ends one process of a server that was just killed. One that was only just made still has
// the server's own arguments.
func killBackend(pid int, cluster string) {
	args := commandLine(pid)
	titled := pid > lowestPID && len(args) > 0 && strings.HasPrefix(args[0], "postgres:")
	if titled || isServer(pid, cluster) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func waitGone(ctx context.Context, pid int, cluster string, grace time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	for isServer(pid, cluster) {
		if !pause(ctx) {
			return false
		}
	}
	return true
}
