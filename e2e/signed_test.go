package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// nodeVerifies checks a JWS by a JWK with node's own crypto, prints the payload, and fails unless
// every change of a letter is refused.
const nodeVerifies = `
	const { createPublicKey, verify } = require("node:crypto");
	const [header, payload, signature] = process.env.JWS.split(".");
	const { alg, kid } = JSON.parse(Buffer.from(header, "base64url"));
	const jwk = JSON.parse(process.env.KEYS).keys.find((key) => key.kid === kid);
	const key = createPublicKey({ key: jwk, format: "jwk" });
	const good = (text) => verify(null, Buffer.from(text), key, Buffer.from(signature, "base64url"));
	const text = header + "." + payload;
	if (alg !== "EdDSA" || key.asymmetricKeyType !== "ed25519" || !good(text)) process.exit(1);
	for (let i = 0; i < text.length; i++) {
		const letter = text[i] === "A" ? "B" : "A";
		if (good(text.slice(0, i) + letter + text.slice(i + 1))) process.exit(2);
	}
	process.stdout.write(Buffer.from(payload, "base64url"));`

// An implementation that shares no line with ours verifies what the gateway signed by the key it
// serves. Our own command does when the gateway is gone.
func TestNodeVerifiesWhatTheGatewaySigned(t *testing.T) {
	g := rig.Start(t, nil)
	payment := g.Register(t).Pay(t, "9.99")
	g.Intent(t, payment)
	path := "/v1/checkout/sessions/" + payment
	keys := g.Call(http.MethodGet, "/.well-known/101pay-keys.json", nil).Want(t, http.StatusOK)
	if keys.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("pages of other origins cannot read the keys")
	}
	status := g.Call(http.MethodGet, path, nil).Want(t, http.StatusOK)
	asked := g.Call(http.MethodGet, path+"/instructions", nil).Want(t, http.StatusOK)
	for signed, shown := range map[string]string{
		"payload.address": "session.payment.instructions.address", "payload.amount": "session.payment.instructions.amount",
		"payload.contract": "session.payment.instructions.contract", "payload.network": "session.payment.instructions.chain",
	} {
		if asked.At(signed) != status.At(shown) || asked.At(signed) == "" {
			t.Errorf("signed %s, shown %s", asked.At(signed), status.At(shown))
		}
	}
	g.Call(http.MethodGet, path+"/receipt", nil).Want(t, http.StatusConflict)
	g.Call(http.MethodPost, path+"/sandbox", map[string]string{"scenario": "exact"}).Want(t, http.StatusAccepted)
	rig.Eventually(t, settleLimit, "the payment is paid", isPaid(g, payment))
	receipt := g.Call(http.MethodGet, path+"/receipt", nil).Want(t, http.StatusOK)
	file := g.Call(http.MethodGet, "/en/checkout/"+payment+"/receipt.jws", nil).Want(t, http.StatusOK)
	if string(file.Body) != receipt.At("jws")+"\n" {
		t.Errorf("the page gives %s, the API %s", file.Body, receipt.Body)
	}
	g.Kill()

	dir := t.TempDir()
	write := func(name string, text []byte) string {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return at
	}
	trusted := write("keys.json", keys.Body)
	for name, a := range map[string]rig.Answer{"instructions": asked, "receipt": receipt} {
		cmd := exec.CommandContext(t.Context(), "node", "-e", nodeVerifies)
		cmd.Env = append(os.Environ(), "JWS="+a.At("jws"), "KEYS="+string(keys.Body))
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(a.Body), `"payload":`+string(out)+`}`) {
			t.Errorf("%s: node says %v, %s; answered %s", name, err, out, a.Body)
		}
		text, code := g.Command("verify", write(name, a.Body), "--keys", trusted)
		if code != 0 || !strings.Contains(text, asked.At("payload.amount")) || !strings.Contains(text, asked.At("payload.address")) {
			t.Errorf("%s: verify answers %d: %s", name, code, text)
		}
	}
	if text, code := g.Command("verify", write("receipt.jws", file.Body), "--keys", trusted); code != 0 {
		t.Errorf("the page's file: %d, %s", code, text)
	}
	changed := strings.Replace(string(file.Body), ".", ".A", 1)
	if text, code := g.Command("verify", write("changed.jws", []byte(changed)), "--keys", trusted); code != 1 {
		t.Errorf("a changed file: %d, %s", code, text)
	}
}

// Keys that signed once are published behind the one that signs; what is no key stops the start.
func TestRetiredKeysArePublished(t *testing.T) {
	const old = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" // of RFC 8037
	g := rig.Start(t, map[string]string{"RETIRED_SIGNING_KEYS": old})
	keys := g.Call(http.MethodGet, "/.well-known/101pay-keys.json", nil).Want(t, http.StatusOK)
	if strings.Count(string(keys.Body), `"kid"`) != 2 || !strings.Contains(string(keys.Body), `"x":"`+old+`"`) {
		t.Errorf("published: %s", keys.Body)
	}
	g.Set("RETIRED_SIGNING_KEYS", old+"x")
	if text, code := g.Command("config"); code != 2 || !strings.Contains(text, "RETIRED_SIGNING_KEYS") {
		t.Errorf("a wrong key: %d, %s", code, text)
	}
}
