package keys

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/101pay/101pay/domain/merchant"
)

// A secret must not reach a log or an answer by any way of printing it.
func TestSecretNeverPrints(t *testing.T) {
	secret := SecretText(merchant.Test, bytes.Repeat([]byte{0xA5}, SecretBytes))
	holder := struct{ Key Secret }{secret}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "key", secret, "holder", holder)
	body := strings.TrimPrefix(secret.Reveal(), "sk_test_")
	for _, printed := range []string{
		fmt.Sprint(secret), fmt.Sprintf("%v %+v %#v %s %q", secret, holder, holder, secret, secret),
		log.String(),
	} {
		if strings.Contains(printed, body) {
			t.Errorf("printed: %s", printed)
		}
	}
	if hint := secret.Hint(); !strings.HasPrefix(hint, "sk_test_…") || strings.Contains(hint, body[:8]) {
		t.Errorf("hint %q", hint)
	}
}
