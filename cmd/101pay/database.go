package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/101pay/101pay/adapters/pgembed"
)

// database is where the store is, and when it is gone for good.
type database struct {
	URL  string
	Gone <-chan struct{} // closed when the private PostgreSQL has died; nil for others
}

const (
	privateName   = "postgresql" // below DATA_DIR
	dataDirMode   = 0o711        // PostgreSQL's own user has to pass through
	stopLimit     = 30 * time.Second
	spareConns    = 20 // for watches, listeners, and whoever looks with psql
	privateDBName = "" // the one that always exists
)

// openDatabase answers the configured database, or starts the private one. stop ends what was
// started.
func openDatabase(ctx context.Context, c *Config, log *slog.Logger) (db database, stop func(), err error) {
	if c.DatabaseURL != "" {
		return database{URL: c.DatabaseURL}, func() {}, nil
	}
	if err := openDataDir(c.DataDir); err != nil {
		return database{}, nil, fmt.Errorf("make DATA_DIR: %w", err)
	}
	server, err := pgembed.Start(ctx, pgembed.Options{
		DataDir: filepath.Join(c.DataDir, privateName), Log: log, MaxConnections: c.DBMaxConns + spareConns,
	})
	if err != nil {
		return database{}, nil, fmt.Errorf("start the private PostgreSQL: %w", err)
	}
	stop = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			log.Error("the private PostgreSQL was not stopped cleanly", "error", err)
		}
	}
	return database{URL: server.DSN(privateDBName), Gone: server.Done()}, stop, nil
}

// openDataDir makes the directory if there is none. Run as root, PostgreSQL belongs to another user,
// who has to pass through; he sees nothing but what is his.
func openDataDir(dir string) error {
	if err := os.MkdirAll(dir, dataDirMode); err != nil {
		return err
	}
	if os.Getuid() != 0 {
		return nil
	}
	at, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return os.Chmod(dir, at.Mode().Perm()|dataDirMode&^0o700)
}

// borrowDatabase is openDatabase for commands that look into a gateway that may be running.
func borrowDatabase(ctx context.Context, c *Config, log *slog.Logger) (database, func(), error) {
	if c.DatabaseURL == "" {
		url, err := pgembed.RunningDSN(filepath.Join(c.DataDir, privateName), privateDBName)
		if err == nil {
			return database{URL: url}, func() {}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return database{}, nil, fmt.Errorf("find the running PostgreSQL: %w", err)
		}
	}
	return openDatabase(ctx, c, log)
}
