package ethrpc

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Class says what was wrong with an endpoint, in words fit for a metric's label.
type Class string

// The classes. None is an endpoint that never failed.
const (
	None          Class = ""
	Unreachable   Class = "unreachable"   // no connection, or it broke
	TimedOut      Class = "timeout"       // no answer in time
	Limited       Class = "limited"       // we ask too much (429, or a node's own limiter)
	Refused       Class = "refused"       // we may not ask (401, 403)
	Broken        Class = "broken"        // an answer that is none: 5xx, HTML, cut short, no JSON-RPC
	Lagging       Class = "lagging"       // it has not the blocks it is asked for
	Contradicting Class = "contradicting" // two of its answers, or it and others, do not fit together
	WrongChain    Class = "wrong_chain"   // it serves another chain
	WrongToken    Class = "wrong_token"   // a token is not there, or not as we were told
	Outdated      Class = "outdated"      // its software lacks what we rely on
)

// Misfit reports an endpoint that works and is not what the configuration says: asking again does
// not help, a person has to look.
func (c Class) Misfit() bool { return c == WrongChain || c == WrongToken || c == Outdated }

// failure is why an endpoint's answer does not count. Its text holds no URL.
type failure struct {
	class  Class
	detail string
	wait   time.Duration // as the endpoint asked, 0 if it did not
}

func fail(class Class, detail string) *failure { return &failure{class: class, detail: detail} }

func (f *failure) Error() string { return string(f.class) + ": " + f.detail }

// doubtful reports a failure of content rather than of service. The endpoint works, so its breaker
// stays shut; it only goes to the end of the line for a while.
func (f *failure) doubtful() bool { return f.class == Lagging || f.class == Contradicting }

// fatal reports a failure that asking again soon cannot mend.
func (f *failure) fatal() bool {
	return f.class == Limited || f.class == Refused || f.class.Misfit()
}

// rpcError is an error answered inside the protocol.
type rpcError struct {
	code    int64
	message string
}

// maxMessage bounds what a node may write into our errors.
const maxMessage = 200

func (e *rpcError) Error() string {
	return "rpc error " + strconv.FormatInt(e.code, 10) + ": " + printable(e.message, maxMessage)
}

// The codes by which nodes refuse a range: invalid parameters, too many results (java-tron,
// Infura), an answer too large (java-tron). And those that always mean we ask too often.
const (
	codeUnknownMethod   = -32601
	codeInvalidParams   = -32602
	codeLimit           = -32005
	codeTooLarge        = -32003
	codeTooManyRequests = 429
	codeRateLimit       = -32029
)

// Nodes say "your range is too wide" and "you ask too often" with the same codes and much the same
// words; what tells them apart is the mention of time or of an account.
var (
	paceWords = []string{
		"rate limit", "rate-limit", "ratelimit", "request rate", "too many requests", "per second",
		"per minute", "daily", "quota", "credit", "capacity", "compute unit", "throughput",
		"lack of computing resources",
	}
	methodWords = []string{"method not found", "does not exist/is not available", "unsupported method"}
	widthWords  = []string{
		"range", "limit", "too many", "exceed", "too large", "too big", "more than", "greater than",
		"maximum",
	}
)

// unknownMethod reports that the node does not serve what it was asked for, in the protocol's own code
// or in the words of those that use another.
func (e *rpcError) unknownMethod() bool {
	return e.code == codeUnknownMethod || containsAny(e.message, methodWords)
}

// pace reports a refusal for asking too often.
func (e *rpcError) pace() bool {
	return e.code == codeTooManyRequests || e.code == codeRateLimit ||
		containsAny(e.message, paceWords)
}

// tooWide reports a refusal of a range for its size.
func (e *rpcError) tooWide() bool {
	if e.pace() {
		return false
	}
	switch e.code {
	case codeInvalidParams, codeLimit, codeTooLarge:
		return true
	}
	return containsAny(e.message, widthWords)
}

// failure is what the error means for the endpoint where nothing better is known.
func (e *rpcError) failure() *failure {
	if e.pace() {
		return fail(Limited, e.Error())
	}
	return fail(Broken, e.Error())
}

// asFailure finds the failure in an error; anything unknown is the endpoint's.
func asFailure(err error) (*failure, bool) {
	var f *failure
	if errors.As(err, &f) {
		return f, true
	}
	var e *rpcError
	if errors.As(err, &e) {
		return e.failure(), true
	}
	return nil, false
}

func containsAny(s string, words []string) bool {
	s = strings.ToLower(s)
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// printable cuts foreign text to a length and to what may stand in a log line.
func printable(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
