package paywall

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
)

// Tools are the prices of tools of a server of the Model Context Protocol, by name. Others are free.
type Tools map[string]Price

// SellTools is the middleware for the route a server of the Model Context Protocol listens on (streamable
// HTTP): calls of tools that have a price are answered once they are paid (x402 transport mcp). Everything
// else passes as it is read here: what the server behind is sent is written anew, so that no message means
// one thing to us and another to it.
func (g *Gate) SellTools(tools Tools) (gin.HandlerFunc, error) {
	for name, price := range tools {
		if _, err := g.offer("/", price); err != nil {
			return nil, errors.New("paywall: tool " + strconv.Quote(name) + ": " + err.Error())
		}
	}
	return func(c *gin.Context) {
		if c.Request.Method != http.MethodPost {
			c.Next() // the stream of a session, or its end: nothing is called by it
			return
		}
		call, err := readCall(c)
		if err != nil {
			message(c, nil, "error", rpcError(err))
			c.Abort()
			return
		}
		price, sold := tools[call.tool]
		if !sold || call.tool == "" {
			c.Next()
			return
		}
		g.serve(c, call, price)
	}, nil
}

// call is a call of a tool, and the counter it is paid at. The zero tool is another message.
type call struct {
	tool      string
	id        json.RawMessage
	arguments []byte
	meta      []byte
}

var (
	errMessage = fault.New(fault.Invalid, "invalid_message",
		"the body must be one JSON-RPC 2.0 message; batches are not taken")
	errCall = fault.New(fault.Invalid, "invalid_call", "tools/call needs an id and params.name")
)

// readCall reads a message and puts what was read in its place.
func readCall(c *gin.Context) (out *call, err error) {
	body, err := readAll(c)
	if err != nil {
		return nil, err
	}
	// Maps keep the last of two members with one name, and are compared by letter: what is written anew has
	// each once.
	var msg map[string]json.RawMessage
	if json.Unmarshal(body, &msg) != nil || msg == nil || !plainly(msg, "jsonrpc", "id", "method", "params") {
		return nil, errMessage
	}
	out = &call{}
	var method string
	if json.Unmarshal(msg["method"], &method) == nil && method == "tools/call" {
		var params map[string]json.RawMessage
		if json.Unmarshal(msg["params"], &params) != nil || !plainly(params, "name", "arguments", "_meta") ||
			json.Unmarshal(params["name"], &out.tool) != nil || out.tool == "" || len(msg["id"]) == 0 {
			return nil, errCall
		}
		out.id, out.arguments = msg["id"], compact(params["arguments"])
		out.meta = compact(params["_meta"])
		if msg["params"], err = json.Marshal(withoutPayment(params)); err != nil {
			return nil, errMessage
		}
	}
	if body, err = json.Marshal(msg); err != nil {
		return nil, errMessage
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	c.Request.ContentLength = int64(len(body))
	c.Request.Header.Del("Content-Length")
	c.Request.Header.Del("Accept-Encoding") // we have to read the answer
	return out, nil
}

// plainly reports that no member is a known one in other letters ("Method"): some parsers take it for that.
func plainly(object map[string]json.RawMessage, known ...string) bool {
	for name := range object {
		for _, k := range known {
			if name != k && strings.EqualFold(name, k) {
				return false
			}
		}
	}
	return true
}

// withoutPayment is what the server behind is told of a call: not how it was paid.
func withoutPayment(params map[string]json.RawMessage) map[string]json.RawMessage {
	var meta map[string]json.RawMessage
	if json.Unmarshal(params["_meta"], &meta) != nil || meta == nil {
		return params
	}
	delete(meta, x402.MetaPayment)
	if rest, err := json.Marshal(meta); err == nil {
		params["_meta"] = rest
	}
	return params
}

// compact is JSON in one spelling of its white space.
func compact(text json.RawMessage) []byte {
	var out bytes.Buffer
	if len(text) == 0 || json.Compact(&out, text) != nil {
		return []byte("{}")
	}
	return out.Bytes()
}

func (t *call) read(*gin.Context) (p x402.Payload, paid bool, err error) {
	return x402.ReadMeta(t.meta)
}

// asked leaves the id of the message out: a repetition has another one.
func (t *call) asked(c *gin.Context) (x402.Request, error) {
	return x402.Request{
		SKU: c.Request.URL.EscapedPath() + "#" + t.tool, Method: "tools/call",
		Target: c.Request.URL.RequestURI(), Body: t.arguments,
	}, nil
}

func (t *call) demand(c *gin.Context, o x402.Offer) { t.ask(c, o.Challenge(nil)) }

func (t *call) ask(c *gin.Context, ch x402.Challenge) {
	result, err := ch.ToolResult()
	if err != nil {
		message(c, t.id, "error", rpcError(err))
		return
	}
	message(c, t.id, "result", result)
}

// refuse answers with a fresh challenge where the client may pay again, and with an error of JSON-RPC
// where it must not: agents sign anew when they are asked to.
func (t *call) refuse(c *gin.Context, o x402.Offer, _ *x402.Response, err error) {
	refusal := (*x402.Refusal)(nil)
	kind := fault.From(err).Kind
	if errors.As(err, &refusal) && (kind == fault.Invalid || kind == fault.Rejected) {
		t.ask(c, o.Challenge(refusal))
		return
	}
	message(c, t.id, "error", rpcError(err))
}

// approve takes the result out of what the server behind answered, as JSON or as a stream of events. A tool
// that says it failed is not paid for.
func (t *call) approve(answer *kept) bool {
	if answer.failed() {
		return false
	}
	for _, text := range answer.messages() {
		var msg map[string]json.RawMessage
		if json.Unmarshal(text, &msg) != nil || !bytes.Equal(compact(msg["id"]), compact(t.id)) {
			continue // a notification on the way
		}
		var result map[string]json.RawMessage
		if json.Unmarshal(msg["result"], &result) != nil || result == nil {
			return false
		}
		failed := false
		_ = json.Unmarshal(result["isError"], &failed)
		answer.result = result
		return !failed
	}
	return false
}

// give writes the result with the settlement response in its _meta, as the answer to this very message.
func (t *call) give(c *gin.Context, answer *kept, paid *x402.Response, _ x402.Version) {
	if answer.result == nil || paid == nil {
		answer.send(c.Writer, "", "")
		return
	}
	meta := map[string]json.RawMessage{}
	_ = json.Unmarshal(answer.result["_meta"], &meta)
	meta[x402.MetaResponse] = paid.Meta()
	result := map[string]json.RawMessage{}
	for name, value := range answer.result {
		result[name] = value
	}
	var err error
	if result["_meta"], err = json.Marshal(meta); err != nil {
		message(c, t.id, "error", rpcError(err))
		return
	}
	text, err := json.Marshal(result)
	if err != nil {
		message(c, t.id, "error", rpcError(err))
		return
	}
	for name, values := range answer.header {
		if strings.HasPrefix(name, "Mcp-") {
			c.Writer.Header()[name] = values
		}
	}
	message(c, t.id, "result", text)
}

// message answers with a message of JSON-RPC; its id is null if nobody knows it.
func message(c *gin.Context, id json.RawMessage, member string, value []byte) {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	text, err := json.Marshal(map[string]json.RawMessage{
		"jsonrpc": json.RawMessage(`"2.0"`), "id": id, member: value,
	})
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Data(http.StatusOK, "application/json", text)
}

// rpcInvalid and rpcServer are codes of JSON-RPC: an invalid request, and an error of the server's own.
const rpcInvalid, rpcServer = -32600, -32000

func rpcError(err error) []byte {
	f := fault.From(err)
	told := map[string]any{"error": f.Code}
	if f.RetryAfter > 0 {
		told["retryAfterSeconds"] = int((f.RetryAfter + time.Second - 1) / time.Second)
	}
	code := rpcServer
	if f.Kind == fault.Invalid {
		code = rpcInvalid
	}
	text, err := json.Marshal(map[string]any{"code": code, "message": f.Message, "data": told})
	if err != nil {
		return []byte(`{"code":-32000,"message":"internal error"}`)
	}
	return text
}
