package simnode

import (
	"encoding/hex"
	"fmt"
	"strconv"
)

// logText is a log as nodes tell of it, and what filters look at.
type logText struct {
	contract Address
	topics   []Hash
	text     []byte
}

func quantity(n uint64) string { return "0x" + strconv.FormatUint(n, 16) }

func fixed(b []byte) string { return "0x" + hex.EncodeToString(b) }

// encode writes the block once: it is told of many times.
func (b *Block) encode() {
	ids, index := []byte{}, uint64(0)
	for n, tx := range b.Txs {
		if n > 0 {
			ids = append(ids, ',')
		}
		ids = strconv.AppendQuote(ids, fixed(tx.ID[:]))
		logs := []byte{}
		for _, l := range tx.Logs {
			text := b.encodeLog(tx, l, index)
			if index++; len(logs) > 0 {
				logs = append(logs, ',')
			}
			logs = append(logs, text...)
			b.logs = append(b.logs, logText{l.Contract, l.Topics, text})
		}
		status := uint64(1)
		if tx.Failed {
			status = 0
		}
		b.receipts[tx.ID] = fmt.Appendf(nil, `{"transactionHash":"%s","blockNumber":"%s","blockHash":"%s",`+
			`"status":"%s","logs":[%s]}`, fixed(tx.ID[:]), quantity(b.Number), fixed(b.ID[:]), quantity(status), logs)
	}
	b.header = fmt.Appendf(nil, `{"number":"%s","hash":"%s","timestamp":"%s","transactions":[%s]}`,
		quantity(b.Number), fixed(b.ID[:]), quantity(uint64(max(b.Time, 0))), ids)
}

func (b *Block) encodeLog(tx *Tx, l Log, index uint64) []byte {
	topics := []byte{}
	for n, t := range l.Topics {
		if n > 0 {
			topics = append(topics, ',')
		}
		topics = strconv.AppendQuote(topics, fixed(t[:]))
	}
	return fmt.Appendf(nil, `{"address":"%s","topics":[%s],"data":"%s","blockNumber":"%s","blockHash":"%s",`+
		`"transactionHash":"%s","logIndex":"%s","removed":false}`, fixed(l.Contract[:]), topics, fixed(l.Data),
		quantity(b.Number), fixed(b.ID[:]), fixed(tx.ID[:]), quantity(index))
}
