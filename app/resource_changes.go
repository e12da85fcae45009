package app

import (
	"context"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

// ResourceChange is what shall be different of a resource.
type ResourceChange struct {
	SKU      string
	Version  *int64 // the one it was read in; nil changes whatever is there
	Terms    TermsChange
	Content  *ContentInput // replaces what is delivered, all of it
	Archived *bool
}

// resolvedChange is a change with everything looked up, described and sealed.
type resolvedChange struct {
	ResourceChange

	terms       resolvedTerms
	content     *resource.Content // nil to leave as it is
	bytes       []byte
	unreachable bool
}

// Update changes a resource: all of what is asked, or nothing.
func (s Resources) Update(
	ctx context.Context, who merchant.Principal, c ResourceChange, once Once[ResourceView],
) (ResourceView, *ports.Answer, error) {
	change, err := s.prepare(ctx, who, c)
	if err != nil {
		return ResourceView{}, nil, err
	}
	now := s.now()
	defer s.Tags.changed(who.Merchant, c.SKU)
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(v ResourceView) deed {
		return deed{"resource.changed", v.SKU, "", "version=" + strconv.FormatInt(v.Version, 10)}
	},
		func(ctx context.Context, r ports.Repos) (ResourceView, error) {
			one, err := s.load(ctx, r, who, c.SKU)
			if err != nil {
				return ResourceView{}, err
			}
			was := one.Snapshot()
			if err := change.onto(one, now); err != nil {
				return ResourceView{}, err
			}
			if err := save(ctx, r, one, was); err != nil {
				return ResourceView{}, err
			}
			if change.content != nil {
				if err := r.Resources.SetContent(ctx, one, change.bytes); err != nil {
					return ResourceView{}, err
				}
			}
			v, err := s.seen(ctx, r, one, now)
			v.Unreachable = change.unreachable
			return v, err
		}))
}

// prepare does what is not to be done in a unit of work: it asks chains and name servers, and seals.
func (s Resources) prepare(
	ctx context.Context, who merchant.Principal, c ResourceChange,
) (out resolvedChange, err error) {
	found, err := s.Reads.BySKU(ctx, who.Merchant, c.SKU)
	if err == nil {
		err = owns(who, found.Resource)
	}
	if err != nil {
		return out, err
	}
	out.ResourceChange = c
	if out.terms, err = s.resolve(ctx, c.Terms, who.Mode); err != nil || c.Content == nil {
		return out, err
	}
	described, stored, err := s.content(found.Resource.Snapshot().ID, *c.Content)
	if err != nil {
		return out, err
	}
	out.content, out.bytes, out.unreachable = &described, stored, s.unreachable(ctx, described)
	return out, nil
}

func (c resolvedChange) onto(one *resource.Resource, now time.Time) error {
	was := one.Snapshot()
	if c.Version != nil && *c.Version != was.Version {
		return resource.ErrChanged
	}
	if c.Archived != nil && !*c.Archived {
		one.Reopen(now)
	}
	if c.Terms != (TermsChange{}) {
		if err := one.Change(c.terms.onto(was.Terms), now); err != nil {
			return err
		}
	}
	if c.content != nil {
		if err := one.Fill(*c.content, now); err != nil {
			return err
		}
	}
	if c.Archived != nil && *c.Archived {
		one.Archive(now)
	}
	return nil
}

// save keeps a resource if anything of it changed.
func save(ctx context.Context, r ports.Repos, one *resource.Resource, was resource.Snapshot) error {
	if one.Snapshot().Version == was.Version {
		return nil
	}
	return r.Resources.Save(ctx, one)
}

// load finds a resource of the principal's, locked, in a project that may sell.
func (s Resources) load(
	ctx context.Context, r ports.Repos, who merchant.Principal, sku string,
) (*resource.Resource, error) {
	if err := openProject(ctx, r, who.Project); err != nil {
		return nil, err
	}
	one, err := r.Resources.Load(ctx, who.Merchant, sku)
	if err != nil {
		return nil, err
	}
	return one, owns(who, one)
}

// Archive ends the sale of a resource. What was sold stays on record, and the SKU stays taken.
func (s Resources) Archive(
	ctx context.Context, who merchant.Principal, sku string, once Once[struct{}],
) (*ports.Answer, error) {
	now := s.now()
	defer s.Tags.changed(who.Merchant, sku)
	_, answer, err := run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(struct{}) deed { return deed{action: "resource.archived", subject: sku} },
		func(ctx context.Context, r ports.Repos) (none struct{}, err error) {
			one, err := r.Resources.Load(ctx, who.Merchant, sku)
			if err == nil {
				err = owns(who, one)
			}
			if err != nil {
				return none, err
			}
			was := one.Snapshot()
			one.Archive(now)
			return none, save(ctx, r, one, was)
		}))
	return answer, err
}
