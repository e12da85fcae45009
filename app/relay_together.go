package app

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Steps of settlements that are done together are the plain ones. Whatever is out of the ordinary is left to
// its caller, as is a batch that fails for one of them. Locks are taken in one order: settlements by their
// keys, then transfers as the chain has them, then the ledger.

// settling is a proven settlement to be written down.
type settling struct {
	step

	evidence
	no  ledger.OrderNo
	now time.Time
	out ports.AuthorizationRow
}

// sending is a transaction that was handed to a node.
type sending struct {
	step

	by x402.Actor
	tx ports.RelayTransaction
}

// settle writes down what a receipt has proven: the settlement, the transfer, the booking, what the payer
// may have for it and what the merchant is told, all at once. A settled one stays as it is.
func (s *Relayer) settle(ctx context.Context, e evidence) (ports.AuthorizationRow, error) {
	no, err := s.Orders.Next(ctx, s.now())
	if err != nil {
		return ports.AuthorizationRow{}, err
	}
	one := &settling{evidence: e, no: no, now: s.now()}
	if err := s.settlings.do(ctx, one, s.settleAll); err != nil {
		return ports.AuthorizationRow{}, err
	}
	if one.left() {
		return s.settleAlone(ctx, e, no)
	}
	return one.out, one.err
}

// settleAll settles many in one unit of work.
func (s *Relayer) settleAll(ctx context.Context, all []*settling) {
	all = oneOfEach(all, (*settling).key)
	var entered []*settling
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) (err error) {
		entered, err = s.plain(ctx, r, all)
		if err != nil || len(entered) == 0 {
			return err
		}
		var rows []ports.AuthorizationRow
		var receipts []ledger.Transaction
		for _, one := range entered {
			if one.out, err = advance(ctx, r, one.out, one.now, provenBy(one.evidence, one.no)); err != nil {
				return err
			}
			if !one.kept {
				if err := indebt(ctx, r, one.out, one.now); err != nil {
					return err
				}
			}
			rows = append(rows, one.out)
			receipts = append(receipts, receiptFor(one.rail, one.out, one.no, one.now))
		}
		if err := s.Events.agents(ctx, r, webhook.AgentSettled, rows); err != nil {
			return err
		}
		// Booking is last, because all that a merchant books waits for it to be committed.
		return bookReceipts(ctx, r, receipts)
	})
	for _, one := range entered {
		one.done = err == nil
	}
	refuse(all, err, func(one *settling) *step { return &one.step })
}

// plain are those of many that are to be settled and whose transfers are theirs, loaded.
func (s *Relayer) plain(ctx context.Context, r ports.Repos, all []*settling) (entered []*settling, err error) {
	rows, err := r.Authorizations.LoadAll(ctx, keysOf(all, (*settling).key))
	if err != nil {
		return nil, err
	}
	var found []*settling
	for _, one := range all {
		row, there := rows[one.key()]
		if !there || row.Settlement.Snapshot().Status == x402.Settled || row.SessionID != "" {
			continue
		}
		if _, err := row.Settlement.Settle(one.by, one.proven, one.now); err == nil {
			one.out, found = row, append(found, one)
		}
	}
	slices.SortFunc(found, func(a, b *settling) int {
		return cmp.Or(cmp.Compare(a.rail.Watched, b.rail.Watched), cmp.Compare(a.receipt.Height, b.receipt.Height),
			cmp.Compare(a.proven.Index(), b.proven.Index()))
	})
	for _, one := range found {
		taken, err := s.take(ctx, r, one.evidence, one.out, one.no)
		if err != nil {
			return nil, err
		}
		if taken {
			entered = append(entered, one)
		}
	}
	return entered, nil
}

// sent notes that a transaction was handed to a node.
func (s *Relayer) sent(ctx context.Context, by x402.Actor, tx ports.RelayTransaction) error {
	if tx.Key == (x402.ClaimKey{}) {
		return s.sentAlone(ctx, by, tx)
	}
	one := &sending{by: by, tx: tx}
	if err := s.sendings.do(ctx, one, s.sentAll); err != nil {
		return err
	}
	if one.left() {
		return s.sentAlone(ctx, by, tx)
	}
	return one.err
}

// sentAll notes of many transactions that they were sent, in one unit of work.
func (s *Relayer) sentAll(ctx context.Context, all []*sending) {
	all = oneOfEach(all, keyOfSending)
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		rows, err := r.Authorizations.LoadAll(ctx, keysOf(all, keyOfSending))
		if err != nil {
			return err
		}
		now, sent := s.now(), make([]x402.Hash, len(all))
		for i, one := range all {
			sent[i] = one.tx.TxID
			if row, there := rows[one.tx.Key]; there && row.Settlement.Snapshot().Status == x402.Signed {
				if _, err := advance(ctx, r, row, now, sentBy(one.by)); err != nil {
					return err
				}
			}
		}
		return r.Lanes.Sent(ctx, now, sent...)
	})
	for _, one := range all {
		one.done = err == nil
	}
	refuse(all, err, func(one *sending) *step { return &one.step })
}

func keyOfSending(one *sending) x402.ClaimKey { return one.tx.Key }

// keysOf are the keys of the settlements that steps are of.
func keysOf[T any](all []T, key func(T) x402.ClaimKey) []x402.ClaimKey {
	keys := make([]x402.ClaimKey, len(all))
	for i, one := range all {
		keys[i] = key(one)
	}
	return keys
}

// oneOfEach sorts steps by the keys of their settlements, which is the order of locks, and leaves those out
// whose settlement has another: they are done alone.
func oneOfEach[T any](all []T, key func(T) x402.ClaimKey) []T {
	all = slices.Clone(all)
	compare := func(a, b T) int { return compareKeys(key(a), key(b)) }
	slices.SortStableFunc(all, compare)
	return slices.CompactFunc(all, func(a, b T) bool { return compare(a, b) == 0 })
}

func compareKeys(a, b x402.ClaimKey) int {
	return cmp.Or(cmp.Compare(a.Network, b.Network), bytes.Compare(a.Asset[:], b.Asset[:]),
		bytes.Compare(a.Payer[:], b.Payer[:]), bytes.Compare(a.Nonce[:], b.Nonce[:]))
}

// refuse tells all what nobody is to try again.
func refuse[T any](all []T, err error, of func(T) *step) {
	if err == nil || !nobodys(err) {
		return
	}
	for _, one := range all {
		of(one).err = err
	}
}
