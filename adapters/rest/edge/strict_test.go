package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/101pay/101pay/domain/fault"
)

// shape leaves nothing out when it is encoded again, so that what was accepted can be compared.
type shape struct {
	Amount *string            `json:"amount,omitzero"`
	Count  *int32             `json:"count,omitzero"`
	On     *bool              `json:"on,omitzero"`
	List   []string           `json:"list,omitzero"`
	Meta   *map[string]string `json:"meta,omitzero"`
	Sub    *shape             `json:"sub,omitzero"`
}

// FuzzDecode is target F8. The oracle is encoding/json, which shares no code with our decoder:
// what we accept must hold, for it, exactly the members we understood.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[]`, `{"amount":"9.99","count":1,"on":true,"list":["a"],"meta":{"k":"v"}}`,
		`{"amount":"1","amoun\u0074":"2"}`, `{"AMOUNT":"1"}`, `{"amount":null}`, `{"amount":"\u0000"}`,
		`{"amount":"\ud83d\ude00"}`, `{"amount":"\ud83d"}`, "\ufeff{}", "{\"amount\":\"\xff\"}",
		`{"sub":{"sub":{"count":-0}}}`, `{"count":1.0}`, `{"count":1e2}`, `{"count":2147483648}`,
		`{"meta":{"a":"1","a":"2"}}`, `{"meta":{"\u0061":"1"}} `, `{"list":[null]}`, `{} {}`,
		strings.Repeat(`{"sub":`, 19) + `{}` + strings.Repeat(`}`, 19),
		strings.Repeat(`{"sub":`, 20) + `{}` + strings.Repeat(`}`, 20),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got shape
		if err := unmarshalStrict(raw, &got); err != nil {
			var refused *fault.Fault
			if !errors.As(err, &refused) || refused.Kind != fault.Invalid {
				t.Fatalf("refused with %v", err)
			}
			if !utf8.ValidString(refused.Param) || len(refused.Param) > paramMax+len("…") {
				t.Fatalf("param %q", refused.Param)
			}
			return
		}
		if !utf8.Valid(raw) {
			t.Fatal("accepted bad UTF-8")
		}
		checkTokens(t, raw)
		var sent, understood map[string]any
		if err := json.Unmarshal(raw, &sent); err != nil {
			t.Fatalf("accepted what encoding/json refuses: %v", err)
		}
		encoded, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &understood); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(sent, understood) {
			t.Fatalf("sent %s\nunderstood %s", raw, encoded)
		}
		var again shape
		if err := unmarshalStrict(encoded, &again); err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%s does not survive a second reading: %v", encoded, err)
		}
	})
}

// checkTokens finds duplicates, nulls, NULs and depth on its own.
func checkTokens(t *testing.T, raw []byte) {
	t.Helper()
	type level struct {
		names  map[string]bool // nil in an array
		isName bool
	}
	var stack []level
	d := json.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		top := len(stack) - 1
		if text, ok := token.(string); ok && strings.ContainsRune(text, 0) {
			t.Fatalf("accepted NUL: %s", raw)
		}
		if token == nil {
			t.Fatalf("accepted null: %s", raw)
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			stack = stack[:top]
			continue
		}
		if top >= 0 && stack[top].names != nil {
			if stack[top].isName {
				name := token.(string)
				if stack[top].names[name] {
					t.Fatalf("accepted duplicate %q: %s", name, raw)
				}
				stack[top].names[name] = true
			}
			stack[top].isName = !stack[top].isName
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{map[string]bool{}, true})
		case json.Delim('['):
			stack = append(stack, level{})
		}
		if len(stack) > jsonDepthMax {
			t.Fatalf("accepted depth %d", len(stack))
		}
	}
}

// The limit is 20, not 19 and not 21.
func TestDepthLimitIsExact(t *testing.T) {
	nested := func(n int) []byte {
		return []byte(strings.Repeat(`{"sub":`, n-1) + `{}` + strings.Repeat(`}`, n-1))
	}
	var s shape
	if err := unmarshalStrict(nested(jsonDepthMax), &s); err != nil {
		t.Errorf("depth 20: %v", err)
	}
	if err := unmarshalStrict(nested(jsonDepthMax+1), &s); !errors.Is(err, ErrInvalidJSON) {
		t.Errorf("depth 21: %v", err)
	}
}
