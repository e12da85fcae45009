package ethrpc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/101pay/101pay/domain/chain"
)

const (
	anAddress = "0x1111111111111111111111111111111111111111"
	another   = "0x2222222222222222222222222222222222222222"
	aHash     = "0x3333333333333333333333333333333333333333333333333333333333333333"
	aBlock    = "0x4444444444444444444444444444444444444444444444444444444444444444"
)

// frameText writes a call of some kind and value, with what else belongs to it.
func frameText(kind, value, more string) string {
	return fmt.Sprintf(`{"from":%q,"to":%q,%s"value":%q,"type":%q}`, anAddress, another, more, value, kind)
}

func calls(of ...string) string { return `"calls":[` + strings.Join(of, ",") + `],` }

// sums lists the values that a call moves, and their numbers.
func sums(t *testing.T, text string) (out string, ok bool) {
	t.Helper()
	frames, whole := decodeCall([]byte(text))
	if !whole {
		return "", false
	}
	moved, ok := effective(Hash{}, frames)
	for _, m := range moved {
		out += fmt.Sprintf("%d:%d ", m.position-chain.FirstNative, m.units[hashBytes-1])
	}
	return strings.TrimSpace(out), ok
}

// Nodes write the members of a call in any order, so whether it failed may be known only after what is
// within it.
func TestFramesAreHeldTogether(t *testing.T) {
	paying := frameText("CALL", "0x5", "")
	const failed = `"error":"execution reverted",`
	for name, c := range map[string]struct{ text, want string }{
		"one":                       {paying, "0:5"},
		"nothing":                   {frameText("CALL", "0x0", ""), ""},
		"no value":                  {`{"type":"CALL","from":"` + anAddress + `"}`, ""},
		"null for value":            {`{"type":"CALL","value":null,"from":"` + anAddress + `"}`, ""},
		"depth first":               {frameText("CALL", "0x1", calls(frameText("CALL", "0x2", calls(paying)), paying)), "0:1 1:2 2:5 3:5"},
		"failed":                    {frameText("CALL", "0x1", failed), ""},
		"failed around":             {frameText("CALL", "0x1", calls(paying)+failed), ""},
		"failed around, said first": {frameText("CALL", "0x1", failed+calls(paying)), ""},
		"failed far around": {
			frameText("CALL", "0x1", calls(frameText("CALL", "0x2", failed+calls(frameText("DELEGATECALL", "0x2", calls(paying)))), paying)),
			"0:1 1:5",
		},
		"not failed":            {frameText("CALL", "0x1", `"error":null,`+calls(paying)), "0:1 1:5"},
		"lent":                  {frameText("CALL", "0x1", calls(frameText("DELEGATECALL", "0x1", calls(paying)), frameText("CALLCODE", "0x7", ""), frameText("STATICCALL", "0x7", ""))), "0:1 1:5"},
		"made":                  {frameText("CREATE", "0x1", calls(frameText("CREATE2", "0x2", ""), frameText("SELFDESTRUCT", "0x3", ""))), "0:1 1:2 2:3"},
		"failed creation":       {`{"type":"CREATE","from":"` + anAddress + `","value":"0x1","error":"out of gas"}`, ""},
		"an unknown kind, idle": {frameText("CALL", "0x1", calls(frameText("AUTHCALL", "0x0", ""))), "0:1"},
	} {
		if got, ok := sums(t, c.text); !ok || got != c.want {
			t.Errorf("%s: moved %q, %v, want %q", name, got, ok, c.want)
		}
	}
	for name, text := range map[string]string{
		"a number for value":        strings.Replace(paying, `"0x5"`, `5`, 1),
		"a wrong number":            frameText("CALL", "0xg", ""),
		"257 bits":                  frameText("CALL", "0x1"+strings.Repeat("0", 64), ""),
		"an unknown kind that pays": frameText("CALL", "0x1", calls(frameText("AUTHCALL", "0x2", ""))),
		"no receiver":               strings.Replace(paying, `"to"`, `"too"`, 1),
		"no sender":                 strings.Replace(paying, `"from"`, `"form"`, 1),
		"no call":                   `{"failed":false,"gas":0,"returnValue":"0x","structLogs":[]}`,
		"cut short":                 paying[:len(paying)-1],
		"two":                       paying + paying,
		"calls that are no calls":   frameText("CALL", "0x1", `"calls":[1],`),
		"too deep":                  nested(maxCallDepth + 1),
	} {
		if got, ok := sums(t, text); ok {
			t.Errorf("%s is taken: %q", name, got)
		}
	}
}

// nested is a payment within so many calls.
func nested(depth int) string {
	const open = `{"from":"` + anAddress + `","type":"CALL","to":"` + another + `","calls":[`
	return strings.Repeat(open, depth) + frameText("CALL", "0x5", "") + strings.Repeat(`]}`, depth)
}

// A contract can call as deep as the machine allows; the answer is read all the same.
func TestDeepCallsAreRead(t *testing.T) {
	text := `[{"jsonrpc":"2.0","id":0,"result":[{"txHash":"` + aHash + `","result":` + nested(maxCallDepth) + `}]},` +
		`{"jsonrpc":"2.0","id":1,"result":null}]`
	answers, err := decodeAnswers([]byte(text), 2)
	if err != nil {
		t.Fatal(err)
	}
	traced, err := decodeCalls(answers[0].result)
	if err != nil || len(traced) != 1 {
		t.Fatalf("%d, %v", len(traced), err)
	}
	if moved, ok := effective(traced[0].tx, traced[0].frames); !ok || len(moved) != 1 || moved[0].units[hashBytes-1] != 5 {
		t.Errorf("moved %+v", moved)
	}
}

// A transaction that the node did not trace moved we do not know what.
func TestEveryTransactionMustBeTraced(t *testing.T) {
	good := `{"txHash":"` + aHash + `","result":` + frameText("CALL", "0x1", "") + `}`
	if traced, err := decodeCalls([]byte("[" + good + "]")); err != nil || len(traced) != 1 {
		t.Fatal(traced, err)
	}
	for name, text := range map[string]string{
		"an error":   `{"txHash":"` + aHash + `","error":"execution timeout"}`,
		"no result":  `{"txHash":"` + aHash + `"}`,
		"null":       `{"txHash":"` + aHash + `","result":null}`,
		"no id":      `{"result":` + frameText("CALL", "0x1", "") + `}`,
		"not object": `1`,
	} {
		for _, list := range []string{"[" + text + "]", "[" + good + "," + text + "]", "[" + text + "," + good + "]"} {
			if traced, err := decodeCalls([]byte(list)); err == nil {
				t.Errorf("%s is taken: %+v", name, traced)
			}
		}
	}
}

// flat writes a trace as trace_block does.
func flat(path, more string) string {
	return `{"action":{"callType":"call","from":"` + anAddress + `","to":"` + another + `","value":"0x5"},"blockHash":"` +
		aBlock + `","transactionHash":"` + aHash + `","type":"call",` + more + `"traceAddress":[` + path + `]}`
}

// Flat traces name their place; one that does not fit in means that some are missing.
func TestFlatTracesAreHeldTogether(t *testing.T) {
	var block Hash
	parseFixed(block[:], []byte(aBlock))
	const failed, reward = `"error":"Reverted",`, `{"action":{"author":"` + anAddress + `","rewardType":"block","value":"0x9"},` +
		`"blockHash":"` + aBlock + `","result":null,"traceAddress":[],"type":"reward","transactionHash":null}`
	for name, c := range map[string]struct {
		traces []string
		want   int // moves, -1 for an error
	}{
		"none":                  {nil, 0},
		"one":                   {[]string{flat("", "")}, 1},
		"a tree":                {[]string{flat("", ""), flat("0", ""), flat("0,0", ""), flat("0,1", ""), flat("1", "")}, 5},
		"a reward":              {[]string{flat("", ""), reward}, 1},
		"failed within":         {[]string{flat("", ""), flat("0", failed), flat("0,0", ""), flat("0,0,0", ""), flat("1", "")}, 2},
		"failed":                {[]string{flat("", failed), flat("0", "")}, 0},
		"delegated":             {[]string{strings.Replace(flat("", ""), `"callType":"call"`, `"callType":"delegatecall"`, 1)}, 0},
		"an unknown call":       {[]string{strings.Replace(flat("", ""), `"callType":"call"`, `"callType":"authcall"`, 1)}, -1},
		"no outermost":          {[]string{flat("0", "")}, -1},
		"no parent":             {[]string{flat("", ""), flat("0,0", "")}, -1},
		"another's child":       {[]string{flat("", ""), flat("0", ""), flat("1,0", "")}, -1},
		"backwards":             {[]string{flat("", ""), flat("1", ""), flat("0", "")}, -1},
		"twice":                 {[]string{flat("", ""), flat("0", ""), flat("0", "")}, -1},
		"of another block":      {[]string{strings.Replace(flat("", ""), aBlock, aHash, 1)}, -1},
		"no block":              {[]string{strings.Replace(flat("", ""), "blockHash", "block", 1)}, -1},
		"no path":               {[]string{strings.Replace(flat("", ""), "traceAddress", "trace", 1)}, -1},
		"a path of text":        {[]string{flat("", ""), flat(`"0"`, "")}, -1},
		"a path without an end": {[]string{flat("", ""), flat("99999999999999999999", "")}, -1},
		"text":                  {[]string{`"call"`}, -1},
	} {
		traced, err := decodeFlat([]byte("["+strings.Join(c.traces, ",")+"]"), block)
		n := 0
		for _, one := range traced {
			moved, ok := effective(one.tx, one.frames)
			if !ok {
				n = -1
				break
			}
			n += len(moved)
		}
		if err != nil {
			n = -1
		}
		if n != c.want {
			t.Errorf("%s: %d moves, want %d (%v)", name, n, c.want, err)
		}
	}
}
