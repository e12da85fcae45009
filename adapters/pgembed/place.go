package pgembed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// maxSocketDir keeps "<dir>/.s.PGSQL.5432" within the 107 bytes a Unix socket path may have on
	// Linux, and the 103 of other systems.
	maxSocketDir = 103 - len("/.s.PGSQL.") - len(socketPort)
	// socketPort only names the socket file: nothing listens on TCP.
	socketPort = "5432"
	// lockWait is how long a start waits for another supervisor of the same directory: long enough
	// for one that is shutting down, short enough to tell a person what is wrong.
	lockWait = 10 * time.Second

	lockName    = "lock"
	clusterName = "cluster"
	initPrefix  = "init-"
)

// ErrInUse reports a data directory that another process supervises.
var ErrInUse = errors.New("data directory is in use")

// place is where one server keeps its files.
type place struct {
	dir     string // ours: holds the lock, the cluster and usually the socket
	cluster string // PostgreSQL's data directory
	sockets string // directory of the Unix socket, entered by the server's owner only
}

// dsn is a URL pgx and libpq understand. Everything the environment could bend (PGPORT, PGUSER,
// PGSSLMODE) is said.
func (p place) dsn(dbname string) string {
	if dbname == "" {
		dbname = superuser
	}
	query := url.Values{
		"host": {p.sockets}, "port": {socketPort}, "user": {superuser}, "sslmode": {"disable"},
	}
	u := url.URL{Scheme: "postgres", Path: "/" + dbname, RawQuery: query.Encode()}
	return u.String()
}

// RunningDSN is the DSN of a server that another process of this machine supervises in dataDir, for
// commands that look into a running gateway. fs.ErrNotExist means that none runs there.
func RunningDSN(dataDir, dbname string) (string, error) {
	dir, err := filepath.EvalSymlinks(dataDir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	p := place{dir: dir, cluster: filepath.Join(dir, clusterName)}
	pf, err := readPIDFile(p.cluster)
	if err != nil {
		return "", err
	}
	if !isServer(pf.pid, p.cluster) || pf.status != "ready" {
		return "", fmt.Errorf("no server is running in %s: %w", dataDir, fs.ErrNotExist)
	}
	p.sockets = pf.sockets
	return p.dsn(dbname), nil
}

// lastingPlace makes and locks the directory of a server whose data is kept.
func lastingPlace(ctx context.Context, dataDir string, o owner, log *slog.Logger) (place, *os.File, error) {
	if dataDir == "" {
		return place{}, nil, errors.New("no data directory was given")
	}
	mode := os.FileMode(0o700)
	if o.drop {
		mode = 0o711 // the server's user passes through, and sees nothing but what is his
	}
	if err := os.MkdirAll(dataDir, mode); err != nil {
		return place{}, nil, err
	}
	dir, err := filepath.EvalSymlinks(dataDir)
	if err != nil {
		return place{}, nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return place{}, nil, err
	}
	if err := o.canReach(dir); err != nil {
		return place{}, nil, err
	}
	lock, err := waitForLock(ctx, filepath.Join(dir, lockName), log)
	if err != nil {
		return place{}, nil, err
	}
	p := place{dir: dir, cluster: filepath.Join(dir, clusterName)}
	p.sockets = socketDir(dir, os.Geteuid())
	if err := o.ownDir(p.sockets); err != nil {
		return place{}, lock, err
	}
	return p, lock, nil
}

// socketDir is inside dir, or, when that path is too long for a socket or holds a character that
// separates hosts in a DSN, a fixed one in /tmp, so that repeated starts leave nothing behind.
func socketDir(dir string, uid int) string {
	inside := filepath.Join(dir, "run")
	if len(inside) <= maxSocketDir && !strings.ContainsAny(inside, `,"`) {
		return inside
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join("/tmp", fmt.Sprintf("101pay-%d-%s", uid, hex.EncodeToString(sum[:6])))
}

// remove deletes a temporary place. Backends of a killed server may still be leaving, so it insists
// for a moment.
func (p place) remove() (err error) {
	for end := time.Now().Add(quitGrace); time.Now().Before(end); time.Sleep(poll) {
		if err = errors.Join(os.RemoveAll(p.sockets), os.RemoveAll(p.dir)); err == nil {
			return nil
		}
	}
	return err
}

// waitForLock takes the lock or says who holds it.
func waitForLock(ctx context.Context, path string, log *slog.Logger) (*os.File, error) {
	lock, err := takeLock(path)
	if !errors.Is(err, ErrInUse) {
		return lock, err
	}
	log.Info("waiting for another process to release the data directory", "lock", path)
	patience := time.NewTimer(lockWait)
	defer patience.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, err
		case <-patience.C:
			return nil, err
		case <-time.After(poll):
		}
		if lock, err = takeLock(path); !errors.Is(err, ErrInUse) {
			return lock, err
		}
	}
}

// takeLock locks the file or reports ErrInUse. The lock goes with the process, however it ends; the
// number inside only helps a person.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := make([]byte, 20)
		n, _ := f.Read(holder)
		_ = f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		return nil, fmt.Errorf("%s: %w by process %s; stop it or choose another DATA_DIR",
			filepath.Dir(path), ErrInUse, holder[:n])
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	}
	return f, nil
}
