package anviltest

import "math/big"

// scatter is where PlaceScatter puts the contract that moves the chain's own coin.
var scatter = Named("scatter")

// Scatter is a contract that moves the chain's own coin in every way there is. It has plenty.
type Scatter struct {
	node *Node
	At   Account
}

// PlaceScatter puts the contract on the chain.
func (n *Node) PlaceScatter() Scatter {
	n.t.Helper()
	n.Place("Scatter", scatter)
	n.Call("anvil_setBalance", scatter.hex(), "0x"+plenty.Text(16))
	return Scatter{n, scatter}
}

// Call calls a function of the contract, named by its signature, and sends units with it from Payer.
func (s Scatter) Call(units *big.Int, signature string, args ...any) Tx {
	s.node.t.Helper()
	return s.node.SendValue(Payer, s.At, units, s.node.Calldata("Scatter", signature, args...))
}

// Send pays each of several receivers in one transaction that moves nothing itself.
func (s Scatter) Send(to []Account, units []*big.Int) Tx {
	s.node.t.Helper()
	return s.Call(new(big.Int), "send(address[],uint256[])", to, units)
}

// Refuse has an account answer every call with failure from now on: it becomes a contract that
// reverts.
func (n *Node) Refuse(at Account) {
	n.t.Helper()
	n.Call("anvil_setCode", at.hex(), "0x60006000fd")
}

// NoTraces plays a node that has not the methods of the given namespaces, "debug" and "trace", by which
// traces are asked for.
func NoTraces(namespaces ...string) Trick {
	trick := Honest
	for _, space := range namespaces {
		for _, method := range map[string][]string{
			"debug": {"debug_traceBlockByNumber", "debug_traceTransaction"},
			"trace": {"trace_block", "trace_transaction"},
		}[space] {
			trick = Both(trick, Instead(method,
				`error {"code":-32601,"message":"the method `+method+` does not exist/is not available"}`))
		}
	}
	return trick
}
