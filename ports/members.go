package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// Members keeps who works for merchants.
type Members interface {
	// Add records a member. ErrTaken (Param "email") says that an active one has the address.
	Add(ctx context.Context, m member.Member) error
	// ByEmail finds the active member of a normalised e-mail address, or ErrNotFound.
	ByEmail(ctx context.Context, email string) (member.Member, error)
	// Load finds a member, active or not, locked, or ErrNotFound.
	Load(ctx context.Context, id member.ID) (member.Member, error)
	// LoadTeam lists a merchant's active members, oldest first. No other unit of work loads them until
	// the end of this one.
	LoadTeam(ctx context.Context, id merchant.ID) ([]member.Member, error)
	// Save replaces role, password hash and removal, or answers ErrNotFound.
	Save(ctx context.Context, m member.Member) error
}

// Invitations keeps who was asked to become a member.
type Invitations interface {
	// Add records an invitation.
	Add(ctx context.Context, i member.Invitation) error
	// Load finds an invitation by the digest of its token, locked, or ErrNotFound.
	Load(ctx context.Context, digest []byte) (member.Invitation, error)
	// Of lists a merchant's invitations that are open at now, newest first.
	Of(ctx context.Context, id merchant.ID, now time.Time) ([]member.Invitation, error)
	// End says when an invitation of a merchant was accepted or taken back. ErrNotFound if there is
	// none, or it has ended already.
	End(ctx context.Context, id merchant.ID, invitation string, at time.Time) error
}

// Factors keeps second factors.
type Factors interface {
	// Load answers a member's factors, the zero value if he has none. No other unit of work loads them
	// until the end of this one.
	Load(ctx context.Context, id member.ID) (member.Factors, error)
	// Save replaces a member's factors. ErrTaken says that another member has one of the passkeys.
	Save(ctx context.Context, id member.ID, f member.Factors) error
	// Owner finds whose passkey a credential id is, or ErrNotFound.
	Owner(ctx context.Context, passkey []byte) (member.ID, error)
}

// Visits keeps which browsers are signed in.
type Visits interface {
	// Add records a visit.
	Add(ctx context.Context, v member.Visit) error
	// Load finds a visit, locked, or ErrNotFound.
	Load(ctx context.Context, id string) (member.Visit, error)
	// Of lists a member's visits that have not been ended and began at or after since, newest first.
	Of(ctx context.Context, id member.ID, since time.Time) ([]member.Visit, error)
	// Save replaces digest, where and when it was seen, its proof and its end, or answers ErrNotFound.
	Save(ctx context.Context, v member.Visit) error
	// EndOthers ends a member's visits but the one kept ("" keeps none), and answers how many.
	EndOthers(ctx context.Context, id member.ID, kept string, at time.Time) (int, error)
	// Seen answers when each member of a merchant was last there, by the visits that are kept. Who has none
	// is absent.
	Seen(ctx context.Context, id merchant.ID) (map[member.ID]time.Time, error)
	// Prune deletes at most limit visits that began before the given time.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}

// VisitRing answers who presents a cookie. It reads outside any unit of work.
type VisitRing interface {
	// Visit finds a visit and its member by the digest of its token, or ErrNotFound. Whether either
	// is over is the caller's to judge.
	Visit(ctx context.Context, digest []byte) (member.Visit, member.Member, error)
}

// Challenges keeps what was asked of a passkey until it is answered.
type Challenges interface {
	// Put records a challenge.
	Put(ctx context.Context, id string, sealed []byte, expires time.Time) error
	// Take answers a challenge that has not expired at now, once, or ErrNotFound.
	Take(ctx context.Context, id string, now time.Time) ([]byte, error)
	// Prune deletes at most limit challenges that expired before the given time.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
}

// Journal is the audit log: it is added to and read, never changed.
type Journal interface {
	// Append records an entry as the next one of its merchant, numbered and linked to the one before
	// (member.Entry.Link). Entries appended at once take turns.
	Append(ctx context.Context, e member.Entry) error
	// Read answers a page of a merchant's entries, newest first.
	Read(ctx context.Context, q JournalQuery) (JournalPage, error)
}

// JournalQuery selects a page of a merchant's audit log. Zero fields do not filter.
type JournalQuery struct {
	Merchant merchant.ID
	Member   member.ID // who did it
	Action   string
	Before   int64 // entries with a lower sequence
	Limit    int
}

// JournalPage is a page of an audit log, and what it is judged by.
type JournalPage struct {
	Entries []member.Entry
	// Priors are, by position, the chain hashes of the entries before, whether or not those are selected
	// too; nil where the log has none.
	Priors []*member.Hash
	More   bool // older ones follow
	// Whole says that the log ends where its head says: that none was cut off.
	Whole bool
}
