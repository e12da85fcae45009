package ethrpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What a log is does not depend on the one before it: logs of one page, with their members in whatever order
// and spacing, are read as each by itself.
func TestLogsOfAPageAreReadAsAlone(t *testing.T) {
	names := []string{
		"address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex", "removed",
		"transactionIndex", "blockTimestamp", "\\u0064ata", "dat", "data2", "a", "b",
	}
	spaces := []string{"", "", "", " ", "\n\t"}
	word := rapid.SampledFrom([]string{
		strings.Repeat("0", 64), strings.Repeat("0", 63) + "1", strings.Repeat("ab", 32), strings.Repeat("AB", 32),
		strings.Repeat("0", 56) + "1234567g", "00", "",
	})
	rapid.Check(t, func(r *rapid.T) {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(logText(nil), &members); err != nil {
			r.Fatal(err)
		}
		order := rapid.Permutation(names).Draw(r, "order")
		var texts [][]byte
		for n := range rapid.IntRange(1, 4).Draw(r, "logs") {
			if n > 0 && rapid.Bool().Draw(r, "other order") {
				order = rapid.Permutation(names).Draw(r, "order")
			}
			var text bytes.Buffer
			for i, name := range order {
				value, known := members[name]
				if name == "data" || name == "transactionHash" || !known {
					value = fmt.Appendf(nil, `"0x%s"`, word.Draw(r, "word"))
				}
				space := rapid.SampledFrom(spaces).Draw(r, "space")
				fmt.Fprintf(&text, `%s%s"%s"%s:%s`, map[bool]string{true: "{", false: ","}[i == 0], space, name, space, value)
			}
			text.WriteByte('}')
			texts = append(texts, text.Bytes())
		}
		page := logReader{t: textOf(bytes.Join(texts, []byte(" ")))}
		for _, text := range texts {
			want, wantOK := decodeLog(text)
			var got Log
			gotOK := page.read(&got)
			if !want.OneWord && !got.OneWord {
				got.Word, want.Word = Hash{}, Hash{} // of which nobody reads anything
			}
			if gotOK != wantOK || wantOK && !cmp.Equal(got, want) {
				r.Errorf("%s\nin a page: %t\n%s", text, gotOK, cmp.Diff(want, got))
			}
			page.t.peek()
		}
	})
}
