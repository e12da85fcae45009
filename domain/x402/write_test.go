package x402

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every text is read back as it was, wherever in it something has to be escaped, and never holds what HTML
// would take for markup.
func TestTextsAreReadBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", "plain text", `"`, `\`, "<", ">", "&", "\x00", "\x1f", "\x7f", "\u2028", "\u2029", "é", "🙂", "/",
		}), 0, 6).Draw(r, "pieces"), "")
		for _, plain := range []bool{false, true} {
			w := writer{plain: plain}
			w.text(s)
			var back string
			if err := json.Unmarshal(w.out, &back); err != nil || back != s {
				r.Errorf("%q was written %s and read %q: %v", s, w.out, back, err)
			}
			if !plain && strings.ContainsAny(string(w.out), "<>&\x7f\u2028\u2029") {
				r.Errorf("%q was written %s", s, w.out)
			}
		}
	})
}
