package postgres

import (
	"maps"
	"math/big"

	"github.com/101pay/101pay/domain/checkout"
)

// copied is a page of sessions that is its asker's own: others may have been answered the same.
func copied(page []checkout.Snapshot) []checkout.Snapshot {
	if len(page) == 0 {
		return nil
	}
	out, intents := make([]checkout.Snapshot, len(page)), make([]checkout.Intent, len(page))
	numbers := numbersFor(2 * len(page)) // what was asked for and what was paid
	for i := range page {
		s := &out[i]
		*s = page[i]
		s.Metadata, s.Paid = maps.Clone(s.Metadata), numbers.copied(s.Paid)
		if of := s.Intent; of != nil {
			s.Intent = &intents[i]
			*s.Intent = *of
			s.Intent.Units, s.Intent.Terms.Tolerance = numbers.copied(of.Units), numbers.copied(of.Terms.Tolerance)
		}
		if s.Receipt != nil {
			receipt := *s.Receipt
			receipt.Units = numbers.copied(receipt.Units)
			s.Receipt = &receipt
		}
	}
	return out
}

// numbers are copies of numbers in few pieces of memory.
type numbers struct {
	all   []big.Int
	words []big.Word
}

// numbersFor has room for n numbers of one word; others find some beside.
func numbersFor(n int) numbers {
	return numbers{make([]big.Int, 0, n), make([]big.Word, 0, n)}
}

// copied is a copy of a number, nil of none. What was copied before stays where it is.
func (m *numbers) copied(n *big.Int) *big.Int {
	if n == nil {
		return nil
	}
	begin := len(m.words)
	m.words = append(m.words, n.Bits()...)
	m.all = append(m.all, big.Int{})
	own := &m.all[len(m.all)-1]
	own.SetBits(m.words[begin:len(m.words):len(m.words)]) // nobody grows into what is another's
	if n.Sign() < 0 {
		own.Neg(own)
	}
	return own
}
