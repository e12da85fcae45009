package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Authorizations answers questions about settlements: ports.AuthorizationReads.
func (s *Store) Authorizations() ports.AuthorizationReads { return authorizationReads{s} }

type authorizationReads struct{ store *Store }

func (r authorizationReads) now() *state { return r.store.committed.Load() }

func (r authorizationReads) ByKey(
	_ context.Context, k x402.ClaimKey,
) (ports.AuthorizationRow, *ports.AuthorizationAnswer, error) {
	now := r.now()
	row, err := must(now.authorizations.get(k))
	if err != nil {
		return ports.AuthorizationRow{}, nil, err
	}
	answer, kept := now.delivered.get(k)
	if !kept {
		return cloneAuthorization(row), nil, nil
	}
	answer = cloneDelivered(answer)
	return cloneAuthorization(row), &answer, nil
}

func (r authorizationReads) ByID(
	_ context.Context, m merchant.ID, id string,
) (ports.AuthorizationRow, error) {
	row, err := must(r.now().authorizations.find(func(a ports.AuthorizationRow) bool {
		return a.ID == id && a.Settlement.Snapshot().Binding.MerchantID == string(m)
	}))
	return cloneAuthorization(row), err
}

func (r authorizationReads) ByPaymentID(
	_ context.Context, m merchant.ID, id string,
) (ports.AuthorizationRow, error) {
	now := r.now()
	k, err := must(now.paymentIDs.get(paymentID{string(m), id}))
	if err != nil {
		return ports.AuthorizationRow{}, err
	}
	row, err := must(now.authorizations.get(k))
	return cloneAuthorization(row), err
}

func (r authorizationReads) PaidBy(
	_ context.Context, m merchant.ID, sku string, payer x402.Address,
) (bool, error) {
	return len(r.now().authorizations.where(func(a ports.AuthorizationRow) bool {
		now := a.Settlement.Snapshot()
		return now.Status == x402.Settled && now.Due.Payer == payer &&
			now.Binding.MerchantID == string(m) && now.Binding.SKU == sku && sku != ""
	})) > 0, nil
}

func claimMark(a ports.AuthorizationRow) ports.AuthorizationMark {
	return ports.AuthorizationMark{ClaimedAt: a.Settlement.Snapshot().ClaimedAt, ID: a.ID}
}

func newestClaim(a, b ports.AuthorizationMark) int {
	return cmp.Or(b.ClaimedAt.Compare(a.ClaimedAt), cmp.Compare(b.ID, a.ID))
}

func (r authorizationReads) Page(
	_ context.Context, q ports.AuthorizationQuery,
) ([]ports.AuthorizationRow, bool, error) {
	rows := r.now().authorizations.where(func(a ports.AuthorizationRow) bool {
		status := a.Settlement.Snapshot().Status
		return a.ProjectID == q.Project && a.Mode == q.Mode &&
			status != x402.Claimed && status != x402.Refused &&
			(q.Before == ports.AuthorizationMark{} || newestClaim(claimMark(a), q.Before) > 0)
	})
	slices.SortFunc(rows, func(a, b ports.AuthorizationRow) int {
		return newestClaim(claimMark(a), claimMark(b))
	})
	page, more := first(rows, q.Limit)
	for i := range page {
		page[i] = cloneAuthorization(page[i])
	}
	return page, more, nil
}

func (r authorizationReads) Due(
	_ context.Context, now time.Time, limit int,
) ([]x402.ClaimKey, error) {
	rows := r.now().authorizations.where(func(a ports.AuthorizationRow) bool {
		return !a.LookAt.IsZero() && !a.LookAt.After(now)
	})
	slices.SortFunc(rows, func(a, b ports.AuthorizationRow) int { return a.LookAt.Compare(b.LookAt) })
	rows, _ = first(rows, limit)
	var due []x402.ClaimKey
	for _, a := range rows {
		due = append(due, keyOfAuthorization(a))
	}
	return due, nil
}

func (r authorizationReads) Owning(
	_ context.Context, ts []chain.Transfer,
) ([]*x402.ClaimKey, error) {
	now := r.now()
	owners := make([]*x402.ClaimKey, len(ts))
	for i, t := range ts {
		rows := now.authorizations.where(func(a ports.AuthorizationRow) bool { return mayBe(a, t) })
		if len(rows) == 0 {
			continue
		}
		k := keyOfAuthorization(slices.MinFunc(rows, func(a, b ports.AuthorizationRow) int {
			return cmp.Or(notBy(a, t)-notBy(b, t), -newestClaim(claimMark(a), claimMark(b)))
		}))
		owners[i] = &k
	}
	return owners, nil
}

// mayBe reports whether a transfer may be what an authorization moved that is not settled by another.
func mayBe(a ports.AuthorizationRow, t chain.Transfer) bool {
	s := a.Settlement.Snapshot()
	ended := s.Status == x402.Refused || s.Status == x402.Failed
	if s.Status == x402.Settled && notBy(a, t) != 0 || ended && a.LookAt.IsZero() {
		return false
	}
	asset, isToken := x402.AddressOf(chain.Address(t.Asset.Contract))
	payer, isPayer := x402.AddressOf(t.From)
	payTo, isPayee := x402.AddressOf(t.To)
	value, isValue := x402.UintOf(t.Units)
	return isToken && isPayer && isPayee && isValue &&
		s.Due.Network == x402.NetworkOf(t.Network) && s.Due.Asset == asset && s.Due.Payer == payer &&
		s.Due.PayTo == payTo && s.Due.Value == value
}

// notBy is 0 if the newest transaction of a settlement is the transfer's, else 1.
func notBy(a ports.AuthorizationRow, t chain.Transfer) int {
	tx := a.Settlement.Snapshot().TxID
	if tx != (x402.Hash{}) && tx.String() == "0x"+string(t.TxID) {
		return 0
	}
	return 1
}
