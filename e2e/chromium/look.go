package chromium

import (
	"fmt"
	"os"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Look is a way to look at a page.
type Look struct {
	Name          string
	Width, Height int64
	Phone         bool
	Scheme        string // "light" or "dark"
	Still         bool   // for who wants nothing to move
}

// From has the page looked at in another way.
func (t *Tab) From(l Look) {
	t.t.Helper()
	var options []chromedp.EmulateViewportOption
	if l.Phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	t.Do(chromedp.EmulateViewport(l.Width, l.Height, options...))
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.Scheme}}
	if l.Still {
		features = append(features, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"})
	}
	_, err := chromedp.Call(t.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	t.OK(err)
}

// Picture takes a picture of what is seen, or of the whole page, as PNG.
func (t *Tab) Picture(path string, whole bool) {
	t.t.Helper()
	take := chromedp.CaptureScreenshot()
	if whole {
		take = chromedp.FullScreenshot(100)
	}
	picture, err := chromedp.Run(t.Ctx, take)
	t.OK(err)
	t.OK(os.WriteFile(path, picture, 0o600))
}

// Obeys runs axe-core over the page with every fold open. name is what failures call the page.
func (t *Tab) Obeys(name, rules string) {
	t.t.Helper()
	t.Do(chromedp.Evaluate[chromedp.Void](rules))
	got := Eval[[]string](t, `(async () => {
		for (const d of document.querySelectorAll("details")) d.open = true;
		const found = await axe.run(document, { runOnly: [
			"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice" ] });
		return [String(found.passes.length), ...found.violations.map((v) =>
			v.id + ": " + v.help + " — " + v.nodes.map((n) => n.html.slice(0, 160)).join(" | "))];
	})()`)
	if got[0] == "0" {
		t.t.Errorf("%s: not one rule was looked at", name)
	}
	for _, broken := range got[1:] {
		t.t.Errorf("%s breaks a rule: %s", name, broken)
	}
}

// Fits tells what is wider than a screen, with every fold open. What a selector lets off can be scrolled
// on its own, or is not seen.
func (t *Tab) Fits(name string, width int64, letOff string) {
	t.t.Helper()
	Eval[bool](t, `[...document.querySelectorAll("details")].every((d) => d.open = true)`)
	// A phone widens its window to what overflows, so the width is the screen's, not the window's.
	if wide := Eval[string](t, fmt.Sprintf(`[...document.querySelectorAll("body *")].filter((e) =>
		!e.closest(%q) && e.getClientRects().length &&
		(e.getBoundingClientRect().right > %d + 0.5 || e.getBoundingClientRect().left < -0.5))
		.map((e) => e.outerHTML.slice(0, 160)).join("\n")`, letOff, width)); wide != "" {
		t.t.Errorf("%s is wider than the screen:\n%s", name, wide)
	}
}
