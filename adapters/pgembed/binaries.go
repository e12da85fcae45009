package pgembed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrNoBinaries reports a machine without the PostgreSQL programs.
var ErrNoBinaries = errors.New(
	"programs not found: install postgresql (apt-get install postgresql) or set DATABASE_URL")

// findBinaries is the directory of the programs to use: the newest found, or, for a cluster that
// exists, those of the major version that wrote it, because no other can read it.
func findBinaries(ctx context.Context, cluster string) (string, error) {
	found := installed()
	if len(found) == 0 {
		return "", ErrNoBinaries
	}
	written, err := os.ReadFile(filepath.Join(cluster, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return found[0], nil
	}
	if err != nil {
		return "", err
	}
	need := strings.TrimSpace(string(written))
	var have []string
	for _, dir := range found {
		major, err := majorVersion(ctx, dir)
		if err != nil {
			return "", err
		}
		if major == need {
			return dir, nil
		}
		have = append(have, major)
	}
	return "", fmt.Errorf("the data in %s was written by version %s, installed is %s: "+
		"install postgresql-%s, or dump the data with it and load it into a new DATA_DIR",
		cluster, need, strings.Join(have, ", "), need)
}

// installed lists the directories that hold both programs we start, best first. PG_BIN, when set, is
// the only one asked.
func installed() []string {
	if bin := os.Getenv("PG_BIN"); bin != "" {
		return slices.DeleteFunc([]string{bin}, incomplete)
	}
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		// The link in PATH is followed: only the directory it points into surely has both.
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		versions, _ := filepath.Glob(pattern)
		slices.SortFunc(versions, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
		dirs = append(dirs, versions...)
	}
	if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "101pay", "postgresql", "bin")) // .ci/deps.sh
	}
	return slices.DeleteFunc(dirs, incomplete)
}

func incomplete(dir string) bool {
	for _, program := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(dir, program))
		if err != nil || info.IsDir() || info.Mode().Perm()&0o111 == 0 {
			return true
		}
	}
	return false
}

// number is the first number in a path, its version.
func number(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[0])
	return n
}

// majorVersion asks the program: "postgres (PostgreSQL) 15.18 (Debian …)" is "15".
func majorVersion(ctx context.Context, bin string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "postgres"), "--version") //nolint:gosec // ours
	cmd.Env = environment()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", bin, err)
	}
	return strconv.Itoa(number(string(out))), nil
}
