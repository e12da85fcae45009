// Package member says who works for a merchant, and what each of them may do.
//
// It owns members, their roles and rights, invitations, the sessions of the dashboard, what counts as
// a second factor, and how slowly wrong guesses are answered. It does not own cookies (the edge),
// hashing (ports.Passwords, ports.Vault) nor what a right protects (package app).
//
// Invariants: a merchant always has an owner who can sign in; a right is granted by the one table
// here and nowhere else; only owners and developers ever see a secret.
package member

import (
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

// ID identifies a member: a UUID in lower case.
type ID string

// Role is what a member is to the merchant. The zero value is not a role.
type Role uint8

// The roles.
const (
	Owner      Role = iota + 1 // everything, the team and where money goes included
	Developer                  // keys, webhooks, resources, projects; never where money goes
	Accountant                 // money, exports, decisions on payments; never a secret
	Viewer                     // looks, changes nothing, sees no secret
)

// ErrInvalidRole says that a text is no role.
var ErrInvalidRole = fault.New(fault.Invalid, "invalid_role",
	"role must be \"owner\", \"developer\", \"accountant\" or \"viewer\"").About("role")

// Roles are all of them, the mightiest first.
func Roles() []Role { return []Role{Owner, Developer, Accountant, Viewer} }

// ParseRole reads what String wrote.
func ParseRole(s string) (Role, error) {
	for _, r := range Roles() {
		if r.String() == s {
			return r, nil
		}
	}
	return 0, ErrInvalidRole
}

// String is the role in lower case.
func (r Role) String() string {
	switch r {
	case Owner:
		return "owner"
	case Developer:
		return "developer"
	case Accountant:
		return "accountant"
	case Viewer:
		return "viewer"
	}
	return "???"
}

// Member is a person who signs in for a merchant. An e-mail address belongs to one member of one
// merchant.
type Member struct {
	ID           ID
	MerchantID   merchant.ID
	Email        string // lower case
	Role         Role
	PasswordHash string
	CreatedAt    time.Time
	RemovedAt    time.Time // zero while he works for the merchant
}

// Active reports whether the member may sign in.
func (m Member) Active() bool { return m.RemovedAt.IsZero() }
