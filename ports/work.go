package ports

import (
	"context"
)

// UnitOfWork runs a function inside one database transaction.
//
// Promises, each held by portstest.Store:
//   - Everything done through Repos commits if and only if the function returns nil.
//   - A job enqueued inside is invisible until the commit and gone on rollback.
//   - The function may run again after a serialization failure or deadlock, so it must do nothing
//     but use Repos, and must not let a result captured by an abandoned attempt survive.
//   - A nested Do is refused.
//   - Aggregates read through Repos by a method whose name begins with Load are locked until the
//     end of the unit of work.
//   - When the outcome of a commit is unknown, Do reports ErrOutcomeUnknown and never runs the
//     function again by itself.
type UnitOfWork interface {
	Do(ctx context.Context, fn func(ctx context.Context, r Repos) error) error
}

// Repos are the repositories bound to one unit of work.
type Repos struct {
	Merchants Merchants
	Projects  Projects
	Receiving Receiving
	Addresses Addresses
	Sources   Sources
	KYC       KYC
	Keys      Keys
	Logins    Logins
	Members   Members
	Factors   Factors
	Visits    Visits
	Journal   Journal
	Sessions  Sessions
	Transfers Transfers
	Cursors   Cursors
	Ignored   Ignored
	WatchLog  WatchLog
	Rescans   Rescans
	Ledger    Ledger
	Claims    Claims
	Webhooks  Webhooks
	Jobs      Jobs
	Resources Resources
	Sandbox   SandboxChain

	Invitations    Invitations
	Challenges     Challenges
	Authorizations Authorizations
	Lanes          Lanes
	Reports        Reports
}
