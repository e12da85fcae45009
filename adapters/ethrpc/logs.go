package ethrpc

import "math/big"

// maxTopics is how many topics a log can have.
const maxTopics = 4

// Log is one event as a node tells it.
type Log struct {
	Contract Address
	Topics   [maxTopics]Hash
	Count    int  // of topics
	Word     Hash // the event's payload, if it is exactly one word
	OneWord  bool
	Block    uint64
	BlockID  Hash
	TxID     Hash
	Index    uint64 // as the node numbers it; nodes differ, so it only tells logs of one answer apart
	Removed  bool
}

// Reason says why a log does not count, in words fit for a metric's label.
type Reason string

// The reasons.
const (
	Malformed         Reason = "malformed"          // not a Transfer of the usual shape
	ForeignContract   Reason = "foreign_contract"   // not of a token we asked for
	ForeignEvent      Reason = "foreign_event"      // not a Transfer
	OutsideRange      Reason = "outside_range"      // of a block we did not ask for
	Undone            Reason = "undone"             // of a block that was undone
	ZeroAmount        Reason = "zero_amount"        // anyone can make these, to poison address lists
	SelfTransfer      Reason = "self_transfer"      // moves nothing
	Minted            Reason = "minted"             // issued, paid by nobody
	FailedTransaction Reason = "failed_transaction" // its transaction did not succeed
)

// decodeLog reads one log; ok is false if anything about it is not as the protocol says.
func decodeLog(value []byte) (l Log, ok bool) {
	var contract, topics, word, block, blockID, tx, index bool
	whole := object(value, func(key, value []byte) {
		switch string(key) {
		case "address":
			contract = parseFixed(l.Contract[:], text(value))
		case "topics":
			topics = l.readTopics(value)
		case "data":
			l.OneWord = parseFixed(l.Word[:], text(value))
			word = text(value) != nil
		case "blockNumber":
			l.Block, block = parseQuantity(text(value))
		case "blockHash":
			blockID = parseFixed(l.BlockID[:], text(value))
		case "transactionHash":
			tx = parseFixed(l.TxID[:], text(value))
		case "logIndex":
			l.Index, index = parseQuantity(text(value))
		case "removed":
			l.Removed = string(value) != "false"
		}
	})
	return l, whole && contract && topics && word && block && blockID && tx && index
}

// readTopics reads the topics of a log.
func (l *Log) readTopics(value []byte) bool {
	l.Count = 0
	sound := true
	whole := array(value, func(topic []byte) {
		if l.Count == maxTopics || !parseFixed(l.Topics[l.Count][:], text(topic)) {
			sound = false
			return
		}
		l.Count++
	})
	return whole && sound
}

// payment is what a Transfer event says.
type payment struct {
	from, to Address
	units    *big.Int
}

// payment reads a Transfer, or says why the log is none that pays anybody.
func (l *Log) payment() (p payment, because Reason) {
	if l.Count == 0 || l.Topics[0] != TransferTopic {
		return p, ForeignEvent
	}
	if l.Count != 3 || !l.OneWord {
		return p, Malformed
	}
	from, fromOK := l.Topics[1].address()
	to, toOK := l.Topics[2].address()
	if !fromOK || !toOK {
		return p, Malformed
	}
	switch {
	case l.Word == Hash{}:
		return p, ZeroAmount
	case from == to:
		return p, SelfTransfer
	case from == Address{}:
		return p, Minted
	}
	return payment{from: from, to: to, units: new(big.Int).SetBytes(l.Word[:])}, ""
}
