package simnode

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// Fault is a way to answer badly. All of them can be found out; none may be believed.
type Fault uint8

// The faults. They are played on one request at a time.
const (
	Honest       Fault = iota
	Dropped            // the connection breaks before an answer
	CutOff             // the connection breaks in the middle of the answer
	CutShort           // the answer ends in the middle, as if it were whole
	Down               // 503
	Limited            // 429, come back in a few seconds
	Overloaded         // 200 with java-tron's own {"Error": …}
	Page               // 200 with HTML
	EmptyBody          // 200 with nothing
	EmptyList          // 200 with a list of no answers
	Nulls              // every result is null
	Errors             // every question is an error
	OtherChain         // it is a node of another chain
	Narrow             // it refuses any range of more than one block
	NoReceipts         // it has lost its receipts
	BareReceipts       // its receipts hold no logs
	OtherFork          // its logs name a block that is not there
	Twice              // it tells every log twice
	Huge               // the answer is larger than anybody would read
	OtherIDs           // it answers other questions than were asked
	faults
)

// Faults lists all faults but honesty.
func Faults() []Fault {
	out := make([]Fault, 0, faults-1)
	for f := Honest + 1; f < faults; f++ {
		out = append(out, f)
	}
	return out
}

// hugeAnswer is more than a client reads.
const hugeAnswer = 26 << 20

// whole answers a whole request in the node's stead; ok is false for faults of single answers.
func (f Fault) whole() (status int, header http.Header, body []byte, ok bool) {
	switch f {
	case Down:
		return http.StatusServiceUnavailable, nil, []byte("out of order"), true
	case Limited:
		return http.StatusTooManyRequests, http.Header{"Retry-After": {"3"}}, nil, true
	case Overloaded:
		return http.StatusOK, nil, []byte(`{"Error":"class java.lang.IllegalAccessException : lack of computing resources"}`), true
	case Page:
		return http.StatusOK, nil, []byte("<html>please wait</html>"), true
	case EmptyBody:
		return http.StatusOK, nil, nil, true
	case EmptyList:
		return http.StatusOK, nil, []byte("[]"), true
	case Huge:
		return http.StatusOK, nil, bytes.Repeat([]byte{' '}, hugeAnswer), true
	default:
		return 0, nil, nil, false
	}
}

// spoil makes of an honest reply what a fault makes of it.
func (f Fault) spoil(q question, r reply) reply {
	logs := q.Method == "eth_getLogs"
	receipt := strings.HasSuffix(q.Method, "Receipt") || strings.HasSuffix(q.Method, "Receipts")
	switch {
	case f == Nulls:
		return reply{result: null}
	case f == Errors:
		return reply{problem: []byte(`{"code":-32000,"message":"header not found"}`)}
	case f == OtherChain && q.Method == "eth_chainId":
		return reply{result: []byte(`"0x7"`)}
	case f == Narrow && logs && !oneBlock(q):
		return reply{problem: []byte(`{"code":-32005,"message":"query returned more than 1 results"}`)}
	case f == NoReceipts && receipt:
		return reply{result: null}
	case f == BareReceipts && receipt:
		return reply{result: bare(r.result)}
	case f == OtherFork && logs:
		return reply{result: elsewhere(r.result)}
	case f == Twice && logs && len(r.result) > 2:
		inner := r.result[1 : len(r.result)-1]
		return reply{result: list([][]byte{inner, inner})}
	}
	return r
}

// elsewhere changes the block hashes in logs.
func elsewhere(logs []byte) []byte {
	name := []byte(`"blockHash":"0x`)
	out := bytes.Clone(logs)
	for at := 0; ; {
		next := bytes.Index(out[at:], name)
		if next < 0 {
			return out
		}
		at += next + len(name)
		if out[at] == 'a' {
			out[at] = 'b'
		} else {
			out[at] = 'a'
		}
	}
}

// oneBlock reports whether logs of a single block are asked for.
func oneBlock(q question) bool {
	var f filter
	return len(q.Params) == 1 && json.Unmarshal(q.Params[0], &f) == nil && f.FromBlock == f.ToBlock
}

// bare empties the logs of a receipt, or of the receipts in a list.
func bare(result []byte) []byte {
	var out []byte
	for {
		before, after, found := bytes.Cut(result, []byte(`"logs":[`))
		out = append(out, before...)
		if !found {
			return out
		}
		out = append(out, `"logs":[`...)
		depth := 1
		for depth > 0 {
			switch after[0] {
			case '[':
				depth++
			case ']':
				depth--
			}
			if depth > 0 {
				after = after[1:]
			}
		}
		result = after
	}
}
