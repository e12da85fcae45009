package pgembed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// pipeDelay is how long a dead server's last backends may keep its log open.
const pipeDelay = 2 * time.Second

// process is one run of a PostgreSQL program.
type process struct {
	cmd    *exec.Cmd
	lines  *lines
	exited chan struct{} // closed once the process is gone and err is set
	err    error
}

// spawn starts a program of the server's owner that dies with us. The system ties that promise to
// the thread that starts the process, not to the whole program, so the thread is kept for as long
// as the process lives.
func (s *Server) spawn(program string, args []string) (*process, error) {
	// Not CommandContext: a context's end must not kill a database the hard way.
	cmd := exec.Command(filepath.Join(s.bin, program), args...) //nolint:gosec,noctx // see above
	p := &process{cmd: cmd, lines: &lines{log: s.log}, exited: make(chan struct{})}
	cmd.Env = environment()
	cmd.Dir = s.place.sockets // a directory the owner can enter; ours may be closed to him
	cmd.Stdout, cmd.Stderr = p.lines, p.lines
	cmd.WaitDelay = pipeDelay
	cmd.SysProcAttr = diesWithUs(&syscall.SysProcAttr{
		Credential: s.owner.credential(),
		// Its own group: Ctrl-C is for us, who then stop the database when its users are done.
		Setpgid: true,
	})
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		if err := cmd.Wait(); !errors.Is(err, exec.ErrWaitDelay) {
			p.err = err
		}
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// signal sends a signal; a process that is gone already has nothing to be told.
func (p *process) signal(sig syscall.Signal) { _ = p.cmd.Process.Signal(sig) }

// killGroup ends the process and the children it made, for programs whose work is discarded.
func (p *process) killGroup() {
	if pid := p.pid(); pid > lowestPID {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}

// exit says how the process ended.
func (p *process) exit() string { return p.cmd.ProcessState.String() }

// launch clears the way, starts the server and returns when it accepts connections. Remains of a
// killed server can refuse the newcomer for a moment; then it tries again until ctx ends.
func (s *Server) launch(ctx context.Context) (*process, error) {
	for {
		if err := s.clearTheWay(ctx); err != nil {
			return nil, err
		}
		p, err := s.spawn("postgres", s.settings())
		if err != nil {
			return nil, err
		}
		err = s.waitReady(ctx, p)
		if err == nil {
			return p, nil
		}
		if !p.lines.sayInTheWay() {
			return nil, err
		}
		s.log.Info("remains of an earlier server are in the way", "error", err)
		if !pause(ctx) {
			return nil, err
		}
	}
}

// waitReady returns when the server has written that it is ready, as pg_ctl waits.
func (s *Server) waitReady(ctx context.Context, p *process) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if pf, err := readPIDFile(s.place.cluster); err == nil && pf.pid == p.pid() && pf.status == "ready" {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.exited:
			return fmt.Errorf("postgres ended at once (%s): %s", p.exit(), p.lines.last())
		case <-ctx.Done():
			p.signal(syscall.SIGQUIT)
			select {
			case <-p.exited:
			case <-time.After(quitGrace):
				p.signal(syscall.SIGKILL)
				<-p.exited
			}
			return fmt.Errorf("postgres not ready: %w: %s", context.Cause(ctx), p.lines.last())
		}
	}
}

// pause waits one poll; false when ctx ended.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(poll):
		return true
	}
}

// clearTheWay stops a server of this cluster that lost its supervisor, and removes the marks of one
// that is gone. PostgreSQL would judge a mark by its process number alone, and refuse to start when
// an unrelated process has that number by now, as is common after a restart of a container.
func (s *Server) clearTheWay(ctx context.Context) error {
	pf, err := readPIDFile(s.place.cluster)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err == nil && isServer(pf.pid, s.place.cluster):
		s.log.Info("stopping a server that lost its supervisor", "pid", pf.pid)
		if err := stopOrphan(ctx, pf.pid, s.place.cluster); err != nil {
			return err
		}
	}
	marks := []string{filepath.Join(s.place.cluster, pidFileName)}
	sockets, _ := filepath.Glob(filepath.Join(s.place.sockets, ".s.PGSQL.*"))
	for _, mark := range append(marks, sockets...) {
		if err := os.Remove(mark); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove stale %s: %w", strings.TrimPrefix(mark, s.place.dir), err)
		}
	}
	return nil
}
