package ethrpc

import (
	"bytes"
	"math/big"
)

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
	r := logReader{t: jsonText{buf: value}}
	ok = r.read(&l) && r.t.done()
	return l, ok
}

// logReader reads logs one after the other, each once: what is not of interest in a page of thousands
// is most of it.
type logReader struct {
	t jsonText
	// Nearly all logs of a page are of one token, of one event, and of few blocks.
	contract, event, block sameAgain
	// And all of them have the same members in the same order.
	names [expectedMembers]nameAgain
}

// expectedMembers is how many members of a log are expected to be those of the log before. Nodes write
// nine to eleven.
const expectedMembers = 12

// nameAgain is the name of a member as it was written last, with quotes and colon, and which one it is.
type nameAgain struct {
	text  []byte
	which memberName
}

// memberName is a member that is looked at; 0 is any other.
type memberName uint8

// The members that are looked at.
const (
	nameTopics memberName = iota + 1
	nameRemoved
	nameAddress
	nameData
	nameBlockNumber
	nameBlockHash
	nameTransactionHash
	nameLogIndex
)

func memberNamed(name []byte) memberName {
	switch string(name) {
	case "topics":
		return nameTopics
	case "removed":
		return nameRemoved
	case "address":
		return nameAddress
	case "data":
		return nameData
	case "blockNumber":
		return nameBlockNumber
	case "blockHash":
		return nameBlockHash
	case "transactionHash":
		return nameTransactionHash
	case "logIndex":
		return nameLogIndex
	}
	return 0
}

// name consumes the name of the nth member of a log and what stands between it and its value.
func (r *logReader) name(n int) (which memberName, ok bool) {
	r.t.peek()
	start := r.t.at
	if n < expectedMembers {
		if last := &r.names[n]; len(last.text) > 0 && bytes.HasPrefix(r.t.buf[start:], last.text) {
			r.t.at += len(last.text)
			return last.which, true
		}
	}
	name, ok := r.t.key()
	if !ok {
		return 0, false
	}
	which = memberNamed(name)
	if n < expectedMembers {
		r.names[n] = nameAgain{r.t.buf[start:r.t.at], which}
	}
	return which, true
}

// sameAgain is what was read last of its kind, and its text with quotes.
type sameAgain struct {
	text []byte
	word Hash
}

// read consumes a value and reads exactly len(dst) bytes of hex out of it.
func (s *sameAgain) read(t *jsonText, dst []byte) (sound, whole bool) {
	t.peek()
	start := t.at
	if len(s.text) > 0 && bytes.HasPrefix(t.buf[start:], s.text) {
		copy(dst, s.word[:])
		t.at += len(s.text)
		return true, true
	}
	if sound, whole = t.fixed(dst); sound && whole {
		s.text = t.buf[start:t.at]
		copy(s.word[:], dst)
	}
	return sound, whole
}

// The members a log must have.
const (
	hasContract = 1 << iota
	hasTopics
	hasPayload
	hasBlock
	hasBlockID
	hasTxID
	hasIndex

	hasAll = 1<<iota - 1
)

// read consumes a log; false says that the text is no log.
func (r *logReader) read(l *Log) bool {
	if !r.t.take('{') || r.t.take('}') {
		return false
	}
	has := 0
	for n := 0; ; n++ {
		name, ok := r.name(n)
		if !ok {
			return false
		}
		member, sound, ok := r.member(l, name)
		if !ok {
			return false
		}
		if has &^= member; sound {
			has |= member
		}
		if r.t.take('}') {
			return has == hasAll
		}
		if !r.t.take(',') {
			return false
		}
	}
}

// member consumes the value of a member and says which it was, if any, and whether it is as the
// protocol says. ok is false if the text is no JSON.
func (r *logReader) member(l *Log, name memberName) (member int, sound, ok bool) {
	var s []byte
	switch name {
	case nameTopics:
		sound, ok = r.topics(l)
		return hasTopics, sound, ok
	case nameRemoved:
		value, ok := r.t.value()
		l.Removed = string(value) != "false"
		return 0, true, ok
	case nameAddress:
		sound, ok = r.contract.read(&r.t, l.Contract[:])
		return hasContract, sound, ok
	case nameData:
		sound = r.t.peek() == '"' // a contract writes there what it likes
		l.OneWord, ok = r.t.fixed(l.Word[:])
		return hasPayload, sound, ok
	case nameBlockNumber:
		s, ok = r.t.textValue()
		l.Block, sound = parseQuantity(s)
		return hasBlock, sound, ok
	case nameBlockHash:
		sound, ok = r.block.read(&r.t, l.BlockID[:])
		return hasBlockID, sound, ok
	case nameTransactionHash:
		sound, ok = r.t.fixed(l.TxID[:])
		return hasTxID, sound, ok
	case nameLogIndex:
		s, ok = r.t.textValue()
		l.Index, sound = parseQuantity(s)
		return hasIndex, sound, ok
	}
	return 0, true, r.t.skip(0)
}

// topics consumes the topics of a log.
func (r *logReader) topics(l *Log) (sound, ok bool) {
	l.Count = 0
	if r.t.peek() != '[' {
		return false, r.t.skip(0)
	}
	sound = true
	ok = r.t.members('[', ']', func() (whole bool) {
		if l.Count == maxTopics {
			sound = false
			return r.t.skip(0)
		}
		good := false
		if topic := l.Topics[l.Count][:]; l.Count == 0 {
			good, whole = r.event.read(&r.t, topic)
		} else {
			good, whole = r.t.fixed(topic)
		}
		if good {
			l.Count++
		} else {
			sound = false
		}
		return whole
	})
	return sound, ok
}

// payment is what a Transfer event says.
type payment struct {
	from, to Address
	units    *big.Int
}

// payment reads a Transfer, or says why the log is none that pays anybody.
func (l *Log) payment() (p payment, because Reason) {
	if p, because = l.parties(); because == "" {
		p.units = l.amount()
	}
	return p, because
}

// amount is how much a Transfer moves.
func (l *Log) amount() *big.Int { return new(big.Int).SetBytes(l.Word[:]) }

// parties reads who pays whom in a Transfer, or says why the log is none that pays anybody.
func (l *Log) parties() (p payment, because Reason) {
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
	return payment{from: from, to: to}, ""
}
