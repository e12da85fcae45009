// Package pgembed starts and supervises a private PostgreSQL, the one that serves while
// DATABASE_URL is unset and the one the tests run on.
//
// It owns finding the installed programs, the files of one cluster, the process and its end. It does
// not own a driver, a schema or a query: callers connect with the DSN.
//
// Invariants:
//   - one data directory has at most one supervisor (a file lock) and one server;
//   - a cluster directory appears by a rename, so a half-made one is never taken for a whole one;
//   - no server outlives its supervisor: the kernel stops it on Linux, the next start does elsewhere;
//   - the server listens on a Unix socket in a directory only its owner may enter, never on TCP;
//   - what clients send (statements, parameters, key values) never reaches the log.
//
// Unix only: it relies on file locks, signals and Unix sockets.
package pgembed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// defaultMaxConnections holds the pools of one gateway with room for an operator's psql.
	defaultMaxConnections = 100
	// startLimit bounds one start. It is long because a server that was killed replays its log first.
	startLimit = 5 * time.Minute
	// quitGrace is how long an immediate shutdown may take before the process is killed.
	quitGrace = 5 * time.Second
	// poll is how often files and processes that cannot be waited for are looked at.
	poll = 10 * time.Millisecond
)

// ErrStopped reports a call on a server after Stop.
var ErrStopped = errors.New("the private PostgreSQL was stopped")

// Options says which server to start. The zero value of every field but DataDir is useful.
type Options struct {
	// DataDir keeps the server's files; it is made when missing and survives restarts. Required
	// unless Throwaway. Run as root, the server belongs to another user (postgres, else nobody), who
	// must be able to pass through every directory above it.
	DataDir string
	// Throwaway is for tests: a temporary directory removed by Stop, in memory where there is plenty,
	// and nothing synced to disk.
	Throwaway bool
	// Log receives the server's own messages and the supervisor's. Nil discards them.
	Log *slog.Logger
	// MaxConnections is the server's limit of simultaneous connections; 0 means 100.
	MaxConnections int
}

// Server is a running private PostgreSQL and its supervisor. Its methods may be called from any
// goroutine. A server that dies unasked is started again, see revive.
type Server struct {
	opts  Options
	place place
	owner owner
	bin   string
	lock  *os.File
	log   *slog.Logger

	quit context.Context // done once Stop was called
	stop context.CancelFunc
	gone chan struct{} // closed when the server is down for good
	end  sync.Once     // closes gone

	mu     sync.Mutex
	proc   *process // nil while deliberately down
	deaths []time.Time
}

// Start returns once the server accepts connections. It makes the cluster on the first call,
// removes what an interrupted start left, stops a server that outlived its supervisor, and waits a
// short while for another supervisor of the same directory to finish before reporting ErrInUse.
// Cancelling ctx abandons the start; it does not stop a server that was started.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.MaxConnections == 0 {
		opts.MaxConnections = defaultMaxConnections
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	s := &Server{opts: opts, log: opts.Log, gone: make(chan struct{})}
	s.quit, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.prepare(ctx); err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", errors.Join(err, s.release()))
	}
	proc, err := s.launch(ctx)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL: %w", errors.Join(err, s.release()))
	}
	s.proc = proc
	go s.watch(proc) //nolint:contextcheck // the watch lasts as long as the server, not as the start
	return s, nil
}

// prepare takes the directory and makes sure it holds a cluster.
func (s *Server) prepare(ctx context.Context) (err error) {
	if s.owner, err = serverOwner(s.opts.DataDir); err != nil {
		return err
	}
	if s.opts.Throwaway {
		sweep(s.log)
		s.place, s.lock, err = throwawayPlace(s.owner)
	} else {
		s.place, s.lock, err = lastingPlace(ctx, s.opts.DataDir, s.owner, s.log)
	}
	if err != nil {
		return err
	}
	if s.bin, err = findBinaries(ctx, s.place.cluster); err != nil {
		return err
	}
	return s.ensureCluster(ctx)
}

// DSN is a connection URL for a database of this server; "" means the database that always exists,
// postgres. It stays the same through Kill and Restart.
func (s *Server) DSN(dbname string) string { return s.place.dsn(dbname) }

// Done is closed when the server is down for good: after Stop, or when it kept dying.
func (s *Server) Done() <-chan struct{} { return s.gone }

// Stop shuts the server down, disconnecting whoever is connected, and gives the directory back. When
// ctx ends first the server is stopped without a checkpoint, which costs the next start a recovery
// but no data. A second Stop does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	sig := syscall.SIGINT
	if s.opts.Throwaway {
		sig = syscall.SIGQUIT // a checkpoint of files about to be removed is wasted
	}
	s.halt(ctx, sig)
	return s.release()
}

// Kill ends the server and all its processes by SIGKILL, as a crash would, and leaves it down until
// Restart. It refuses to signal anything but a server of this very directory.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.proc
	if p == nil || p.ended() {
		s.proc = nil // down already, and now deliberately
		return nil
	}
	if !isServer(p.pid(), s.place.cluster) {
		return fmt.Errorf("kill: process %d is not the server of %s", p.pid(), s.place.cluster)
	}
	s.proc = nil
	// What stands still makes no more children: one that is missed may wait for ever for what another
	// held when it was killed, and no server starts beside it.
	p.signal(syscall.SIGSTOP)
	family := children(p.pid())
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill: %w", err)
	}
	for _, pid := range family {
		killBackend(pid, s.place.cluster)
	}
	<-p.exited
	return nil
}

// Restart stops the server if it runs and starts it again on the same files and DSN.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quit.Err() != nil {
		return ErrStopped
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	s.halt(ctx, syscall.SIGINT)
	proc, err := s.launch(ctx)
	if err != nil {
		return fmt.Errorf("restart private PostgreSQL: %w", err)
	}
	s.proc = proc
	go s.watch(proc) //nolint:contextcheck // the watch lasts as long as the server, not as the call
	return nil
}

// halt ends the current process, harder as patience runs out. The caller holds mu.
func (s *Server) halt(ctx context.Context, sig syscall.Signal) {
	p := s.proc
	if p == nil {
		return
	}
	s.proc = nil
	p.signal(sig)
	select {
	case <-p.exited:
		return
	case <-ctx.Done():
	}
	p.signal(syscall.SIGQUIT)
	select {
	case <-p.exited:
		return
	case <-time.After(quitGrace):
	}
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// release gives up the directory: a temporary one is removed, a lasting one unlocked.
func (s *Server) release() (err error) {
	s.stop()
	s.end.Do(func() { close(s.gone) })
	if s.lock == nil {
		return nil
	}
	if s.opts.Throwaway {
		err = s.place.remove()
	}
	_ = s.lock.Close() // closing is what unlocks; there is nothing to do about a failure
	s.lock = nil
	return err
}
