package dashboard

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/101pay/101pay/e2e/rig"
)

const passport = "%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"

// A merchant says who he is and shows it; the operator sends it back with a reason, and approves what comes
// then.
func TestWhoStandsBehindTheAccount(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	email := page.register()
	page.visit("/verification")
	page.state("NOT_STARTED")
	page.says("No document is attached yet.")

	t.Log("what is no document never leaves the browser")
	page.choose(t, "notes.txt", "hello")
	page.press("Attach")
	page.says("Only PDF, JPEG and PNG can be attached")
	page.choose(t, "passport.pdf", "%PDF-1.7\nwithout an end")
	page.press("Attach")
	page.until(`document.querySelector(".field .wrong")?.textContent.startsWith("Only PDF, JPEG and PNG")`)
	page.says("No document is attached yet.")
	page.choose(t, "passport.pdf", passport)
	page.press("Attach")
	page.until(`[...document.querySelectorAll("td")].some((c) => c.innerText === "Passport or identity card")`)

	t.Log("the form, by keyboard alone")
	page.past()
	page.tabTo(`document.activeElement.name === "kind"`)
	page.do(chromedp.KeyEvent(kb.ArrowDown)) // a company
	page.tabTo(`document.activeElement.name === "legalName"`)
	page.do(chromedp.KeyEvent("Atelier Mori KK"))
	page.tabTo(`document.activeElement.name === "country"`)
	page.do(chromedp.KeyEvent("J"))
	for range 5 { // Jamaica comes first
		if eval[string](page, `document.activeElement.value`) != "JP" {
			page.do(chromedp.KeyEvent(kb.ArrowDown))
		}
	}
	page.tabTo(`document.activeElement.name === "registry"`)
	page.do(chromedp.KeyEvent("0100-01-000001"))
	page.looksRight("a verification that is being written")
	page.do(chromedp.KeyEvent(kb.Enter))
	page.state("PENDING")

	t.Log("sent back with a reason, corrected, approved")
	decide(t, g, email, "reject", "The name differs from the passport.")
	page.do(chromedp.Reload())
	page.state("REJECTED")
	page.says("The name differs from the passport.")
	page.looksRight("a verification that was sent back")
	page.fill("Legal name", "Mori Atelier KK")
	page.press("Send again")
	page.state("PENDING")
	decide(t, g, email, "approve")
	page.do(chromedp.Reload())
	page.state("APPROVED")
	page.until(`[...document.querySelectorAll("dd")].map((d) => d.innerText).join() === "Mori Atelier KK,A company,Japan,0100-01-000001"`)
	page.looksRight("a verification that was approved")
	if eval[bool](page, `!!document.querySelector("main form")`) {
		t.Error("what is approved can be changed")
	}
}

// state waits until a verification stands where it shall.
func (t *tab) state(name string) {
	t.Helper()
	t.until(`document.querySelector('[data-state="` + name + `"]')`)
}

// choose has the page's field for a file hold one.
func (t *tab) choose(test *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(test.TempDir(), name)
	t.ok(os.WriteFile(path, []byte(content), 0o600))
	t.until(`document.querySelector('input[type="file"]')`)
	field, err := chromedp.Call(t.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.querySelector('input[type="file"]')`})
	t.ok(err)
	_, err = chromedp.Call(t.ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{
		Files: []string{path}, ObjectID: field.Result.ObjectID,
	})
	t.ok(err)
}

// decide is the operator's word on what he is shown of a merchant, by his own command.
func decide(t *testing.T, g *rig.Gateway, email, word string, reason ...string) {
	t.Helper()
	if text, exit := g.Command("kyc", "list"); exit != 0 || !strings.Contains(text, email) {
		t.Fatalf("what waits: %d\n%s", exit, text)
	}
	dir := t.TempDir()
	text, exit := g.Command("kyc", "show", email, "--documents", dir)
	mark := regexp.MustCompile(`(?m)^mark +([0-9a-f]+)$`).FindStringSubmatch(text)
	if exit != 0 || mark == nil {
		t.Fatalf("shown: %d\n%s", exit, text)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*-01-identity.pdf"))
	if err != nil || len(files) != 1 {
		t.Fatalf("documents %v, %v", files, err)
	}
	if content, err := os.ReadFile(files[0]); err != nil || string(content) != passport {
		t.Errorf("the document holds %q, %v", content, err)
	}
	said := func(mark string) (string, int) {
		return g.Command(append([]string{"kyc", word, email, mark}, reason...)...)
	}
	if text, exit := said("000000000000"); exit == 0 || !strings.Contains(text, "look at it again") {
		t.Errorf("decided on what nobody saw: %d\n%s", exit, text)
	}
	if text, exit := said(mark[1]); exit != 0 {
		t.Fatalf("%s: %d\n%s", word, exit, text)
	}
}

// past goes past the navigation, as the first stop of every page leads.
func (t *tab) past() {
	t.Helper()
	t.settled()
	eval[bool](t, `(document.getElementById("main").focus(), true)`)
}

// enter goes to a button by keyboard and presses it.
func (t *tab) enter(name string) {
	t.Helper()
	t.until(`[...document.querySelectorAll("button")].some((b) => !b.disabled && b.innerText === ` + quote(name) + `)`)
	t.tabTo(`document.activeElement.tagName === "BUTTON" && document.activeElement.innerText === ` + quote(name))
	t.do(chromedp.KeyEvent(kb.Enter))
}

// The API key is replaced, by keyboard alone: the page says before what stops working, the new one works, the
// old one does not.
func TestTheAPIKeyIsReplaced(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	page.register()
	page.visit("/keys")
	replace := func(shoot bool) string {
		t.Helper()
		page.past()
		page.enter("New API key")
		page.says("every server that has it is refused until it has the new one")
		if shoot {
			page.looksRight("the replacement of the API key")
		}
		page.enter("Replace it now")
		page.until(`document.querySelector("[data-apikey] [data-secret] code")?.textContent.startsWith("ap_test_")`)
		key := eval[string](page, `document.querySelector("[data-apikey] [data-secret] code").textContent`)
		page.press("I have kept it")
		page.until(`!document.querySelector("[data-secret]")`)
		return key
	}
	ask := func(key string) int {
		return g.Call(http.MethodGet, "/v1/payments", nil, "Authorization", "Bearer "+key).Status
	}
	first := replace(true)
	if got := ask(first); got != http.StatusOK {
		t.Errorf("the new key is answered %d", got)
	}
	second := replace(false)
	if got := ask(second); got != http.StatusOK {
		t.Errorf("the new key is answered %d", got)
	}
	if got := ask(first); got != http.StatusUnauthorized {
		t.Errorf("the key that was replaced is answered %d", got)
	}
	page.do(chromedp.Reload())
	page.says("New API key")
	if eval[bool](page, `document.body.innerText.includes(`+quote(second)+`)`) {
		t.Error("the key is shown twice")
	}
}

// Small payments are credited early where a merchant says so, who has read what that means and risks; by
// keyboard alone.
func TestARuleOfFinality(t *testing.T) {
	g := open(t, live)
	page := openTab(t, g)
	page.register()
	page.visit("/settings")
	page.says("every payment waits until its network calls it final")
	page.past()
	page.enter("Add a rule")
	page.tabTo(`document.activeElement.name === "network"`)
	page.do(chromedp.KeyEvent("Ethereum"))
	page.tabTo(`document.activeElement.name === "upTo"`)
	eval[bool](page, `(document.activeElement.select(), true)`)
	page.do(chromedp.KeyEvent("250"))
	page.until(`document.querySelector("[data-means]")?.textContent.includes("On Ethereum, a payment of at most 250 US dollars counts after 3 blocks: about 42 sec instead of 15 min.")`)
	page.until(`document.querySelector("[data-risks]")?.textContent.includes("up to 250 US dollars each time")`)
	page.looksRight("a rule of finality")
	page.enter("Save")
	page.rule("Ethereum · up to 250 US dollars after 3 blocks")

	t.Log("changed")
	page.press("Change")
	page.fill("Blocks", "2")
	page.until(`!document.querySelector("[data-means]") && !document.querySelector('dialog input[name="blocks"]').checkValidity()`)
	page.fill("Blocks", "12")
	page.press("Save")
	page.rule("Ethereum · up to 250 US dollars after 12 blocks")
	page.do(chromedp.Reload())
	page.rule("Ethereum · up to 250 US dollars after 12 blocks")
	page.looksRight("rules of finality")

	t.Log("removed")
	page.press("Remove")
	page.press("Remove") // once more, in the dialog
	page.says("every payment waits until its network calls it final")
}

// rule waits until there is one rule, and it reads so.
func (t *tab) rule(text string) {
	t.Helper()
	t.until(`[...document.querySelectorAll("[data-finality] li p:first-child")].map((p) => p.innerText.trim()).join() === ` + quote(text))
}
