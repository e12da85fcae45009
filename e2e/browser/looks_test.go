package browser

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/e2e/chromium"
)

// looks are where pages are looked at from. Rules about markup do not depend on the width, those
// about colours do on the scheme.
var looks = []struct {
	name          string
	width, height int64
	phone         bool
	scheme        string
	languages     string
	rules         bool
}{
	{"phone", 390, 844, true, "light", "en ja zh", true},
	{"desk", 1280, 800, false, "light", "en", true},
	{"narrow", 320, 640, true, "light", "en ja", false}, // WCAG 1.4.10: 400 % of 1280
	{"phone-dark", 390, 844, true, "dark", "en", true},
	{"desk-dark", 1280, 800, false, "dark", "en", false},
}

// Every state of the page, at every size, in every language and both schemes: the rules of axe-core
// hold, nothing is wider than the screen, everything to press is large enough, and a picture is left
// behind for people to look at.
func TestEveryStateLooksRight(t *testing.T) {
	rules := chromium.Rules(t)
	pictures := cmp.Or(os.Getenv("SCREENSHOTS"), filepath.Join(os.TempDir(), "101pay-screenshots"))
	if err := os.MkdirAll(pictures, 0o750); err != nil {
		t.Fatal(err)
	}
	t.Logf("pictures are in %s", pictures)
	s := openStage(t)
	scenes := s.scenes()
	for _, look := range looks {
		page := s.openTab()
		page.expect("Failed to load resource") // what a page about a failure is
		page.window.From(chromium.Look{Width: look.width, Height: look.height, Phone: look.phone, Scheme: look.scheme})
		for _, scene := range scenes {
			for language := range strings.FieldsSeq(look.languages) {
				name := fmt.Sprintf("%s-%s-%s", scene.name, look.name, language)
				page.visit("/" + language + "/checkout/" + scene.path)
				if got := eval[string](page, `document.documentElement.className + document.body.className`); !strings.Contains(got, "is-"+scene.is) {
					t.Fatalf("%s shows %s", name, got)
				}
				eval[bool](page, `document.fonts.ready.then(() => true)`)
				page.window.Picture(filepath.Join(pictures, name+".png"), look.phone)
				if look.rules {
					page.window.Obeys(name, rules)
				}
				page.fits(name, look.width)
			}
		}
		chromedp.Cancel(page.ctx)
	}
}

// fits tells what is wider than the screen, and what is too small for a thumb (WCAG 2.5.5: 44 px;
// links within sentences are let off, as the rule does).
func (t *tab) fits(name string, width int64) {
	t.Helper()
	t.window.Fits(name, width, ".unseen,.skip,svg")
	if small := eval[string](t, `[...document.querySelectorAll("a:not(p:not(.actions) a),button,summary,input")].filter((e) =>
		!e.closest(".skip") && e.getClientRects().length &&
		(e.getBoundingClientRect().height < 44 || e.getBoundingClientRect().width < 44))
		.map((e) => e.outerHTML.slice(0, 100)).join("\n")`); small != "" {
		t.Errorf("%s has what is too small to press:\n%s", name, small)
	}
}

// scene is a state of the page: what follows /en/checkout/ and the class its body has.
type scene struct{ name, path, is string }

// scenes plays a payment into each state a payer can find. Later ones take place at a later time,
// so those that must not have run out come last.
func (s *stage) scenes() []scene {
	s.Helper()
	chosen := func(m merchant.Mode) checkout.SessionID {
		id := s.session(m, "Pro plan, one year")
		s.choose(id)
		return id
	}
	played := func(scenario app.Scenario) checkout.SessionID {
		id := chosen(merchant.Test)
		s.hands.move(time.Second)
		s.play(id, scenario)
		return id
	}
	lapsed, expired := chosen(merchant.Live), s.session(merchant.Live, "Never chosen")
	cancelled := chosen(merchant.Live)
	_, err := s.page.Checkout.Cancel(s.Context(), merchant.Principal{
		Merchant: s.shop.ID(), Project: s.shop.Project.ID, Mode: merchant.Live,
	}, cancelled)
	s.ok(err)
	withdrawn := chosen(merchant.Test)
	_, err = s.page.Checkout.Cancel(s.Context(), merchant.Principal{
		Merchant: s.shop.ID(), Project: s.shop.Project.ID, Mode: merchant.Test,
	}, withdrawn)
	s.ok(err)
	s.play(withdrawn, app.ScenarioExact)
	s.pass(31 * time.Minute)
	s.ok(s.page.Settlement.Expire(s.Context()))

	paid, twice, late := played(app.ScenarioExact), played(app.ScenarioDuplicate), played(app.ScenarioLate)
	undone := played(app.ScenarioExact)
	s.pass(10 * time.Second)
	s.play(undone, app.ScenarioReorg)
	s.pass(10 * time.Second)
	short, fake := played(app.ScenarioShort), played(app.ScenarioWrongToken)
	s.pass(10 * time.Second)
	open, asked := s.session(merchant.Live, "Pro plan, one year"), chosen(merchant.Live)
	openTest, askedTest := s.session(merchant.Test, "Pro plan, one year"), chosen(merchant.Test)
	seen := played(app.ScenarioExact)
	s.pass(time.Second)

	tx := strings.Repeat("9c1e5b7a40d2f868", 4)
	return []scene{
		{"open", string(open), "choose"},
		{"open-test", string(openTest), "choose"},
		{"awaiting", string(asked), "await"},
		{"awaiting-test", string(askedTest), "await"},
		{"awaiting-short", string(short) + "?played=short", "await"},
		{"awaiting-fake", string(fake), "await"},
		{"awaiting-reversed", string(undone), "await"},
		{"claim-unknown", string(asked) + "?tx=" + tx + "&found=unknown", "await"},
		{"claim-short", string(asked) + "?tx=" + tx + "&found=short&units=49003400", "await"},
		{"processing", string(seen), "confirm"},
		{"paid", string(paid), "paid"},
		{"paid-late", string(late), "paid"},
		{"paid-twice", string(twice), "paid"},
		{"expired", string(lapsed), "expired"},
		{"expired-unchosen", string(expired), "expired"},
		{"cancelled", string(cancelled), "cancelled"},
		{"cancelled-held", string(withdrawn), "cancelled"},
		{"not-found", "00000000-0000-4000-8000-000000000000", "failure"},
	}
}
