package pgembed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// superuser is the database role that owns everything, and the database that always exists. Who may
// use it is decided by the socket directory's mode.
const superuser = "postgres"

// ensureCluster makes the cluster on first use. It is made under another name and renamed when
// whole, so an interrupted first start leaves only something to remove.
func (s *Server) ensureCluster(ctx context.Context) error {
	s.removeHalfMade()
	if _, err := os.Stat(s.place.cluster); err == nil {
		return nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	half, err := os.MkdirTemp(s.place.dir, initPrefix)
	if err != nil {
		return err
	}
	if err := s.initCluster(ctx, half); err != nil {
		_ = os.RemoveAll(half)
		return err
	}
	if err := os.Rename(half, s.place.cluster); err != nil {
		return err
	}
	return syncDir(s.place.dir)
}

// removeHalfMade clears what interrupted first starts left. A dying initdb may still be writing
// there; what cannot be removed now is removed by a later start.
func (s *Server) removeHalfMade() {
	halves, _ := filepath.Glob(filepath.Join(s.place.dir, initPrefix+"*"))
	for _, half := range halves {
		s.log.Info("removing a half-made database", "dir", half)
		if err := os.RemoveAll(half); err != nil {
			s.log.Warn("half-made database not removed", "dir", half, "error", err)
		}
	}
}

func (s *Server) initCluster(ctx context.Context, dir string) error {
	if err := s.owner.ownDir(dir); err != nil {
		return err
	}
	args := []string{
		"-D", dir, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions",
	}
	if s.opts.Throwaway {
		args = append(args, "--no-sync")
	} else {
		args = append(args, "--data-checksums")
	}
	p, err := s.spawn("initdb", args)
	if err != nil {
		return err
	}
	select {
	case <-p.exited:
	case <-ctx.Done():
		p.killGroup()
		<-p.exited
		return fmt.Errorf("initdb: %w", context.Cause(ctx))
	}
	if p.err != nil {
		return fmt.Errorf("initdb: %w: %s", p.err, p.lines.last())
	}
	return nil
}

// settings are the server's parameters beyond its configuration file, which stays as initdb wrote
// it: what must hold is said on the command line.
func (s *Server) settings() []string {
	set := []string{
		"listen_addresses=",
		"port=" + socketPort,
		"unix_socket_directories=" + s.place.sockets,
		"unix_socket_permissions=0700",
		fmt.Sprintf("max_connections=%d", s.opts.MaxConnections),
		// GMT is the one zone that needs no zone files, which small machines lack.
		"timezone=GMT", "log_timezone=GMT",
		// Statements carry values, and values carry secrets: none of them may reach the log.
		"log_min_messages=log", "log_min_error_statement=panic", "log_error_verbosity=terse",
		"log_statement=none", "log_min_duration_statement=-1",
		"logging_collector=off", "log_destination=stderr",
	}
	if s.opts.Throwaway {
		set = append(set, "fsync=off", "synchronous_commit=off", "full_page_writes=off",
			"wal_level=minimal", "max_wal_senders=0", "shared_buffers=64MB",
			"max_wal_size=256MB") // it may be kept in memory, and checkpoints cost little there
	} else {
		set = append(append(set, "fsync=on", "synchronous_commit=on", "full_page_writes=on"), buffers(memory())...)
	}
	args := []string{"-D", s.place.cluster}
	for _, assignment := range set {
		args = append(args, "-c", assignment)
	}
	return args
}

// environment is all the server's programs see. Locale and encoding come from here and not from the
// caller, whose locale may not be installed or may mean SQL_ASCII.
func environment() []string {
	env := []string{"LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin", "TZ=GMT"}
	for _, name := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if v := os.Getenv(name); v != "" && !strings.ContainsRune(v, 0) {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// syncDir makes a rename in dir last through a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
