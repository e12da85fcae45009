package merchant

import (
	"slices"
	"time"
)

// Bounds of the waiting time of an address change.
const (
	defaultChangeHours = 24
	maxChangeHours     = 7 * 24
)

// changeMemory is how long an address that was current is remembered: within that time another one in
// its place is a change, whatever happened in between. Removing and adding again is no way around.
const changeMemory = 30 * 24 * time.Hour

// ChangeMemory is the start of the time within which a former address counts.
func ChangeMemory(now time.Time) time.Time { return now.Add(-changeMemory) }

// ChangeWait is how long a project's address changes wait. A shorter time is itself a change that
// waits: who could lower it at once would wait for nothing.
type ChangeWait struct {
	Hours     int
	NextHours int       // what a lowering makes it
	NextFrom  time.Time // from when; zero if none waits
}

// DefaultChangeWait is what a project begins with.
func DefaultChangeWait() ChangeWait { return ChangeWait{Hours: defaultChangeHours} }

// At is the waiting time at a moment.
func (w ChangeWait) At(now time.Time) ChangeWait {
	if !w.NextFrom.IsZero() && !now.Before(w.NextFrom) {
		return ChangeWait{Hours: w.NextHours}
	}
	return w
}

// Set makes the waiting time longer at once, or shorter after the present one has passed. The present
// one again takes a lowering back. ErrInvalidWait outside 0 to 168 hours.
func (w ChangeWait) Set(hours int, now time.Time) (ChangeWait, error) {
	if hours < 0 || hours > maxChangeHours {
		return w, ErrInvalidWait
	}
	w = w.At(now)
	if hours >= w.Hours {
		return ChangeWait{Hours: hours}, nil
	}
	return ChangeWait{Hours: w.Hours, NextHours: hours, NextFrom: now.Add(w.duration())}, nil
}

func (w ChangeWait) duration() time.Duration { return time.Duration(w.Hours) * time.Hour }

// Change is an account on its way to be current.
type Change struct {
	Account ReceivingAccount
	// Replaced is the account it takes the place of, with its end; zero if there is none.
	Replaced ReceivingAccount
	// Guarded says that another address was current lately: the change must be confirmed and waits.
	Guarded bool
}

// Admit decides when an account becomes current, given all accounts of the project that have not ended
// before ChangeMemory. The first address of a network and asset is current at once; another one waits,
// and the present one stays current until then. ErrReceivingExists, ErrChangePending.
func Admit(accounts []ReceivingAccount, fresh ReceivingAccount, wait ChangeWait, now time.Time) (Change, error) {
	c := Change{Account: fresh}
	c.Account.ActiveFrom = now
	for _, a := range accounts {
		if a.Network != fresh.Network || a.Asset != fresh.Asset {
			continue
		}
		switch a.State(now) {
		case ReceivingPending:
			return Change{}, ErrChangePending
		case ReceivingCurrent:
			if a.Address == fresh.Address {
				return Change{}, ErrReceivingExists
			}
			c.Replaced, c.Account.Replaces = a, a.ID
		case ReceivingEnded:
		}
		served := a.RemovedAt.IsZero() || !a.RemovedAt.Before(a.ActiveFrom) && a.RemovedAt.After(ChangeMemory(now))
		if served && a.Address != fresh.Address {
			c.Guarded = true
		}
	}
	if c.Guarded {
		c.Account.ActiveFrom = now.Add(wait.At(now).duration())
	}
	if c.Replaced.ID != "" {
		c.Replaced.RemovedAt = c.Account.ActiveFrom
	}
	return c, nil
}

// End ends an account now. If it was a change that waited, the account it would have replaced goes on:
// restored is that one, zero if there is none. The rest of accounts is the project's.
func End(
	accounts []ReceivingAccount, id ReceivingID, now time.Time,
) (ended, restored ReceivingAccount, found bool) {
	at := slices.IndexFunc(accounts, func(a ReceivingAccount) bool {
		return a.ID == id && a.State(now) != ReceivingEnded
	})
	if at < 0 {
		return ReceivingAccount{}, ReceivingAccount{}, false
	}
	ended = accounts[at]
	if ended.State(now) == ReceivingPending {
		for _, a := range accounts {
			if ended.Replaces == a.ID && a.RemovedAt.Equal(ended.ActiveFrom) {
				restored = a
				restored.RemovedAt = time.Time{}
			}
		}
	}
	ended.RemovedAt, ended.ToldAt = now, now
	return ended, restored, true
}

// MayUse decides whether a merchant may receive at an address, given every account at it that has not
// ended before ChangeMemory, oldest first. It belongs to whoever proved it; until somebody did, to
// whoever registered it first. Anybody else could use up the exact amounts that its owner needs.
func MayUse(at []ReceivingAccount, m ID) bool {
	proven := func(a ReceivingAccount) bool { return a.Proven }
	if slices.ContainsFunc(at, proven) {
		return slices.ContainsFunc(at, func(a ReceivingAccount) bool { return a.Proven && a.MerchantID == m })
	}
	return len(at) == 0 || at[0].MerchantID == m
}
