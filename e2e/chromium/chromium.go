// Package chromium looks at pages in a real Chromium, for tests.
//
// It owns finding and starting the browser, one for all tests of a package, tabs without any memory, and
// what is the same of any page: that it asks its own origin only, says nothing in the browser's log, obeys
// the rules of axe-core, and is no wider than the screen. It does not own what a page shall show, nor how
// people find their way on it.
//
// Invariants: a tab nobody watched fails its test; whatever was opened ends with its test.
package chromium

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// shared is the one Chromium, once Main started it.
var shared context.Context

// Main starts Chromium, runs the tests by run, and answers what the process shall exit with. Without a
// browser they run all the same: each test that opens a tab says what is missing, where a suite that
// passed would say nothing.
func Main(m *testing.M, run func(m *testing.M) int) int {
	path, err := find()
	if err != nil {
		return run(m)
	}
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
	))
	defer cancel()
	if err := chromedp.Do(ctx); err != nil { // starts it
		fmt.Fprintln(os.Stderr, "Chromium does not start:", err)
		return 1
	}
	shared = ctx
	return run(m)
}

// find finds the browser: the system's, or the one .ci/deps.sh unpacked for this user.
func find() (string, error) {
	if path, err := exec.LookPath("chromium"); err == nil {
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", errors.New("no home to keep a browser in")
	}
	return exec.LookPath(filepath.Join(cache, "101pay", "chromium", "bin", "chromium"))
}

// axe is the rule set, installed with the other npm packages of e2e.
const axe = "../node_modules/axe-core/axe.min.js"

// Rules are those of axe-core, for Tab.Obeys.
func Rules(t *testing.T) string {
	t.Helper()
	rules, err := os.ReadFile(axe)
	if err != nil {
		t.Fatalf("%v (.ci/deps.sh npm e2e installs it)", err)
	}
	return string(rules)
}
