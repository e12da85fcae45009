package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Edit replaces a text of a source file that must be there exactly once: a bug to be planted.
type Edit struct{ File, Old, New string }

// Planted compiles a copy of this tree with a bug in it and answers its binary. Without edits it is
// this tree's own.
func Planted(t testing.TB, edits []Edit) string {
	t.Helper()
	if len(edits) == 0 {
		return Binary(t)
	}
	dir := t.TempDir()
	tree, binary := filepath.Join(dir, "tree"), filepath.Join(dir, "101pay")
	if err := copyTree(Root(), tree); err != nil {
		t.Fatal(err)
	}
	changed, err := Apply(tree, edits)
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range changed {
		if err := os.WriteFile(filepath.Join(tree, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Compile(tree, binary); err != nil {
		t.Fatal(err)
	}
	return binary
}

// Tested runs tests of a package of this tree with a bug in it, and answers what they wrote and whether
// they passed. env holds settings as "NAME=value".
func Tested(t testing.TB, edits []Edit, pkg, run string, env ...string) (output string, passed bool) {
	t.Helper()
	changed, err := Apply(Root(), edits)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for file, text := range changed {
		planted := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(planted, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(Root(), file)] = planted
	}
	listed, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, listed, 0o600); err != nil {
		t.Fatal(err)
	}
	//nolint:gosec // our own tests
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-overlay", list, "-run", run, "./"+pkg)
	cmd.Dir = Root()
	cmd.Env = append(os.Environ(), env...)
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "[build failed]") || strings.Contains(string(text), "[setup failed]") {
		t.Fatalf("the bug does not compile:\n%s", text)
	}
	return string(text), err == nil
}

// Apply answers the files of a tree as they are with the bug. It fails when the source no longer says
// what is to be replaced.
func Apply(tree string, edits []Edit) (map[string]string, error) {
	changed := map[string]string{}
	for _, e := range edits {
		text, known := changed[e.File]
		if !known {
			b, err := os.ReadFile(filepath.Join(tree, e.File))
			if err != nil {
				return nil, err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.Old); n != 1 {
			return nil, fmt.Errorf("%s has this %d times:\n%s", e.File, n, e.Old)
		}
		changed[e.File] = strings.Replace(text, e.Old, e.New, 1)
	}
	return changed, nil
}

// copyTree copies what the binary is built of.
func copyTree(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && !slices.Contains([]string{".git", "bin", "e2e"}, e.Name()) {
			err = copyFolder(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
		if err != nil {
			return err
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		//nolint:gosec // both trees are ours
		if err := os.WriteFile(filepath.Join(to, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// copyFolder copies a folder without npm's packages, which no Go program is built of.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		target := filepath.Join(to, strings.TrimPrefix(at, from))
		if d.IsDir() {
			return os.MkdirAll(target, 0o750)
		}
		text, err := os.ReadFile(at) //nolint:gosec // our own tree
		if err != nil {
			return err
		}
		//nolint:gosec // both trees are ours
		return os.WriteFile(target, text, 0o600)
	})
}
