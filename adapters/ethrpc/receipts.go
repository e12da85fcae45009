package ethrpc

import (
	"bytes"
	"fmt"
)

// receipt is how a transaction ended and what it logged.
type receipt struct {
	tx      Hash
	block   uint64
	blockID Hash
	success bool
	from    Address // who sent the transaction
	hasFrom bool
	to      Address // whom it called; nobody if it created a contract
	hasTo   bool
	logs    []byte // as written
}

func receiptCall(tx Hash) call {
	return call{method: "eth_getTransactionReceipt", params: []any{fixed(tx[:])}}
}

// statusSuccess is the only status that counts; a missing one does not.
const statusSuccess = 1

// decodeReceipt reads a receipt that is not null.
func decodeReceipt(result []byte) (r receipt, err error) {
	var tx, block, blockID, status bool
	var ended uint64
	whole := object(result, func(key, value []byte) {
		switch string(key) {
		case "transactionHash":
			tx = parseFixed(r.tx[:], text(value))
		case "blockNumber":
			r.block, block = parseQuantity(text(value))
		case "blockHash":
			blockID = parseFixed(r.blockID[:], text(value))
		case "status":
			ended, status = parseQuantity(text(value))
		case "logs":
			r.logs = value
		case "from":
			r.hasFrom = parseFixed(r.from[:], text(value))
		case "to":
			r.hasTo = parseFixed(r.to[:], text(value))
		}
	})
	if !whole || !tx || !block || !blockID || !status || !bytes.HasPrefix(r.logs, []byte{'['}) {
		return r, fail(Broken, "no receipt")
	}
	r.success = ended == statusSuccess
	return r, nil
}

// in checks that a receipt is of a block.
func (r *receipt) in(h Header) error {
	if r.block != h.Number || r.blockID != h.ID {
		return fail(Contradicting, fmt.Sprintf("a receipt is of another block %d", r.block))
	}
	return nil
}
