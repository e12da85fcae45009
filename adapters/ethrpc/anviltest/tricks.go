package anviltest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
)

// Honest answers as the node does.
func Honest(w http.ResponseWriter, x *Exchange) { x.Write(w, x.Forward()) }

// Body answers everything with one text, whatever was asked.
func Body(status int, text string, header ...string) Trick {
	return func(w http.ResponseWriter, _ *Exchange) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
}

// CutShort ends each answer after a share of it, in percent.
func CutShort(percent int) Trick {
	return func(w http.ResponseWriter, x *Exchange) {
		text := x.encode(x.Forward())
		_, _ = w.Write(text[:len(text)*percent/100])
	}
}

// Silent answers nothing until the client gives up.
func Silent(_ http.ResponseWriter, x *Exchange) { <-x.Request().Context().Done() }

// Instead answers calls of a method by a text of its own, the others as the node does. The text is
// a result, or an error if it begins with "error ", as in `error {"code":-32005,"message":"no"}`.
func Instead(method, text string) Trick {
	return Change(method, func(Call, Reply) Reply {
		if wrong, isError := strings.CutPrefix(text, "error "); isError {
			return Reply{Error: json.RawMessage(wrong)}
		}
		return Reply{Result: json.RawMessage(text)}
	})
}

// Change has calls of a method answered by what fn makes of the node's reply.
func Change(method string, fn func(Call, Reply) Reply) Trick {
	return func(w http.ResponseWriter, x *Exchange) {
		replies := x.Forward()
		for i := range replies {
			if x.Calls[i].Method == method {
				changed := fn(x.Calls[i], replies[i])
				changed.Version, changed.ID = replies[i].Version, replies[i].ID
				replies[i] = changed
			}
		}
		x.Write(w, replies)
	}
}

// Replace rewrites text in the results of a method.
func Replace(method, from, to string) Trick {
	return Change(method, func(_ Call, r Reply) Reply {
		r.Result = json.RawMessage(strings.ReplaceAll(string(r.Result), from, to))
		return r
	})
}

// LoneCallsOnly refuses batches of more than a number of calls, whole, as some providers do.
func LoneCallsOnly(most int) Trick {
	return func(w http.ResponseWriter, x *Exchange) {
		if len(x.Calls) > most {
			Body(http.StatusOK, `{"jsonrpc":"2.0","id":null,`+
				`"error":{"code":-32600,"message":"batch too large"}}`)(w, x)
			return
		}
		Honest(w, x)
	}
}

// NarrowRanges refuses eth_getLogs over more than a number of blocks, in a provider's own words.
func NarrowRanges(blocks uint64, code int, message string) Trick {
	return Change("eth_getLogs", func(c Call, r Reply) Reply {
		var filter struct{ FromBlock, ToBlock string }
		if len(c.Params) == 0 || json.Unmarshal(c.Params[0], &filter) != nil {
			return r
		}
		if parse(filter.ToBlock)-parse(filter.FromBlock)+1 > blocks {
			words, _ := json.Marshal(message)
			return Reply{Error: json.RawMessage(fmt.Sprintf(`{"code":%d,"message":%s}`, code, words))}
		}
		return r
	})
}

// Behind answers as a node that has only blocks up to a height: no block above it, no receipt from
// above it, and, as java-tron and many others do, an empty list instead of an error for logs.
func Behind(height uint64) Trick {
	return func(w http.ResponseWriter, x *Exchange) {
		head, final := hex(height), hex(height-min(height, FinalityLag))
		for i, c := range x.Calls {
			if c.Method == "eth_getBlockByNumber" && len(c.Params) > 0 {
				which := strings.Trim(string(c.Params[0]), `"`)
				switch which {
				case "latest":
					which = head
				case "finalized":
					which = final
				}
				x.Calls[i].Params[0] = json.RawMessage(strconv.Quote(which))
			}
		}
		replies := x.Forward()
		for i := range replies {
			if lacks(x.Calls[i], replies[i], height) {
				replies[i].Result, replies[i].Error = json.RawMessage("null"), nil
				if m := x.Calls[i].Method; m == "eth_getLogs" || m == "trace_block" {
					replies[i].Result = json.RawMessage("[]")
				}
			}
		}
		x.Write(w, replies)
	}
}

// lacks reports whether a reply tells of what is above a height.
func lacks(c Call, r Reply, height uint64) bool {
	switch c.Method {
	case "eth_getLogs":
		var filter struct{ FromBlock, ToBlock string }
		return len(c.Params) > 0 && json.Unmarshal(c.Params[0], &filter) == nil &&
			parse(filter.ToBlock) > height
	case "eth_getBlockByNumber", "debug_traceBlockByNumber", "trace_block":
		return len(c.Params) > 0 && parse(strings.Trim(string(c.Params[0]), `"`)) > height
	case "eth_getTransactionReceipt":
		var receipt struct{ BlockNumber string }
		return json.Unmarshal(r.Result, &receipt) == nil && parse(receipt.BlockNumber) > height
	}
	return false
}

// parse reads "0x1a"; anything else is 0.
func parse(s string) uint64 {
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 64)
	if err != nil {
		return 0
	}
	return v
}

// Both plays two tricks that only change replies, the second on what the first made.
func Both(first, second Trick) Trick {
	return func(w http.ResponseWriter, x *Exchange) {
		ask := x.forward
		x.forward = func() []Reply {
			x.forward = ask
			made := httptest.NewRecorder()
			first(made, x)
			return x.decode(made.Body.Bytes())
		}
		second(w, x)
	}
}

// FirstOnly leaves out all but the first element of the list a method answers.
func FirstOnly(method string) Trick {
	return Change(method, func(_ Call, r Reply) Reply {
		var list []json.RawMessage
		if json.Unmarshal(r.Result, &list) == nil && len(list) > 1 {
			r.Result, _ = json.Marshal(list[:1])
		}
		return r
	})
}

// IgnoreAddressFilter finds logs of every contract, whichever was asked for.
func IgnoreAddressFilter(w http.ResponseWriter, x *Exchange) {
	refilter(x, func(filter map[string]json.RawMessage) { delete(filter, "address") })
	Honest(w, x)
}

// IgnoreRange finds logs from the first block on, wherever the range asked for begins.
func IgnoreRange(w http.ResponseWriter, x *Exchange) {
	refilter(x, func(filter map[string]json.RawMessage) {
		filter["fromBlock"] = json.RawMessage(`"0x1"`)
	})
	Honest(w, x)
}

// refilter changes what eth_getLogs is asked for.
func refilter(x *Exchange, change func(filter map[string]json.RawMessage)) {
	for i, c := range x.Calls {
		var filter map[string]json.RawMessage
		if c.Method == "eth_getLogs" && json.Unmarshal(c.Params[0], &filter) == nil {
			change(filter)
			x.Calls[i].Params[0], _ = json.Marshal(filter)
		}
	}
}
