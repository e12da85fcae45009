package ethrpc

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// Whatever stands at whatever place of a word, it is a digit here exactly if it is one elsewhere, and of
// the same worth: the digits of a word are read eight at a time.
func TestHexIsReadAsElsewhere(t *testing.T) {
	for _, size := range []int{addressBytes, hashBytes, 3} {
		digits := []byte(strings.Repeat("0123456789abcdefABCDEF", 3)[:2*size])
		for at := range digits {
			was := digits[at]
			for c := range 256 {
				digits[at] = byte(c)
				want := make([]byte, size)
				_, err := hex.Decode(want, digits)
				got := make([]byte, size)
				ok := parseFixed(got, append([]byte(hexPrefix), digits...))
				if ok != (err == nil) || ok && !bytes.Equal(got, want) {
					t.Fatalf("%q is read as %x, %v, want %x, %v", digits, got, ok, want, err)
				}
			}
			digits[at] = was
		}
	}
}

// The logs of a page mostly say the same; where one does not, it is read by itself.
func TestLogsOfAPageAreReadEachByItself(t *testing.T) {
	token, other := Address{0xa6}, Address{0xa7}
	us := Address{0x22}
	word := us.word()
	page := func(changes ...map[string]any) []byte {
		var list [][]byte
		for i, change := range changes {
			members := map[string]any{
				"address": fixed(token[:]), "logIndex": quantity(uint64(i)),
				"topics": []string{"0x" + TransferTopic.Hex(), fmt.Sprintf("0x%064x", 1), fixed(word[:])},
			}
			for name, value := range change {
				members[name] = value
			}
			list = append(list, logText(members))
		}
		return append(append([]byte("["), bytes.Join(list, []byte(","))...), ']')
	}
	approval := []string{"0x" + strings.Repeat("8c", 32), fmt.Sprintf("0x%064x", 1), fixed(word[:])}
	elsewhere := map[string]any{"blockNumber": "0x1b5", "blockHash": "0x" + strings.Repeat("ab", 32)}
	text := page(nil, map[string]any{"address": fixed(other[:])}, nil, map[string]any{"topics": approval}, nil,
		elsewhere, nil, map[string]any{"address": strings.ToUpper(fixed(token[:])[2:])})
	text = bytes.Replace(text, []byte(`"A600`), []byte(`"0XA600`), 1)
	var ignored []Reason
	f := NewFilter([]Address{token}, []Address{us}, func(because Reason, _ Log) { ignored = append(ignored, because) })
	found, err := f.Read(text, 0x1b4, 0x1b5)
	if err != nil {
		t.Fatal(err)
	}
	var at []uint64
	for _, l := range found {
		at = append(at, l.Index)
		if odd := l.Block == 0x1b5; odd != (l.BlockID == Hash(bytes.Repeat([]byte{0xab}, 32))) {
			t.Errorf("log %d is of block %d, %x", l.Index, l.Block, l.BlockID)
		}
	}
	if fmt.Sprint(at) != "[0 2 4 5 6 7]" || fmt.Sprint(ignored) != "[foreign_contract foreign_event]" {
		t.Errorf("found %v, ignored %v", at, ignored)
	}
	for _, broken := range []map[string]any{
		{"address": "0xa6"}, {"blockHash": nil}, {"topics": []any{1}}, {"topics": []any{"0x" + strings.Repeat("zz", 32)}},
	} {
		if _, err := f.Read(page(nil, broken, nil), 0x1b4, 0x1b4); err == nil {
			t.Errorf("a page with %v was taken", broken)
		}
	}
	for _, text := range []string{"", "null", "{}", "[", "[1]", "[null]", string(page(nil)) + "]", strings.TrimSuffix(string(page(nil)), "]")} {
		if _, err := f.Read([]byte(text), 0x1b4, 0x1b4); err == nil {
			t.Errorf("%.20q was taken for a page", text)
		}
	}
}
