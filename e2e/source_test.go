package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// The command lines of the published documentation run as they are written; only the host and the
// keys are this gateway's.
func TestTheSourcesCommandLinesRun(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	text, err := os.ReadFile("testdata/source.sh")
	if err != nil {
		t.Fatal(err)
	}
	script := strings.NewReplacer(
		"https://api-production-4983.up.railway.app", g.URL,
		"pk_test_…", m.Public, "sk_test_…", m.Private, "<JWT>", m.Token, "101000000000000", m.ClientID,
	).Replace(string(text))
	commands := regexp.MustCompile(`(?m)^curl `).Split(script, -1)[1:]
	answers := make([]rig.Answer, len(commands))
	for i, command := range commands {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "curl --silent --show-error "+command).Output()
		if err != nil {
			t.Fatalf("curl %s: %v (.ci/deps.sh curl installs it)", command, err)
		}
		answers[i].Body = out
	}
	charge, session, payment := answers[0], answers[1], answers[2]
	for path, want := range map[string]string{"amount": "999", "currency": "USD", "status": "settled"} {
		if got := charge.At(path); got != want {
			t.Errorf("charge: %s is %q, want %q: %s", path, got, want, charge.Body)
		}
	}
	for path, form := range map[string]string{"orderNo": `^\d{17}$`, "transaction": `^0x[0-9a-f]{64}$`} {
		if !regexp.MustCompile(form).MatchString(charge.At(path)) {
			t.Errorf("charge: %s is %q", path, charge.At(path))
		}
	}
	if id := session.At("session.id"); session.At("session.status") != "open" || session.At("url") != g.URL+"/checkout/"+id {
		t.Errorf("session: %s", session.Body)
	}
	want := map[string]string{
		"success": "true", "payment.status": "open", "payment.amount": "1.00", "payment.currency": "USDT",
		"payment.method": "usdt", "cryptoPayLink": g.URL + "/en/checkout/" + payment.At("payment.id"),
	}
	for path, value := range want {
		if got := payment.At(path); got != value {
			t.Errorf("payment: %s is %q, want %q: %s", path, got, value, payment.Body)
		}
	}
	page := g.Call(http.MethodGet, strings.TrimPrefix(payment.At("cryptoPayLink"), g.URL), nil)
	page.Want(t, http.StatusOK)
}
