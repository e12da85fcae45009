package ethrpc

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"
)

// Token is what a token's contract must say of itself. Lists of tokens are wrong often enough (one
// once gave BSC's USDT sixteen decimals) that only the chain is asked.
type Token struct {
	Contract Address
	Symbol   string
	Decimals uint8
}

// fitness is what an endpoint must be before anything it says counts.
type fitness struct {
	chainID uint64
	tokens  []Token
	version func(string) error // judges web3_clientVersion; nil takes any
}

// The selectors of decimals() and symbol().
const (
	selectDecimals = "0x313ce567"
	selectSymbol   = "0x95d89b41"
)

const (
	callsPerToken = 3
	maxVersion    = 120 // characters of a version we repeat
)

// verify makes sure, once per connection that held, that the endpoint is fit. What a node refuses
// to tell (some answer no eth_call) is not held against it, and is noted.
func (e *endpoint) verify(ctx context.Context) error {
	e.mu.Lock()
	verified := e.verified
	e.mu.Unlock()
	if verified {
		return nil
	}
	if err := e.verifyChain(ctx); err != nil {
		return err
	}
	answers, err := e.askEach(ctx, e.fit.questions())
	if err != nil {
		return err
	}
	for _, a := range answers {
		if a.err != nil && a.err.pace() {
			return a.err
		}
	}
	version, err := e.fit.judgeVersion(answers[0])
	if err != nil {
		return err
	}
	var unproven []string
	for i, t := range e.fit.tokens {
		refused, err := t.judge(answers[1+i*callsPerToken:])
		if err != nil {
			return err
		}
		unproven = append(unproven, refused...)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.verified, e.version, e.unproven = true, version, e.redact(strings.Join(unproven, "; "))
	return nil
}

// verifyChain asks for the chain id by itself: the one question every node answers, in the one form
// every node understands.
func (e *endpoint) verifyChain(ctx context.Context) error {
	answers, err := e.ask(ctx, []call{{method: "eth_chainId"}})
	if err != nil {
		return err
	}
	id, ok := parseQuantity(text(answers[0].result))
	if !ok {
		return fail(Broken, "no chain id")
	}
	if id != e.fit.chainID {
		return fail(WrongChain, "it serves chain "+strconv.FormatUint(id, 10)+
			", the configuration says "+strconv.FormatUint(e.fit.chainID, 10))
	}
	return nil
}

// questions are the version of the software, then code, decimals and symbol of each token.
func (f *fitness) questions() []call {
	calls := []call{{method: "web3_clientVersion"}}
	for _, t := range f.tokens {
		to := fixed(t.Contract[:])
		view := func(selector string) call {
			return call{method: "eth_call", params: []any{
				map[string]any{"to": to, "data": selector}, tagLatest,
			}}
		}
		calls = append(calls, call{method: "eth_getCode", params: []any{to, tagLatest}},
			view(selectDecimals), view(selectSymbol))
	}
	return calls
}

func (f *fitness) judgeVersion(a answer) (string, error) {
	version := printable(string(text(a.result)), maxVersion)
	if a.err != nil || f.version == nil {
		return version, nil
	}
	if err := f.version(version); err != nil {
		return version, fail(Outdated, err.Error())
	}
	return version, nil
}

// judge holds code and decimals against what we were told, and lists what the node would not tell. A
// symbol that differs is listed too: issuers rename their tokens, and the contract is the identity.
func (t Token) judge(answers []answer) (refused []string, err error) {
	name := t.Symbol + " at 0x" + t.Contract.Hex()
	code, decimals, symbol := answers[0], answers[1], answers[2]
	for _, a := range answers[:callsPerToken] {
		if a.err != nil {
			refused = append(refused, name+": "+a.err.Error())
		}
	}
	if code.err == nil && len(text(code.result)) <= len("0x") {
		return nil, fail(WrongToken, name+": no contract is there")
	}
	var word Hash
	if decimals.err == nil {
		if !parseFixed(word[:], text(decimals.result)) {
			return nil, fail(WrongToken, name+": it does not tell its decimals")
		}
		if word != (Hash{len(word) - 1: t.Decimals}) {
			return nil, fail(WrongToken, name+": it has 0x"+strings.TrimLeft(word.Hex(), "0")+
				" decimals, the configuration says "+strconv.Itoa(int(t.Decimals)))
		}
	}
	if symbol.err == nil {
		if got := decodeString(text(symbol.result)); got != t.Symbol {
			refused = append(refused, name+": its symbol is "+strconv.Quote(printable(got, maxMessage)))
		}
	}
	return refused, nil
}

// decodeString reads an ABI-encoded string, or the fixed 32 bytes some old tokens answer instead;
// anything else is "".
func decodeString(s []byte) string {
	digits, ok := hexDigits(s)
	if !ok {
		return ""
	}
	raw := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(raw, digits); err != nil {
		return ""
	}
	if len(raw) == hashBytes {
		return strings.TrimRight(string(raw), "\x00")
	}
	if len(raw) < 2*hashBytes || Hash(raw[:hashBytes]) != (Hash{hashBytes - 1: hashBytes}) {
		return ""
	}
	length := Hash(raw[hashBytes : 2*hashBytes])
	size, rest := int(length[hashBytes-1]), raw[2*hashBytes:]
	if length != (Hash{hashBytes - 1: length[hashBytes-1]}) || size > len(rest) {
		return ""
	}
	return string(rest[:size])
}
