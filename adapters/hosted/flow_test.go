package hosted

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports/portstest"
)

// The main job by forms alone: no script, no cookie, nothing but what the page says.
func TestAPayerPaysWithoutScript(t *testing.T) {
	s := openStage(t)
	path := s.open()
	s.get(path).has(200, "Pay with USDT", `action="`+path+`/method"`, "Test payment")
	before := s.session(path)
	s.get(path)
	if after := s.session(path); after.Version != before.Version || after.Intent != nil {
		t.Fatal("looking at the page changed the session")
	}

	page := s.post(path+"/method", "method", "usdt").has(200, "Exactly this amount", "To this address")
	i := s.session(path).Intent
	amount := i.Payable()
	page.has(200, "<noscript><meta http-equiv=\"refresh\"", string(i.Address[:4]), string(i.Address[30:]))
	if shown := figure(t, page.body, "amount"); shown != amount {
		t.Errorf("the page says %s, the intent %s", shown, amount)
	}
	if shown := figure(t, page.body, "address"); shown != string(i.Address) {
		t.Errorf("the page says %s, the intent %s", shown, i.Address)
	}
	again := s.post(path+"/method", "method", "usdt")
	if figure(t, again.body, "amount") != amount {
		t.Error("choosing again changed the amount")
	}

	s.post(path+"/sandbox", "scenario", "exact").has(200, "Played: pay exactly")
	s.pass(time.Second)
	s.get(path).has(200, "Your payment has been seen", "of 4 confirmations", `http-equiv="refresh"`).
		lacks("Exactly this amount")
	s.pass(5 * time.Second)
	receipt := s.session(path).Receipt
	s.get(path).has(200, "<h1>Paid</h1>", amount+" USDT", string(receipt.TxID), receipt.OrderNo).
		lacks(`http-equiv="refresh"`)
}

// session is what a page is about.
func (s *stage) session(path string) checkout.Snapshot {
	s.Helper()
	got, err := s.page.Checkout.Get(s.Context(), checkout.SessionID(path[strings.LastIndexByte(path, '/')+1:]))
	s.ok(err)
	return got
}

// figure is what a reader selects and copies: the text of an element, tags taken away.
func figure(t *testing.T, page, id string) string {
	t.Helper()
	m := regexp.MustCompile(` id="` + id + `"[^>]*>((?:[^<]|</?b>)*)<`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("nothing is called %s in %s", id, page)
	}
	return regexp.MustCompile(`</?b>`).ReplaceAllString(m[1], "")
}

func TestEachScenarioIsToldToThePayer(t *testing.T) {
	for scenario, want := range map[app.Scenario]string{
		app.ScenarioShort:      "Exactly this amount",
		app.ScenarioOver:       "Exactly this amount",
		app.ScenarioSplit:      "Exactly this amount",
		app.ScenarioWrongToken: "Exactly this amount",
		app.ScenarioDuplicate:  "A second payment has arrived",
		app.ScenarioLate:       "It arrived after the deadline, and the shop accepts it.",
	} {
		t.Run(string(scenario), func(t *testing.T) {
			s := openStage(t)
			path := s.open()
			s.post(path+"/method", "method", "usdt")
			s.pass(time.Second)
			s.post(path+"/sandbox", "scenario", string(scenario)).has(200, `id="played"`)
			s.pass(10 * time.Second)
			s.get(path).has(200, want)
		})
	}
}

func TestAReorganisationIsTold(t *testing.T) {
	s := openStage(t)
	path := s.open()
	s.post(path+"/method", "method", "usdt")
	s.send(http.MethodPost, path+"/sandbox", "scenario=reorg").has(http.StatusConflict, "This payment has moved on")
	s.post(path+"/sandbox", "scenario", "exact")
	s.pass(6 * time.Second)
	s.post(path+"/sandbox", "scenario", "reorg").has(200, "Played: undo the block")
	s.pass(6 * time.Second)
	s.get(path).has(200, "The network took a payment back", "Exactly this amount")
}

// "I paid, here is my transaction": the answer to each kind of transaction.
func TestAPayerAsksAboutATransaction(t *testing.T) {
	s := openStage(t)
	path := s.open()
	ask := func(text string) reply { return s.post(path+"/transaction", "transaction", text) }
	s.send(http.MethodPost, path+"/transaction", "transaction="+strings.Repeat("a", 64)).
		has(http.StatusConflict, "This payment has moved on") // nothing was asked for yet
	s.post(path+"/method", "method", "usdt")

	ask("withdrawal <20993847>").has(http.StatusBadRequest, `aria-invalid="true"`,
		`value="withdrawal &lt;20993847&gt;"`, "This is not a transaction ID").lacks(`http-equiv="refresh"`)
	ask(strings.Repeat("a", 64)).has(200, "This transaction has not been found yet", `value="`+strings.Repeat("a", 64))

	i := s.session(path).Intent
	s.post(path+"/sandbox", "scenario", "short")
	short := s.newest(path)
	s.pass(10 * time.Second)
	ask("https://explorer.example/#/transaction/"+short+"?lang=en").
		has(200, "Too little has arrived", short, i.Payable())

	s.post(path+"/sandbox", "scenario", "exact")
	exact := s.newest(path)
	s.hands.move(time.Second)
	ask("0x"+strings.ToUpper(exact)).has(200, "Thank you. Your transaction is being followed")
	s.tick()
	s.get(path+"?tx="+exact+"&found=processing").has(200, "Your transaction has been found")
	s.pass(5 * time.Second)
	ask(exact).has(200, "This transaction paid", "<h1>Paid</h1>")

	other := s.open()
	s.post(other+"/method", "method", "usdt")
	s.post(other+"/transaction", "transaction", exact).has(200, "This transaction paid for something else")
}

// newest is the id of the transaction that was put on the sandbox chain last; a real payer reads it
// in his wallet.
func (s *stage) newest(path string) string {
	s.Helper()
	found, err := s.store.Mined(s.Context(), portstest.Epoch.Add(-time.Hour), s.hands.Now().Add(time.Hour),
		[]chain.Address{s.session(path).Intent.Address})
	s.ok(err)
	if len(found) == 0 {
		s.Fatal("nothing was sent")
	}
	last := found[0]
	for _, t := range found {
		if t.MinedAt.After(last.MinedAt) {
			last = t
		}
	}
	return string(last.TxID)
}

// Prove records what the watcher missed: asking is enough, no page need be open.
func TestAskingFindsWhatTheWatcherMissed(t *testing.T) {
	s := openStage(t)
	path := s.open()
	s.post(path+"/method", "method", "usdt")
	s.post(path+"/sandbox", "scenario", "exact")
	s.hands.move(10 * time.Second) // nobody watches
	s.post(path+"/transaction", "transaction", s.newest(path)).
		has(200, "This transaction paid", "<h1>Paid</h1>")
}

// Anybody can write a link. None makes the page say that money arrived.
func TestAQueryCannotClaimAPayment(t *testing.T) {
	s := openStage(t)
	path := s.open()
	s.post(path+"/method", "method", "usdt")
	tx := strings.Repeat("ab", 32)
	plain := s.get(path).body
	for _, found := range []string{"paid", "processing", "held", "duplicate"} {
		s.get(path+"?tx="+tx+"&found="+found).has(200, "Exactly this amount").
			lacks("This transaction paid", "has been found", "already paid", "Your payment has been seen")
	}
	for _, query := range []string{
		"?tx=" + tx, "?tx=" + tx + "&found=settled", "?tx=x&found=short&units=1", "?found=unknown",
		"?tx=" + tx + "&found=short&units=-1", "?tx=" + tx + "&found=short&units=999999999999",
		"?tx=" + tx + "&found=over&units=1", "?tx=" + tx + "&found=short&units=<b>",
		"?tx=" + tx + "&found=short&units=" + strings.Repeat("9", 200), "?played=paid",
	} {
		if s.get(path+query).body != plain {
			t.Errorf("%s changed the page", query)
		}
	}
}

func TestTheEndOfTheTime(t *testing.T) {
	s := openStage(t)
	path, unchosen := s.open(), s.open()
	s.post(path+"/method", "method", "usdt")
	s.hands.move(31 * time.Minute) // the watcher has not come as far yet
	s.get(path).has(200, "The time to pay is over", "Please send nothing now", `action="`+path+`/transaction"`).
		lacks("Exactly this amount", `id="copy-amount"`)
	s.post(unchosen+"/method", "method", "usdt").has(200, "The time to pay is over").lacks("Here is my transaction")
	s.tick()
	s.ok(s.page.Settlement.Expire(t.Context()))
	if got := s.session(path).Status; got != checkout.Expired {
		t.Fatal(got)
	}
	s.get(path).has(200, "The time to pay is over")
}

func TestMethodsThatCannotBeChosen(t *testing.T) {
	s := openStage(t)
	path := s.open()
	form := func(body string, header ...string) reply {
		return s.send(http.MethodPost, path+"/method", body, header...)
	}
	form("method=btc").has(http.StatusBadRequest, "The shop cannot take this payment", "Back to the payment")
	form("method=usdt&method=usdt").has(http.StatusBadRequest, "This did not work")
	form("").has(http.StatusBadRequest)
	form("method=%ff").has(http.StatusBadRequest)
	form(`{"method":"usdt"}`, "Content-Type", "application/json").has(http.StatusUnsupportedMediaType)
	s.hands.move(5 * time.Minute) // nobody reads the chain
	form("method=usdt").has(http.StatusServiceUnavailable, "The network cannot be read right now")
	s.get(path).has(200, "Not available right now", " disabled")
	if s.session(path).Intent != nil {
		t.Error("an intent was issued")
	}
	s.tick()
	for range 9 {
		form("method=btc")
	}
	form("method=usdt").has(http.StatusTooManyRequests, "Too many tries")
}

// Test mode's buttons do not exist where money is real.
func TestLivePaymentsCannotBePlayed(t *testing.T) {
	s := openStage(t)
	path := s.openLive()
	s.get(path).has(200, "This shop cannot be paid at the moment").lacks("/sandbox", "Test payment")
	s.send(http.MethodPost, path+"/sandbox", "scenario=exact").has(http.StatusNotFound)
	s.send(http.MethodPost, s.open()+"/sandbox", "scenario=nonsense").has(http.StatusBadRequest)
}

func TestTransactionIDsAreFoundInWhatPeoplePaste(t *testing.T) {
	id := strings.Repeat("0aB", 21) + "f"
	want := chain.TxID(strings.ToLower(id))
	for text, ok := range map[string]bool{
		id: true, "0x" + id: true, "  " + id + "\n": true, id + " " + id: true,
		"https://tronscan.example/#/transaction/" + id + "?a=b": true,
		"": false, "0x": false, id[1:]: false, id + "0": false, id + "g": true,
		id + " " + strings.Repeat("1", 64): false, strings.Repeat("a ", 40_000): false,
	} {
		got, found := readTxID(text)
		if found != ok || ok && got != want {
			t.Errorf("%.80q: %s %v", text, got, found)
		}
	}
}

func TestWhatIsNoSession(t *testing.T) {
	s := openStage(t)
	known := s.open()
	for _, path := range []string{
		"/checkout/", "/checkout/x", "/en/checkout/" + portstest.UUID(), strings.ToUpper(known),
		"/ja/checkout/" + strings.Repeat("a", 5000), known + "/none", known + "%20",
	} {
		if got := s.get(path); got.status != http.StatusNotFound {
			t.Errorf("%.60s: %d", path, got.status)
		}
	}
	s.get("/checkout/"+portstest.UUID(), "Accept-Language", "ja").
		has(404, `<html lang="ja">`, "このお支払いは見つかりません").lacks("お支払いに戻る")
	s.get("/fr/checkout/"+portstest.UUID()).has(404, `<html lang="en">`, "There is no such payment")
	for _, form := range []string{"/method", "/transaction", "/sandbox"} {
		s.send(http.MethodPost, "/zh/checkout/"+portstest.UUID()+form, "method=usdt&transaction=x&scenario=exact").
			has(404, "没有这笔付款")
	}
	s.send(http.MethodDelete, known, "").has(http.StatusMethodNotAllowed, "This did not work", "Back to the payment")
}

// A store may choke on an id that is none; it never gets to see one.
func TestSessionIDsHaveTheirShape(t *testing.T) {
	id := "3f1a7c52-9f0e-4f3b-8f4e-0d6b2a7c9e11"
	for text, want := range map[string]bool{
		id: true, "": false, strings.ToUpper(id): false, id[1:]: false, id + "0": false,
		strings.ReplaceAll(id, "-", "0"): false, strings.ReplaceAll(id, "-", "_"): false, strings.Replace(id, "3", "-", 1): false,
		strings.Replace(id, "f", "g", 1): false, strings.Replace(id, "f", "é", 1)[:36]: false,
		"{" + id[1:35] + "}": false,
	} {
		if got := isSessionID(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
