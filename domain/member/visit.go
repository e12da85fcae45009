package member

import (
	"time"

	"github.com/101pay/101pay/domain/merchant"
)

// How long somebody stays signed in.
const (
	VisitLife = 7 * 24 * time.Hour // whatever he does
	VisitIdle = 12 * time.Hour     // without doing anything
)

// Visit is a browser that is signed in to the dashboard.
type Visit struct {
	ID         string
	MerchantID merchant.ID
	MemberID   ID
	Digest     []byte // of the token in its cookie
	Device     string // what the browser said of itself
	IP         string
	CreatedAt  time.Time
	SeenAt     time.Time
	ProvenAt   time.Time // when the member last proved who he is
	EndedAt    time.Time // zero until it is signed out
}

// Live reports whether the visit goes on at now.
func (v Visit) Live(now time.Time) bool {
	return v.EndedAt.IsZero() && now.Before(v.CreatedAt.Add(VisitLife)) && now.Before(v.SeenAt.Add(VisitIdle))
}

// ExpiresAt is when the visit ends if nothing more is done.
func (v Visit) ExpiresAt() time.Time {
	idle, whole := v.SeenAt.Add(VisitIdle), v.CreatedAt.Add(VisitLife)
	if idle.Before(whole) {
		return idle
	}
	return whole
}
