package member

import "slices"

// Right is one kind of thing a member may do. The zero value is not a right.
type Right uint8

// The rights.
const (
	ReadMoney       Right = iota + 1 // sessions, payments, receipts, ledger, balances, resources' revenue
	ReadSetup                        // projects, keys without secrets, endpoints, accounts, rails' health
	ReadSecrets                      // private keys and webhook secrets, when they are shown
	ReadAudit                        // who did what
	Export                           // statements and reports as files
	DecideQueue                      // payments that are unmatched or held
	TestMode                         // test payments and simulated transfers
	ManageKeys                       // key pairs and API keys
	ManageWebhooks                   // endpoints, replays
	ManageResources                  // what agents buy
	ManageProjects                   // projects and their policy
	ManageAccounts                   // receiving accounts: where money goes
	ManageKYC                        // what the merchant proves of himself
	ManageTeam                       // members, roles, invitations
	lastRight       = ManageTeam
)

// granted is the one table of rights.
var granted = map[Role][]Right{
	Owner: {
		ReadMoney, ReadSetup, ReadSecrets, ReadAudit, Export, DecideQueue, TestMode, ManageKeys,
		ManageWebhooks, ManageResources, ManageProjects, ManageAccounts, ManageKYC, ManageTeam,
	},
	Developer: {
		ReadMoney, ReadSetup, ReadSecrets, TestMode, ManageKeys, ManageWebhooks, ManageResources,
		ManageProjects,
	},
	Accountant: {ReadMoney, ReadSetup, Export, DecideQueue},
	Viewer:     {ReadMoney, ReadSetup},
}

// May reports whether the role grants a right.
func (r Role) May(right Right) bool { return slices.Contains(granted[r], right) }

// Rights lists what the role grants, in the order of the declaration.
func (r Role) Rights() []Right { return slices.Clone(granted[r]) }

// AllRights lists every right there is.
func AllRights() []Right {
	all := make([]Right, 0, lastRight)
	for right := ReadMoney; right <= lastRight; right++ {
		all = append(all, right)
	}
	return all
}

// String is the right in snake_case, as pages and the audit log show it.
func (r Right) String() string {
	switch r {
	case ReadMoney:
		return "read_money"
	case ReadSetup:
		return "read_setup"
	case ReadSecrets:
		return "read_secrets"
	case ReadAudit:
		return "read_audit"
	case Export:
		return "export"
	case DecideQueue:
		return "decide_queue"
	case TestMode:
		return "test_mode"
	case ManageKeys:
		return "manage_keys"
	case ManageWebhooks:
		return "manage_webhooks"
	case ManageResources:
		return "manage_resources"
	case ManageProjects:
		return "manage_projects"
	case ManageAccounts:
		return "manage_accounts"
	case ManageKYC:
		return "manage_kyc"
	case ManageTeam:
		return "manage_team"
	}
	return "???"
}
