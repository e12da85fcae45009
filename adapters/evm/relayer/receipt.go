package relayer

import (
	"context"
	"encoding/json"
	"math/big"
	"slices"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// minedIn is a receipt as a node tells it, read.
type minedIn struct {
	height    uint64
	block     ethrpc.Hash
	succeeded bool
	cost      *big.Int
	logs      []x402.Log
	to        x402.Address // zero for none
}

// Receipt implements ports.TokenChain. What the block is, and how deep, is asked of the same node in the
// same breath as its receipt; what it is called and when it was, right after.
func (c *Chain) Receipt(ctx context.Context, id x402.Hash) (out ports.TokenReceipt, err error) {
	questions := []ethrpc.Question{
		{Method: "eth_getTransactionReceipt", Params: []any{id.String()}}, blockBy(finalized), blockBy(latest),
	}
	var r *minedIn
	var final, newest block
	err = c.cfg.Client.Ask(ctx, questions, func(replies []ethrpc.Reply) (err error) {
		if r, err = receiptOf(replies[0], id); err != nil {
			return err
		}
		final, newest, err = c.heads(replies[1:])
		return err
	})
	if err != nil {
		return out, err
	}
	if r == nil {
		return out, ports.ErrNotFound
	}
	at, input, err := c.placed(ctx, r, id)
	if err != nil {
		return out, err
	}
	confirmations := uint64(1)
	if newest.Number > r.height {
		confirmations += newest.Number - r.height
	}
	return ports.TokenReceipt{
		Receipt: x402.Receipt{
			Network: c.cfg.Network, TxID: id, Succeeded: r.succeeded, Confirmations: confirmations, Logs: r.logs,
			To: r.to, Input: input,
		},
		Height: r.height, BlockID: at.ID.Hex(), BlockTime: at.Time, Final: r.height <= final.Number, Cost: r.cost,
	}, nil
}

// heads reads the final and the newest block, which must not be old.
func (c *Chain) heads(replies []ethrpc.Reply) (final, newest block, err error) {
	if final, err = blockOf(replies[0]); err != nil {
		return final, newest, err
	}
	if newest, err = blockOf(replies[1]); err == nil {
		err = c.cfg.Client.Fresh(newest.Header)
	}
	return final, newest, err
}

// placed reads the block that a receipt says holds it, and what its transaction says to a contract that
// settles permits. Another block at its height says that the chain is being reorganised, or that two nodes
// answered: the receipt is not believed then.
func (c *Chain) placed(ctx context.Context, r *minedIn, id x402.Hash) (at block, input []byte, err error) {
	questions := []ethrpc.Question{blockBy(quantity(r.height))}
	settles := slices.ContainsFunc(permitMethods[:], func(m x402.Method) bool { return m.Proxy() == r.to })
	if settles {
		questions = append(questions, transactionBy(id))
	}
	err = c.cfg.Client.Ask(ctx, questions, func(replies []ethrpc.Reply) (err error) {
		if at, err = blockOf(replies[0]); err == nil && (at.ID != r.block || at.Number != r.height) {
			err = ethrpc.Doubt("a receipt is of another block")
		}
		if err != nil || !settles {
			return err
		}
		t, err := transactionOf(replies[1], id)
		if err == nil && (t == nil || t.to != r.to) {
			err = ethrpc.Doubt("a transaction is not what its receipt says")
		}
		if err == nil {
			input = t.input
		}
		return err
	})
	return at, input, err
}

// said is a transaction as a node tells it: whom it calls, and what it says.
type said struct {
	to    x402.Address
	input []byte
}

func transactionBy(id x402.Hash) ethrpc.Question {
	return ethrpc.Question{Method: "eth_getTransactionByHash", Params: []any{id.String()}}
}

// transactionOf reads a transaction; nil if the node has none.
func transactionOf(reply ethrpc.Reply, id x402.Hash) (*said, error) {
	if reply.Refused != nil {
		return nil, ethrpc.Doubt("it does not tell a transaction: " + reply.Refused.Error())
	}
	var told *struct{ Hash, To, Input string }
	if err := json.Unmarshal(reply.Result, &told); err != nil {
		return nil, ethrpc.Doubt("no transaction")
	}
	if told == nil {
		return nil, nil
	}
	is, named := x402.ParseHash(told.Hash)
	input, err := unhex([]byte(told.Input))
	if !named || is != id || err != nil {
		return nil, ethrpc.Doubt("no transaction, or another one")
	}
	to, _ := x402.ParseAddress(told.To) // none where a contract is made
	return &said{to, input}, nil
}

// toldLog is a log as nodes write it.
type toldLog struct {
	Address         string
	Topics          []string
	Data            string
	TransactionHash string
	Removed         bool
}

// receiptOf reads a receipt; nil if the node has none.
func receiptOf(reply ethrpc.Reply, id x402.Hash) (*minedIn, error) {
	if reply.Refused != nil {
		return nil, ethrpc.Doubt("it does not tell a receipt: " + reply.Refused.Error())
	}
	var told *struct {
		TransactionHash, BlockNumber, BlockHash, Status string
		To                                              string
		GasUsed, EffectiveGasPrice, L1Fee               string
		Logs                                            []toldLog
	}
	if err := json.Unmarshal(reply.Result, &told); err != nil {
		return nil, ethrpc.Doubt("no receipt")
	}
	if told == nil || told.BlockNumber == "" {
		return nil, nil
	}
	tx, named := x402.ParseHash(told.TransactionHash)
	in, placed := x402.ParseHash(told.BlockHash)
	height, err := smallText(told.BlockNumber)
	status, err2 := smallText(told.Status)
	if !named || !placed || tx != id || err != nil || err2 != nil {
		return nil, ethrpc.Doubt("no receipt, or one of another transaction")
	}
	out := &minedIn{height: height, block: ethrpc.Hash(in), succeeded: status == 1}
	out.to, _ = x402.ParseAddress(told.To) // none where a contract is made
	for _, l := range told.Logs {
		read, ok := l.read()
		if !ok {
			return nil, ethrpc.Doubt("a receipt's log is none")
		}
		out.logs = append(out.logs, read)
	}
	gas, err := bigText(told.GasUsed)
	price, err2 := bigText(told.EffectiveGasPrice)
	if err != nil || err2 != nil {
		return nil, ethrpc.Doubt("a receipt does not tell what its transaction cost")
	}
	out.cost = gas.Mul(gas, price)
	if l1, err := bigText(told.L1Fee); err == nil { // rollups charge for their place on Ethereum apart
		out.cost.Add(out.cost, l1)
	}
	return out, nil
}

func (l toldLog) read() (out x402.Log, ok bool) {
	if out.Contract, ok = x402.ParseAddress(l.Address); !ok || l.Removed {
		return out, false
	}
	for _, topic := range l.Topics {
		h, ok := x402.ParseHash(topic)
		if !ok {
			return out, false
		}
		out.Topics = append(out.Topics, h)
	}
	data, err := unhex([]byte(l.Data))
	out.Data = data
	return out, err == nil
}
