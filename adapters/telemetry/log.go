package telemetry

import (
	"bytes"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
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

// separators are left out of names before they are compared.
var separators = strings.NewReplacer("_", "", "-", "", ".", "", " ", "")

// hideNamed takes out attributes whose names say what they are.
func hideNamed(_ []string, a slog.Attr) slog.Attr {
	name := separators.Replace(strings.ToLower(a.Key))
	for _, n := range secretNames {
		if strings.HasSuffix(name, n) {
			return slog.String(a.Key, redacted)
		}
	}
	return a
}

// look is what a kind of secret looks like.
type look struct {
	pattern *regexp.Regexp // its first group stays, so that one sees what was there
	// signs are texts in lower case, one of which is in whatever the pattern matches. Looking for them
	// costs next to nothing, and most lines hold none.
	signs []string
}

var looks = []look{
	{regexp.MustCompile(`\b((?:sk|ap)_(?:test_|live_)?)[A-Za-z0-9]{8,}`), []string{"sk_", "ap_"}},
	{regexp.MustCompile(`\b(whsec_)[A-Za-z0-9+/=_-]+`), []string{"whsec_"}},
	{
		regexp.MustCompile(`(?i)\b((?:bearer|basic)(?:\s|%20|\+)+)[A-Za-z0-9._~+/=-]{8,}`),
		[]string{"bearer", "basic"},
	},
	{regexp.MustCompile(`\b(eyJ)[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`), []string{"eyj"}},
	// The password of a URL, as in a database's.
	{regexp.MustCompile(`(://[^\s/:@"]*:)[^\s@"]+@`), []string{"://"}},
	{regexp.MustCompile(`(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^-]*`), []string{"-----begin"}},
	// A name and its value inside text: JSON, a form, a header, quoted once more or not.
	{
		regexp.MustCompile(`(?i)((?:password|passwd|passphrase|secret|private[_-]?key|api[_-]?key|` +
			`master[_-]?key|mnemonic|access[_-]?token|refresh[_-]?token|authorization|cookie)` +
			`\\*"?\s*[:=]\s*)(?:\[?\\*"[^"\\]+|[^\s"\\,;&}\[]+)`),
		[]string{"pass", "secret", "key", "mnemonic", "token", "authorization", "cookie"},
	},
}

// within reports whether a line may hold what looks like this. Letters beyond ASCII can be another
// case of one within it, so that lines with any are always searched.
func (l look) within(lower []byte, ascii bool) bool {
	holds := func(sign string) bool { return bytes.Contains(lower, []byte(sign)) }
	return !ascii || slices.ContainsFunc(l.signs, holds)
}

// censor takes out of every line what looks like a secret. slog writes a record in one call.
type censor struct{ to io.Writer }

// Write implements io.Writer. It answers the length it was given: the caller knows no other.
func (c censor) Write(line []byte) (int, error) {
	clean, lower := line, bytes.ToLower(line)
	ascii := !slices.ContainsFunc(line, func(b byte) bool { return b >= utf8.RuneSelf })
	for _, l := range looks {
		if l.within(lower, ascii) {
			clean = l.pattern.ReplaceAll(clean, []byte("${1}"+redacted))
		}
	}
	if _, err := c.to.Write(clean); err != nil {
		return 0, err
	}
	return len(line), nil
}
