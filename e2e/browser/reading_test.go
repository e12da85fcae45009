package browser

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
)

// tabTo presses Tab until the element with an id has the focus, and shows that it can be seen.
func (t *tab) tabTo(id string) {
	t.Helper()
	for range 40 {
		t.do(chromedp.KeyEvent(kb.Tab))
		if eval[string](t, `document.activeElement.id`) != id {
			continue
		}
		if outline := eval[string](t, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" {
			t.Errorf("the focus on %s cannot be seen", id)
		}
		return
	}
	t.Fatalf("Tab does not lead to %s", id)
}

// The whole way by keyboard: choose, copy both, pay, read the receipt, without a reload.
func TestAPayerPaysByKeyboard(t *testing.T) {
	s := openStage(t)
	id := s.session(merchant.Test, "Pro plan")
	page := s.openTab()
	page.do() // opens the tab, and with it its profile
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(page.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
			Origin: s.server.URL, BrowserContextID: chromedp.FromContext(page.ctx).BrowserContextID,
		})
		s.ok(err)
	}
	page.visit("/en/checkout/" + string(id))
	page.do(chromedp.KeyEvent(kb.Tab))
	if got := eval[string](page, `document.activeElement.className`); got != "skip" {
		t.Errorf("the first stop is %q, not the way past the header", got)
	}
	page.tabTo("method-usdt-sandbox")
	page.do(chromedp.KeyEvent(kb.Enter))
	page.headed("Send USDT")
	eval[bool](page, `(window.sameDocument = true)`)

	intent := s.intent(id)
	for part, want := range map[string]string{"amount": intent.Payable(), "address": string(intent.Address)} {
		eval[bool](page, `(document.activeElement.blur(), true)`)
		page.tabTo("copy-" + part)
		page.do(chromedp.KeyEvent(kb.Enter))
		page.until(`document.getElementById("copy-` + part + `").textContent === "✓ Copied"`)
		if got := eval[string](page, `navigator.clipboard.readText()`); got != want {
			t.Errorf("copied %q, want %q", got, want)
		}
		page.until(`document.getElementById("announce").textContent.toLowerCase() === "` + part + ` copied"`)
	}

	s.play(id, app.ScenarioExact)
	s.pass(time.Second)
	page.headed("Your payment has been seen")
	page.until(`document.getElementById("announce").textContent.startsWith("Your payment has been seen")`)
	if lost := eval[bool](page, `document.activeElement === document.body`); lost {
		t.Error("the news took the focus away")
	}
	s.pass(10 * time.Second)
	page.headed("Paid")
	page.until(`document.title === "TEST · Paid · Atelier Mori"`)
	if !eval[bool](page, `window.sameDocument === true`) {
		t.Error("the page was loaded anew")
	}
	page.tabTo("back")
	if got := eval[string](page, `document.activeElement.href + " " + document.activeElement.textContent`); got != "https://atelier.example/thanks Return to atelier.example" {
		t.Error(got)
	}
}

func (s *stage) intent(id checkout.SessionID) checkout.Intent {
	s.Helper()
	got, err := s.page.Checkout.Get(s.Context(), id)
	s.ok(err)
	return *got.Intent
}

// A browser whose script is off gets everything but the copy buttons, and looks again by itself.
func TestAPayerPaysWithoutScript(t *testing.T) {
	s := openStage(t)
	id := s.session(merchant.Test, "Pro plan")
	page := s.openTab()
	_, err := chromedp.Call(page.ctx, emulation.SetScriptExecutionDisabled,
		emulation.SetScriptExecutionDisabledParams{Value: true})
	s.ok(err)
	page.visit("/ja/checkout/" + string(id))
	page.do(chromedp.Click(chromedp.CSS("#method-usdt-sandbox")), chromedp.WaitVisible(chromedp.CSS("#amount")))
	intent := s.intent(id)
	for part, want := range map[string]string{"#amount": intent.Payable(), "#address": string(intent.Address)} {
		got, err := chromedp.Run(page.ctx, chromedp.TextContent(chromedp.CSS(part)))
		s.ok(err)
		if got != want {
			t.Errorf("%s reads %q, want %q", part, got, want)
		}
	}
	page.do(chromedp.WaitNotVisible(chromedp.CSS("#copy-amount")))
	refresh, err := chromedp.Run(page.ctx, chromedp.Attributes(chromedp.CSS(`meta[http-equiv="refresh"]`)))
	s.ok(err)
	if !strings.HasPrefix(refresh["content"], "15;url=/ja/checkout/") {
		t.Errorf("it looks again %v", refresh)
	}
	page.do(
		chromedp.Click(chromedp.CSS("#claim-head")), chromedp.WaitVisible(chromedp.CSS("#transaction")),
		chromedp.SendKeys(chromedp.CSS("#transaction"), strings.Repeat("ab", 32)),
		chromedp.Click(chromedp.CSS("#claim-send")), chromedp.WaitVisible(chromedp.CSS("#answer")),
	)
	page.do(chromedp.Click(chromedp.CSS("#play-exact")), chromedp.WaitVisible(chromedp.CSS("#played")))
	s.pass(10 * time.Second)
	page.do(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS(".receipt")))
}

// Proxies that swallow event streams are common. The page polls then.
func TestPollingTakesOverFromStreams(t *testing.T) {
	s := openStage(t)
	s.deaf.Store(true)
	id := s.session(merchant.Test, "Pro plan")
	s.choose(id)
	page := s.openTab()
	page.expect("/live")
	page.visit("/en/checkout/" + string(id))
	page.headed("Send USDT")
	s.play(id, app.ScenarioExact)
	s.pass(10 * time.Second)
	page.headed("Paid")
}

// News must not take away what somebody is typing, or where he is.
func TestNewsKeepsTextFocusAndFolds(t *testing.T) {
	s := openStage(t)
	id := s.session(merchant.Live, "Pro plan")
	s.choose(id)
	page := s.openTab()
	page.visit("/en/checkout/" + string(id))
	page.headed("Send USDT")
	page.do(
		chromedp.Click(chromedp.CSS("#exchange-head")), chromedp.Click(chromedp.CSS("#claim-head")),
		chromedp.SendKeys(chromedp.CSS("#transaction"), "abcdef"),
	)
	eval[bool](page, `(document.getElementById("transaction").setSelectionRange(3, 3), true)`)
	before := eval[string](page, `document.getElementById("checkout").dataset.version`)
	s.hands.move(3 * time.Minute) // the network falls silent: a warning appears
	eval[bool](page, `document.dispatchEvent(new Event("visibilitychange"))`)
	page.until(`document.querySelector(".notice.warn h2")?.textContent === "The network cannot be read right now"`)
	got := eval[[]any](page, `(() => {
		const e = document.activeElement;
		return [e.id, e.value, e.selectionStart, document.getElementById("exchange").open,
			document.getElementById("claim").open, document.getElementById("copy-amount").hidden];
	})()`)
	want := []any{"transaction", "abcdef", 3.0, true, true, false}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("after the news: %v, want %v", got, want)
			break
		}
	}
	if after := eval[string](page, `document.getElementById("checkout").dataset.version`); after == before {
		t.Error("there was no news")
	}
}

// The clock is the server's: a browser whose own is wrong counts down right, and the page ends by
// itself.
func TestTheTimeRunsOut(t *testing.T) {
	s := openStageAt(t, time.Now().Add(-48*time.Hour))
	id := s.session(merchant.Test, "Pro plan")
	s.choose(id)
	s.hands.move(30*time.Minute - 8*time.Second)
	page := s.openTab()
	page.visit("/en/checkout/" + string(id))
	page.headed("Send USDT")
	page.until(`/^0:0[1-7]$/.test(document.getElementById("left").textContent)`) // whichever of them is looked at
	page.until(`document.getElementById("left").classList.contains("soon")`)
	page.until(`document.getElementById("announce").textContent === "Less than two minutes left to pay."`)
	s.hands.move(time.Minute)
	page.headed("The time to pay is over")
}

// Row D01: a shop's texts are shown and never run.
func TestHostileTextsNeverRun(t *testing.T) {
	s := openStage(t)
	nasty := `<script>alert(1)</script><img src=x onerror=alert(2)>"><svg onload=alert(3)>{{7*7}}</title>`
	id := s.session(merchant.Test, nasty)
	page := s.openTab()
	page.visit("/en/checkout/" + string(id))
	if got := eval[string](page, `document.querySelector(".what").textContent`); got != nasty {
		t.Errorf("it reads %q", got)
	}
	s.choose(id)
	page.headed("Send USDT") // the script put a new rendering in place of the old
	if got := eval[string](page, `document.querySelector(".what").textContent`); got != nasty {
		t.Errorf("after the news it reads %q", got)
	}
	if n := eval[int](page, `document.querySelectorAll("main script, main img, [onload]").length`); n != 0 {
		t.Errorf("%d elements grew out of a text", n)
	}
}
