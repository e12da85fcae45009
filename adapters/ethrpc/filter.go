package ethrpc

import (
	"bytes"
	"slices"
)

// Bounds of one eth_getLogs, both java-tron's.
const (
	maxReceiverTopics = 1000
	// maxChunks is how many times a range is asked for its receivers, a thousand at a time. Beyond
	// that all transfers of the token are cheaper to fetch and look through here.
	maxChunks = 4
)

// Filter says which transfers are looked for: of these tokens, to these receivers.
type Filter struct {
	contracts []Address
	receivers map[Address]struct{}
	anyone    bool
	ignored   func(Reason, Log)
}

// NewFilter looks for transfers of contracts to receivers. ignored, unless nil, hears of every log
// that an endpoint offered and that does not count.
func NewFilter(contracts, receivers []Address, ignored func(Reason, Log)) Filter {
	f := Filter{
		contracts: contracts, receivers: make(map[Address]struct{}, len(receivers)), ignored: ignored,
	}
	for _, r := range receivers {
		f.receivers[r] = struct{}{}
	}
	return f
}

// toAnyone is the filter without regard to the receiver.
func (f Filter) toAnyone() Filter {
	f.anyone = true
	return f
}

// empty reports whether nothing can match.
func (f Filter) empty() bool {
	return len(f.contracts) == 0 || len(f.receivers) == 0 && !f.anyone
}

// calls are the questions that together find all logs of the filter in [from, to].
func (f Filter) calls(from, to string) []call {
	addresses := make([]string, len(f.contracts))
	for i, a := range f.contracts {
		addresses[i] = fixed(a[:])
	}
	query := func(topics ...any) call {
		return call{method: "eth_getLogs", params: []any{map[string]any{
			"fromBlock": from, "toBlock": to, "address": addresses, "topics": topics,
		}}}
	}
	transfer := fixed(TransferTopic[:])
	if len(f.receivers) > maxReceiverTopics*maxChunks {
		return []call{query(transfer)}
	}
	var calls []call
	for chunk := range slices.Chunk(f.sorted(), maxReceiverTopics) {
		topics := make([]string, len(chunk))
		for i, a := range chunk {
			word := a.word()
			topics[i] = fixed(word[:])
		}
		calls = append(calls, query(transfer, nil, topics))
	}
	return calls
}

// sorted lists the receivers in a stable order, so that equal questions look equal.
func (f Filter) sorted() []Address {
	out := make([]Address, 0, len(f.receivers))
	for a := range f.receivers {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b Address) int { return bytes.Compare(a[:], b[:]) })
	return out
}

// match reads a log that may pay a receiver. It answers ok=false for every other, and tells of
// those that an honest node would not have offered or that look like payments and are none.
func (f *Filter) match(l *Log) (p payment, ok bool) {
	if !slices.Contains(f.contracts, l.Contract) {
		f.ignore(ForeignContract, l)
		return p, false
	}
	p, because := l.parties()
	if because == "" && l.Removed {
		because = Undone
	}
	if because != "" {
		f.ignore(because, l)
		return p, false
	}
	if _, ok = f.receivers[p.to]; ok || f.anyone {
		p.units = l.amount()
		return p, true
	}
	return p, false
}

func (f *Filter) ignore(because Reason, l *Log) {
	if f.ignored != nil {
		f.ignored(because, *l)
	}
}
