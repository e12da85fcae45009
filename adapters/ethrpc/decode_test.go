package ethrpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// logText is a log as nodes write it, with members overwritten; a nil value takes one out.
func logText(members map[string]any) []byte {
	log := map[string]any{
		"address": "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c",
		"topics": []string{
			"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
			"0x000000000000000000000000" + strings.Repeat("11", 20),
			"0x000000000000000000000000" + strings.Repeat("22", 20),
		},
		"data": "0x" + fmt.Sprintf("%064x", 50_013_400), "blockNumber": "0x1b4",
		"blockHash": "0x" + strings.Repeat("aa", 32), "transactionHash": "0x" + strings.Repeat("bb", 32),
		"logIndex": "0x0", "transactionIndex": "0x0", "removed": false,
	}
	for name, value := range members {
		if log[name] = value; value == nil {
			delete(log, name)
		}
	}
	text, err := json.Marshal(log)
	if err != nil {
		panic(err)
	}
	return text
}

// The walker takes exactly what encoding/json takes, control characters in strings aside.
func FuzzJSONText(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0,0.5e+7,true,false,null,"\u00e9\"\\"]}`, `[]`, `{}`, `01`, `1.`, `.5`, `-`, `1e`, `"\x"`,
		`{"a":1,}`, `[1,]`, `[,1]`, `{"a"}`, `{1:2}`, `nul`, `truex`, `"`, `"\`, `"\u12`, ` [ ] `, `[] []`,
		"\x00", `{"a":{"b":[{"c":"d"}]}}`, `"a\"b"`, "[1\n,\t2\r]", `+1`, `1E-5`, `""`, `[[[[[[]]]]]]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, c := range text {
			if c < ' ' {
				return
			}
		}
		walker := jsonText{buf: text}
		value, ok := walker.value()
		ok = ok && walker.done()
		if depthOf(text) > maxDepth {
			return
		}
		if ok != json.Valid(text) {
			t.Fatalf("%q: walker says %v", text, ok)
		}
		if ok && !bytes.Equal(value, bytes.TrimSpace(text)) {
			t.Fatalf("%q is read as %q", text, value)
		}
	})
}

// depthOf is no less than how deep a text is nested.
func depthOf(text []byte) int { return bytes.Count(text, []byte("[")) + bytes.Count(text, []byte("{")) }

// Whatever an endpoint sends, nothing panics, and what is taken for a log is what encoding/json
// reads.
func FuzzLogs(f *testing.F) {
	f.Add(logText(nil))
	f.Add(logText(map[string]any{"topics": []string{}, "data": "0x"}))
	f.Add(logText(map[string]any{"data": "0x" + strings.Repeat("ff", 100), "removed": true}))
	f.Add(logText(map[string]any{"blockNumber": "0xffffffffffffffff", "logIndex": "0xg"}))
	f.Add([]byte(`{"address":"0x"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, ok := decodeLog(text)
		if !ok {
			return
		}
		var plain struct {
			Address, Data string
			Topics        []string
			BlockNumber   string
		}
		if err := json.Unmarshal(text, &plain); err != nil {
			return // encoding/json folds the case of names; only what both read is compared
		}
		if l.Count != len(plain.Topics) {
			t.Fatalf("%d topics of %v", l.Count, plain.Topics)
		}
		if p, because := l.payment(); because == "" {
			if p.units.Sign() <= 0 || p.units.BitLen() > 256 || p.from == p.to {
				t.Fatalf("a payment of %s from %x to %x", p.units, p.from, p.to)
			}
		}
	})
}

func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":0,"result":"0x1"}`, `[{"jsonrpc":"2.0","id":1,"result":[]},{"jsonrpc":"2.0","id":0,"result":null}]`,
		`{"Error":"class java.lang.IllegalAccessException : lack of computing resources"}`, `[]`, `{}`, `[null]`,
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"x"}}`, `{"jsonrpc":"2.0","id":0,"result":1`,
		`[{"jsonrpc":"2.0","id":18446744073709551615,"result":1},{"jsonrpc":"2.0","id":-1,"result":1}]`,
	} {
		f.Add([]byte(seed), 1)
		f.Add([]byte(seed), 2)
	}
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		if n < 1 || n > maxBatch {
			return
		}
		answers, err := decodeAnswers(text, n)
		if err != nil {
			return
		}
		if len(answers) != n {
			t.Fatalf("%d answers to %d questions", len(answers), n)
		}
		for _, a := range answers {
			if a.result == nil && a.err == nil {
				t.Fatal("an answer that is none")
			}
			_, _ = decodeHeader(a.result)
			if r, err := decodeReceipt(a.result); err == nil {
				_, _ = r.transfers(Header{}, NewFilter(nil, nil, nil))
			}
		}
		_ = decodeString(text)
	})
}

// Any transfer that can be written is read back as it was.
func TestTransfersAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := func(name string) []byte { return rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, name) }
		from, to, contract := part("from"), part("to"), part("contract")
		amount := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "amount")
		block := rapid.Uint64().Draw(t, "block")
		form := "0x%x"
		if rapid.Bool().Draw(t, "capitals") {
			form = "0x%X"
		}
		l, ok := decodeLog(logText(map[string]any{
			"address": fmt.Sprintf(form, contract), "blockNumber": fmt.Sprintf(form, block),
			"data": fmt.Sprintf(form, amount),
			"topics": []string{
				"0x" + TransferTopic.Hex(), fmt.Sprintf("0x%024d"+form[2:], 0, from),
				fmt.Sprintf("0x%024d"+form[2:], 0, to),
			},
		}))
		if !ok || l.Block != block || !bytes.Equal(l.Contract[:], contract) {
			t.Fatalf("%+v, %v", l, ok)
		}
		want := new(big.Int).SetBytes(amount)
		p, because := l.payment()
		switch {
		case want.Sign() == 0 || bytes.Equal(from, to) || bytes.Equal(from, make([]byte, 20)):
			if because == "" {
				t.Fatal("it pays nobody, and counts")
			}
		case because != "" || p.units.Cmp(want) != 0 || !bytes.Equal(p.from[:], from) ||
			!bytes.Equal(p.to[:], to):
			t.Fatalf("%+v, %q", p, because)
		}
	})
}

// Every member a log must have, it must have in its proper form; what a contract may write at will
// never makes it no log.
func TestLogsMustBeWhole(t *testing.T) {
	for _, name := range []string{
		"address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex",
	} {
		for _, value := range []any{nil, 1, "", "0x", "0xzz", "a6", []any{}, []any{1}, []any{"0x1"}, map[string]any{}} {
			odd := name == "data" && (value == "" || value == "0x" || value == "0xzz" || value == "a6")
			empty := name == "topics" && fmt.Sprint(value) == "[]"
			if _, ok := decodeLog(logText(map[string]any{name: value})); ok != (odd || empty) {
				t.Errorf("%s is %v: taken %v", name, value, ok)
			}
		}
	}
	for name, members := range map[string]map[string]any{
		"five topics": {"topics": []string{
			"0x" + TransferTopic.Hex(), "0x" + TransferTopic.Hex(), "0x" + TransferTopic.Hex(),
			"0x" + TransferTopic.Hex(), "0x" + TransferTopic.Hex(),
		}},
		"a number beyond 64 bits": {"blockNumber": "0x10000000000000000"},
	} {
		if _, ok := decodeLog(logText(members)); ok {
			t.Errorf("%s: taken", name)
		}
	}
	if l, ok := decodeLog(logText(map[string]any{"removed": true})); !ok || !l.Removed {
		t.Error("a removed log does not say so")
	}
}

// An answer that was cut off anywhere is no answer, nor is one that answers twice.
func TestAnswersMustBeWhole(t *testing.T) {
	one := `{"jsonrpc":"2.0","id":0,"result":{"a":["0x1"]}}`
	two := `[` + one + `,{"jsonrpc":"2.0","id":1,"result":[]}]`
	for whole, n := range map[string]int{one: 1, two: 2} {
		if _, err := decodeAnswers([]byte(whole), n); err != nil {
			t.Fatalf("%s: %v", whole, err)
		}
		for i := range whole {
			if answers, err := decodeAnswers([]byte(whole[:i]), n); err == nil {
				t.Errorf("%s: %v", whole[:i], answers)
			}
		}
	}
	for _, twice := range []string{
		`[` + one + `,` + one + `]`,
		strings.TrimSuffix(two, "]") + `,{"jsonrpc":"2.0","id":0,"result":"0x2"}]`,
		two + two, one + one,
	} {
		if answers, err := decodeAnswers([]byte(twice), 2); err == nil {
			t.Errorf("%s: %v", twice, answers)
		}
	}
}
