package x402

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/e2e/rig"
)

// The official extensions do what they are for: the offer and the receipt hold under the gateway's DID, a
// wallet that has paid signs in and pays nothing more, and a name is one payment's.
func TestOfficialExtensions(t *testing.T) {
	g := rig.Start(t, nil)
	s := &street{t: t, Gateway: g, merchant: g.Register(t)}
	at := s.merchant.Call(http.MethodPost, "/v1/resources", map[string]any{
		"sku": "weather", "mode": "test", "price": "0.01", "mimeType": "text/plain", "discoverable": true,
		"content": map[string]string{"text": "sunny", "contentType": "text/plain"},
	}).Want(t, http.StatusCreated).At("resource.url")
	cmd := exec.CommandContext(t.Context(), "node", "extensions.mjs")
	cmd.Dir, cmd.Stderr = directory(), os.Stderr
	cmd.Env = append(os.Environ(), "URL="+at, "KEY="+agenttest.Named("regular").Key())
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v (.ci/deps.sh npm e2e/x402 installs the clients):\n%s", err, text)
	}
	type seen struct {
		Status int
		Body   string
	}
	var got struct {
		Listed, Receipt                bool
		Amount                         string
		Stranger, Paid, Again, Renamed seen
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if !got.Listed || !got.Receipt || got.Amount != "10000" {
		t.Errorf("listed %t, receipt %t, for %s", got.Listed, got.Receipt, got.Amount)
	}
	if got.Stranger.Status != http.StatusPaymentRequired {
		t.Errorf("a wallet that has not paid: %+v", got.Stranger)
	}
	for name, answer := range map[string]seen{"paid": got.Paid, "signed in": got.Again} {
		if answer != (seen{http.StatusOK, "sunny"}) {
			t.Errorf("%s: %+v", name, answer)
		}
	}
	if got.Renamed.Status != http.StatusConflict || !strings.Contains(got.Renamed.Body, "payment_identifier_reused") {
		t.Errorf("another payment of that name: %+v", got.Renamed)
	}
	if list := s.Call(http.MethodGet, "/v1/payments?kind=x402", nil, "Authorization", "Bearer "+s.merchant.APIKey).
		Want(t, http.StatusOK); strings.Count(string(list.Body), `"settled"`) != 1 {
		t.Errorf("what moved money: %s", list.Body)
	}
	s.audited()
}
