package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Chronicle tells what happened to a payment, in the order it happened. It is read together from what is
// recorded anyway: nothing is written for it, so it cannot say anything else than the records do.
type Chronicle struct {
	Core     Core
	Sessions ports.SessionReads
	Webhooks ports.WebhookReads
	Book     ports.Statements
}

// Bounds of a chronicle.
const (
	chronicledIntents = 20
	chronicledEvents  = 100
)

// MomentKind says what happened.
type MomentKind string

// The kinds, in the order in which they happen when they happen at once.
const (
	MomentOpened    MomentKind = "opened"
	MomentChosen    MomentKind = "method_chosen"
	MomentSeen      MomentKind = "transfer_seen"     // and not final
	MomentRecorded  MomentKind = "transfer_recorded" // Detail is its disposition
	MomentBooked    MomentKind = "booked"            // Detail is the kind of the entry
	MomentSettled   MomentKind = "settled"
	MomentExpired   MomentKind = "expired"
	MomentCancelled MomentKind = "cancelled"
	MomentNotified  MomentKind = "notified" // Detail is the event's type
)

// momentOrder is the order of kinds.
var momentOrder = []MomentKind{
	MomentOpened, MomentChosen, MomentSeen, MomentRecorded, MomentBooked, MomentSettled, MomentExpired,
	MomentCancelled, MomentNotified,
}

// Moment is something that happened to a payment.
type Moment struct {
	Kind     MomentKind
	At       time.Time
	Detail   string
	Asked    *checkout.Intent // of MomentChosen
	Transfer *chain.Transfer  // of what is about one
	OrderNo  ledger.OrderNo
	EventID  string
}

// Of tells what happened to a payment of the principal's, oldest first.
func (s Chronicle) Of(ctx context.Context, who merchant.Principal, of checkout.Snapshot) ([]Moment, error) {
	if of.MerchantID != who.Merchant || of.ProjectID != who.Project || of.Mode != who.Mode {
		return nil, ports.ErrNotFound
	}
	out := []Moment{{Kind: MomentOpened, At: of.CreatedAt}}
	intents, err := s.Sessions.IntentsOf(ctx, of.ID, chronicledIntents)
	if err != nil {
		return nil, err
	}
	for _, i := range intents {
		out = append(out, Moment{Kind: MomentChosen, At: i.CreatedAt, Detail: string(i.Method), Asked: &i})
	}
	transfers, err := s.transfers(ctx, who, of)
	if err != nil {
		return nil, err
	}
	events, _, err := s.Webhooks.Events(ctx, ports.EventQuery{
		Project: who.Project, Mode: who.Mode, SessionID: string(of.ID), Limit: chronicledEvents,
	})
	if err != nil {
		return nil, err
	}
	out = append(out, transfers...)
	for _, e := range events {
		out = append(out, Moment{Kind: MomentNotified, At: e.CreatedAt, Detail: string(e.Type), EventID: e.ID})
	}
	out = append(out, ending(of)...)
	slices.SortStableFunc(out, func(a, b Moment) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(slices.Index(momentOrder, a.Kind), slices.Index(momentOrder, b.Kind)))
	})
	return out, nil
}

// ending is how a session ended without being paid.
func ending(of checkout.Snapshot) []Moment {
	switch of.Status {
	case checkout.Expired:
		return []Moment{{Kind: MomentExpired, At: of.ExpiresAt}}
	case checkout.Cancelled:
		return []Moment{{Kind: MomentCancelled, At: of.UpdatedAt}}
	case checkout.Opened, checkout.Awaiting, checkout.Processing, checkout.Settled:
	}
	return nil
}

// attributed is what is on record of the transfers of a session.
type attributed struct {
	rows      []ports.TransferRow
	sightings []ports.Sighting
}

func (s Chronicle) attributed(ctx context.Context, of checkout.SessionID) (attributed, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (out attributed, err error) {
		out.rows, out.sightings, err = r.Transfers.OfSession(ctx, of)
		return out, err
	})
}

func (s Chronicle) transfers(
	ctx context.Context, who merchant.Principal, of checkout.Snapshot,
) (out []Moment, err error) {
	known, err := s.attributed(ctx, of.ID)
	if err != nil {
		return nil, err
	}
	for _, seen := range known.sightings {
		out = append(out, Moment{Kind: MomentSeen, At: seen.Transfer.BlockTime, Transfer: &seen.Transfer})
	}
	for _, row := range known.rows {
		out = append(out, Moment{
			Kind: MomentRecorded, At: row.RecordedAt, Detail: string(row.Disposition), Transfer: &row.Transfer,
		})
		booked, found, err := s.booking(ctx, who, row)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		t := booked.Transaction
		out = append(out, Moment{
			Kind: MomentBooked, At: t.BookedAt, Detail: string(t.Kind), Transfer: &row.Transfer, OrderNo: t.OrderNo,
		})
		if r := of.Receipt; r != nil && r.Network == row.Transfer.Network && r.TxID == row.Transfer.TxID &&
			r.Index == row.Transfer.Index {
			out = append(out, Moment{Kind: MomentSettled, At: t.BookedAt, Transfer: &row.Transfer, OrderNo: t.OrderNo})
		}
	}
	return out, nil
}

// booking finds what a transfer was booked as.
func (s Chronicle) booking(
	ctx context.Context, who merchant.Principal, row ports.TransferRow,
) (booked ports.Booked, found bool, err error) {
	no := ledger.OrderNo(row.OrderNo)
	if !no.Valid() {
		return ports.Booked{}, false, nil
	}
	booked, err = s.Book.ByOrderNo(ctx, who.Merchant, who.Mode, no)
	return booked, err == nil, err
}

// Entries lists what the transfers of a payment of the principal's were booked as, oldest first.
func (s Chronicle) Entries(
	ctx context.Context, who merchant.Principal, of checkout.Snapshot,
) ([]ports.Booked, error) {
	if of.MerchantID != who.Merchant || of.ProjectID != who.Project || of.Mode != who.Mode {
		return nil, ports.ErrNotFound
	}
	known, err := s.attributed(ctx, of.ID)
	if err != nil {
		return nil, err
	}
	var out []ports.Booked
	for _, row := range known.rows {
		booked, found, err := s.booking(ctx, who, row)
		if err != nil {
			return nil, err
		}
		if found {
			out = append(out, booked)
		}
	}
	slices.SortFunc(out, func(a, b ports.Booked) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return out, nil
}
