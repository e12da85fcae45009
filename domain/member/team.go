package member

import (
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

// Faults of teams.
var (
	ErrLastOwner = fault.New(fault.Conflict, "last_owner",
		"an account needs an owner; make somebody else one first")
	ErrTeamFull = fault.New(fault.Conflict, "team_full",
		"an account may have at most 100 members and open invitations")
	// ErrInvitation is the one answer to an invitation that is unknown, used, old or taken back.
	ErrInvitation = fault.New(fault.NotFound, "invitation_invalid",
		"this invitation cannot be used any more; ask for a new one")
)

// MaxTeam bounds the members and open invitations of one merchant.
const MaxTeam = 100

// InvitationLife is how long an invitation may be accepted.
const InvitationLife = 72 * time.Hour

// Invitation lets whoever holds its link become a member, once.
type Invitation struct {
	ID         string
	MerchantID merchant.ID
	Email      string
	Role       Role
	Digest     []byte // of the token in the link
	InvitedBy  ID
	CreatedAt  time.Time
	ExpiresAt  time.Time
	EndedAt    time.Time // accepted or taken back; zero while it is open
}

// Open reports whether the invitation may be accepted at now.
func (i Invitation) Open(now time.Time) bool { return i.EndedAt.IsZero() && now.Before(i.ExpiresAt) }

// KeepsOwner refuses with ErrLastOwner a change after which nobody in the team would be an owner.
func KeepsOwner(team []Member, changed Member) error {
	for _, m := range team {
		if m.ID == changed.ID {
			m = changed
		}
		if m.Active() && m.Role == Owner {
			return nil
		}
	}
	return ErrLastOwner
}
