package pgembed

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

const (
	throwawayPrefix = "101pay-pg-"
	// ramDisk is where Linux has files that are never written anywhere. A database is a thousand files,
	// and to make and drop one for every test takes some file systems ten times as long as all else.
	ramDisk = "/dev/shm"
	// roomyDisk is what has to be free there. Containers often have a few megabytes.
	roomyDisk = 4 << 30 // bytes
	// roomyMachine is the memory of a machine that can miss that much.
	roomyMachine = 2 * roomyDisk
)

// throwawayPlace makes a temporary directory whose socket path is short and which the server's user
// can reach: TMPDIR when it is set and serves, else a roomy RAM disk, else /tmp.
func throwawayPlace(o owner) (place, *os.File, error) {
	var complaints []error
	for _, base := range tempBases() {
		p, lock, err := throwawayIn(base, o)
		if err == nil {
			return p, lock, nil
		}
		complaints = append(complaints, err)
	}
	return place{}, nil, errors.Join(complaints...)
}

func throwawayIn(base string, o owner) (_ place, _ *os.File, err error) {
	if base, err = filepath.EvalSymlinks(base); err != nil {
		return place{}, nil, err
	}
	dir, err := os.MkdirTemp(base, throwawayPrefix)
	if err != nil {
		return place{}, nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if o.drop {
		if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the dropped user must pass through
			return place{}, nil, err
		}
	}
	if err := o.canReach(dir); err != nil {
		return place{}, nil, err
	}
	p := place{
		dir: dir, cluster: filepath.Join(dir, clusterName), sockets: filepath.Join(dir, "run"),
	}
	if len(p.sockets) > maxSocketDir {
		return place{}, nil, errors.New("path too long for a socket: " + p.sockets)
	}
	if err := o.ownDir(p.sockets); err != nil {
		return place{}, nil, err
	}
	lock, err := takeLock(filepath.Join(dir, lockName+".new"))
	if err != nil {
		return place{}, nil, err
	}
	// Renamed only once it is locked: sweep takes an unlocked file of the final name for abandoned.
	if err := os.Rename(lock.Name(), filepath.Join(dir, lockName)); err != nil {
		_ = lock.Close()
		return place{}, nil, err
	}
	return p, lock, nil
}

// tempBases are the directories to try, best first.
func tempBases() []string { return basesOf(os.Getenv("TMPDIR"), freeIn(ramDisk), memory()) }

func basesOf(tmp string, free, memory uint64) []string {
	switch {
	case tmp != "":
		return []string{tmp, "/tmp"}
	case free >= roomyDisk && memory >= roomyMachine:
		return []string{ramDisk, "/tmp"}
	default:
		return []string{"/tmp"}
	}
}

// freeIn is how many bytes may still be written below a directory, 0 where there is none.
func freeIn(dir string) uint64 {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize) //nolint:gosec,unconvert // their types are the system's
}

// sweep removes what test processes left that were killed before they could stop their server. It also
// looks into a RAM disk that has no room, which may be for what was left there.
func sweep(log *slog.Logger) {
	for _, base := range append(tempBases(), ramDisk) {
		dirs, _ := filepath.Glob(filepath.Join(base, throwawayPrefix+"*"))
		for _, dir := range dirs {
			sweepOne(dir, log)
		}
	}
}

func sweepOne(dir string, log *slog.Logger) {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() || uidOf(info) != os.Geteuid() {
		return // the directory everybody may write to is no place to follow others' links
	}
	path := filepath.Join(dir, lockName)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return // being made this moment
	}
	lock, err := takeLock(path)
	if err != nil {
		return // its process lives, or belongs to somebody else
	}
	defer func() { _ = lock.Close() }()
	p := place{
		dir: dir, cluster: filepath.Join(dir, clusterName), sockets: filepath.Join(dir, "run"),
	}
	if pf, err := readPIDFile(p.cluster); err == nil && isServer(pf.pid, p.cluster) {
		killOrphan(pf.pid, p.cluster)
	}
	if err := p.remove(); err != nil {
		log.Warn("abandoned test database not removed", "dir", dir, "error", err)
	}
}
