package postgres

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/ports"
)

const (
	// orderBlock is how many numbers a process draws at once; those it has not given out when it ends
	// are gaps.
	orderBlock = 1000
	// maxOrderDays is of how many days a process keeps blocks; a day that is pushed out leaves a gap.
	maxOrderDays = 4
)

// orderNumbers gives out the numbers of blocks drawn from the database.
type orderNumbers struct {
	turn   chan struct{}         // holds a token while somebody draws; a caller can give up waiting
	blocks map[string]orderRange // by day, used in turn
}

// orderRange is what is left of a block, both ends excluded from what was given out.
type orderRange struct{ next, last int64 }

type lastRow struct{ Last int64 }

// Next implements ports.OrderNumbers.
func (s *Store) Next(ctx context.Context, day time.Time) (ledger.OrderNo, error) {
	n := &s.numbers
	turn, cancel := context.WithTimeout(ctx, acquireLimit)
	defer cancel()
	select {
	case n.turn <- struct{}{}:
		defer func() { <-n.turn }()
	case <-turn.Done():
		return "", givenUp(ctx, ports.ErrTimeout)
	}
	key := day.UTC().Format(time.DateOnly)
	block, drawn := n.blocks[key]
	if !drawn || block.next > block.last {
		row, err := one[lastRow](ctx, s.in(), `
			INSERT INTO order_days (day, last) VALUES ($1::date, $2)
			ON CONFLICT (day) DO UPDATE SET last = order_days.last + EXCLUDED.last RETURNING last`,
			key, orderBlock)
		if err != nil {
			return "", err
		}
		block = orderRange{row.Last - orderBlock + 1, row.Last}
	}
	no, err := ledger.MakeOrderNo(day, block.next)
	block.next++
	n.keep(key, block)
	return no, err
}

// keep remembers a day's block and forgets the earliest day of too many.
func (n *orderNumbers) keep(day string, block orderRange) {
	if n.blocks == nil {
		n.blocks = make(map[string]orderRange)
	}
	n.blocks[day] = block
	if len(n.blocks) <= maxOrderDays {
		return
	}
	earliest := day
	for other := range n.blocks {
		earliest = min(earliest, other)
	}
	delete(n.blocks, earliest)
}
