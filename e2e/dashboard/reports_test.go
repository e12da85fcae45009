package dashboard

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/101pay/101pay/e2e/rig"
)

// A report leaves the gateway as a sheet, as data and on paper, and says the same in each.
func TestAReportIsTakenAway(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	page.register()
	id := page.pay("49", "D-1")
	g.Intent(t, id)
	page.until(`document.querySelector(".head .badge")?.textContent === "Awaiting"`)
	page.play("Pay exactly")
	page.until(`document.querySelector(".head .badge")?.textContent === "Paid"`)

	page.visit("/reports")
	page.until(`document.querySelector("td .nowrap, td.nowrap")`)
	net := eval[string](page, `document.querySelector('td[data-label="Net"]').innerText.trim()`)
	days := eval[[]string](page, `[...document.querySelectorAll('input[type="date"]')].map((f) => f.value)`)
	name := "report-" + days[0] + "-" + days[1] + "-test"
	amount, currency, _ := strings.Cut(net, " ")
	if currency != "USDT" || !strings.HasPrefix(amount, "49.") {
		t.Fatalf("the page says that %q came in", net)
	}
	kept := page.downloads(t)

	page.press("CSV")
	records, err := csv.NewReader(strings.NewReader(kept(name + ".csv"))).ReadAll()
	if err != nil || len(records) != 2 {
		t.Fatalf("%v: %v", err, records)
	}
	row := map[string]string{}
	for i, column := range records[0] {
		row[column] = records[1][i]
	}
	if row["network"] != "sandbox" || row["currency"] != "USDT" || row["entries"] != "1" || row["net"] != row["received"] ||
		!sameAmount(row["net"], amount) {
		t.Errorf("the sheet has %v, the page %s", row, net)
	}

	page.press("JSON")
	var report struct {
		From, To, Mode string
		Lines          []struct{ Network, Currency, Net string }
	}
	if err := json.Unmarshal([]byte(kept(name+".json")), &report); err != nil {
		t.Fatal(err)
	}
	if report.From != days[0] || report.To != days[1] || report.Mode != "test" || len(report.Lines) != 1 ||
		report.Lines[0].Net != row["net"] || report.Lines[0].Network != "sandbox" {
		t.Errorf("the data says %+v", report)
	}

	print := eval[string](page, `[...document.querySelectorAll("a")].find((a) => a.innerText === "Print").pathname +
		[...document.querySelectorAll("a")].find((a) => a.innerText === "Print").search`)
	page.do(chromedp.Navigate(g.URL + print))
	page.headed("Report " + days[0] + " to " + days[1])
	page.says(row["net"])
	page.looksRight("a report on paper")
}

// sameAmount compares amounts whatever zeros they end with.
func sameAmount(a, b string) bool {
	return strings.TrimRight(a, "0") == strings.TrimRight(b, "0")
}

// downloads has the browser keep what it downloads. The answer waits for a file and reads it.
func (t *tab) downloads(test *testing.T) func(name string) string {
	t.Helper()
	dir := test.TempDir()
	_, err := chromedp.CallBrowser(t.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir,
		BrowserContextID: chromedp.FromContext(t.ctx).BrowserContextID,
	})
	t.ok(err)
	return func(name string) string {
		t.Helper()
		var content []byte
		rig.Eventually(test, patience, name+" is downloaded", func() bool {
			content, err = os.ReadFile(filepath.Join(dir, name))
			return err == nil && len(content) > 0
		})
		return string(content)
	}
}
