package pgembed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// owner is the system user the server runs as. PostgreSQL refuses to run as root, so root's server
// belongs to somebody else.
type owner struct {
	uid, gid int
	name     string
	drop     bool // true when that is another user than ours, which only root can arrange
}

// serverOwner chooses the user: ourselves, or for root the owner of an existing cluster (a user
// added later must not make it unreadable), else postgres, else nobody.
func serverOwner(dataDir string) (owner, error) {
	if uid := os.Geteuid(); uid != 0 {
		return owner{uid: uid, gid: os.Getegid(), name: strconv.Itoa(uid)}, nil
	}
	if info, err := os.Stat(filepath.Join(dataDir, clusterName)); dataDir != "" && err == nil {
		if uid := uidOf(info); uid > 0 {
			return droppedTo(user.LookupId(strconv.Itoa(uid)))
		}
	}
	o, err := droppedTo(user.Lookup("postgres"))
	if err != nil {
		o, err = droppedTo(user.Lookup("nobody"))
	}
	return o, err
}

func droppedTo(u *user.User, err error) (owner, error) {
	if err != nil {
		return owner{}, fmt.Errorf("PostgreSQL cannot run as root and needs another user: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return owner{}, fmt.Errorf("user %s: %w", u.Username, err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return owner{}, fmt.Errorf("user %s: %w", u.Username, err)
	}
	return owner{uid: uid, gid: gid, name: u.Username, drop: true}, nil
}

// credential is what a child process is started with; nil means as ourselves.
func (o owner) credential() *syscall.Credential {
	if !o.drop {
		return nil
	}
	return &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)} //nolint:gosec // ids of the system
}

// ownDir makes a directory only this owner may enter. One that belongs to a third party is refused:
// in /tmp anybody may have made it first.
func (o owner) ownDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if uid := uidOf(info); !info.IsDir() || (uid != o.uid && uid != os.Geteuid()) {
		return fmt.Errorf("%s is not a directory of user %s", dir, o.name)
	}
	if o.drop {
		if err := os.Lchown(dir, o.uid, o.gid); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o700) //nolint:gosec // a directory needs its x bit
}

// canReach reports the first directory on the way to dir that the owner may not pass through. The
// server itself would say so less clearly.
func (o owner) canReach(dir string) error {
	if !o.drop {
		return nil
	}
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		if !o.mayEnter(info) {
			return fmt.Errorf("user %s, who runs the database for root, may not enter %s: "+
				"choose a DATA_DIR elsewhere or allow it (chmod o+x %s)", o.name, at, at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

func (o owner) mayEnter(info fs.FileInfo) bool {
	perm := info.Mode().Perm()
	switch stat, ok := info.Sys().(*syscall.Stat_t); {
	case ok && int(stat.Uid) == o.uid:
		return perm&0o100 != 0
	case ok && int(stat.Gid) == o.gid:
		return perm&0o010 != 0
	default:
		return perm&0o001 != 0
	}
}

// uidOf is the user a file belongs to, -1 when the system does not tell.
func uidOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}
