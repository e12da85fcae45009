package anviltest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Proxy stands before a node and, on demand, spoils what it answers.
type Proxy struct {
	URL string

	t     testing.TB
	node  string
	mu    sync.Mutex
	trick Trick
	asked []string
}

// Trick answers a request in the node's stead, with its help or without.
type Trick func(w http.ResponseWriter, x *Exchange)

// Exchange is one request to the proxy.
type Exchange struct {
	Calls []Call
	Batch bool
	proxy *Proxy
	r     *http.Request

	forward func() []Reply
}

// Call is one question of a request.
type Call struct {
	Version string            `json:"jsonrpc"`
	ID      json.RawMessage   `json:"id"`
	Method  string            `json:"method"`
	Params  []json.RawMessage `json:"params"`
}

// Reply is the answer to a question.
type Reply struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

// NewProxy starts an honest proxy before the node at a URL.
func NewProxy(t testing.TB, node string) *Proxy {
	t.Helper()
	p := &Proxy{t: t, node: node}
	server := httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Play changes how the proxy answers from now on; nil makes it honest again.
func (p *Proxy) Play(trick Trick) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trick = trick
}

// Asked lists the methods asked for since the last time, and forgets them.
func (p *Proxy) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.asked
	p.asked = nil
	return out
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	x := &Exchange{proxy: p, r: r, Batch: bytes.HasPrefix(bytes.TrimSpace(body), []byte("["))}
	var one Call
	if x.Batch {
		err = json.Unmarshal(body, &x.Calls)
	} else if err = json.Unmarshal(body, &one); err == nil {
		x.Calls = []Call{one}
	}
	if err != nil {
		p.t.Errorf("the client sent no JSON-RPC: %s", body)
		http.Error(w, "no JSON-RPC", http.StatusBadRequest)
		return
	}
	x.forward = x.ask
	p.mu.Lock()
	trick := p.trick
	for _, c := range x.Calls {
		p.asked = append(p.asked, c.Method)
	}
	p.mu.Unlock()
	if trick == nil {
		trick = Honest
	}
	trick(w, x)
}

// Request is the request as it came in.
func (x *Exchange) Request() *http.Request { return x.r }

// Asks reports whether the request holds a call of a method.
func (x *Exchange) Asks(method string) bool {
	return slices.ContainsFunc(x.Calls, func(c Call) bool { return c.Method == method })
}

// Forward asks the node, and answers in the order of the calls; nothing if the node is gone.
func (x *Exchange) Forward() []Reply { return x.forward() }

func (x *Exchange) ask() []Reply {
	body, err := json.Marshal(x.Calls)
	if err != nil {
		panic(err) // what was read can be written
	}
	text, err := post(x.proxy.node, body)
	if err != nil {
		return nil
	}
	var got, out []Reply
	if err := json.Unmarshal(text, &got); err != nil {
		return nil
	}
	for _, c := range x.Calls {
		i := slices.IndexFunc(got, func(r Reply) bool { return bytes.Equal(r.ID, c.ID) })
		if i < 0 {
			return nil
		}
		if got[i].Result == nil && got[i].Error == nil {
			got[i].Result = json.RawMessage("null")
		}
		out = append(out, got[i])
	}
	return out
}

// Write sends replies as a node does: a list to a batch, one to one call.
func (x *Exchange) Write(w http.ResponseWriter, replies []Reply) {
	_, _ = w.Write(x.encode(replies))
}

func (x *Exchange) encode(replies []Reply) []byte {
	if len(replies) != len(x.Calls) {
		return nil // the node is gone: an empty answer
	}
	var text []byte
	var err error
	if x.Batch {
		text, err = json.Marshal(replies)
	} else {
		text, err = json.Marshal(replies[0])
	}
	if err != nil {
		panic(err) // raw JSON that was read before
	}
	return text
}

// decode reads what encode wrote.
func (x *Exchange) decode(text []byte) []Reply {
	if !x.Batch {
		text = append(append([]byte("["), text...), ']')
	}
	var out []Reply
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}
