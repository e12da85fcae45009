package simnode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Wire carries requests to nodes by the host of their URL, without a network. It is an
// http.RoundTripper, to be used by one goroutine at a time.
type Wire struct {
	Nodes map[string]*Node
	// Weather decides how a host answers its next request; nil means that all are honest. An error is
	// a request that never ends, for a caller that was killed.
	Weather func(host string) (Fault, error)
	// Cut is where an answer of so many bytes ends that is cut; nil means at a half.
	Cut func(length int) int
}

var errBroken = errors.New("connection reset by peer")

// RoundTrip implements http.RoundTripper.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	fault := Honest
	if w.Weather != nil {
		if fault, err = w.Weather(r.URL.Host); err != nil {
			return nil, err
		}
	}
	n := w.Nodes[r.URL.Host]
	if n == nil || fault == Dropped {
		return nil, errBroken
	}
	status, header, body, given := fault.whole()
	if !given {
		status, body = http.StatusOK, n.Serve(text, fault)
	}
	answer := &http.Response{StatusCode: status, Header: header, Request: r}
	var from io.Reader = bytes.NewReader(body)
	if fault == CutOff || fault == CutShort {
		at := len(body) / 2
		if w.Cut != nil {
			at = w.Cut(len(body))
		}
		from = bytes.NewReader(body[:at])
		if fault == CutOff {
			from = io.MultiReader(from, broken{})
		}
	}
	answer.Body = io.NopCloser(from)
	return answer, nil
}

// broken is the rest of an answer whose connection broke.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Serve answers the text of a request, spoiled by a fault.
func (n *Node) Serve(request []byte, f Fault) []byte {
	var questions []question
	batch := bytes.HasPrefix(request, []byte{'['})
	var err error
	if batch {
		err = json.Unmarshal(request, &questions)
	} else {
		questions = make([]question, 1)
		err = json.Unmarshal(request, &questions[0])
	}
	if err != nil {
		return []byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no JSON-RPC"}}`)
	}
	answers := make([][]byte, len(questions))
	for i, q := range questions {
		r := f.spoil(q, n.answer(q))
		id := q.ID
		if f == OtherIDs {
			id = json.RawMessage(fmt.Sprint(len(questions) + i))
		}
		member, value := "result", r.result
		if r.problem != nil {
			member, value = "error", r.problem
		}
		answers[i] = fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,%q:%s}`, id, member, value)
	}
	if !batch {
		return answers[0]
	}
	return list(answers)
}
