package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// recordBatch is how many transfers one unit of work records: locks are held no longer than that
// takes.
const recordBatch = 200

// Settlement finds what was paid and books it. It is the one door to paid: nothing else in the
// gateway proves a transfer final.
type Settlement struct {
	Core     Core
	Rails    Rails
	Sessions ports.SessionReads
	Changes  ports.Changes
	Orders   ports.OrderNumbers
	Watches  ports.Watches
	Events   Announcer
	Recorded Recorded // may be nil
	Vouched  Vouched  // may be nil
	Log      *slog.Logger
}

// Recorded hears of every transfer that was recorded, for counting: money that matches nothing must
// not pass in silence.
type Recorded func(n chain.Network, d ports.Disposition)

// find is a proven transfer with what is known of it before its unit of work.
type find struct {
	proof chain.Confirmed
	held  *ports.HeldAmount  // nil when no intent holds the amount
	owner merchant.ProjectID // of the address, when held is nil
	no    ledger.OrderNo     // set when held is: a booking may need it
	doubt ports.Reason       // why it must not settle yet, although it pays
}

// record writes final transfers down, each once, and settles what they pay. after runs in the last
// unit of work, with the last transfers: a cursor moved there is moved if and only if all are
// recorded.
func (s *Settlement) record(
	ctx context.Context, head chain.Head, ts []chain.Transfer,
	after func(ctx context.Context, r ports.Repos) error,
) error {
	for {
		batch := ts[:min(len(ts), recordBatch)]
		ts = ts[len(batch):]
		finds, err := s.identify(ctx, head, batch)
		if err != nil {
			return err
		}
		done := after
		if len(ts) > 0 {
			done = nil
		}
		if err := s.enter(ctx, head.Network, finds, done); err != nil || len(ts) == 0 {
			return err
		}
	}
}

// credit writes transfers down that are not final but deep enough for the terms their payers were
// told. What they pay is settled; what they do not pay waits until it is final.
func (s *Settlement) credit(ctx context.Context, head chain.Head, ts []chain.Transfer) error {
	for ; len(ts) > 0; ts = ts[min(len(ts), recordBatch):] {
		finds, err := s.identifyEarly(ctx, head, ts[:min(len(ts), recordBatch)])
		if err != nil {
			return err
		}
		if err := s.enter(ctx, head.Network, finds, nil); err != nil {
			return err
		}
	}
	return nil
}

// enter records what was found in one unit of work, and counts it.
func (s *Settlement) enter(
	ctx context.Context, n chain.Network, finds []find,
	after func(ctx context.Context, r ports.Repos) error,
) error {
	now := s.now()
	var recorded []ports.Disposition
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		recorded = nil
		book := booking{s: s, r: r, now: now, recorded: &recorded}
		for _, f := range finds {
			if err := book.enter(ctx, f); err != nil {
				return fmt.Errorf("record %s/%d: %w", f.proof.Transfer().TxID, f.proof.Transfer().Index, err)
			}
		}
		if err := book.spend(ctx, n, finds); err != nil {
			return err
		}
		if after != nil {
			return after(ctx, r)
		}
		return nil
	})
	if err != nil || s.Recorded == nil {
		return err
	}
	for _, d := range recorded {
		s.Recorded(n, d)
	}
	return nil
}

// identify proves transfers final and looks up whose they are.
func (s *Settlement) identify(ctx context.Context, head chain.Head, ts []chain.Transfer) ([]find, error) {
	if len(ts) == 0 {
		return nil, nil
	}
	held, err := s.Sessions.Held(ctx, ts)
	if err != nil {
		return nil, err
	}
	finds := make([]find, len(ts))
	var unknown []chain.Address
	for i, t := range ts {
		proof, err := chain.Confirm(t, head)
		if err != nil {
			return nil, fmt.Errorf("transfer %s/%d at height %d: %w", t.TxID, t.Index, t.Height, err)
		}
		finds[i] = find{proof: proof, held: held[i]}
		if held[i] == nil {
			unknown = append(unknown, t.To)
			continue
		}
		if finds[i].no, err = s.Orders.Next(ctx, s.now()); err != nil {
			return nil, err
		}
	}
	if err := s.corroborate(ctx, finds); err != nil {
		return nil, err
	}
	if len(unknown) == 0 {
		return finds, nil
	}
	owners, err := s.Sessions.Owners(ctx, head.Network, unknown)
	if err != nil {
		return nil, err
	}
	for i := range finds {
		if finds[i].held == nil {
			finds[i].owner = owners[finds[i].proof.Transfer().To]
		}
	}
	return finds, nil
}

// prove proves one transfer final, with a number to book it under.
func (s *Settlement) prove(ctx context.Context, head chain.Head, t chain.Transfer) (find, error) {
	proof, err := chain.Confirm(t, head)
	if err != nil {
		return find{}, err
	}
	no, err := s.Orders.Next(ctx, s.now())
	return find{proof: proof, no: no}, err
}

// identifyEarly proves those transfers deep enough whose payers were told that this counts.
func (s *Settlement) identifyEarly(
	ctx context.Context, head chain.Head, ts []chain.Transfer,
) ([]find, error) {
	held, err := s.Sessions.Held(ctx, ts)
	if err != nil {
		return nil, err
	}
	var finds []find
	for i, t := range ts {
		if held[i] == nil || held[i].Intent.Terms.Confirmations == 0 || held[i].Intent.Terms.Sources > 1 {
			continue // endpoints differ above the final height: two that agree there prove nothing
		}
		proof, err := chain.ConfirmEarly(t, head, held[i].Intent.Terms.Confirmations)
		if err != nil {
			continue // not deep enough yet
		}
		f := find{proof: proof, held: held[i]}
		if f.no, err = s.Orders.Next(ctx, s.now()); err != nil {
			return nil, err
		}
		finds = append(finds, f)
	}
	return finds, nil
}

// booking is one unit of work that records transfers.
type booking struct {
	s   *Settlement
	r   ports.Repos
	now time.Time

	recorded *[]ports.Disposition
	again    bool // what it enters is recorded, and waited for a second source
}

// add records a transfer, and whether it was new.
func (b *booking) add(ctx context.Context, row ports.TransferRow) (fresh bool, err error) {
	if b.again {
		fresh, err = b.r.Transfers.Release(ctx, row)
	} else {
		fresh, err = b.r.Transfers.Add(ctx, row)
	}
	if fresh {
		*b.recorded = append(*b.recorded, row.Disposition)
	}
	return fresh, err
}

// enter records one transfer; one that is recorded already changes nothing.
func (b *booking) enter(ctx context.Context, f find) error {
	row := ports.TransferRow{
		Transfer: f.proof.Transfer(), ProjectID: f.owner, Disposition: ports.Unmatched, RecordedAt: b.now,
	}
	if f.held == nil {
		_, err := b.add(ctx, row)
		return err
	}
	intent := f.held.Intent
	row.ProjectID = f.held.Owner
	session, err := b.r.Sessions.Load(ctx, intent.SessionID)
	if err != nil {
		return err
	}
	project, err := b.r.Projects.ByID(ctx, f.held.Owner)
	if err != nil {
		return err
	}
	verdict := checkout.Judge(session, intent, row.Transfer, project.Policy.Late)
	if f.proof.Early() && verdict != checkout.Pays && verdict != checkout.PaysLate {
		return nil // what does not pay is nobody's to decide before it is final
	}
	switch verdict {
	case checkout.Pays, checkout.PaysLate:
		row.Disposition, row.OrderNo = ports.Settled, string(f.no)
		f.withhold(&row)
	case checkout.Part:
		row.Disposition, row.OrderNo = ports.Part, string(f.no)
		f.withhold(&row)
	case checkout.Hold:
		row.Disposition = ports.Held
	case checkout.Duplicate:
		row.Disposition = ports.Duplicate
	case checkout.TooEarly:
		_, err := b.add(ctx, row)
		return err
	}
	row.SessionID, row.IntentID = intent.SessionID, intent.ID
	if fresh, err := b.add(ctx, row); err != nil || !fresh {
		return err
	}
	if awaits(row) {
		return b.s.see(ctx, b.r, row.SessionID, b.now) // what is on its way to be paid must not expire
	}
	if !row.Disposition.Booked() {
		return b.hold(ctx, session, row)
	}
	return b.credit(ctx, session, f, verdict == checkout.PaysLate)
}

// hold tells the merchant about money that settles nothing by itself. A session that was waiting for
// just this transfer waits for one that pays it again, and may expire.
func (b *booking) hold(ctx context.Context, session *checkout.Session, row ports.TransferRow) error {
	waits, err := waiting(ctx, b.r, row.SessionID)
	if err != nil {
		return err
	}
	if session.Status() == checkout.Processing && !waits {
		if err := session.Unsee(b.now); err != nil {
			return err
		}
		if err := b.r.Sessions.Save(ctx, session); err != nil {
			return err
		}
	}
	return b.s.Events.session(ctx, b.r, webhook.PaymentLate, session.Snapshot(), &row)
}

// credit books what arrived and counts it towards what is due: the session is paid, or paid in part.
func (b *booking) credit(ctx context.Context, session *checkout.Session, f find, late bool) error {
	t, was := f.proof.Transfer(), session.Snapshot()
	receipt, err := receiptOf(t, was, f.no, b.now)
	if err != nil {
		return err
	}
	if err := bookReceipt(ctx, b.r, receipt); err != nil {
		return err
	}
	if err := session.Credit(f.proof, f.held.Intent, late, string(f.no), b.now); err != nil {
		return err
	}
	if err := b.r.Sessions.Save(ctx, session); err != nil {
		return err
	}
	now := session.Snapshot()
	if now.Partly() {
		return b.s.Events.session(ctx, b.r, webhook.PaymentPartlyPaid, now, nil)
	}
	return b.s.Events.session(ctx, b.r, webhook.PaymentPaid, now, nil)
}

// receiptOf is the ledger transaction of a final transfer: what arrived, in the asset it arrived in.
func receiptOf(t chain.Transfer, s checkout.Snapshot, no ledger.OrderNo, now time.Time) (ledger.Transaction, error) {
	currency, err := t.Asset.Currency()
	if err != nil {
		return ledger.Transaction{}, err
	}
	amount, err := money.FromMinor(currency, t.Units)
	if err != nil {
		return ledger.Transaction{}, err
	}
	return ledger.Transaction{
		OrderNo: no, MerchantID: s.MerchantID, ProjectID: s.ProjectID, Mode: s.Mode,
		Kind: ledger.KindPayment, SourceRef: sourceRef(t), SessionID: string(s.ID), Description: s.Description,
		Postings: []ledger.Posting{{
			Source:      ledger.World(s.Mode, string(t.Network)),
			Destination: ledger.Of(s.MerchantID, s.Mode, ledger.Received+string(t.Network)),
			Amount:      amount,
		}},
		BookedAt: ledger.Instant(now),
	}, nil
}

// bookReceipt books what arrived. Endpoints that disagree about history can make us undo a transfer and
// find it again in the very block it was in: then it is booked again, as that cause come again. Without
// a reversal in between the cause is taken, whoever recorded the transfer anew.
func bookReceipt(ctx context.Context, r ports.Repos, receipt ledger.Transaction) error {
	_, err := r.Ledger.Book(ctx, receipt)
	if !errors.Is(err, ports.ErrTaken) {
		return err
	}
	if stands, lookErr := r.Ledger.Stands(ctx, receipt.SourceRef); lookErr != nil || stands {
		return errors.Join(lookErr, err)
	}
	receipt.SourceRef += "." + string(receipt.OrderNo)
	_, err = r.Ledger.Book(ctx, receipt)
	return err
}

// sourceRef names a transfer in the book. The block is part of it: a transfer that a reorganisation
// undid and that came back in another block is another receipt.
func sourceRef(t chain.Transfer) string {
	block := t.BlockID[max(0, len(t.BlockID)-16):] // Tron's ids begin with the height, which says nothing new
	return fmt.Sprintf("%s:%s:%d:%s", t.Network, t.TxID, t.Index, block)
}

func (s *Settlement) now() time.Time { return s.Core.Clock.Now().UTC().Truncate(time.Microsecond) }

// isNotFound reports whether nothing was there.
func isNotFound(err error) bool { return errors.Is(err, ports.ErrNotFound) }
