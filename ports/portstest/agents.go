package portstest

import (
	"context"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// EVMAccount answers an account of EVM networks nobody got before in this process.
func EVMAccount() x402.Address {
	b := Unique()
	return x402.Address(b[:20])
}

// usdcOnBase is the token agents pay with in fixtures.
var usdcOnBase = x402.Address{0x83, 0x35, 0x89, 0xfc}

// Authorization answers a settlement of the shop in a status, over 0.01 USDC of a new payer, claimed at
// Epoch and to be looked at from a minute later on. It is not recorded.
func (s Shop) Authorization(
	t *testing.T, status x402.Status, change ...func(*x402.Snapshot, *ports.AuthorizationRow),
) ports.AuthorizationRow {
	t.Helper()
	price, err := money.FromMinor(money.USDT, big.NewInt(10_000))
	ok(t, err)
	now := x402.Snapshot{
		Due: x402.Due{
			Network: x402.NetworkOf(chain.Base), Asset: usdcOnBase, Payer: EVMAccount(), PayTo: EVMAccount(),
			Value: x402.Uint(10_000), ValidBefore: x402.Uint(uint64(Epoch.Add(time.Minute).Unix())),
			Nonce: x402.Nonce(Unique()),
		},
		Binding: x402.Binding{
			MerchantID: string(s.ID()), SKU: "weather", Request: Unique(), Authorization: Unique(), Client: Unique(),
		},
		Status: status, ClaimedAt: Epoch,
	}
	if slices.Contains([]x402.Status{
		x402.Signed, x402.Broadcast, x402.Pending, x402.Settled, x402.Reversed,
	}, status) {
		now.TxID = Unique()
	}
	switch status {
	case x402.Settled:
		now.SettledAt = Epoch.Add(2 * time.Second)
	case x402.Refused:
		now.Reason = x402.ReasonFunds
	case x402.Failed:
		now.Reason = x402.ReasonReverted
	}
	row := ports.AuthorizationRow{
		ID: UUID(), Version: x402.V2, ProjectID: s.Project.ID, Mode: merchant.Live, ResourceID: UUID(),
		SessionID: UUID(), Price: price, Title: "weather of \"Kyoto\"", PaymentID: "pay_" + UUID(),
		LookAt: Epoch.Add(time.Minute), ChangedAt: Epoch.Add(time.Second),
		Order: ports.AuthorizationOrder{Signature: []byte("\x00signature\xff"), Route: x402.RouteWallet},
	}
	if status == x402.Settled {
		row.OrderNo = "20260301000000001"
	}
	for _, c := range change {
		c(&now, &row)
	}
	return withSettlement(t, row, now)
}

// withSettlement makes a row be of a settlement, and order what it is due.
func withSettlement(
	t *testing.T, row ports.AuthorizationRow, now x402.Snapshot,
) ports.AuthorizationRow {
	t.Helper()
	var err error
	row.Settlement, err = x402.Restore(now)
	ok(t, err)
	row.Order.Authorization = x402.Authorization{
		From: now.Due.Payer, To: now.Due.PayTo, Value: now.Due.Permitted(), ValidAfter: x402.Uint(7),
		ValidBefore: now.Due.ValidBefore, Nonce: now.Due.Nonce, Method: now.Due.Method, Spender: now.Due.Method.Proxy(),
	}
	if now.Due.Method.Permits() {
		row.Order.Authorization.Token = now.Due.Asset
	}
	if now.Due.Method == x402.Permit2UpTo {
		row.Order.Authorization.Facilitator = x402.Address{0x0f}
	}
	return row
}

// permitted makes a settlement one by permit: one that brings an allowance, or one of at most its value.
func permitted(by x402.Method) func(*x402.Snapshot, *ports.AuthorizationRow) {
	return func(s *x402.Snapshot, a *ports.AuthorizationRow) {
		s.Due.Method = by
		switch by {
		case x402.Permit2:
			a.Order.Route = x402.RouteSponsored
			a.Order.Allowance = &x402.Allowance{
				Value: s.Due.Value, Deadline: s.Due.ValidBefore, Nonce: x402.Uint(7), V: 28, R: x402.Hash(Unique()), S: x402.Hash(Unique()),
			}
		case x402.Permit2UpTo:
			s.Due.Most = s.Due.Value
		case x402.EIP3009:
		}
	}
}

// using is a settlement of at most its value of which a part was used.
func using(s *x402.Snapshot, _ *ports.AuthorizationRow) { s.Due.Value = x402.Uint(1_234) }

// AddAuthorization records a settlement as Authorization makes it.
func (s Shop) AddAuthorization(
	t *testing.T, status x402.Status, change ...func(*x402.Snapshot, *ports.AuthorizationRow),
) ports.AuthorizationRow {
	t.Helper()
	row := s.Authorization(t, status, change...)
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		return r.Authorizations.Claim(ctx, row)
	})
	return row
}

// keyOf is the key a row is found by.
func keyOf(a ports.AuthorizationRow) x402.ClaimKey { return a.Settlement.Snapshot().Due.Key() }

// sameAuthorization compares two rows by all they hold.
func sameAuthorization(t *testing.T, got, want ports.AuthorizationRow) {
	t.Helper()
	same(t, got.Settlement.Snapshot(), want.Settlement.Snapshot())
	got.Settlement, want.Settlement = x402.Settlement{}, x402.Settlement{}
	same(t, got, want)
}

// sameAuthorizations compares lists of rows.
func sameAuthorizations(t *testing.T, got []ports.AuthorizationRow, want ...ports.AuthorizationRow) {
	t.Helper()
	same(t, len(got), len(want))
	for i := range want {
		sameAuthorization(t, got[i], want[i])
	}
}

// moving is the transfer that moves what a settlement is due.
func moving(a ports.AuthorizationRow) chain.Transfer {
	d := a.Settlement.Snapshot().Due
	return chain.Transfer{
		Network: chain.Base, TxID: TxID(), Index: 4, From: chain.Address(d.Payer.String()),
		To: chain.Address(d.PayTo.String()), Units: d.Value.Big(), Height: 9, BlockID: BlockID(9),
		Asset: chain.Asset{
			Network: chain.Base, Symbol: "USDC", Decimals: 6, Contract: d.Asset.String(),
		},
		BlockTime: Epoch,
	}
}

// Relayed answers a transaction of a relayer's account for a settlement, not recorded and never sent.
// It may burn at most 1,000,000 wei.
func Relayed(account x402.Address, nonce uint64, k x402.ClaimKey) ports.RelayTransaction {
	return ports.RelayTransaction{
		Network: x402.NetworkOf(chain.Base), Account: account, Nonce: nonce, TxID: Unique(), Key: k,
		Raw: []byte{2, 0, 0xff}, SignedAt: Epoch,
		Fees: ports.RelayFees{
			Gas: 100_000, MaxFee: big.NewInt(10), Tip: big.NewInt(2), ExpectedPrice: big.NewInt(6),
		},
	}
}
