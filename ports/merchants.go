package ports

import (
	"context"
	"time"

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
	// Load is ByID, locked: for whoever is about to change the project.
	Load(ctx context.Context, id merchant.ProjectID) (merchant.Project, error)
	// Update replaces name, website, mode and policy. ErrTaken (Param "websiteUrl") says another
	// project has the website.
	Update(ctx context.Context, p merchant.Project) error
}

// Receiving keeps receiving accounts and which methods a project offers.
type Receiving interface {
	// Add records an account and retires the project's current one for the same network and asset;
	// those of its other networks and assets stay.
	// ErrTaken says the very address is current already.
	Add(ctx context.Context, a merchant.ReceivingAccount) error
	// List lists the current accounts of a project, newest first.
	List(ctx context.Context, p merchant.ProjectID) ([]merchant.ReceivingAccount, error)
	// Relabel changes a current account's label; Remove retires it. ErrNotFound if it is not a
	// current account of the project.
	Relabel(ctx context.Context, p merchant.ProjectID, id merchant.ReceivingID, label string) error
	// Remove retires a current account.
	Remove(ctx context.Context, p merchant.ProjectID, id merchant.ReceivingID, now time.Time) error
	// Methods answers which methods the project switched; those it never touched are absent.
	Methods(ctx context.Context, p merchant.ProjectID) (map[checkout.Method]bool, error)
	// SetMethod switches a method on or off.
	SetMethod(ctx context.Context, p merchant.ProjectID, m checkout.Method, enabled bool) error
}

// KYC keeps verification records and their documents. Content is handed over sealed.
type KYC interface {
	// Load finds a record, locked; a merchant without one gets state not_started.
	Load(ctx context.Context, id merchant.ID) (merchant.KYC, error)
	// Save inserts or replaces a record.
	Save(ctx context.Context, k merchant.KYC) error
	// AddDocument attaches a file; merchant.ErrTooManyFiles beyond merchant.MaxDocuments.
	AddDocument(ctx context.Context, d merchant.Document, sealed []byte) error
	// Documents lists a merchant's files, oldest first.
	Documents(ctx context.Context, id merchant.ID) ([]merchant.Document, error)
	// Document finds one file of a merchant with its sealed content, or ErrNotFound.
	Document(ctx context.Context, id merchant.ID, doc string) (merchant.Document, []byte, error)
}
