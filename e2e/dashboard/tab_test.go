package dashboard

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/101pay/101pay/e2e/chromium"
	"github.com/101pay/101pay/e2e/rig"
)

func TestMain(m *testing.M) { os.Exit(chromium.Main(m, rig.Main)) }

// patience is how long anything may take.
const patience = chromium.Patience

// tab is a page of a gateway's dashboard.
type tab struct {
	*testing.T
	*chromium.Tab
	url string
	ctx context.Context
}

// openTab opens a browser without any memory on a gateway.
func openTab(t *testing.T, g *rig.Gateway) *tab {
	t.Helper()
	window := chromium.Open(t, g.URL, answered)
	page := &tab{T: t, Tab: window, url: g.URL, ctx: window.Ctx}
	page.look(1280, 900, false, "light")
	return page
}

// answered lets the browser log what are answers and no troubles: that nobody is signed in yet or any more,
// and what the forms of sign-in and of documents are told is wrong.
func answered(text, url string) bool {
	return strings.HasPrefix(text, "Failed to load resource") && (strings.Contains(text, "status of 401") ||
		strings.Contains(url, "/dashboard/session") || strings.Contains(url, "/dashboard/kyc/documents"))
}

func (t *tab) ok(err error) {
	t.Helper()
	t.OK(err)
}

func (t *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	t.Do(steps...)
}

// eval answers an expression, awaiting it if it is a promise.
func eval[T any](t *tab, expression string) T {
	t.Helper()
	return chromium.Eval[T](t.Tab, expression)
}

// until waits for an expression to become true, on whatever page the tab is by then.
func (t *tab) until(expression string) {
	t.Helper()
	t.Until(expression)
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
	t.until(`document.querySelector(".toast")`) // a page that has just come may not have it yet
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
	t.From(chromium.Look{Width: width, Height: height, Phone: phone, Scheme: scheme, Still: true})
}

func (t *tab) picture(path string) {
	t.Helper()
	t.Picture(path, false)
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
