// Package memory is the whole store in maps, for tests and for trying things out.
//
// It owns units of work without a database: each works on its own copy of the state, which replaces
// the committed one in a single step or is thrown away. A copy shares what was not changed, so that a
// unit of work costs what it writes, however much is stored. Store serves every port a store serves. It
// does not own durability: what it holds ends with the process.
//
// Invariants:
//   - A committed state is never written again; readers need no lock and never see half a unit.
//   - One unit of work changes things at a time. It takes its turn at its first look at the state,
//     not when it begins, so that a claim somebody holds is refused at once and not waited for.
//   - Nothing handed in or out shares memory with a row.
package memory

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// Store is a store in memory. It implements ports.UnitOfWork and every port that reads or writes
// outside of one.
type Store struct {
	restless  bool
	turn      chan struct{} // holds one token while a unit of work may write
	committed atomic.Pointer[state]

	claims   claimed
	numbers  orderNumbers
	watchers hints

	mu      sync.Mutex
	watches map[duty]bool // guarded by mu
}

// Option changes how a store behaves.
type Option func(*Store)

// Restless makes every unit of work run twice and discards the first run with its outcome, so that
// a function that cannot be repeated fails the day it is written.
func Restless() Option { return func(s *Store) { s.restless = true } }

// New answers an empty store.
func New(options ...Option) *Store {
	s := &Store{turn: make(chan struct{}, 1), watches: make(map[duty]bool)}
	s.committed.Store(&state{})
	for _, o := range options {
		o(s)
	}
	return s
}

// Faults of programs, not of requests.
var (
	errNested = errors.New("unit of work: begun inside another one")
	errOver   = errors.New("unit of work: used after its end")
)

type insideUnit struct{}

// Do runs fn in a unit of work.
func (s *Store) Do(ctx context.Context, fn func(ctx context.Context, r ports.Repos) error) error {
	if ctx.Value(insideUnit{}) != nil {
		return errNested
	}
	u := &unit{store: s}
	defer u.end()
	inside := context.WithValue(ctx, insideUnit{}, true)
	if s.restless {
		_ = fn(inside, u.repos())
		u.discard()
	}
	if err := fn(inside, u.repos()); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	u.commit()
	return nil
}

// unit is one unit of work. It is used by one goroutine.
type unit struct {
	store    *Store
	working  *state // nil until the first look at the state
	hasTurn  bool
	over     bool
	touched  []checkout.SessionID // sessions changed, told to subscribers after the commit
	claiming []claimKey
}

// state answers the state to read and write, waiting for the turn at the first call.
func (u *unit) state(ctx context.Context) (*state, error) {
	if u.over {
		return nil, errOver
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if u.working != nil {
		return u.working, nil
	}
	if !u.hasTurn {
		select {
		case u.store.turn <- struct{}{}:
			u.hasTurn = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	working := *u.store.committed.Load()
	u.working = &working
	return u.working, nil
}

func (u *unit) discard() { u.working, u.touched = nil, nil }

func (u *unit) commit() {
	if u.working == nil {
		return
	}
	u.store.committed.Store(u.working)
	u.store.watchers.tell(u.touched)
}

func (u *unit) end() {
	u.over, u.working = true, nil // tables remember their writer; they must not keep its state alive
	u.store.claims.release(u)
	if u.hasTurn {
		<-u.store.turn
	}
}

func (u *unit) repos() ports.Repos {
	return ports.Repos{
		Merchants: merchants{u}, Projects: projects{u}, Receiving: receiving{u}, KYC: kyc{u},
		Addresses: addresses{u}, Sources: dedicated{u},
		Keys: keyPairs{u}, Logins: logins{u},
		Members: members{u}, Factors: factors{u}, Visits: visits{u}, Journal: journal{u},
		Invitations: invitations{u}, Challenges: challenges{u},
		Sessions: sessions{u}, Transfers: transfers{u}, Cursors: cursors{u},
		Ignored: ignored{u}, WatchLog: watchLog{u}, Rescans: rescans{u},
		Ledger: book{u}, Claims: claims{u}, Webhooks: webhooks{u},
		Jobs: jobs{u}, Resources: resources{u}, Sandbox: sandbox{u},
		Authorizations: authorizations{u}, Lanes: lanes{u}, Reports: reports{u},
	}
}
