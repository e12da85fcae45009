package ports

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
)

// Resources keeps what merchants sell to programs, and the bytes of stored contents.
type Resources interface {
	// Add records a new resource, without its bytes. ErrTaken says that its merchant has one with the
	// same SKU, in whatever mode or state; resource.ErrTooMany that he has resource.MaxResources.
	Add(ctx context.Context, r *resource.Resource) error
	// Load finds a merchant's resource, locked, or ErrNotFound.
	Load(ctx context.Context, m merchant.ID, sku string) (*resource.Resource, error)
	// Save replaces everything but identity, SKU, mode and creation. It is refused with ErrStale unless
	// the stored version is older.
	Save(ctx context.Context, r *resource.Resource) error
	// SetContent keeps the bytes that a resource, added or saved before, describes, in place of those it
	// had; none takes them away. resource.ErrStorageLimit says that what the merchant's resources describe
	// is more than resource.MaxStoredBytes.
	SetContent(ctx context.Context, r *resource.Resource, content []byte) error
}

// ResourceRow is a resource and whether its project may sell anything.
type ResourceRow struct {
	Resource        *resource.Resource
	ProjectDisabled bool
}

// ResourceQuery selects a page of a project's resources, newest first.
type ResourceQuery struct {
	Project  merchant.ProjectID
	Mode     merchant.Mode
	Archived bool         // archived ones too
	Before   ResourceMark // exclusive; zero for the first page
	Limit    int
}

// ResourceMark is a position in a list of resources.
type ResourceMark struct {
	At time.Time // of creation
	ID resource.ID
}

// DiscoveryQuery selects a page of the public catalog.
type DiscoveryQuery struct {
	Mode          merchant.Mode
	At            time.Time // what is sold then
	Offset, Limit int
}

// MaxDiscovered is how far the public catalog is counted, and can be paged through.
const MaxDiscovered = 10_000

// ResourceReads answers questions about resources outside any unit of work.
type ResourceReads interface {
	// BySKU finds a merchant's resource of whatever mode and state, or ErrNotFound. It is asked for every
	// request of a payer, and costs one read whatever the size of the content.
	BySKU(ctx context.Context, m merchant.ID, sku string) (ResourceRow, error)
	// Content reads the stored bytes of that hash, or ErrNotFound: they were replaced, and the resource
	// says by what.
	Content(ctx context.Context, id resource.ID, h resource.Hash) ([]byte, error)
	// Resources pages through a project's resources of a mode, newest first.
	Resources(ctx context.Context, q ResourceQuery) (list []*resource.Resource, more bool, err error)
	// Discoverable lists, oldest first, the resources of all merchants that are Active at a moment and
	// shall be listed, without those of disabled projects; total is how many there are, counted
	// up to MaxDiscovered.
	Discoverable(ctx context.Context, q DiscoveryQuery) (list []*resource.Resource, total int, err error)
}
