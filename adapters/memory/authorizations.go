package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

type authorizations struct{ *unit }

// paymentID is a payer's name for a payment, as its merchant knows it.
type paymentID struct{ merchantID, id string }

func keyOfAuthorization(a ports.AuthorizationRow) x402.ClaimKey {
	return a.Settlement.Snapshot().Due.Key()
}

func paymentIDOf(a ports.AuthorizationRow) paymentID {
	return paymentID{a.Settlement.Snapshot().Binding.MerchantID, a.PaymentID}
}

func cloneAuthorization(a ports.AuthorizationRow) ports.AuthorizationRow {
	a.Order.Signature = bytes.Clone(a.Order.Signature)
	return a
}

func cloneDelivered(a ports.AuthorizationAnswer) ports.AuthorizationAnswer {
	a.Headers, a.Body = maps.Clone(a.Headers), bytes.Clone(a.Body)
	return a
}

func (r authorizations) Claim(ctx context.Context, a ports.AuthorizationRow) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	k := keyOfAuthorization(a)
	if !a.Order.Moves(a.Settlement.Snapshot().Due) {
		return ports.ErrOtherOrder
	}
	if _, claimed := s.authorizations.get(k); claimed {
		return ports.ErrTaken
	}
	if a.PaymentID != "" {
		if _, used := s.paymentIDs.get(paymentIDOf(a)); used {
			return ports.ErrTaken.About("payment_id")
		}
		s.paymentIDs.put(r.unit, paymentIDOf(a), k)
	}
	s.authorizations.put(r.unit, k, cloneAuthorization(a))
	return nil
}

func (r authorizations) Load(
	ctx context.Context, k x402.ClaimKey,
) (ports.AuthorizationRow, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.AuthorizationRow{}, err
	}
	row, err := must(s.authorizations.get(k))
	return cloneAuthorization(row), err
}

func (r authorizations) Save(
	ctx context.Context, from x402.Status, a ports.AuthorizationRow,
) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	k, to := keyOfAuthorization(a), a.Settlement.Snapshot()
	row, found := s.authorizations.get(k)
	was := row.Settlement.Snapshot()
	if !found || was.Status != from {
		return ports.ErrStale
	}
	if !a.Order.Moves(was.Due) || to.Due != was.Due {
		return ports.ErrOtherOrder
	}
	to.Binding.MerchantID = was.Binding.MerchantID
	if row.Settlement, err = x402.Restore(to); err != nil {
		return err
	}
	row.Version, row.Order, row.OrderNo = a.Version, a.Order, a.OrderNo
	row.LookAt, row.ChangedAt = a.LookAt, a.ChangedAt
	s.authorizations.put(r.unit, k, cloneAuthorization(row))
	return nil
}

func (r authorizations) Wake(
	ctx context.Context, n x402.Network, id x402.Hash, at time.Time,
) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	rows := s.authorizations.where(func(a ports.AuthorizationRow) bool {
		now := a.Settlement.Snapshot()
		return now.Status == x402.Settled && now.Due.Network == n && now.TxID == id
	})
	for _, row := range rows {
		row.LookAt = at
		s.authorizations.put(r.unit, keyOfAuthorization(row), row)
	}
	return len(rows), nil
}

func (r authorizations) Paying(ctx context.Context, id checkout.SessionID) ([]x402.ClaimKey, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	var keys []x402.ClaimKey
	for _, a := range s.authorizations.where(func(a ports.AuthorizationRow) bool {
		return a.SessionID == string(id) && underWay(a.Settlement.Snapshot().Status)
	}) {
		keys = append(keys, keyOfAuthorization(a))
	}
	return keys, nil
}

func underWay(s x402.Status) bool {
	switch s {
	case x402.Claimed, x402.Signed, x402.Broadcast, x402.Delegated, x402.Pending, x402.Reversed:
		return true
	case x402.Settled, x402.Refused, x402.Failed:
	}
	return false
}

func (r authorizations) WakeSession(
	ctx context.Context, id checkout.SessionID, at time.Time,
) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	rows := s.authorizations.where(func(a ports.AuthorizationRow) bool {
		return a.SessionID == string(id) && a.Settlement.Snapshot().Status == x402.Settled
	})
	for _, row := range rows {
		row.LookAt = at
		s.authorizations.put(r.unit, keyOfAuthorization(row), row)
	}
	return len(rows), nil
}

func (r authorizations) Keep(
	ctx context.Context, k x402.ClaimKey, answer ports.AuthorizationAnswer,
) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if len(answer.Body) > ports.MaxAnswerBytes {
		return ports.ErrAnswerTooLong
	}
	if _, err := must(s.authorizations.get(k)); err != nil {
		return err
	}
	s.delivered.put(r.unit, k, cloneDelivered(answer))
	return nil
}

func (r authorizations) Answer(
	ctx context.Context, k x402.ClaimKey,
) (ports.AuthorizationAnswer, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.AuthorizationAnswer{}, err
	}
	answer, err := must(s.delivered.get(k))
	return cloneDelivered(answer), err
}

func (r authorizations) PruneAnswers(
	ctx context.Context, now time.Time, limit int,
) (int, error) {
	s, err := r.state(ctx)
	if err != nil {
		return 0, err
	}
	var expired []x402.ClaimKey
	for k, answer := range s.delivered.all() {
		if answer.Expires.Before(now) {
			expired = append(expired, k)
		}
	}
	slices.SortFunc(expired, func(a, b x402.ClaimKey) int {
		first, _ := s.delivered.get(a)
		second, _ := s.delivered.get(b)
		return first.Expires.Compare(second.Expires)
	})
	expired, _ = first(expired, limit)
	for _, k := range expired {
		s.delivered.drop(r.unit, k)
	}
	return len(expired), nil
}
