package relayer

import (
	"strings"

	"github.com/101pay/101pay/adapters/ethrpc"
)

// outcome is what a simulated call came to: what it answered, or that it failed inside the machine.
type outcome struct {
	data   []byte
	failed bool
	why    string // in the node's words, for logs
}

// codeReverted is the code by which most nodes say that a call reverted.
const codeReverted = 3

// Words by which nodes say that a call failed inside the machine. A payer's wallet can fail in any of
// these ways, so none may count against the node: whoever deploys a contract that burns its gas would
// switch off payments of everybody else.
var machineWords = []string{
	"revert", "out of gas", "gas required exceeds", "invalid opcode", "invalid jump", "stack underflow",
	"stack overflow", "stack limit", "bad instruction", "bad jump", "outofgas", "invalidfeopcode",
	"opcodenotfound", "call depth", "write protection", "static state change", "max code size",
	"contract creation code storage out of gas", "vm execution error", "evm error",
}

// outcomeOf tells a call that failed from a node that did. An error that is neither in words we know is
// the node's: nobody is refused for it.
func outcomeOf(r ethrpc.Reply) (outcome, error) {
	if r.Refused == nil {
		data, err := unhex(r.Result)
		if err != nil {
			return outcome{}, ethrpc.Doubt("a call's answer is " + err.Error())
		}
		return outcome{data: data}, nil
	}
	if !failedInside(r.Refused) {
		return outcome{}, ethrpc.Doubt("a call: " + r.Refused.Error())
	}
	return outcome{failed: true, why: r.Refused.Message}, nil
}

func failedInside(r *ethrpc.Refusal) bool {
	said := strings.ToLower(r.Message)
	if r.Code == codeReverted {
		return true
	}
	for _, w := range machineWords {
		if strings.Contains(said, w) {
			return true
		}
	}
	return false
}

// word reads an answer of one word; it is doubted if it is none, because a token answers these.
func (o outcome) word(what string) ([]byte, error) {
	if o.failed || len(o.data) != wordBytes {
		return nil, ethrpc.Doubt("the token does not tell " + what)
	}
	return o.data, nil
}
