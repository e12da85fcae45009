// Package resource is what a merchant sells to programs over x402: a named thing (its SKU), its price,
// where it may be paid, and what is delivered for it.
//
// It owns the rules of what may be sold and how it changes. It does not own how it is paid (package
// x402), who is paid for it (live money goes to the project's receiving account, whatever a resource
// says), nor the bytes that are delivered, of which it knows size and hash.
//
// Invariants: a SKU names one resource of a merchant for ever, in one mode; a price is positive and in
// dollars; only in test mode does a resource say where its money goes; what is archived, empty or out of
// its time is not sold.
package resource

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

// ID identifies a resource: a UUID in lower case.
type ID string

// Limits of a merchant's catalog.
const (
	// MaxResources is how many a merchant may have, archived ones included.
	MaxResources = 10_000
	// MaxStoredBytes is how much their stored contents may hold together.
	MaxStoredBytes = 1 << 30
	maxSKUBytes    = 64
)

// Faults of resources.
var (
	ErrInvalid = fault.New(fault.Invalid, "invalid_resource", "the resource is not one that can be sold")
	ErrSKU     = fault.New(fault.Invalid, "invalid_sku",
		"sku must be 1 to 64 of the characters A-Z a-z 0-9 . _ - and something other than dots").About("sku")
	ErrSKUTaken = fault.New(fault.Conflict, "sku_taken",
		"a resource of this account has this sku, in test or live mode, or archived; a sku is never given twice").
		About("sku")
	ErrTooMany = fault.New(fault.Conflict, "too_many_resources",
		"an account may have at most 10000 resources, archived ones included")
	ErrStorageLimit = fault.New(fault.Conflict, "resource_storage_limit",
		"the stored contents of an account's resources may hold 1 GiB together; serve large ones from an upstream URL")
	ErrArchived = fault.New(fault.Conflict, "resource_archived",
		"this resource is archived; send {\"archived\": false} first to sell it again")
	ErrChanged = fault.New(fault.Conflict, "resource_changed",
		"somebody changed this resource meanwhile; read it again and repeat the change with its version").
		About("version")
	// ErrNotForSale refuses a payer. Its reason is the State.
	ErrNotForSale = fault.New(fault.NotFound, "resource_not_for_sale", "this resource is not sold now")
)

// State says whether a resource is sold at a moment.
type State string

// The states of a resource.
const (
	Active    State = "active"    // sold
	Empty     State = "empty"     // it has no content yet
	Scheduled State = "scheduled" // its time has not come
	Ended     State = "ended"     // its time is over
	Archived  State = "archived"  // the merchant took it away
)

// Snapshot is a resource laid open: the one bridge to rows and views.
type Snapshot struct {
	ID         ID
	MerchantID merchant.ID
	ProjectID  merchant.ProjectID
	Mode       merchant.Mode
	SKU        string
	Terms      Terms
	Content    Content
	Version    int64 // counts changes, from 1
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ArchivedAt time.Time // zero unless archived
}

// Resource is something a merchant sells.
type Resource struct {
	s Snapshot
}

// New makes a resource. Version and times of the snapshot are ignored. Errors are faults.
func New(s Snapshot, now time.Time) (*Resource, error) {
	s.Version, s.CreatedAt, s.UpdatedAt, s.ArchivedAt = 1, now, now, time.Time{}
	if s.ID == "" || s.MerchantID == "" || s.ProjectID == "" || s.Mode != merchant.Test && s.Mode != merchant.Live {
		return nil, fmt.Errorf("resource %q: incomplete identity", s.ID)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return &Resource{s.clone()}, nil
}

// Restore rebuilds a resource from a snapshot and re-checks its invariants. Its errors are no faults:
// what a store holds is not the client's doing.
func Restore(s Snapshot) (*Resource, error) {
	switch {
	case s.ID == "" || s.MerchantID == "" || s.ProjectID == "":
		return nil, fmt.Errorf("resource %q: incomplete identity", s.ID)
	case s.Mode != merchant.Test && s.Mode != merchant.Live:
		return nil, fmt.Errorf("resource %s: no mode", s.ID)
	case s.Version < 1 || s.CreatedAt.IsZero() || s.UpdatedAt.Before(s.CreatedAt):
		return nil, fmt.Errorf("resource %s: version %d of %s", s.ID, s.Version, s.UpdatedAt)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("resource %s: %s", s.ID, err.Error())
	}
	return &Resource{s.clone()}, nil
}

func (s Snapshot) check() error {
	if err := CheckSKU(s.SKU); err != nil {
		return err
	}
	if err := s.Terms.check(s.Mode); err != nil {
		return err
	}
	if err := s.Terms.meters(s.Content); err != nil {
		return err
	}
	return s.Content.check()
}

// CheckSKU refuses a name that could be read in two ways in a path, or by a person.
func CheckSKU(sku string) error {
	if sku == "" || len(sku) > maxSKUBytes {
		return ErrSKU
	}
	dots := 0
	for i := range len(sku) {
		switch c := sku[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
		case c == '.':
			dots++
		default:
			return ErrSKU
		}
	}
	if dots == len(sku) { // "." and ".." are not names in a path
		return ErrSKU
	}
	return nil
}

func (s Snapshot) clone() Snapshot {
	s.Terms.Networks = slices.Clone(s.Terms.Networks)
	s.Terms.Tags = slices.Clone(s.Terms.Tags)
	s.Terms.PayTo = maps.Clone(s.Terms.PayTo)
	s.Content.Upstream.Sealed = slices.Clone(s.Content.Upstream.Sealed)
	return s
}

// Snapshot is a copy of everything the resource holds.
func (r *Resource) Snapshot() Snapshot { return r.s.clone() }

// Change replaces the terms it is sold on.
func (r *Resource) Change(t Terms, now time.Time) error {
	if r.archived() {
		return ErrArchived
	}
	if err := t.check(r.s.Mode); err != nil {
		return err
	}
	if err := t.meters(r.s.Content); err != nil {
		return err
	}
	r.s.Terms = t
	r.s = r.s.clone()
	r.changed(now)
	return nil
}

// Fill replaces what is delivered.
func (r *Resource) Fill(c Content, now time.Time) error {
	if r.archived() {
		return ErrArchived
	}
	if err := c.check(); err != nil {
		return err
	}
	if err := r.s.Terms.meters(c); err != nil {
		return err
	}
	r.s.Content = c
	r.s = r.s.clone()
	r.changed(now)
	return nil
}

// Archive ends the sale for good or until Reopen. What was paid for stays on record.
func (r *Resource) Archive(now time.Time) {
	if !r.archived() {
		r.s.ArchivedAt = now
		r.changed(now)
	}
}

// Reopen sells an archived resource again.
func (r *Resource) Reopen(now time.Time) {
	if r.archived() {
		r.s.ArchivedAt = time.Time{}
		r.changed(now)
	}
}

func (r *Resource) archived() bool { return !r.s.ArchivedAt.IsZero() }

func (r *Resource) changed(now time.Time) {
	r.s.Version++
	r.s.UpdatedAt = now
	if now.Before(r.s.CreatedAt) { // clocks of several machines differ
		r.s.UpdatedAt = r.s.CreatedAt
	}
}

// State is whether the resource is sold at a moment. It depends on nothing but the resource and the
// clock.
func (s Snapshot) State(now time.Time) State {
	switch {
	case !s.ArchivedAt.IsZero():
		return Archived
	case !s.Terms.ValidUntil.IsZero() && !now.Before(s.Terms.ValidUntil):
		return Ended
	case s.Content.Kind == "":
		return Empty
	case now.Before(s.Terms.ValidFrom):
		return Scheduled
	}
	return Active
}

// Sold is nil while the resource is sold, else ErrNotForSale.
func (s Snapshot) Sold(now time.Time) error {
	if state := s.State(now); state != Active {
		return ErrNotForSale.Because(string(state))
	}
	return nil
}
