package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/e2e/rig"
)

// Whoever writes to the database redirects nobody, is found at the next start and by the doctor; what
// was there before there were seals is sealed once, and said; a change whose time has come is told.
func TestReceivingAccountsAreGuarded(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	add := func(address, password string) rig.Answer {
		return m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
			"network": "TRC20", "asset": "USDT", "address": address, "password": password,
		})
	}
	m.Call(http.MethodPost, "/v1/receiving-accounts", map[string]string{
		"network": "TRC20", "asset": "USDT", "address": "TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK",
	}).Want(t, http.StatusCreated)
	const other = "TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx"
	add(other, "not the password").Want(t, http.StatusUnauthorized)
	if a := add(other, m.Password).Want(t, http.StatusCreated); a.At("receivingAccount.state") != "pending" {
		t.Fatalf("a change is %s", a.Body)
	}
	database := func(statement string) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), g.Env()["DATABASE_URL"])
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close(t.Context()) }()
		if _, err := c.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	restart := func() {
		t.Helper()
		g.Kill()
		g.Run()
	}
	doctor := func() string {
		text, _ := g.Command("doctor")
		return text
	}
	listed := func() string { return string(m.Call(http.MethodGet, "/v1/receiving-accounts", nil).Body) }

	database("UPDATE receiving_accounts SET seal = ''")
	restart()
	if !strings.Contains(g.Log(), "receiving accounts of an earlier version were sealed") ||
		!strings.Contains(doctor(), "2 receiving accounts, all as they were recorded") {
		t.Errorf("accounts of before: %s", doctor())
	}
	told := func() int {
		a := m.Call(http.MethodGet, "/v1/events?mode=live&type=receiving_account.changed", nil)
		return strings.Count(string(a.Body), `"type":"receiving_account.changed"`)
	}
	before := told()
	database("UPDATE receiving_accounts SET told_at = NULL WHERE removed_at IS NOT NULL") // the current one
	rig.Eventually(t, time.Minute, "a change whose time has come is told", func() bool { return told() == 2*before })

	if before == 0 {
		t.Error("the first address was not told")
	}
	const thief = "TMuA6YqfCeX8EhbfYEg5y7S4DqzSJireY9"
	database("UPDATE receiving_accounts SET address = '" + thief + "' WHERE removed_at IS NOT NULL")
	if text := listed(); strings.Contains(text, thief) || !strings.Contains(text, `"state":"tampered"`) {
		t.Errorf("listed %s", text)
	}
	restart()
	if log := g.Log(); !strings.Contains(log, "a receiving account is not as it was recorded") || strings.Contains(log, thief) {
		t.Errorf("log %s", log)
	}
	if text := doctor(); !strings.Contains(text, "is not as it was recorded") || strings.Contains(text, thief) {
		t.Errorf("doctor answers %s", text)
	}
	if text, code := g.Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}
