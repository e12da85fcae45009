package dashboard

import (
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The whole way by keyboard: past the language, through the form, and out again.
func TestSignInByKeyboard(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	email := page.register()
	page.press("Sign out")
	page.headed("Sign in")

	page.tabTo(`document.activeElement.name === "email"`)
	page.do(chromedp.KeyEvent(email))
	page.tabTo(`document.activeElement.name === "password"`)
	page.do(chromedp.KeyEvent("not the password at all"))
	page.do(chromedp.KeyEvent(kb.Enter))
	page.until(`document.querySelector("[role=alert]").textContent.includes("E-mail or password is wrong")`)
	eval[bool](page, `(document.activeElement.select(), true)`)
	page.do(chromedp.KeyEvent(password))
	page.do(chromedp.KeyEvent(kb.Enter))
	page.headed("Overview")

	page.do(chromedp.KeyEvent("/"))
	page.until(`document.activeElement.id === "search"`)
	eval[bool](page, `(document.activeElement.blur(), true)`)
	page.do(chromedp.KeyEvent("g"), chromedp.KeyEvent("k"))
	page.headed("Keys")
	page.until(`document.activeElement.id === "main"`)
	page.do(chromedp.KeyEvent("?"))
	page.until(`document.querySelector("dialog[open] h2")?.textContent === "Keyboard shortcuts"`)
	page.do(chromedp.KeyEvent(kb.Escape))
	page.until(`!document.querySelector("dialog")`)

	page.visit("/keys")
	page.headed("Keys")
	page.do(chromedp.KeyEvent(kb.Tab))
	page.until(`document.activeElement.className === "skip"`)
	page.do(chromedp.KeyEvent(kb.Enter))
	page.until(`document.activeElement.id === "main"`)
}

// tabTo presses Tab until a condition about the focus holds, and shows that the focus can be seen.
func (t *tab) tabTo(condition string) {
	t.Helper()
	for range 40 {
		t.do(chromedp.KeyEvent(kb.Tab))
		if !eval[bool](t, condition) {
			continue
		}
		if eval[string](t, `getComputedStyle(document.activeElement).outlineStyle`) == "none" {
			t.Errorf("the focus cannot be seen: %s", condition)
		}
		return
	}
	t.Fatalf("Tab does not lead to %s", condition)
}

// A second factor is set up, asked for, and replaced by a recovery code where the device is lost.
func TestAnAuthenticatorAppAndRecoveryCodes(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	email := page.register()
	page.visit("/security")
	page.press("Set up the app")
	page.until(`document.querySelector("dialog[open] .copyable code")`)
	secret := eval[string](page, `document.querySelector("dialog[open] .copyable code").textContent`)
	page.fill("Six digits", code(t, secret, 0))
	page.press("Confirm")
	page.until(`document.querySelector("[data-codes]")`)
	recovery := eval[string](page, `document.querySelector("[data-codes]").textContent.split("\n")[0]`)

	page.press("Sign out")
	page.headed("Sign in")
	page.signIn(email)
	page.headed("One more step")
	page.fill("Six digits", code(t, secret, 1)) // a step counts once
	page.press("Sign in")
	page.headed("Overview")

	page.press("Sign out")
	page.headed("Sign in")
	page.signIn(email)
	page.press("Use a recovery code")
	page.fill("Recovery code", recovery)
	page.press("Sign in")
	page.headed("Overview")
}

// A passkey is both factors: no password is typed.
func TestAPasskey(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	_, err := chromedp.Call(page.ctx, webauthn.Enable, webauthn.EnableParams{})
	page.ok(err)
	_, err = chromedp.Call(page.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})
	page.ok(err)
	page.register()
	page.visit("/security")
	page.press("Add a passkey")
	page.fill("Name", "office laptop")
	page.press("Add a passkey")
	page.says("office laptop")
	page.press("Sign out")
	page.headed("Sign in")
	page.press("Use a passkey")
	page.headed("Overview")
}
