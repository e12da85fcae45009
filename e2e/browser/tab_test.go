package browser

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/101pay/101pay/e2e/chromium"
)

func TestMain(m *testing.M) { os.Exit(chromium.Main(m, (*testing.M).Run)) }

// tab is a page in the browser.
type tab struct {
	*stage
	window   *chromium.Tab
	ctx      context.Context
	expected atomic.Pointer[string] // what the browser's log may complain about
}

func (s *stage) openTab() *tab {
	s.Helper()
	t := &tab{stage: s}
	t.window = chromium.Open(s.T, s.server.URL, func(text, url string) bool {
		what := t.expected.Load()
		return what != nil && strings.Contains(text+url, *what)
	})
	t.ctx = t.window.Ctx
	return t
}

// expect lets the browser's log complain about something that is part of the test.
func (t *tab) expect(what string) { t.expected.Store(&what) }

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	t.window.Do(steps...)
}

// eval answers an expression, awaiting it if it is a promise.
func eval[T any](t *tab, expression string) T {
	t.Helper()
	return chromium.Eval[T](t.window, expression)
}

// until waits for an expression to become true, on whatever page the tab is by then.
func (t *tab) until(expression string) {
	t.Helper()
	t.window.Until(expression)
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
