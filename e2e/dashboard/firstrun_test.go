package dashboard

import (
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// From nothing to a webhook that was taken, by what the pages say and nothing else.
func TestANewcomerComesThroughTheFirstRun(t *testing.T) {
	g, hooks := open(t), openReceiver(t)
	page := openTab(t, g)
	page.register()

	page.fill("Project", "Atelier")
	page.press("Continue")
	page.step(1)
	page.press("Make the key")
	page.until(`document.querySelector("[data-secret] code")?.textContent.startsWith("sk_test_")`)
	page.step(2)

	page.press("Create the payment")
	payment := page.newest(g)
	page.says("Pay 9.99 USDT")
	page.press("Pay 9.99 USDT")
	page.step(3) // comes by the stream: nobody presses anything
	if got := g.Status(payment); got != "settled" && got != "paid" {
		t.Errorf("the page says paid, the API says %s", got)
	}

	page.fill("Address", hooks.URL)
	page.press("Add an endpoint")
	page.until(`[...document.querySelectorAll("[data-secret] code")].some((e) => e.textContent.startsWith("whsec_"))`)
	page.press("Send a test event")
	page.step(4)
	page.says("You are ready for real money")
	if hooks.took.Load() == 0 {
		t.Error("the page says that the server took an event, and it did not")
	}
}

// step waits until a step of the first run is done.
func (t *tab) step(n int) {
	t.Helper()
	t.until(`document.querySelector('[data-step="` + string(rune('0'+n)) + `"][data-done="true"]')`)
}

// newest is the payment whose page the first run offers to open. Its payer chooses USDT.
func (t *tab) newest(g *rig.Gateway) string {
	t.Helper()
	t.until(`document.querySelector('[data-step="3"] a[target="_blank"]')`)
	id := eval[string](t, `document.querySelector('[data-step="3"] a[target="_blank"]').href.split("/").pop()`)
	g.Intent(t, id)
	return id
}
