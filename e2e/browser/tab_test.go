package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a browser may take for anything.
const patience = 30 * time.Second

// shared is one Chromium for all tests of this package.
var shared context.Context

func TestMain(m *testing.M) {
	path, err := chromium()
	if err != nil {
		// Each test says so; a suite that passes without its browser would say nothing.
		os.Exit(m.Run())
	}
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
	))
	if err := chromedp.Do(ctx); err != nil { // starts it
		fmt.Fprintln(os.Stderr, "Chromium does not start:", err)
		os.Exit(1)
	}
	shared = ctx
	code := m.Run()
	cancel()
	os.Exit(code)
}

// chromium finds the browser: the system's, or the one .ci/deps.sh unpacked for this user.
func chromium() (string, error) {
	if path, err := exec.LookPath("chromium"); err == nil {
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return exec.LookPath(filepath.Join(cache, "101pay", "chromium", "bin", "chromium"))
}

// tab is a page in the browser, and what went wrong in it.
type tab struct {
	*stage
	ctx context.Context

	mu       sync.Mutex
	troubles []string // guarded by mu
	asked    int      // requests sent, guarded by mu
	expected string   // what the browser's log may complain about, guarded by mu
}

func (s *stage) openTab() *tab {
	s.Helper()
	if shared == nil {
		s.Fatal("there is no Chromium on this machine; .ci/deps.sh chromium installs it")
	}
	ctx, cancel := chromedp.NewContext(shared, chromedp.WithNewBrowserContext())
	s.Cleanup(cancel)
	t := &tab{stage: s, ctx: ctx}
	s.ok(chromedp.Listen(ctx, t.hear))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	s.ok(err)
	s.Cleanup(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, trouble := range t.troubles {
			s.Error(trouble)
		}
		if t.asked == 0 {
			s.Error("not one request was seen: nothing watched where they go")
		}
	})
	return t
}

// hear notes everything a payer's browser should not have to say.
func (t *tab) hear(ev any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	note := func(what string) { t.troubles = append(t.troubles, what) }
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		note("console: " + string(ev.Type))
	case *runtime.EventExceptionThrown:
		note("exception: " + ev.ExceptionDetails.Text + " " + ev.ExceptionDetails.Exception.Description)
	case *log.EventEntryAdded:
		if t.expected == "" || !strings.Contains(ev.Entry.Text+ev.Entry.URL, t.expected) {
			note("browser log: " + ev.Entry.Text + " " + ev.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		note("a dialog opened: " + ev.Message)
	case *network.EventRequestWillBeSent:
		t.asked++
		if u, err := url.Parse(ev.Request.URL); err != nil || "http://"+u.Host != t.server.URL {
			note("a request left for " + ev.Request.URL)
		}
	}
}

// expect lets the browser's log complain about something that is part of the test.
func (t *tab) expect(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expected = what
}

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// eval answers an expression, awaiting it if it is a promise.
func eval[T any](t *tab, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// until waits for an expression to become true, on whatever page the tab is by then.
func (t *tab) until(expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		// Between two pages there is nothing to evaluate on: not true yet, and no failure.
		isTrue, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && isTrue {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v; the page says: %s", expression, err,
				eval[string](t, "document.body.innerText"))
		case <-look.C:
		}
	}
}

// headed waits until the page's headline is text.
func (t *tab) headed(text string) {
	t.Helper()
	t.until(`document.querySelector("h1")?.textContent.trim() === ` + quote(text))
}

func (t *tab) visit(path string) {
	t.Helper()
	t.do(chromedp.Navigate(t.server.URL + path))
}

func quote(text string) string { return "`" + strings.ReplaceAll(text, "`", "\\`") + "`" }
