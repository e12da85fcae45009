package paywall

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/domain/x402"
)

// toolbox is a server of the Model Context Protocol with a tool that is sold, "weather", and one that is
// not. Some servers answer with JSON, others with a stream of events.
type toolbox struct {
	streams bool
	fails   bool
	seen    []string // bodies it was sent
}

func (b *toolbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.seen = append(b.seen, string(body))
	if r.Method != http.MethodPost {
		_, _ = io.WriteString(w, "a stream")
		return
	}
	var msg struct {
		ID json.RawMessage `json:"id"`
	}
	_ = json.Unmarshal(body, &msg)
	result := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"sunny"}],"isError":%t,"_meta":{"own":1}}}`,
		msg.ID, b.fails)
	w.Header().Set("Mcp-Session-Id", "session")
	if !b.streams {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, result)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "event: message\r\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\r\n\r\n")
	_, _ = io.WriteString(w, "event: message\r\ndata: "+result+"\r\n\r\n")
}

func toolShop(t *testing.T, b *toolbox) *shop {
	t.Helper()
	return front(t, b, Rule{Pattern: "/mcp", Tools: Tools{"weather": {Ways: usdc(t), Description: "The weather"}}})
}

// send posts a message and answers what came back.
func (s *shop) send(message string) (map[string]any, *httptest.ResponseRecorder) {
	s.t.Helper()
	w := s.ask(http.MethodPost, "/mcp", "", func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(message)), int64(len(message))
		r.Header.Set("Accept-Encoding", "gzip")
	})
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		s.t.Fatalf("%s: %d %s", message, w.Code, w.Body)
	}
	return out, w
}

// callOf is a call of the tool; payment is the JSON of a payload, "" for none.
func callOf(id, city, payment string) string {
	meta := `"progressToken":7`
	if payment != "" {
		meta += `,"x402/payment":` + payment
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"weather","arguments":{"city": %q},"_meta":{%s}}}`,
		id, city, meta)
}

// toolPayment asks for the price of the tool and pays it.
func (s *shop) toolPayment() string {
	s.t.Helper()
	asked, _ := s.send(callOf("1", "Ulm", ""))
	result, _ := asked["result"].(map[string]any)
	required, err := json.Marshal(result["structuredContent"])
	if err != nil || result["isError"] != true {
		s.t.Fatalf("asked %v", asked)
	}
	ways, err := agenttest.Ways(base64.StdEncoding.EncodeToString(required))
	if err != nil || len(ways) != 1 {
		s.t.Fatalf("asked %v: %v", asked, err)
	}
	text, err := s.agent.Payload(agenttest.Bill{Version: x402.V2, Way: ways[0], Now: s.now})
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// A tool is asked for, paid, and answered once, however its server answers; a repetition is the same
// payment whatever the number of its message.
func TestToolsArePaid(t *testing.T) {
	for _, streams := range []bool{false, true} {
		b := &toolbox{streams: streams}
		s := toolShop(t, b)
		payment := s.toolPayment()
		for _, id := range []string{"2", `"three"`} {
			got, w := s.send(callOf(id, "Ulm", payment))
			result, _ := got["result"].(map[string]any)
			meta, _ := result["_meta"].(map[string]any)
			receipt, _ := meta[x402.MetaResponse].(map[string]any)
			if receipt["success"] != true || receipt["payer"] != s.agent.Address().String() || meta["own"] != 1.0 ||
				fmt.Sprint(got["id"]) != strings.Trim(id, `"`) || w.Header().Get("Mcp-Session-Id") != "session" {
				t.Errorf("answered %s with %v", w.Body, w.Header())
			}
		}
		if len(b.seen) != 1 || s.bank.payments() != 1 || strings.Contains(b.seen[0], "x402") ||
			!strings.Contains(b.seen[0], "progressToken") {
			t.Errorf("the server was sent %v for %d payments", b.seen, s.bank.payments())
		}
		clash, _ := s.send(callOf("4", "Bonn", payment))
		if !strings.Contains(fmt.Sprint(clash["error"]), "authorization_bound_to_other_resource") {
			t.Errorf("for another city: %v", clash)
		}
	}
}

// A tool that fails is not paid for, and its answer is passed on.
func TestFailedToolsAreFree(t *testing.T) {
	b := &toolbox{fails: true}
	s := toolShop(t, b)
	got, _ := s.send(callOf("2", "Ulm", s.toolPayment()))
	if result, _ := got["result"].(map[string]any); result["isError"] != true || s.bank.payments() != 0 {
		t.Errorf("answered %v, %d payments", got, s.bank.payments())
	}
}

// Agents sign again when they are asked to pay: where money may have moved they are not asked.
func TestToolsInDoubt(t *testing.T) {
	b := &toolbox{}
	s := toolShop(t, b)
	payment := s.toolPayment()
	s.bank.say(nil, errors.New("no answer"), true)
	got, _ := s.send(callOf("2", "Ulm", payment))
	if e, _ := got["error"].(map[string]any); !strings.Contains(fmt.Sprint(e["data"]), "settlement_pending") {
		t.Errorf("in doubt: %v", got)
	}
	s.bank.say(nil, nil, false)
	got, _ = s.send(callOf("3", "Ulm", payment))
	if got["result"] == nil || s.bank.payments() != 1 || len(b.seen) != 1 {
		t.Errorf("afterwards: %v, %d payments", got, s.bank.payments())
	}
	poor := toolShop(t, b)
	payment = poor.toolPayment()
	poor.bank.say(x402.ReasonFunds.Refuse("too little"), nil, false)
	got, _ = poor.send(callOf("2", "Ulm", payment))
	if result, _ := got["result"].(map[string]any); result["isError"] != true ||
		!strings.Contains(fmt.Sprint(result["structuredContent"]), "insufficient") {
		t.Errorf("without money: %v", got)
	}
}

// What is free passes; what two parsers could read as two things does not.
func TestOtherMessages(t *testing.T) {
	b := &toolbox{}
	s := toolShop(t, b)
	for _, free := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"time","arguments":{}}}`,
	} {
		if got, _ := s.send(free); got["result"] == nil {
			t.Errorf("%s: %v", free, got)
		}
	}
	s.want(s.ask(http.MethodGet, "/mcp", ""), http.StatusOK, "a stream")
	asked := len(b.seen)
	for _, odd := range []string{
		"", "null", "[" + callOf("1", "Ulm", "") + "]", `{"jsonrpc":"2.0","id":1,"Method":"tools/call","params":{"name":"weather"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"weather","name":"time"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}`, `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"weather"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{"name":"weather"}} x`,
	} {
		if got, _ := s.send(odd); got["error"] == nil {
			t.Errorf("%s: %v", odd, got)
		}
	}
	twice := `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":{"name":"time","name":"weather"}}`
	if got, _ := s.send(twice); len(b.seen) != asked || got["result"] == nil {
		t.Errorf("%s: %v, the server saw %v", twice, got, b.seen[asked:])
	}
	// Another of the two is read: what passes says so once.
	twice = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"weather","name":"time"}}`
	if s.send(twice); len(b.seen) != asked+1 || strings.Contains(b.seen[asked], "weather") {
		t.Errorf("the server saw %v", b.seen[asked:])
	}
}
