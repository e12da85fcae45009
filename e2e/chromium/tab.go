package chromium

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Patience is how long a browser may take for anything.
const Patience = 60 * time.Second

// glance is the time between two looks at a page that is waited for.
const glance = 20 * time.Millisecond

// Tab is a page in a browser of its own, and what went wrong in it.
type Tab struct {
	Ctx context.Context

	t      *testing.T
	origin string
	excuse func(text, url string) bool

	mu       sync.Mutex
	troubles []string // guarded by mu
	asked    int      // requests sent, guarded by mu
}

// Open opens a tab without any memory, and watches it until the end of the test: it may ask origin only,
// and what the browser logs is a failure unless it is excused. excuse is called while the tab hears.
func Open(t *testing.T, origin string, excuse func(text, url string) bool) *Tab {
	t.Helper()
	if shared == nil {
		t.Fatal("there is no Chromium on this machine; .ci/deps.sh chromium installs it")
	}
	ctx, cancel := chromedp.NewContext(shared, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tab := &Tab{Ctx: ctx, t: t, origin: origin, excuse: excuse}
	tab.OK(chromedp.Listen(ctx, tab.hear))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	tab.OK(err)
	t.Cleanup(func() {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		for _, trouble := range tab.troubles {
			t.Error(trouble)
		}
		if tab.asked == 0 {
			t.Error("not one request was seen: nothing watched where they go")
		}
	})
	return tab
}

// hear notes everything a browser should not have to say.
func (t *Tab) hear(ev any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	note := func(what string) { t.troubles = append(t.troubles, what) }
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		note("console: " + string(ev.Type))
	case *runtime.EventExceptionThrown:
		note("exception: " + ev.ExceptionDetails.Text + " " + ev.ExceptionDetails.Exception.Description)
	case *log.EventEntryAdded:
		if !t.excuse(ev.Entry.Text, ev.Entry.URL) {
			note("browser log: " + ev.Entry.Text + " " + ev.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		note("a dialog opened: " + ev.Message)
	case *network.EventRequestWillBeSent:
		t.asked++
		u, err := url.Parse(ev.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != t.origin {
			note("a request left for " + ev.Request.URL)
		}
	}
}

// OK fails the test for an error.
func (t *Tab) OK(err error) {
	t.t.Helper()
	if err != nil {
		t.t.Fatal(err)
	}
}

// Do does steps one after another.
func (t *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(t.Ctx, Patience)
	defer cancel()
	t.OK(chromedp.Do(ctx, steps...))
}

// Eval answers an expression, awaiting it if it is a promise.
func Eval[T any](t *Tab, expression string) T {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(t.Ctx, Patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// Until waits for an expression to become true, on whatever page the tab is by then.
func (t *Tab) Until(expression string) {
	t.t.Helper()
	ctx, cancel := context.WithTimeout(t.Ctx, Patience)
	defer cancel()
	look := time.NewTicker(glance)
	defer look.Stop()
	for {
		// Between two pages there is nothing to evaluate on: not true yet, and no failure.
		isTrue, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && isTrue {
			return
		}
		select {
		case <-ctx.Done():
			t.t.Fatalf("waiting for %s: %v; the page says: %s", expression, err,
				Eval[string](t, "location.pathname + ' ' + document.body.innerText"))
		case <-look.C:
		}
	}
}
