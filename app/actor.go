package app

import (
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// FreshFor is how long a proof of who sits at the keyboard counts for what needs one.
const FreshFor = 10 * time.Minute

// Faults of what a member may do.
var (
	// ErrRoleForbidden refuses what a role does not grant.
	ErrRoleForbidden = fault.New(fault.Forbidden, "role_forbidden",
		"your role does not allow this; ask an owner of the account")
	// ErrReauthRequired asks a member who is signed in to prove once more that it is he.
	ErrReauthRequired = fault.New(fault.Forbidden, "reauth_required",
		"confirm that it is you with your password or second factor, then repeat this within 10 minutes")
)

// Actor is a member who is signed in to the dashboard: established at the edge, passed on explicitly.
type Actor struct {
	Merchant merchant.ID
	Member   member.ID
	Email    string
	Role     member.Role
	Session  string    // the dashboard session's id
	Proven   time.Time // when he last proved who he is, in this session
	From     Origin
}

// Origin is where a request came from, for records of who did what.
type Origin struct {
	IP     string
	Device string // what the browser said of itself, shortened
}

// Agent is the actor as the audit log names him.
func (a Actor) Agent() merchant.Agent {
	return merchant.Agent{Member: string(a.Member), Name: a.Email, IP: a.From.IP, Device: a.From.Device}
}

// Principal is who the actor acts as within a project of his merchant. That the project is the
// merchant's is the caller's to prove.
func (a Actor) Principal(project merchant.ProjectID, mode merchant.Mode) merchant.Principal {
	return merchant.Principal{Merchant: a.Merchant, Project: project, Mode: mode, By: a.Agent()}
}

// Require refuses with ErrRoleForbidden what the actor's role does not grant.
func (a Actor) Require(right member.Right) error {
	if a.Member == "" || !a.Role.May(right) {
		return ErrRoleForbidden
	}
	return nil
}

// Fresh refuses with ErrReauthRequired if the actor's last proof is older than FreshFor. What moves
// money, shows a secret, or changes the team or a factor asks for it.
func (a Actor) Fresh(now time.Time) error {
	if a.Proven.IsZero() || now.Sub(a.Proven) > FreshFor {
		return ErrReauthRequired
	}
	return nil
}
