package ports

import (
	"context"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/chain"
)

// Explanations answers what "why is it not paid" asks, outside any unit of work.
type Explanations interface {
	// Arrived lists final transfers of any disposition to an address, newest block first.
	Arrived(ctx context.Context, q ArrivalQuery) ([]TransferRow, error)
	// InSight lists transfers to an address that are not final, newest block first, at most limit.
	InSight(ctx context.Context, at chain.Address, on []chain.Network, limit int) ([]Sighting, error)
	// Ignored lists events kept by Ignored.Note, newest block first, and answers how many others of
	// the days of q were counted. Near does not filter: amounts of strange tokens mean nothing.
	Ignored(ctx context.Context, q ArrivalQuery) (list []IgnoredTransfer, more int, err error)
	// MarkBefore finds the last mark of a network whose block is not younger than a time, or
	// ErrNotFound.
	MarkBefore(ctx context.Context, n chain.Network, at time.Time) (Cursor, error)
	// Gaps lists the gaps of a network that overlap [from, until], oldest first, at most limit.
	Gaps(ctx context.Context, n chain.Network, from, until time.Time, limit int) ([]WatchGap, error)
}

// ArrivalQuery selects what came to an address.
type ArrivalQuery struct {
	At          chain.Address
	On          []chain.Network
	From, Until time.Time // of blocks, inclusive
	Near        *Near     // nil for any amount
	Limit       int
}

// Near is a range of amounts, comparable between tokens that divide differently.
type Near struct {
	Low, High *big.Int // inclusive, in units of 10^-Decimals
	Decimals  uint8
}

// Holds reports whether an amount is in the range.
func (n Near) Holds(units *big.Int, decimals uint8) bool {
	at := scaled(units, decimals)
	return at.Cmp(scaled(n.Low, n.Decimals)) >= 0 && at.Cmp(scaled(n.High, n.Decimals)) <= 0
}

// NearScale is more decimals than any token has that payments are asked in.
const NearScale = 36

// scaled is an amount in units of 10^-NearScale.
func scaled(units *big.Int, decimals uint8) *big.Int {
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(NearScale-min(decimals, NearScale))), nil)
	return unit.Mul(unit, units)
}
