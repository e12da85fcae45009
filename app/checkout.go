package app

import (
	"context"
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
	Openings *Openings // nil opens each session in a unit of work of its own
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
	one := &opening{
		id: checkout.SessionID(s.Core.IDs.UUID()), in: in, now: s.Core.Clock.Now().UTC().Truncate(time.Microsecond),
	}
	if once.Key == "" && s.Openings != nil {
		if err := s.Openings.do(ctx, one, s.openAll); err != nil {
			return OpenedSession{}, nil, err
		}
		if !one.left() {
			return OpenedSession{Snapshot: one.out}, nil, one.err
		}
	}
	return run(ctx, s.Core, ownScope(in.Who), once, func(ctx context.Context, r ports.Repos) (OpenedSession, error) {
		opened, err := s.openAlone(ctx, r, one)
		return OpenedSession{Snapshot: opened, Known: opened.ID != one.id}, err
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
