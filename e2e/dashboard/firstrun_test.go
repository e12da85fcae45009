package dashboard

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// What the first run may ask of a person. docs/design.md names the figures.
const (
	firstRunScreens = 3
	firstRunFields  = 5
	firstRunClicks  = 12
	firstRunLimit   = 3 * time.Minute
)

// From nothing to a webhook that was taken, by what the pages say and nothing else, as a person would: who
// types, clicks, reads, keeps what is shown once, and is done within three minutes.
func TestANewcomerComesThroughTheFirstRun(t *testing.T) {
	g, hooks := open(t), openReceiver(t)
	page := openTab(t, g)
	page.mayCopy()
	p := newPerson(page)
	page.visit("/register")
	p.awaits(page, `document.querySelector("h1")?.textContent === "Open an account"`)
	p.writes("Shop name", "Atelier Mori")
	p.writes("E-mail", "mori."+strings.ToLower(rand.Text()[:10])+"@example.com")
	p.writes("Password", password)
	p.click("Open the account", `document.querySelector("h1")?.textContent === "Get started" && document.querySelector("[data-step]")`)

	p.writes("Project", "Atelier")
	p.click("Continue", done(1))
	p.click("Make the key", `document.querySelector("[data-secret] code")?.textContent.startsWith("sk_test_")`)
	p.keeps("Private key")

	p.click("Create the payment", `document.querySelector('[data-step="3"] a[target="_blank"]')`)
	checkout := openTab(t, g)
	link := eval[string](page, `document.querySelector('[data-step="3"] a[target="_blank"]').href`)
	p.clicked() // the page opens beside this one
	since := time.Now()
	checkout.do(chromedp.Navigate(link))
	p.waited += time.Since(since)
	p.awaits(checkout, `document.getElementById("method-usdt-sandbox")`)
	p.clicked()
	checkout.do(clickOn("#method-usdt-sandbox"))
	p.awaits(checkout, `document.querySelector("h1")?.textContent.trim() === "Send USDT"`)
	p.clicked() // back to where he came from
	p.awaits(page, `[...document.querySelectorAll("button")].some((b) => b.innerText === "Pay 9.99 USDT" && !b.disabled)`)
	p.click("Pay 9.99 USDT", done(3)) // comes by the stream: nobody presses anything
	if got := g.Status(link[strings.LastIndex(link, "/")+1:]); got != "settled" && got != "paid" {
		t.Errorf("the page says paid, the API says %s", got)
	}

	p.writes("Address", hooks.URL)
	p.click("Add an endpoint",
		`[...document.querySelectorAll("[data-secret] code")].some((e) => e.textContent.startsWith("whsec_"))`)
	p.keeps("Signing secret")
	p.click("Send a test event", done(4))
	page.says("You are ready for real money")
	if hooks.took.Load() == 0 {
		t.Error("the page says that the server took an event, and it did not")
	}

	p.judged(t)
}

// judged holds what was counted against what may be asked. How long the system took is no matter of the
// pages, and is told only.
func (p *person) judged(t *testing.T) {
	t.Helper()
	t.Logf("%d screens, %d fields, %d clicks, %d keys", len(p.screens), p.fields, p.clicks, p.keys)
	t.Logf("doing %.0f s, reading all %d words once %.0f s, waiting for the system %.1f s here",
		p.needs().Seconds(), p.read, p.reads().Seconds(), p.waited.Seconds())
	if n := len(p.screens); n > firstRunScreens {
		t.Errorf("it takes %d screens: %v", n, p.screens)
	}
	if p.fields > firstRunFields || p.clicks > firstRunClicks {
		t.Errorf("it takes %d fields and %d clicks", p.fields, p.clicks)
	}
	if took := p.needs() + p.reads(); took > firstRunLimit {
		t.Errorf("a person needs %s, reading included", took)
	}
}

// done is so when a step of the first run is.
func done(step rune) string {
	return `document.querySelector('[data-step="` + string('0'+step) + `"][data-done="true"]')`
}

// mayCopy lets the pages of a tab write to the clipboard, as browsers let what somebody clicked.
func (t *tab) mayCopy() {
	t.Helper()
	t.do() // opens the tab, and with it its profile
	// Of the tabs of a test, none is the one in front.
	_, err := chromedp.Call(t.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	t.ok(err)
	_, err = chromedp.CallBrowser(t.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "clipboard-write"}, Setting: browser.PermissionSettingGranted,
		Origin: t.url, BrowserContextID: chromedp.FromContext(t.ctx).BrowserContextID,
	})
	t.ok(err)
}
