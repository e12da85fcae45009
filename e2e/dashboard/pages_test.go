package dashboard

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/101pay/101pay/e2e/chromium"
	"github.com/101pay/101pay/e2e/rig"
)

// firstLoadLimit is how many bytes, compressed, a browser may load before the overview stands there.
const firstLoadLimit = 150_000

// look is a way to look at a page.
type look struct {
	name          string
	width, height int64
	phone         bool
	scheme        string
}

var looks = []look{
	{"desk", 1280, 900, false, "light"}, {"night", 1280, 900, false, "dark"}, {"phone", 390, 844, true, "light"},
}

// Every page with something on it: the rules of axe-core in both schemes, and nothing wider than a phone.
func TestEveryPage(t *testing.T) {
	rules := chromium.Rules(t)
	g := open(t)
	page := openTab(t, g)
	page.visit("/sign-in")
	page.headed("Sign in")
	page.shoot("desk", "/sign-in", "")
	page.obeys("sign-in", rules)
	page.register()
	page.obeys("first run", rules)
	payment, event := page.trade(t, g)

	pages := []struct{ path, heading string }{
		{"", "Overview"},
		{"/payments", "Payments"},
		{"/payments/" + payment, "49.00 USDT"},
		{"/search?q=A-1042", "Search"},
		{"/queue", "To decide"},
		{"/reports", "Reports"},
		{"/book", "The book"},
		{"/programs", "Programs (x402)"},
		{"/start", "Get started"},
		{"/keys", "Keys"},
		{"/webhooks", "Webhooks"},
		{"/webhooks/" + event, ""},
		{"/receiving", "Receiving"},
		{"/rails", "Networks"},
		{"/people", "Team"},
		{"/activity", "Audit log"},
		{"/security", "Security"},
		{"/settings", "Settings"},
		{"/verification", "Verification"},
		{"/payments/00000000-0000-4000-8000-000000000000", "There is no such payment"},
		{"/webhooks/evt_00000000-0000-4000-8000-000000000000", "There is no such event"},
		{"/no/such/page", "There is no such page"},
	}
	for _, l := range looks {
		page.look(l.width, l.height, l.phone, l.scheme)
		for _, p := range pages {
			name := l.name + " " + p.path
			page.visit(p.path)
			if p.heading != "" {
				page.headed(p.heading)
			}
			page.settled()
			page.fits(name, l.width)
			if !l.phone {
				page.obeys(name, rules)
			}
			page.shoot(l.name, p.path, payment)
		}
	}
}

// shoot takes the pictures of the documents, if they are asked for.
func (t *tab) shoot(look, path, payment string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	eval[bool](t, `[...document.querySelectorAll("details")].map((d) => d.open = false).length >= 0`)
	name := strings.Trim(strings.ReplaceAll(path, "/", "-"), "-")
	t.picture(filepath.Join(dir, look+"-"+name+".png"))
	switch {
	case look == "desk" && path == "":
		t.picture(filepath.Join(dir, "dashboard-overview.png"))
	case look == "desk" && path == "/payments/"+payment:
		t.picture(filepath.Join(dir, "dashboard-payment.png"))
	}
}

// settled waits until nothing on the page is being loaded any more.
func (t *tab) settled() {
	t.Helper()
	t.until(`document.querySelector("h1") && !document.querySelector(".waiting")`)
}

// trade has payments made, paid and told of, so that pages have something to show. It answers a payment
// and an event about it.
func (t *tab) trade(test *testing.T, g *rig.Gateway) (payment, event string) {
	t.Helper()
	hooks := openReceiver(test)
	t.visit("/webhooks")
	t.press("Add an endpoint")
	t.fill("Address", hooks.URL)
	t.press("Add an endpoint")
	t.press("I have kept it")
	t.visit("/keys")
	t.press("New key")
	t.fill("Name", "shop server")
	t.press("Make the key")
	t.press("I have kept it")
	for i, scenario := range []string{"exact", "short", ""} {
		id := t.pay([]string{"49", "15", "1280.50"}[i], fmt.Sprintf("A-104%d", 2+i))
		if i == 0 {
			payment = id
		}
		if scenario != "" {
			g.Intent(test, id)
			t.do(chromedp.Reload())
			t.play(map[string]string{"exact": "Pay exactly", "short": "Too little"}[scenario])
		}
		if scenario == "exact" {
			t.until(`document.querySelector(".head .badge")?.textContent === "Paid"`)
		}
	}
	t.visit("/payments/" + payment)
	t.until(`document.querySelector('a[href^="/dashboard/webhooks/"]')`)
	event = eval[string](t, `document.querySelector('a[href^="/dashboard/webhooks/"]').href.split("/").pop()`)
	t.visit("/reports")
	t.press("Have reports sent")
	t.press("Save")
	t.press("Send now")
	t.until(`document.querySelector('td a[href^="/dashboard/webhooks/"] .badge.good')`)
	t.visit("/queue")
	t.until(`[...document.querySelectorAll("td button")].some((b) => b.textContent === "Decide")`)
	return payment, event
}

// pay makes a payment by hand and answers its id.
func (t *tab) pay(amount, reference string) string {
	t.Helper()
	t.visit("/payments")
	t.press("New payment")
	t.fill("Amount", amount)
	t.fill("For", "Pro plan, one year")
	t.fill("Your reference", reference)
	t.press("Create payment")
	t.until(`/\/payments\/[^/]+$/.test(location.pathname)`)
	return eval[string](t, `location.pathname.split("/").pop()`)
}

// play plays a scenario, and waits until it is.
func (t *tab) play(name string) {
	t.Helper()
	t.hears("Played.", func() { t.press(name) })
}

func (t *tab) obeys(name, rules string) {
	t.Helper()
	t.Obeys(name, rules)
}

// looksRight holds what the page shows now, a dialog included, against the rules in each way to look at it.
func (t *tab) looksRight(name string) {
	t.Helper()
	rules := chromium.Rules(t.T)
	for _, l := range looks {
		t.look(l.width, l.height, l.phone, l.scheme)
		t.fits(l.name+" "+name, l.width)
		if !l.phone {
			t.obeys(l.name+" "+name, rules)
		}
		t.shoot(l.name, strings.ReplaceAll(name, " ", "-"), "")
	}
	t.look(looks[0].width, looks[0].height, looks[0].phone, looks[0].scheme)
}

// fits tells what is wider than the screen and cannot be scrolled on its own.
func (t *tab) fits(name string, width int64) {
	t.Helper()
	t.Fits(name, width, ".unseen,.skip,svg,.scroll,.wide,thead")
}

// A browser that was never here loads little before it shows the overview; the page is never kept, and
// what it is made of for ever.
func TestTheFirstLoadIsSmall(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	page.register()
	second := openTab(t, g)
	second.visit("/sign-in")
	second.headed("Sign in")
	page.visit("")
	page.headed("Overview")
	page.settled()
	for name, at := range map[string]*tab{"the overview": page, "signing in": second} {
		size := eval[int](at, `(async () => {
			const seen = performance.getEntriesByType("resource").filter((e) => e.name.includes("/dashboard/assets/"));
			const sizes = await Promise.all(seen.map((e) => e.encodedBodySize));
			return performance.getEntriesByType("navigation")[0].encodedBodySize + sizes.reduce((a, b) => a + b, 0);
		})()`)
		if size == 0 || size > firstLoadLimit {
			t.Errorf("%s loads %d bytes, at most %d are allowed", name, size, firstLoadLimit)
		}
		t.Logf("%s loads %d bytes", name, size)
	}
	for path, want := range map[string]int{
		"/dashboard": http.StatusOK, "/dashboard/payments/x": http.StatusOK,
		"/dashboard/assets/index-gone.js": http.StatusNotFound, "/dashboards": http.StatusNotFound,
	} {
		g.Call(http.MethodGet, path, nil).Want(t, want)
	}
	g.Call(http.MethodPost, "/dashboard/payments", "{}").Want(t, http.StatusNotFound)
}
