package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/101pay/101pay/e2e/rig"
)

// patience is how long a browser may take for anything.
const patience = 60 * time.Second

// shared is one Chromium for all tests of this package.
var shared context.Context

func TestMain(m *testing.M) {
	path, err := chromium()
	if err != nil {
		// Each test says so; a suite that passes without its browser would say nothing.
		os.Exit(rig.Main(m))
	}
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
	))
	if err := chromedp.Do(ctx); err != nil { // starts it
		fmt.Fprintln(os.Stderr, "Chromium does not start:", err)
		os.Exit(1)
	}
	shared = ctx
	code := rig.Main(m)
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

// tab is a page in a browser of its own, and what went wrong in it.
type tab struct {
	*testing.T
	url string
	ctx context.Context

	mu       sync.Mutex
	troubles []string // guarded by mu
	asked    int      // requests sent, guarded by mu
}

// openTab opens a browser without any memory on a gateway.
func openTab(t *testing.T, g *rig.Gateway) *tab {
	t.Helper()
	if shared == nil {
		t.Fatal("there is no Chromium on this machine; .ci/deps.sh chromium installs it")
	}
	ctx, cancel := chromedp.NewContext(shared, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	page := &tab{T: t, url: g.URL, ctx: ctx}
	page.ok(chromedp.Listen(ctx, page.hear))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	page.ok(err)
	page.look(1280, 900, false, "light")
	t.Cleanup(func() {
		page.mu.Lock()
		defer page.mu.Unlock()
		for _, trouble := range page.troubles {
			t.Error(trouble)
		}
		if page.asked == 0 {
			t.Error("not one request was seen: nothing watched where they go")
		}
	})
	return page
}

// hear notes everything a merchant's browser should not have to say. That nobody is signed in yet or any
// more, and what the forms of sign-in and of documents are told is wrong, are answers and no troubles.
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
		answered := ev.Entry.Source == "network" && (strings.Contains(ev.Entry.Text, "status of 401") ||
			strings.Contains(ev.Entry.URL, "/dashboard/session") || strings.Contains(ev.Entry.URL, "/dashboard/kyc/documents"))
		if !answered {
			note("browser log: " + ev.Entry.Text + " " + ev.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		note("a dialog opened: " + ev.Message)
	case *network.EventRequestWillBeSent:
		t.asked++
		u, err := url.Parse(ev.Request.URL)
		if err != nil || u.Scheme != "data" && "http://"+u.Host != t.url {
			note("a request left for " + ev.Request.URL)
		}
	}
}

func (t *tab) ok(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	t.ok(chromedp.Do(ctx, steps...))
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
				eval[string](t, "location.pathname + ' ' + document.body.innerText"))
		case <-look.C:
		}
	}
}

func (t *tab) visit(path string) {
	t.Helper()
	t.do(chromedp.Navigate(t.url + "/dashboard" + path))
}

// headed waits until the page's headline is text.
func (t *tab) headed(text string) {
	t.Helper()
	t.until(`document.querySelector("h1")?.textContent.trim() === ` + quote(text))
}

// says waits until a text can be read on the page.
func (t *tab) says(text string) {
	t.Helper()
	t.until(`document.body.innerText.includes(` + quote(text) + `)`)
}

// said is the last short news at the foot of the page, with their number: it stays after they have gone.
const said = `document.querySelector(".toast").dataset.said`

// hears does something and waits until the page says what came of it.
func (t *tab) hears(text string, do func()) {
	t.Helper()
	before := eval[string](t, said)
	do()
	t.until(said + ` !== ` + quote(before) + ` && ` + said + `.includes(` + quote(text) + `)`)
}

// press clicks the button or link of a name, once it can be clicked.
func (t *tab) press(name string) {
	t.Helper()
	t.until(`(() => {
		const found = [...document.querySelectorAll("dialog[open] button, dialog[open] a")].concat(
			document.querySelector("dialog[open]") ? [] : [...document.querySelectorAll("button, a")]);
		const at = found.find((e) => (e.innerText.trim() || e.getAttribute("aria-label")) === ` + quote(name) + ` &&
			!e.disabled && e.getClientRects().length);
		at?.click();
		return at;
	})()`)
}

// fill writes into the field of a label, as typing does.
func (t *tab) fill(label, text string) {
	t.Helper()
	t.until(`(() => {
		const inside = document.querySelector("dialog[open]") ?? document;
		const at = [...inside.querySelectorAll("label")].find((l) => l.textContent.trim() === ` + quote(label) + `);
		const field = at && document.getElementById(at.htmlFor);
		if (!field || field.disabled) return false;
		field.focus();
		field.value = ` + quote(text) + `;
		field.dispatchEvent(new Event("input", { bubbles: true }));
		field.dispatchEvent(new Event("change", { bubbles: true }));
		return true;
	})()`)
}

func (t *tab) look(width, height int64, phone bool, scheme string) {
	t.Helper()
	var options []chromedp.EmulateViewportOption
	if phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	t.do(chromedp.EmulateViewport(width, height, options...))
	_, err := chromedp.Call(t.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	t.ok(err)
}

func (t *tab) picture(path string) {
	t.Helper()
	picture, err := chromedp.Run(t.ctx, chromedp.CaptureScreenshot())
	t.ok(err)
	t.ok(os.WriteFile(path, picture, 0o600))
}

// quote is a text as JavaScript writes it.
func quote(text string) string {
	b, _ := json.Marshal(text) //nolint:errchkjson // a string
	return string(b)
}

// clickOn clicks what a selector finds.
func clickOn(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}
