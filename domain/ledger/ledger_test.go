package ledger

import (
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

func payment(t *testing.T) Transaction {
	t.Helper()
	amount, err := money.Parse(money.USDT, "50.0134")
	if err != nil {
		t.Fatal(err)
	}
	tx := Transaction{
		OrderNo: "20260517000000042", MerchantID: "m", ProjectID: "p", Mode: merchant.Live, Kind: KindPayment,
		SourceRef: "tron:aa:0:bb", SessionID: "s", Description: "order \"7\"\nkind: charge",
		Postings: []Posting{{
			Source: World(merchant.Live, "tron"), Destination: Of("m", merchant.Live, Received+"tron"), Amount: amount,
		}},
		BookedAt: time.Date(2026, 5, 17, 12, 0, 0, 123456000, time.UTC),
	}
	if err := tx.Validate(); err != nil {
		t.Fatal(err)
	}
	return tx
}

// The text anyone can rebuild is pinned: changing it would make every stored hash unverifiable.
func TestContentTextIsPinned(t *testing.T) {
	const want = `101pay: transaction/1
orderNo: 20260517000000042
merchant: m
project: p
mode: live
kind: payment
source: "tron:aa:0:bb"
session: s
description: "order \"7\"\nkind: charge"
reverses: 
bookedAt: 2026-05-17T12:00:00.123456Z
posting: world:live:tron merchant:m:live:received:tron USDT/6 50013400
`
	if got := payment(t).ContentText(); got != want {
		t.Errorf("content text\n%s\nwant\n%s", got, want)
	}
}

// An edit of any earlier transaction shows in every later link.
func TestChainShowsAnEdit(t *testing.T) {
	first, second := payment(t), payment(t)
	second.OrderNo = "20260517000000043"
	link := ChainHash(ChainHash(Hash{}, first.ContentHash()), second.ContentHash())
	first.Description += "!"
	if ChainHash(ChainHash(Hash{}, first.ContentHash()), second.ContentHash()) == link {
		t.Error("an edited transaction leaves the chain as it was")
	}
}

// What a reversal moves is what was moved, back.
func TestReversalMirrorsEveryPosting(t *testing.T) {
	tx := payment(t)
	back := tx.Reversal("20260517000000044", "reversal of it", "reorganised", tx.BookedAt.Add(time.Hour))
	if err := back.Validate(); err != nil {
		t.Fatal(err)
	}
	for i, p := range back.Postings {
		was := tx.Postings[i]
		if p.Source != was.Destination || p.Destination != was.Source || !p.Amount.Equal(was.Amount) {
			t.Errorf("posting %d: %v does not undo %v", i, p, was)
		}
	}
}

// Test money and real money never meet in one transaction.
func TestValidateRefusesWhatMustNotBeBooked(t *testing.T) {
	for name, spoil := range map[string]func(*Transaction){
		"other mode":         func(tx *Transaction) { tx.Postings[0].Source = World(merchant.Test, "tron") },
		"no posting":         func(tx *Transaction) { tx.Postings = nil },
		"no amount":          func(tx *Transaction) { tx.Postings[0].Amount = money.Amount{} },
		"to itself":          func(tx *Transaction) { tx.Postings[0].Source = tx.Postings[0].Destination },
		"no cause":           func(tx *Transaction) { tx.SourceRef = "" },
		"nanoseconds":        func(tx *Transaction) { tx.BookedAt = tx.BookedAt.Add(1) },
		"reverses nothing":   func(tx *Transaction) { tx.Kind = KindReversal },
		"order number short": func(tx *Transaction) { tx.OrderNo = "2026051700000004" },
	} {
		tx := payment(t)
		spoil(&tx)
		if tx.Validate() == nil {
			t.Errorf("%s: may be booked", name)
		}
	}
}

// Nine digits are nine digits: the tenth is an error, never a wrap onto an earlier number.
func TestOrderNumbersDoNotWrap(t *testing.T) {
	day := time.Date(2026, 5, 17, 23, 0, 0, 0, time.FixedZone("", -3*3600)) // the 18th in UTC
	if no, err := MakeOrderNo(day, 42); err != nil || no != "20260518000000042" || !no.Valid() {
		t.Errorf("42nd of the day: %s, %v", no, err)
	}
	for _, sequence := range []int64{0, -1, MaxSequence + 1} {
		if no, err := MakeOrderNo(day, sequence); err == nil {
			t.Errorf("sequence %d made %s", sequence, no)
		}
	}
}
