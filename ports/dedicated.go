package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
)

// Taking asks for the address of a session's payment.
type Taking struct {
	Source  merchant.AddressSource
	Session checkout.SessionID
	// Next is the address at Source.NextIndex, for a source that derives; "" for a pool.
	Next chain.Address
	Now  time.Time
	// RestUntil is until when nobody else may get the address, unless it is paid.
	RestUntil time.Time
}

// SourceTally counts the addresses of a source that were ever given out or written down.
type SourceTally struct {
	Total    int
	Free     int // ready for the next payment
	Resting  int // given to a payment, and not to be given again yet
	Received int // money came to them
}

// Sources keeps address sources and which payment has which of their addresses.
type Sources interface {
	// AddSource records a source; merchant.ErrTooManySources beyond merchant.MaxSources.
	AddSource(ctx context.Context, s merchant.AddressSource) error
	// LoadSource finds a source of a project that is not removed, locked, or ErrNotFound.
	LoadSource(ctx context.Context, p merchant.ProjectID, id merchant.SourceID) (merchant.AddressSource, error)
	// SaveSource replaces label, next index and times. ErrTaken says that another source of the project's
	// family is confirmed, or that the same key is, of whichever project.
	SaveSource(ctx context.Context, s merchant.AddressSource) error
	SourceLists
	// LoadActive finds the source a project's payments on a family's networks get addresses from at now,
	// locked, or ErrNotFound.
	LoadActive(
		ctx context.Context, p merchant.ProjectID, f chain.Family, now time.Time,
	) (merchant.AddressSource, error)
	SourceHistory
	OwnAddresses
}

// SourceLists lists the sources of projects.
type SourceLists interface {
	// List lists a project's sources that are not removed, newest first.
	List(ctx context.Context, p merchant.ProjectID) ([]merchant.AddressSource, error)
	// ListOf lists those of several projects as List does those of one, by project.
	ListOf(ctx context.Context, of []merchant.ProjectID) (map[merchant.ProjectID][]merchant.AddressSource, error)
}

// SourceHistory looks back at sources that may be gone.
type SourceHistory interface {
	// Served reports whether another source of the project's family, with another key, was confirmed and
	// not removed before since.
	Served(ctx context.Context, s merchant.AddressSource, since time.Time) (bool, error)
	// Reached is the highest next index any source with the same key came to, removed ones included; 0
	// for a new key.
	Reached(ctx context.Context, f chain.Family, fingerprint string) (int64, error)
}

// OwnAddresses keeps the addresses of sources, and which session has which.
type OwnAddresses interface {
	// AddPool writes addresses down for a source, which must be locked. ErrTaken, and nothing is added,
	// if one of them is known already: of a source, or as a receiving account on the family's networks,
	// now or ever.
	AddPool(ctx context.Context, s merchant.AddressSource, at []chain.Address, now time.Time) error
	// Tally counts a source's addresses.
	Tally(ctx context.Context, id merchant.SourceID, now time.Time) (SourceTally, error)
	// Take gives a session an address of a source, which must be locked: the one the session has already;
	// else one that rests no more, holds no intent and, if it is derived, never received anything, namely
	// the one that is free the longest and of equals the lowest; else Next, and the source's next index
	// moves on. ErrNotFound when there is none, ErrTaken when Next serves something else.
	// Two sessions never have the same address at a time, however they race.
	Take(ctx context.Context, t Taking) (chain.Address, error)
	// Received notes that money came to those of the addresses that are of a source: a derived one is
	// never given again, one of a pool not before restUntil.
	Received(ctx context.Context, f chain.Family, at []chain.Address, restUntil time.Time) error
	// Known reports whether an address is of a source.
	Known(ctx context.Context, f chain.Family, at chain.Address) (bool, error)
}
