package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Openings are the sessions that are being opened: those of many callers are one unit of work. The zero
// value is ready.
type Openings struct{ together[*opening] }

// opening is a session to be opened.
type opening struct {
	step

	id  checkout.SessionID
	in  OpenInput
	now time.Time
	out checkout.Snapshot
}

// openAll opens many sessions in one unit of work. Whoever is refused is told so and holds up nobody. Whose
// order id is taken is left to look alone whose it is, and so are all if they met somebody else's lock: it may
// be in the way of one of them only.
func (s Checkout) openAll(ctx context.Context, all []*opening) {
	var opened []*opening
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) (err error) {
		opened, err = s.open(ctx, r, all)
		return err
	})
	if err == nil {
		for _, one := range opened {
			one.done = true
		}
		return
	}
	if !errors.Is(err, ports.ErrTryAgain) {
		refuse(all, err, func(one *opening) *step { return &one.step })
	}
}

// openAlone opens one session, or answers the one that has its order id.
func (s Checkout) openAlone(ctx context.Context, r ports.Repos, one *opening) (checkout.Snapshot, error) {
	opened, err := s.open(ctx, r, []*opening{one})
	switch {
	case err != nil:
		return checkout.Snapshot{}, err
	case one.err != nil:
		return checkout.Snapshot{}, one.err
	case len(opened) == 0:
		return sameOrder(ctx, r, one.in)
	}
	return one.out, nil
}

// open records sessions with the news of them, and answers those it recorded. Of the others, those with an
// error are refused, and those without have an order id that is taken.
func (s Checkout) open(ctx context.Context, r ports.Repos, all []*opening) (opened []*opening, err error) {
	shops, err := s.shopsOf(ctx, r, all)
	if err != nil {
		return nil, err
	}
	var sessions []*checkout.Session
	for _, one := range all {
		var session *checkout.Session
		if session, one.err = s.begin(shops, one); one.err != nil {
			continue
		}
		one.out = session.Snapshot()
		sessions, opened = append(sessions, session), append(opened, one)
	}
	taken, err := r.Sessions.AddAll(ctx, sessions)
	if err != nil || len(opened) == 0 {
		return nil, err
	}
	opened = slices.DeleteFunc(opened, func(one *opening) bool { return taken[one.id] })
	list := make([]news, len(opened))
	for i, one := range opened {
		list[i] = news{webhook.PaymentCreated, one.out, nil}
	}
	return opened, s.Events.sessions(ctx, r, list)
}

// shops are projects, and what those offer whose sessions name a method.
type shops struct {
	projects map[merchant.ProjectID]merchant.Project
	offers   map[merchant.ProjectID]assortment
}

func (s Checkout) shopsOf(ctx context.Context, r ports.Repos, all []*opening) (of shops, err error) {
	var every, named []merchant.ProjectID
	for _, one := range all {
		every = append(every, one.in.Who.Project)
		if one.in.Method != "" {
			named = append(named, one.in.Who.Project)
		}
	}
	if of.projects, err = r.Projects.ByIDs(ctx, oneOf(every)); err != nil || len(named) == 0 {
		return of, err
	}
	of.offers, err = assortmentsOf(ctx, r, oneOf(named), s.Core.Clock.Now())
	return of, err
}

// oneOf names each of a list once.
func oneOf(list []merchant.ProjectID) []merchant.ProjectID {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// begin makes the session that is asked for, or refuses it.
func (s Checkout) begin(of shops, one *opening) (*checkout.Session, error) {
	in := one.in
	project, found := of.projects[in.Who.Project]
	if !found {
		return nil, ports.ErrNotFound
	}
	if project.Disabled {
		return nil, merchant.ErrProjectDisabled
	}
	if in.Method != "" {
		if _, err := s.Rails.offered(of.offers[in.Who.Project], in.Who, in.Method); err != nil {
			return nil, err
		}
	}
	var err error
	if in.SuccessURL, err = project.CheckReturn(in.SuccessURL, "success_url", in.Who.Mode); err != nil {
		return nil, err
	}
	if in.FailURL, err = project.CheckReturn(in.FailURL, "fail_url", in.Who.Mode); err != nil {
		return nil, err
	}
	return checkout.Open(checkout.Snapshot{
		ID: one.id, SuccessURL: in.SuccessURL, FailURL: in.FailURL, MerchantID: in.Who.Merchant,
		ProjectID: in.Who.Project, Mode: in.Who.Mode, Kind: in.Kind, Due: in.Due, Method: in.Method,
		Description: in.Description, OrderID: in.OrderID, Metadata: in.Metadata,
		ExpiresAt: one.now.Add(time.Duration(project.Policy.SessionMinutes) * time.Minute),
	}, one.now)
}

// assortment is which methods a project takes, and where its money goes.
type assortment struct {
	switched map[checkout.Method]bool
	to       receivers
}

// assortmentsOf reads what projects offer at a moment.
func assortmentsOf(
	ctx context.Context, r ports.Repos, of []merchant.ProjectID, now time.Time,
) (map[merchant.ProjectID]assortment, error) {
	switched, err := r.Receiving.MethodsOf(ctx, of)
	if err != nil {
		return nil, err
	}
	to, err := receiversOfAll(ctx, r, of, now)
	if err != nil {
		return nil, err
	}
	offers := make(map[merchant.ProjectID]assortment, len(of))
	for _, p := range of {
		offers[p] = assortment{switched[p], to[p]}
	}
	return offers, nil
}

// offered lists where a method's payments can go, or refuses one that the project switched off or
// has no address for.
func (r Rails) offered(of assortment, who merchant.Principal, m checkout.Method) ([]place, error) {
	if _, err := r.Assets(m, who.Mode); err != nil {
		return nil, err
	}
	if switchedOff(of.switched, m) {
		return nil, checkout.ErrUnsupportedMethod.Saying("this project does not accept " + string(m))
	}
	return r.places(m, who, of.to)
}

// sameOrder answers the session that already has the order id.
func sameOrder(ctx context.Context, r ports.Repos, in OpenInput) (checkout.Snapshot, error) {
	found, err := r.Sessions.ByOrderID(ctx, in.Who.Project, in.Who.Mode, in.OrderID)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	was := found.Snapshot()
	if !was.Due.Equal(in.Due) || was.Method != in.Method || was.Kind != in.Kind {
		return checkout.Snapshot{}, checkout.ErrOrderIDConflict
	}
	return was, nil
}
