package telemetry

import (
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// redacted stands for what was taken out.
const redacted = "[redacted]"

// LogOptions say how to log. The zero value is text from Info up.
type LogOptions struct {
	JSON  bool
	Level slog.Leveler // nil means slog.LevelInfo
}

// NewLogger answers a logger that writes one record a line. Nothing that holds a secret should ever
// be logged; what is logged by mistake is caught here: attributes by their names, and whatever looks
// like a secret in the finished line, wherever in it that stands.
func NewLogger(w io.Writer, o LogOptions) *slog.Logger {
	handlerOptions := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: hideNamed}
	w = censor{w}
	if o.JSON {
		return slog.New(slog.NewJSONHandler(w, handlerOptions))
	}
	return slog.New(slog.NewTextHandler(w, handlerOptions))
}

// secretNames are what secrets are called, in lower case without separators. Names are compared by
// their end, so that "refresh_token" and "newPassword" are met too; "token" alone is a coin here.
var secretNames = []string{
	"password", "passwd", "passphrase", "secret", "privatekey", "apikey", "masterkey", "mnemonic",
	"accesstoken", "refreshtoken", "metricstoken", "authorization", "cookie", "databaseurl", "dsn",
}

// hideNamed takes out attributes whose names say what they are.
func hideNamed(_ []string, a slog.Attr) slog.Attr {
	name := strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(a.Key))
	for _, n := range secretNames {
		if strings.HasSuffix(name, n) {
			return slog.String(a.Key, redacted)
		}
	}
	return a
}

// looks are what secrets look like. The first group stays, so that one sees what was there.
var looks = []*regexp.Regexp{
	regexp.MustCompile(`\b((?:sk|ap)_(?:test_|live_)?)[A-Za-z0-9]{8,}`),
	regexp.MustCompile(`\b(whsec_)[A-Za-z0-9+/=_-]+`),
	regexp.MustCompile(`(?i)\b((?:bearer|basic)(?:\s|%20|\+)+)[A-Za-z0-9._~+/=-]{8,}`),
	regexp.MustCompile(`\b(eyJ)[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`),
	// The password of a URL, as in a database's.
	regexp.MustCompile(`(://[^\s/:@"]*:)[^\s@"]+@`),
	regexp.MustCompile(`(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^-]*`),
	// A name and its value inside text: JSON, a form, a header, quoted once more or not.
	regexp.MustCompile(`(?i)((?:password|passwd|passphrase|secret|private[_-]?key|api[_-]?key|` +
		`master[_-]?key|mnemonic|access[_-]?token|refresh[_-]?token|authorization|cookie)` +
		`\\*"?\s*[:=]\s*)(?:\[?\\*"[^"\\]+|[^\s"\\,;&}\[]+)`),
}

// censor takes out of every line what looks like a secret. slog writes a record in one call.
type censor struct{ to io.Writer }

// Write implements io.Writer. It answers the length it was given: the caller knows no other.
func (c censor) Write(line []byte) (int, error) {
	clean := line
	for _, look := range looks {
		clean = look.ReplaceAll(clean, []byte("${1}"+redacted))
	}
	if _, err := c.to.Write(clean); err != nil {
		return 0, err
	}
	return len(line), nil
}
