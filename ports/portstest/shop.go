package portstest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// Epoch is when fixtures happen. Its microseconds show whether a store keeps them.
var Epoch = time.Date(2026, 3, 1, 12, 0, 0, 123_456_000, time.UTC)

// USDT and Fake are two tokens of the sandbox chain that share a symbol and nothing else.
var (
	USDT = chain.Asset{
		Network: chain.Sandbox, Symbol: "USDT", Decimals: 6,
		Contract: string(chain.SandboxAddress("portstest USDT contract")),
	}
	Fake = chain.Asset{
		Network: chain.Sandbox, Symbol: "USDT", Decimals: 6,
		Contract: string(chain.SandboxAddress("portstest fake contract")),
	}
)

var minted atomic.Int64

// Unique answers 32 bytes nobody got before in this process.
func Unique() [sha256.Size]byte {
	return sha256.Sum256([]byte("portstest " + strconv.FormatInt(minted.Add(1), 10)))
}

// UUID answers a version 4 UUID nobody got before in this process.
func UUID() string {
	b := Unique()
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// TxID answers a transaction id nobody got before in this process.
func TxID() chain.TxID {
	b := Unique()
	return chain.TxID(hex.EncodeToString(b[:]))
}

// Address answers a sandbox address nobody got before in this process.
func Address() chain.Address { return chain.SandboxAddress(UUID()) }

// Shop is a merchant with his default project, in the store of a World.
type Shop struct {
	World   World
	Account ports.Account
	Project merchant.Project
}

// Unregistered answers a merchant that no store knows yet.
func Unregistered() (ports.Account, merchant.Project) {
	id, b := UUID(), Unique()
	number := new(big.Int).SetBytes(b[:8]).Uint64()
	account := ports.Account{
		Merchant: merchant.Merchant{
			ID: merchant.ID(id), ClientID: merchant.MakeClientID(number),
			Email: id + "@shop.example", Name: "Shop " + id[:8], CreatedAt: Epoch,
		},
		PasswordHash: "$argon2id$v=19$m=65536,t=1,p=1$" + hex.EncodeToString(b[:8]),
	}
	return account, merchant.Project{
		ID: merchant.ProjectID(UUID()), MerchantID: account.Merchant.ID, Name: "Default",
		Mode: merchant.Test, Policy: merchant.DefaultPolicy(), CreatedAt: Epoch,
	}
}

// OpenShop registers a new merchant.
func OpenShop(t *testing.T, w World) Shop {
	t.Helper()
	account, project := Unregistered()
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		return r.Merchants.Add(ctx, account, project)
	})
	return Shop{World: w, Account: account, Project: project}
}

// ID is the merchant's id.
func (s Shop) ID() merchant.ID { return s.Account.Merchant.ID }

// MakePair answers a key pair of the shop that is not recorded.
func (s Shop) MakePair(m merchant.Mode) keys.Pair {
	digest, sealed := Unique(), Unique()
	public := Unique()
	return keys.Pair{
		ID: keys.PairID(UUID()), MerchantID: s.ID(), ProjectID: s.Project.ID, Mode: m,
		PublicKey: keys.PublicText(m, public[:keys.PublicBytes]), Label: "till",
		Digest: digest[:], Sealed: sealed[:], Hint: "sk_…abcd", CreatedAt: Epoch,
	}
}

// AddPair records a key pair.
func (s Shop) AddPair(t *testing.T, m merchant.Mode) keys.Pair {
	t.Helper()
	pair := s.MakePair(m)
	do(t, s.World, func(ctx context.Context, r ports.Repos) error { return r.Keys.AddPair(ctx, pair) })
	return pair
}

// MakeSession answers an open session over 9.99 USDT, to be paid within half an hour of at, that is
// not recorded.
func (s Shop) MakeSession(
	t *testing.T, at time.Time, change ...func(*checkout.Snapshot),
) *checkout.Session {
	t.Helper()
	due, err := money.Parse(money.USDT, "9.99")
	ok(t, err)
	snapshot := checkout.Snapshot{
		ID: checkout.SessionID(UUID()), MerchantID: s.ID(), ProjectID: s.Project.ID,
		Mode: merchant.Test, Kind: checkout.KindCheckout, Due: due,
		ExpiresAt: at.Add(30 * time.Minute),
	}
	for _, c := range change {
		c(&snapshot)
	}
	session, err := checkout.Open(snapshot, at)
	ok(t, err)
	return session
}

// AddSession records a session as MakeSession makes it.
func (s Shop) AddSession(
	t *testing.T, at time.Time, change ...func(*checkout.Snapshot),
) *checkout.Session {
	t.Helper()
	session := s.MakeSession(t, at, change...)
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		return r.Sessions.Add(ctx, session)
	})
	return session
}

// MakeIntent answers an intent to pay a session in USDT at an address; it expires with its session
// and its amount is held through the late window.
func MakeIntent(session *checkout.Session, to chain.Address, units int64) checkout.Intent {
	s := session.Snapshot()
	return checkout.Intent{
		ID: checkout.IntentID(UUID()), SessionID: s.ID, Method: checkout.USDT,
		Asset: USDT, Address: to, Units: big.NewInt(units), Rate: peg(s.CreatedAt),
		CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, HoldUntil: s.ExpiresAt.Add(merchant.LateWindow),
		Terms: checkout.PlainTerms(),
	}
}

func peg(at time.Time) money.Rate {
	one, err := money.Parse(money.USDT, "1")
	if err != nil {
		panic(err)
	}
	return money.Rate{From: "USDT", To: "USDT", Price: one.Decimal(), Source: "peg", At: at}
}

// AwaitPayment records a session that awaits units of USDT at an address.
func (s Shop) AwaitPayment(
	t *testing.T, at time.Time, to chain.Address, units int64,
) (*checkout.Session, checkout.Intent) {
	t.Helper()
	session := s.AddSession(t, at)
	return session, s.issue(t, session, to, units)
}

// issue reserves an intent for a recorded session and saves it as the current one.
func (s Shop) issue(
	t *testing.T, session *checkout.Session, to chain.Address, units int64,
) checkout.Intent {
	t.Helper()
	intent := MakeIntent(session, to, units)
	ok(t, session.Issue(intent, intent.CreatedAt))
	do(t, s.World, func(ctx context.Context, r ports.Repos) error {
		if err := r.Sessions.Reserve(ctx, intent); err != nil {
			return err
		}
		return r.Sessions.Save(ctx, session)
	})
	return intent
}

// BlockID answers the id of the block at a height.
func BlockID(height uint64) string {
	id := sha256.Sum256([]byte("block " + strconv.FormatUint(height, 10)))
	return hex.EncodeToString(id[:])
}

// Paying answers a transfer that pays an intent exactly, in a block at a height.
func Paying(i checkout.Intent, height uint64) chain.Transfer {
	return chain.Transfer{
		Network: i.Asset.Network, TxID: TxID(), Index: 0, Asset: i.Asset, From: Address(), To: i.Address,
		Units: i.Units, Height: height, BlockID: BlockID(height),
		BlockTime: i.CreatedAt.Add(time.Minute),
	}
}

// Confirm proves a transfer final by a head at its own height.
func Confirm(t *testing.T, transfer chain.Transfer) chain.Confirmed {
	t.Helper()
	confirmed, err := chain.Confirm(transfer, chain.Head{
		Network: transfer.Network, Latest: transfer.Height, Final: transfer.Height,
	})
	ok(t, err)
	return confirmed
}

// Row answers a transfer that settled a session.
func Row(s Shop, i checkout.Intent, transfer chain.Transfer) ports.TransferRow {
	return ports.TransferRow{
		Transfer: transfer, ProjectID: s.Project.ID, SessionID: i.SessionID, IntentID: i.ID,
		Disposition: ports.Settled, OrderNo: "20260301000000001", RecordedAt: transfer.BlockTime,
	}
}

// Charge answers a charge of the shop over minor units of USDT, not booked.
func (s Shop) Charge(t *testing.T, minor int64, at time.Time) ledger.Transaction {
	t.Helper()
	no, err := s.World.OrderNumbers.Next(t.Context(), at)
	ok(t, err)
	amount, err := money.FromMinor(money.USDT, big.NewInt(minor))
	ok(t, err)
	return ledger.Transaction{
		OrderNo: no, MerchantID: s.ID(), ProjectID: s.Project.ID, Mode: merchant.Test,
		Kind: ledger.KindCharge, SourceRef: "charge " + UUID(), Description: "coffee \"to go\"",
		Postings: []ledger.Posting{{
			Source:      ledger.World(merchant.Test, "charge"),
			Destination: ledger.Of(s.ID(), merchant.Test, ledger.Charged),
			Amount:      amount,
		}},
		BookedAt: at,
	}
}
