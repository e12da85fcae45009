package dashboard

import (
	"strings"
	"testing"
)

// What a merchant does on an ordinary day.
func TestADaysWork(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	page.register()

	t.Log("a payment is found by its reference, narrowed by its state, and withdrawn")
	id := page.pay("25", "B-7")
	page.visit("/search?q=B-7")
	page.until(`document.querySelector('a[href$="` + id + `"]')`)
	page.visit("/payments?status=SETTLED")
	page.says("No payment fits these filters")
	page.visit("/payments/" + id)
	page.press("Cancel the payment")
	page.press("Cancel the payment") // once more, in the dialog
	page.until(`document.querySelector(".head .badge")?.textContent === "Cancelled"`)

	t.Log("news come without being asked for")
	watching := page.pay("30", "B-8")
	g.Intent(t, watching)
	page.until(`document.querySelector(".head .badge")?.textContent === "Awaiting"`)
	page.play("Pay exactly")
	page.until(`document.querySelector(".head .badge")?.textContent === "Paid"`)
	page.says("Receipt")

	t.Log("a language is chosen and kept")
	page.visit("/settings")
	page.headed("Settings")
	page.fill("Language", "ja")
	page.headed("設定")
	page.visit("/keys")
	page.headed("キー")
	if got := eval[string](page, `document.documentElement.lang`); got != "ja" {
		t.Errorf("the page says it is in %q", got)
	}
	page.until(`document.querySelector("main code")`)
	if got := eval[string](page, `getComputedStyle(document.querySelector("main code")).fontFamily`); !strings.Contains(got, "mono") {
		t.Errorf("what is compared digit by digit is written in %s", got)
	}
}

// An endpoint that fails is shown with what it answered, and takes the event when it is sent again.
func TestAWebhookIsSentAgain(t *testing.T) {
	g, hooks := open(t), openReceiver(t)
	hooks.sour.Store(true)
	page := openTab(t, g)
	page.register()
	page.visit("/webhooks")
	page.press("Add an endpoint")
	page.fill("Address", hooks.URL)
	page.press("Add an endpoint")
	page.press("Send a test event")
	page.until(`document.querySelector('td a[href^="/dashboard/webhooks/"]')`)
	page.do(clickOn(`td a[href^="/dashboard/webhooks/"]`))
	page.says("refused by your server · HTTP 503")
	shows := func(text string) {
		page.until(`[...document.querySelectorAll("details pre")].some((p) => p.textContent.includes("` + text + `"))`)
	}
	shows("Webhook-Signature: v1,")
	shows("the shop is closed")
	shows("Content-Type: text/plain; charset=utf-8")
	hooks.sour.Store(false)
	page.press("Send again")
	page.says("Delivered")
	if hooks.took.Load() != 1 {
		t.Errorf("the server took %d events", hooks.took.Load())
	}
}

// Money that came short waits for a decision, and is closed with a note.
func TestADecision(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	page.register()
	id := page.pay("15", "C-1")
	g.Intent(t, id)
	page.until(`document.querySelector(".head .badge")?.textContent === "Awaiting"`)
	page.play("Too little")
	page.visit("/queue")
	page.press("Decide")
	page.fill("Why", "sent back by hand")
	page.press("Record the decision")
	page.says("Nothing waits for you")
	page.press("Decided")
	page.says("sent back by hand")
}

// A colleague is invited, joins by the link, and sees what his role lets him see.
func TestAColleagueJoins(t *testing.T) {
	g := open(t)
	owner := openTab(t, g)
	owner.register()
	owner.visit("/people")
	owner.press("Invite somebody")
	owner.fill("E-mail", "books@example.com")
	eval[bool](owner, `(document.querySelector('dialog input[value="accountant"]').click(), true)`)
	owner.press("Make the invitation")
	owner.until(`document.querySelector("[data-secret] code")`)
	link := eval[string](owner, `new URL(document.querySelector("[data-secret] code").textContent).pathname`)

	colleague := openTab(t, g)
	colleague.visit(link[len("/dashboard"):])
	colleague.says("Atelier Mori invites you as: Accountant")
	colleague.fill("Password", password)
	colleague.press("Join")
	colleague.headed("Overview")
	colleague.visit("/keys")
	colleague.says("No keys in this mode")
	if eval[bool](colleague, `[...document.querySelectorAll("button")].some((b) => b.textContent.includes("New key"))`) {
		t.Error("an accountant is offered to make a key")
	}
	colleague.visit("/reports")
	colleague.says("No reports are sent yet")
	colleague.press("Have reports sent")
	colleague.press("Save")
	colleague.says("No webhook endpoint listens to report.ready")
	colleague.visit("/verification")
	colleague.says("Only owners see the verification")
	owner.visit("/activity")
	owner.says("books@example.com")
	owner.says("Had reports sent by schedule")
	owner.says("The chain holds")
	owner.visit("/people")
	owner.hears("Saved.", func() {
		owner.until(`(() => {
			const roles = document.querySelector('select[aria-label="Role: books@example.com"]:enabled');
			if (roles) roles.value = "viewer";
			return roles?.dispatchEvent(new Event("change", { bubbles: true }));
		})()`)
	})
	owner.visit("/activity?action=member.role_changed")
	owner.says("role=accountant")

	// Another role ends what was open under the old one.
	colleague.visit("/")
	colleague.headed("Sign in")
	colleague.signIn("books@example.com")
	colleague.headed("Overview")
	colleague.visit("/security")
	colleague.says("This one")
}
