package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// booking is one unit of work that records transfers.
type booking struct {
	s   *Settlement
	r   ports.Repos
	now time.Time

	recorded *[]ports.Disposition
	again    bool // what it enters is recorded, and waited for a second source
	over     bool // what it enters is recorded, and was nobody's: ports.Unmatched
}

// entry is a transfer on its way into the book.
type entry struct {
	find
	row     ports.TransferRow
	session *checkout.Session // that it was found to be for, nil if nobody's amount it is
	late    bool              // it came after the deadline, and the project accepts that
}

// enter records transfers; those that are recorded already change nothing. What a transfer means for
// its session depends on those before it, so each round takes at most one of every session.
func (b *booking) enter(ctx context.Context, finds []find) error {
	for len(finds) > 0 {
		var round, later []find
		met := make(map[checkout.SessionID]bool, len(finds))
		for _, f := range finds {
			switch {
			case f.held == nil:
				round = append(round, f)
			case met[f.held.Intent.SessionID]:
				later = append(later, f)
			default:
				met[f.held.Intent.SessionID] = true
				round = append(round, f)
			}
		}
		if err := b.enterRound(ctx, round); err != nil {
			return err
		}
		finds = later
	}
	return nil
}

// enterRound records transfers of which no two are for the same session.
func (b *booking) enterRound(ctx context.Context, finds []find) error {
	entries, err := b.judge(ctx, finds)
	if err != nil {
		return err
	}
	fresh, err := b.add(ctx, entries)
	if err != nil {
		return err
	}
	var pay []entry
	for _, e := range fresh {
		switch {
		case e.row.SessionID == "":
		case awaits(e.row): // what is on its way to be paid must not expire
			err = b.s.see(ctx, b.r, e.row.SessionID, b.now)
		case e.row.Disposition.Booked():
			pay = append(pay, e)
		default:
			err = b.hold(ctx, e.session, e.row)
		}
		if err != nil {
			return err
		}
	}
	return b.credit(ctx, pay)
}

// judge says where each transfer goes. Whom transfers are for is locked until the end of the unit of
// work, so that no verdict is overtaken.
func (b *booking) judge(ctx context.Context, finds []find) ([]entry, error) {
	var ids []checkout.SessionID
	var owners []merchant.ProjectID
	asked := make(map[merchant.ProjectID]bool)
	for _, f := range finds {
		if f.held == nil {
			continue
		}
		ids = append(ids, f.held.Intent.SessionID)
		if !asked[f.held.Owner] {
			asked[f.held.Owner] = true
			owners = append(owners, f.held.Owner)
		}
	}
	sessions, err := b.r.Sessions.LoadAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	projects, err := b.r.Projects.ByIDs(ctx, owners)
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(finds))
	for _, f := range finds {
		e := entry{find: f, row: ports.TransferRow{
			Transfer: f.proof.Transfer(), ProjectID: f.owner, Disposition: ports.Unmatched, RecordedAt: b.now,
		}}
		if f.agent {
			e.row.Reason = ports.AwaitingSettlement
		}
		if f.held != nil {
			project, known := projects[f.held.Owner]
			if !known {
				return nil, fmt.Errorf("project %s: %w", f.held.Owner, ports.ErrNotFound)
			}
			e.session, e.row.ProjectID = sessions[f.held.Intent.SessionID], f.held.Owner
			if !e.decide(project.Policy.Late) {
				continue
			}
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// decide says where a transfer goes that is for a session. It answers false if it is nobody's to
// decide: what does not pay, before it is final.
func (e *entry) decide(late merchant.LatePolicy) bool {
	intent := e.held.Intent
	verdict := checkout.Judge(e.session, intent, e.row.Transfer, late)
	if e.proof.Early() && verdict != checkout.Pays && verdict != checkout.PaysLate {
		return false
	}
	switch verdict {
	case checkout.Pays, checkout.PaysLate:
		e.row.Disposition, e.row.OrderNo = ports.Settled, string(e.no)
		e.withhold(&e.row)
	case checkout.Part:
		e.row.Disposition, e.row.OrderNo = ports.Part, string(e.no)
		e.withhold(&e.row)
	case checkout.Hold:
		e.row.Disposition = ports.Held
	case checkout.Duplicate:
		e.row.Disposition = ports.Duplicate
	case checkout.TooEarly:
		return true // some other payment of the same amount
	}
	e.row.SessionID, e.row.IntentID = intent.SessionID, intent.ID
	e.late = verdict == checkout.PaysLate
	return true
}

// add records transfers and answers those that were not recorded before.
func (b *booking) add(ctx context.Context, entries []entry) (added []entry, err error) {
	rows, fresh := make([]ports.TransferRow, len(entries)), make([]bool, len(entries))
	for i, e := range entries {
		rows[i] = e.row
	}
	switch {
	case b.over:
		for i := range rows {
			if fresh[i], err = true, b.r.Transfers.Decide(ctx, rows[i]); err != nil {
				return nil, err
			}
		}
	case b.again:
		for i := range rows {
			if fresh[i], err = b.r.Transfers.Release(ctx, rows[i]); err != nil {
				return nil, err
			}
		}
	default:
		if fresh, err = b.r.Transfers.AddAll(ctx, rows); err != nil {
			return nil, err
		}
	}
	for i, e := range entries {
		if fresh[i] {
			*b.recorded = append(*b.recorded, e.row.Disposition)
			added = append(added, e)
		}
	}
	return added, nil
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

// credit books what arrived and counts it towards what is due: the sessions are paid, or paid in part.
func (b *booking) credit(ctx context.Context, entries []entry) error {
	if len(entries) == 0 {
		return nil
	}
	receipts := make([]ledger.Transaction, len(entries))
	for i, e := range entries {
		var err error
		receipts[i], err = receiptOf(e.row.Transfer, e.session.Snapshot(), e.no, b.now)
		if err != nil {
			return err
		}
	}
	if err := bookReceipts(ctx, b.r, receipts); err != nil {
		return err
	}
	sessions, told := make([]*checkout.Session, len(entries)), make([]news, len(entries))
	for i, e := range entries {
		if err := e.session.Credit(e.proof, e.held.Intent, e.late, string(e.no), b.now); err != nil {
			return err
		}
		sessions[i], told[i] = e.session, news{what: webhook.PaymentPaid, of: e.session.Snapshot()}
		if told[i].of.Partly() {
			told[i].what = webhook.PaymentPartlyPaid
		}
	}
	if err := b.r.Sessions.SaveAll(ctx, sessions); err != nil {
		return err
	}
	return b.s.Events.sessions(ctx, b.r, told)
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

// bookReceipts books what arrived, all at once unless the cause of one was booked before.
func bookReceipts(ctx context.Context, r ports.Repos, receipts []ledger.Transaction) error {
	_, err := r.Ledger.BookAll(ctx, receipts)
	if !errors.Is(err, ports.ErrTaken) {
		return err
	}
	for _, receipt := range receipts {
		if err := bookReceipt(ctx, r, receipt); err != nil {
			return err
		}
	}
	return nil
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
