package x402

import (
	"encoding/base64"
	"unicode/utf8"
)

// Names of the members of _meta in which tools of the Model Context Protocol are paid (transport mcp).
const (
	MetaPayment  = "x402/payment"          // of tools/call, to the server: the payload
	MetaResponse = "x402/payment-response" // of the result, to the client: the settlement response
)

// ToolResult is the result of a tool that is not paid yet: isError, and the version 2 challenge twice, as
// structured content for programs and as text for models.
func (c Challenge) ToolResult() ([]byte, error) {
	required, err := base64.StdEncoding.DecodeString(c.Required)
	if err != nil {
		return nil, ErrOffer // no challenge
	}
	var w writer
	w.open('{')
	w.bool("isError", true)
	w.raw("structuredContent", string(required))
	w.name("content")
	w.open('[')
	w.open('{')
	w.string("type", "text")
	w.string("text", string(required))
	w.close('}')
	w.close(']')
	w.close('}')
	return w.out, nil
}

// ReadMeta finds the payment in the _meta object of a tools/call, of version 2. Without
// one, paid is false. Errors are Refusals.
func ReadMeta(meta []byte) (p Payload, paid bool, err error) {
	if len(meta) > MaxHeaderBytes || !utf8.Valid(meta) {
		return Payload{}, false, ReasonHeader.Refuse("_meta must be UTF-8 and at most 16384 bytes")
	}
	s := scanner{in: meta}
	var found []byte
	s.object(func(name []byte) {
		if string(name) == MetaPayment {
			from := s.at
			s.skip()
			found = s.in[from:s.at]
		}
	})
	switch err := s.end(); {
	case err != nil:
		return Payload{}, false, ReasonHeader.Refuse("_meta must be one JSON object: " + err.Error())
	case found == nil:
		return Payload{}, false, nil
	}
	p, err = DecodeJSON(V2, found)
	return p, true, err
}

// Meta is the settlement response as MetaResponse carries it: JSON.
func (r Response) Meta() []byte { return r.json(V2) }
