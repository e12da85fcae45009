package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// The command lines of our own guides run as they are written, from the first to the last, in one
// shell, against the real gateway.
func TestTheGuidesCommandLinesRun(t *testing.T) {
	g := rig.Start(t, nil)
	hooks := openReceiver(t)
	script := "set -eu\n"
	for _, guide := range []string{"native.md", "webhooks.md", "signed.md"} {
		text, err := os.ReadFile(filepath.Join(rig.Root(), "docs", guide))
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			script += block[1] + "\n"
		}
	}
	if strings.Count(script, "curl ") < 10 {
		t.Fatalf("the guides hold next to nothing:\n%s", script)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "BASE="+g.URL, "HOOK="+hooks.URL,
		"PATH="+filepath.Dir(rig.Binary(t))+string(os.PathListSeparator)+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v (.ci/deps.sh curl installs curl):\n%s", err, out)
	}
}

// An independent implementation of Standard Webhooks verifies what arrives, and refuses what was
// changed on the way.
func TestTheOfficialNodeLibraryVerifies(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	hooks := openReceiver(t)
	hooks.register(t, m)
	m.Pay(t, "5.00")
	hooks.wants(t, "payment.created")
	const program = `
		const { Webhook } = require("standardwebhooks");
		const [secret, headers, body] = [process.env.SECRET, JSON.parse(process.env.HEADERS), process.env.BODY];
		new Webhook(secret).verify(body, headers);
		try { new Webhook(secret).verify(body.replace("5.00", "0.01"), headers); } catch { process.exit(0); }
		process.exit(1);`
	got := hooks.last()
	cmd := exec.CommandContext(t.Context(), "node", "-e", program)
	cmd.Dir = filepath.Join(rig.Root(), "e2e")
	cmd.Env = append(os.Environ(), "SECRET="+hooks.secret, "HEADERS="+got.Headers, "BODY="+string(got.Body))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v (.ci/deps.sh npm e2e installs the library):\n%s", err, out)
	}
}
