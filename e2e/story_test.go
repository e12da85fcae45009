package e2e

import (
	"encoding/csv"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

// settleLimit is longer than anything takes on a busy machine, and shorter than a minute: some gateways look
// again only then, and are not to be waited for.
const settleLimit = 45 * time.Second

func isPaid(g *rig.Gateway, session string) func() bool {
	return func() bool { return g.Status(session) == "paid" }
}

// The main job in test mode: a merchant signs up, asks for money, is paid, hears of it, and reads it
// in his statement.
func TestAMerchantIsPaid(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	hooks := openReceiver(t)
	hooks.register(t, m)

	payment := m.Pay(t, "9.99")
	g.Intent(t, payment)
	g.Call(http.MethodPost, "/v1/checkout/sessions/"+payment+"/sandbox", map[string]string{"scenario": "exact"}).
		Want(t, http.StatusAccepted)
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, payment))
	hooks.wants(t, "payment.created", "payment.detected", "payment.paid")

	session := g.Call(http.MethodGet, "/v1/checkout/sessions/"+payment, nil).Want(t, http.StatusOK)
	no := session.At("session.receipt.orderNo")
	line := m.Call(http.MethodGet, "/v1/transactions/"+no+"?mode=test", nil).Want(t, http.StatusOK)
	if !strings.Contains(string(line.Body), payment) {
		t.Errorf("the statement's line does not name the payment: %s", line.Body)
	}
	period := "from=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339) +
		"&to=" + time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	sheet := m.Call(http.MethodGet, "/v1/transactions/statement?format=csv&mode=test&"+period, nil).Want(t, http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(string(sheet.Body))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Errorf("the statement as CSV has %d rows (%v):\n%s", len(rows), err, sheet.Body)
	}
	list := g.Call(http.MethodGet, "/v1/payments", nil, "Authorization", "Bearer "+m.APIKey).Want(t, http.StatusOK)
	if !strings.Contains(string(list.Body), no) {
		t.Errorf("the payment is not in the history: %s", list.Body)
	}
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}

// A test payment survives a crash of the gateway in the middle.
func TestATestPaymentSurvivesACrash(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	hooks := openReceiver(t)
	hooks.register(t, m)
	payment := m.Pay(t, "5.00")
	g.Intent(t, payment)
	g.Call(http.MethodPost, "/v1/checkout/sessions/"+payment+"/sandbox", map[string]string{"scenario": "exact"}).
		Want(t, http.StatusAccepted)
	g.Kill()
	g.Run()
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, payment))
	hooks.wants(t, "payment.paid")
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}

// The flow of the source document: session, intent, confirm.
func TestCheckoutSessionByTheBook(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	opened := m.Call(http.MethodPost, "/v1/checkout/sessions", map[string]string{
		"amount": "1500", "currency": "JPY", "description": "Pro plan",
	}).Want(t, http.StatusCreated)
	id := opened.At("session.id")
	if opened.At("session.status") != "open" || opened.At("url") != g.URL+"/checkout/"+id {
		t.Fatalf("opened %s", opened.Body)
	}
	intent := g.Intent(t, id)
	path := "/v1/checkout/sessions/" + id + "/pay/confirm"
	settled := g.Call(http.MethodPost, path, map[string]string{"paymentId": intent}).Want(t, http.StatusOK)
	if settled.At("payment.status") != "settled" || settled.At("session.status") != "paid" {
		t.Errorf("confirmed %s", settled.Body)
	}
	again := g.Call(http.MethodPost, path, map[string]string{"paymentId": intent}).Want(t, http.StatusOK)
	if string(again.Body) != string(settled.Body) {
		t.Errorf("confirmed again differently:\n%s\n%s", settled.Body, again.Body)
	}
}

// One bad endpoint delays no other, and what it missed can be had again.
func TestABadEndpointDelaysNobodyAndCanCatchUp(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	good, bad := openReceiver(t), openReceiver(t)
	good.register(t, m)
	endpoint := bad.register(t, m)
	bad.answerWith(http.StatusInternalServerError)
	payment := m.Pay(t, "5.00")
	good.wants(t, "payment.created")
	if got := bad.types(); len(got) != 0 {
		t.Fatalf("the bad endpoint took %v", got)
	}
	events := m.Call(http.MethodGet, "/v1/events?mode=test&paymentId="+payment, nil).Want(t, http.StatusOK)
	id := between(string(events.Body), `"id":"evt_`, `"`)
	bad.answerWith(http.StatusOK)
	m.Call(http.MethodPost, "/v1/events/evt_"+id+"/replay", map[string]string{"endpointId": endpoint}).
		Want(t, http.StatusAccepted)
	bad.wants(t, "payment.created")
}

func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

// A gateway without a database brings its own, keeps its data over a restart, and leaves kindly.
func TestThePrivateDatabaseSurvivesARestart(t *testing.T) {
	dir := rig.DataDir(t)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	g := rig.Start(t, map[string]string{"DATABASE_URL": "", "DATA_DIR": dir})
	m := g.Register(t)
	payment := m.Pay(t, "5.00")
	if err := g.Stop(); err != nil {
		t.Fatalf("it left with %v:\n%s", err, g.Log())
	}
	g.Run()
	if got := g.Status(payment); got != "open" {
		t.Errorf("after the restart the payment is %q", got)
	}
	if text, code := g.Command("doctor"); code != 0 {
		t.Errorf("doctor answers %d:\n%s", code, text)
	}
	if text, code := g.Command("config"); code != 0 || !strings.Contains(text, "LISTEN_ADDR=") {
		t.Errorf("config answers %d:\n%s", code, text)
	}
}

// What a newcomer does first.
func TestQuickstartAndSandboxCommands(t *testing.T) {
	g := rig.Start(t, nil)
	text, code := g.Command("quickstart")
	if code != 0 {
		t.Fatalf("quickstart answers %d:\n%s", code, text)
	}
	id := between(text, "/en/checkout/", "\n")
	if text, code := g.Command("sandbox", id, "exact"); code != 0 {
		t.Fatalf("sandbox answers %d:\n%s", code, text)
	}
	rig.Eventually(t, settleLimit, "the first payment is paid", isPaid(g, id))
	page := g.Call(http.MethodGet, "/en/checkout/"+id, nil).Want(t, http.StatusOK)
	if !strings.Contains(string(page.Body), "Demo shop") {
		t.Error("the page does not say whom the payer pays")
	}
}
