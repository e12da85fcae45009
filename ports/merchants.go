package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
)

// Account is what a login looks up: the merchant and the hash of his password.
type Account struct {
	Merchant     merchant.Merchant
	PasswordHash string
}

// Merchants keeps account holders.
type Merchants interface {
	// Add records a merchant, his password hash and his default project. ErrTaken names, in Param,
	// which of "email" or "clientId" is in use.
	Add(ctx context.Context, a Account, p merchant.Project) error
	// ByEmail finds the account of a normalised e-mail address, or ErrNotFound.
	ByEmail(ctx context.Context, email string) (Account, error)
	// ByID finds a merchant, or ErrNotFound.
	ByID(ctx context.Context, id merchant.ID) (merchant.Merchant, error)
	// Rename changes the display name.
	Rename(ctx context.Context, id merchant.ID, name string) error
}

// Projects keeps the projects of merchants.
type Projects interface {
	// Of lists a merchant's projects, the default one first.
	Of(ctx context.Context, id merchant.ID) ([]merchant.Project, error)
	// ByID finds a project of any merchant by its id, or ErrNotFound.
	ByID(ctx context.Context, id merchant.ProjectID) (merchant.Project, error)
	// ByIDs finds projects of any merchants; those nobody knows are absent.
	ByIDs(ctx context.Context, ids []merchant.ProjectID) (map[merchant.ProjectID]merchant.Project, error)
	// Load is ByID, locked: for whoever is about to change the project.
	Load(ctx context.Context, id merchant.ProjectID) (merchant.Project, error)
	// Add records a further project of a merchant; merchant.ErrTooManyProjects beyond merchant.MaxProjects,
	// however many are added at once. ErrNotFound for an unknown merchant.
	Add(ctx context.Context, p merchant.Project) error
	// Update replaces name, website, mode and policy. ErrTaken (Param "websiteUrl") says another
	// project has the website.
	Update(ctx context.Context, p merchant.Project) error
}

// ProjectReads finds projects outside any unit of work.
type ProjectReads interface {
	// Project finds a project of any merchant by its id, or ErrNotFound.
	Project(ctx context.Context, id merchant.ProjectID) (merchant.Project, error)
	// Owner answers whose a project is, or ErrNotFound. It is the same for ever, and may be remembered.
	Owner(ctx context.Context, id merchant.ProjectID) (merchant.ID, error)
}

// Receiving keeps receiving accounts and which methods a project offers. When an account begins and
// ends is decided by package merchant; stores keep it.
type Receiving interface {
	// Load lists the accounts of a project that have no end or one at or after since, oldest first. No
	// other unit of work loads them until the end of this one.
	Load(ctx context.Context, p merchant.ProjectID, since time.Time) ([]merchant.ReceivingAccount, error)
	// Add records an account. ErrTaken says that the project has one without an end for the same
	// network and asset already; those of its other networks and assets do not matter.
	Add(ctx context.Context, a merchant.ReceivingAccount) error
	// Save replaces label, end, seal and when the merchant was told. ErrNotFound; ErrTaken as Add.
	Save(ctx context.Context, a merchant.ReceivingAccount) error
	// List lists the accounts of a project that have not ended at now, pending ones too, newest first.
	List(ctx context.Context, p merchant.ProjectID, now time.Time) ([]merchant.ReceivingAccount, error)
	// Methods answers which methods the project switched; those it never touched are absent.
	Methods(ctx context.Context, p merchant.ProjectID) (map[checkout.Method]bool, error)
	// SetMethod switches a method on or off.
	SetMethod(ctx context.Context, p merchant.ProjectID, m checkout.Method, enabled bool) error
	ReceivingBatches
}

// ReceivingBatches answers for several projects what Receiving does for one, by project.
type ReceivingBatches interface {
	// ListOf lists accounts as List does.
	ListOf(ctx context.Context, of []merchant.ProjectID, now time.Time) (map[merchant.ProjectID][]merchant.ReceivingAccount, error)
	// MethodsOf answers which methods were switched, as Methods does.
	MethodsOf(ctx context.Context, of []merchant.ProjectID) (map[merchant.ProjectID]map[checkout.Method]bool, error)
}

// Addresses looks at receiving accounts across projects, and keeps how long their changes wait.
type Addresses interface {
	// At lists the accounts of all merchants at an address that have no end or one at or after since,
	// oldest first. No other unit of work looks at the address until the end of this one.
	At(ctx context.Context, at chain.Address, since time.Time) ([]merchant.ReceivingAccount, error)
	// Due lists at most limit accounts that are current at now and whose merchant was not told, oldest
	// first.
	Due(ctx context.Context, now time.Time, limit int) ([]merchant.ReceivingAccount, error)
	// All pages through the accounts of all projects that have no end or one after now, by id: those
	// with an id after the given one, at most limit.
	All(ctx context.Context, after merchant.ReceivingID, now time.Time, limit int) ([]merchant.ReceivingAccount, error)
	// Wait is how long changes of a project wait, merchant.DefaultChangeWait if it was never set.
	Wait(ctx context.Context, p merchant.ProjectID) (merchant.ChangeWait, error)
	// SetWait sets how long changes of a project wait.
	SetWait(ctx context.Context, p merchant.ProjectID, w merchant.ChangeWait) error
}

// KYC keeps verification records and their documents. Content is handed over sealed.
type KYC interface {
	// Load finds a record, locked; a merchant without one gets state not_started.
	Load(ctx context.Context, id merchant.ID) (merchant.KYC, error)
	// Save inserts or replaces a record.
	Save(ctx context.Context, k merchant.KYC) error
	// Pending lists at most limit records that wait for a decision, the longest waiting first.
	Pending(ctx context.Context, limit int) ([]merchant.KYC, error)
	// AddDocument attaches a file; merchant.ErrTooManyFiles beyond merchant.MaxDocuments.
	AddDocument(ctx context.Context, d merchant.Document, sealed []byte) error
	// Documents lists a merchant's files, oldest first.
	Documents(ctx context.Context, id merchant.ID) ([]merchant.Document, error)
	// Document finds one file of a merchant with its sealed content, or ErrNotFound.
	Document(ctx context.Context, id merchant.ID, doc string) (merchant.Document, []byte, error)
}
