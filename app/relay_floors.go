package app

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// floors remembers the first nonce of each account that no block has used as far as is known: an account may
// have been used before this gateway had it, or meanwhile by a copy of it, and what lies between it and the
// next nonce is on its way. It remembers too what this process waits for. The zero value is ready.
type floors struct {
	mu       sync.Mutex
	of       map[lane]uint64
	underway map[lane]int
	turn     int // so that accounts that wait for as much are used in turn
}

// lane names an account on a network.
type lane struct {
	network x402.Network
	account x402.Address
}

func (f *floors) get(l lane) (uint64, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next, known := f.of[l]
	return next, known
}

func (f *floors) put(l lane, next uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = make(map[lane]uint64)
	}
	f.of[l] = max(next, f.of[l])
}

// least is the floor of an account, 0 if it is not known.
func (f *floors) least(n x402.Network, account x402.Address) uint64 {
	next, _ := f.get(lane{n, account})
	return next
}

// depart notes that a transaction of an account is on its way, until the caller says that it is not, or
// that nobody waits for it.
func (f *floors) depart(l lane) (arrive func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.underway == nil {
		f.underway = make(map[lane]int)
	}
	f.underway[l]++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.underway[l]--
	}
}

// rank lists the accounts of a rail, the one with the fewest transactions on their way first.
func (f *floors) rank(rail TokenRail) []x402.Address {
	n, accounts := rail.Network(), rail.Relay.Accounts()
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.turn % len(accounts)
	f.turn++
	accounts = slices.Concat(accounts[at:], accounts[:at])
	slices.SortStableFunc(accounts, func(a, b x402.Address) int {
		return cmp.Compare(f.underway[lane{n, a}], f.underway[lane{n, b}])
	})
	return accounts
}

// able lists the accounts of a rail that may settle what was signed, in the same order: the one the payer
// named, if he named one.
func (f *floors) able(rail TokenRail, signed x402.Authorization) ([]x402.Address, error) {
	accounts := f.rank(rail)
	if signed.Method != x402.Permit2UpTo {
		return accounts, nil
	}
	if !slices.Contains(accounts, signed.Facilitator) {
		return nil, x402.ReasonFacilitator.Refuse("the account that was to settle this payment does not settle any more; " +
			"ask for the price and sign anew")
	}
	return []x402.Address{signed.Facilitator}, nil
}

// floor is the first nonce of an account that no block has used, as far as is known.
func (s *Relayer) floor(ctx context.Context, relay ports.Relay, account x402.Address) (uint64, error) {
	at := lane{relay.Network(), account}
	if next, known := s.floors.get(at); known {
		return next, nil
	}
	next, balance, err := relay.Standing(ctx, account)
	if err != nil {
		return 0, err
	}
	s.floors.put(at, next)
	s.Log.LogAttrs(ctx, slog.LevelInfo, "relayer account", slog.String("network", at.network.String()),
		slog.String("account", account.String()), slog.Uint64("next", next), slog.String("wei", balance.String()))
	return next, nil
}
