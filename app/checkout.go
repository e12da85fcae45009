package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Checkout opens sessions and lets payers choose how to pay.
type Checkout struct {
	Core     Core
	Sessions ports.SessionReads
	Rails    Rails
	Rates    ports.Rates
	Changes  ports.Changes
	Events   Announcer
	Log      *slog.Logger
}

// OpenInput is what a new session says. Texts are checked by the dialect.
type OpenInput struct {
	Who         merchant.Principal
	Kind        checkout.Kind
	Due         money.Amount
	Method      checkout.Method // "" lets the payer choose
	Description string
	OrderID     string
	Metadata    map[string]string
	SuccessURL  string // where the payer may go afterwards; on the project's own website
	FailURL     string
}

// OpenedSession is a session, and whether an earlier request had opened it already.
type OpenedSession struct {
	checkout.Snapshot
	Known bool
}

// Open starts a session. A second one with the same order id answers the first if amount and
// method agree, and is checkout.ErrOrderIDConflict otherwise.
func (s Checkout) Open(ctx context.Context, in OpenInput, once Once[OpenedSession]) (OpenedSession, *ports.Answer, error) {
	if err := s.payable(in); err != nil {
		return OpenedSession{}, nil, err
	}
	id := checkout.SessionID(s.Core.IDs.UUID())
	now := s.Core.Clock.Now().UTC().Truncate(time.Microsecond)
	return run(ctx, s.Core, ownScope(in.Who), once, func(ctx context.Context, r ports.Repos) (OpenedSession, error) {
		opened, err := s.open(ctx, r, id, in, now)
		return OpenedSession{Snapshot: opened, Known: opened.ID != id}, err
	})
}

// payable refuses a session that nobody could pay, before anything is recorded.
func (s Checkout) payable(in OpenInput) error {
	if in.Who.Mode == merchant.Live && !s.Rails.LiveEnabled() {
		return merchant.ErrNoLiveRail
	}
	if in.Method == "" {
		return nil
	}
	_, err := s.Rails.Assets(in.Method, in.Who.Mode)
	return err
}

func (s Checkout) open(
	ctx context.Context, r ports.Repos, id checkout.SessionID, in OpenInput, now time.Time,
) (checkout.Snapshot, error) {
	project, err := r.Projects.ByID(ctx, in.Who.Project)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	if project.Disabled {
		return checkout.Snapshot{}, merchant.ErrProjectDisabled
	}
	if in.Method != "" {
		if _, err := s.offered(ctx, r, in.Who, in.Method); err != nil {
			return checkout.Snapshot{}, err
		}
	}
	if in.SuccessURL, err = project.CheckReturn(in.SuccessURL, "success_url", in.Who.Mode); err != nil {
		return checkout.Snapshot{}, err
	}
	if in.FailURL, err = project.CheckReturn(in.FailURL, "fail_url", in.Who.Mode); err != nil {
		return checkout.Snapshot{}, err
	}
	session, err := checkout.Open(checkout.Snapshot{
		ID: id, SuccessURL: in.SuccessURL, FailURL: in.FailURL, MerchantID: in.Who.Merchant, ProjectID: in.Who.Project, Mode: in.Who.Mode, Kind: in.Kind,
		Due: in.Due, Method: in.Method, Description: in.Description, OrderID: in.OrderID, Metadata: in.Metadata,
		ExpiresAt: now.Add(time.Duration(project.Policy.SessionMinutes) * time.Minute),
	}, now)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	switch err := r.Sessions.Add(ctx, session); {
	case errors.Is(err, ports.ErrTaken) && in.OrderID != "":
		return sameOrder(ctx, r, in)
	case err != nil:
		return checkout.Snapshot{}, err
	}
	snapshot := session.Snapshot()
	return snapshot, s.Events.session(ctx, r, webhook.PaymentCreated, snapshot, nil)
}

// offered lists where a method's payments can go, or refuses one that the project switched off or
// has no address for.
func (s Checkout) offered(
	ctx context.Context, r ports.Repos, who merchant.Principal, m checkout.Method,
) ([]place, error) {
	if _, err := s.Rails.Assets(m, who.Mode); err != nil {
		return nil, err
	}
	switched, err := r.Receiving.Methods(ctx, who.Project)
	if err != nil {
		return nil, err
	}
	if switchedOff(switched, m) {
		return nil, checkout.ErrUnsupportedMethod.Saying("this project does not accept " + string(m))
	}
	to, err := receiversOf(ctx, r, who.Project, s.Core.Clock.Now())
	if err != nil {
		return nil, err
	}
	return s.Rails.places(m, who, to)
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

// Get finds a session by its id, which is the capability to see it.
func (s Checkout) Get(ctx context.Context, id checkout.SessionID) (checkout.Snapshot, error) {
	session, err := s.Sessions.ByID(ctx, id)
	if err != nil {
		return checkout.Snapshot{}, err
	}
	return session.Snapshot(), nil
}

// List pages through sessions, newest first.
func (s Checkout) List(ctx context.Context, q ports.SessionQuery) (ports.SessionPage, error) {
	return s.Sessions.List(ctx, q)
}

// Cancel withdraws an unpaid session of the merchant.
func (s Checkout) Cancel(ctx context.Context, who merchant.Principal, id checkout.SessionID) (checkout.Snapshot, error) {
	var out checkout.Snapshot
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		session, err := r.Sessions.Load(ctx, id)
		if err != nil {
			return err
		}
		was := session.Snapshot()
		if was.MerchantID != who.Merchant || was.ProjectID != who.Project {
			return fault.ErrNotFound
		}
		if err := session.Cancel(s.Core.Clock.Now().UTC().Truncate(time.Microsecond)); err != nil {
			return err
		}
		out = session.Snapshot()
		if out.Version == was.Version {
			return nil
		}
		if err := unpaidBy(ctx, r, id); err != nil {
			return err
		}
		if err := r.Sessions.Save(ctx, session); err != nil {
			return err
		}
		return s.Events.session(ctx, r, webhook.PaymentCanceled, out, nil)
	})
	return out, err
}

// unpaidBy refuses to cancel a session that a program is paying. The caller holds the session.
func unpaidBy(ctx context.Context, r ports.Repos, id checkout.SessionID) error {
	paying, err := r.Authorizations.Paying(ctx, id)
	if err == nil && len(paying) > 0 {
		err = checkout.ErrPaymentInProgress
	}
	return err
}
