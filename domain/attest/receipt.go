package attest

import (
	"fmt"
	"math/big"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/money"
)

// TypeReceipt is the media type, less "application/", in the header of a receipt's JWS.
const TypeReceipt = "101pay-receipt+jws"

// Receipt says what was paid, by which transfers, and how they were booked.
type Receipt struct {
	Subject
	Transfers []Transfer
	Late      bool // the block came after the deadline
	SettledAt string
}

// Transfer is one transfer of a receipt, as it stands on the chain and in the book.
type Transfer struct {
	OrderNo    string
	LedgerHash string // content hash of the booking
	TxID       string
	Index      uint64
	Block      uint64
	BlockHash  string
	BlockTime  string
	From, To   string
	Amount     string
	Units      string
}

// Booked is a final transfer together with its booking.
type Booked struct {
	Transfer chain.Transfer
	Booking  ledger.Transaction
	Content  ledger.Hash
}

// Acknowledge states what settled a session.
func Acknowledge(who Parties, s checkout.Snapshot, by []Booked) (Receipt, error) {
	about, err := subject(TypeReceipt, who, s)
	if err != nil {
		return Receipt{}, err
	}
	if s.Receipt == nil || len(by) == 0 {
		return Receipt{}, fmt.Errorf("session %s: no receipt without a payment", s.ID)
	}
	r := Receipt{Subject: about, Late: s.Receipt.Late}
	decimals, total := int(s.Intent.Asset.Decimals), new(big.Int)
	for _, b := range by {
		t := b.Transfer
		if t.Asset != s.Intent.Asset {
			return Receipt{}, fmt.Errorf("session %s: transfer %s/%d is of another asset", s.ID, t.TxID, t.Index)
		}
		total.Add(total, t.Units)
		r.Transfers = append(r.Transfers, Transfer{
			OrderNo: string(b.Booking.OrderNo), LedgerHash: b.Content.String(), TxID: string(t.TxID),
			Index: uint64(t.Index), Block: t.Height, BlockHash: t.BlockID, BlockTime: instant(t.BlockTime),
			From: string(t.From), To: string(t.To), Amount: money.FormatUnits(t.Units, decimals),
			Units: t.Units.String(),
		})
		r.SettledAt = instant(b.Booking.BookedAt)
	}
	r.Amount, r.Units = money.FormatUnits(total, decimals), total.String()
	return r, nil
}

func (r *Receipt) members() []member {
	return append(r.Subject.members(),
		member{name: "transfers", value: &r.Transfers},
		member{name: "late", value: &r.Late},
		member{name: "settled_at", value: &r.SettledAt},
	)
}

func (t *Transfer) members() []member {
	return []member{
		{name: "order_no", value: &t.OrderNo},
		{name: "ledger_hash", value: &t.LedgerHash},
		{name: "txid", value: &t.TxID},
		{name: "index", value: &t.Index},
		{name: "block", value: &t.Block},
		{name: "block_hash", value: &t.BlockHash},
		{name: "block_time", value: &t.BlockTime},
		{name: "from", value: &t.From},
		{name: "to", value: &t.To},
		{name: "amount", value: &t.Amount},
		{name: "units", value: &t.Units},
	}
}

func (r *Receipt) check() error {
	if err := whole(r.members()); err != nil {
		return err
	}
	if err := r.Subject.check(TypeReceipt); err != nil {
		return err
	}
	if len(r.Transfers) == 0 || len(r.Transfers) > MaxTransfers {
		return fmt.Errorf("%w: %d transfers", ErrMalformed, len(r.Transfers))
	}
	total := new(big.Int)
	for _, t := range r.Transfers {
		if err := whole(t.members()); err != nil {
			return err
		}
		if _, err := checkInstant("block_time", t.BlockTime); err != nil {
			return err
		}
		units, err := r.sum(t.Amount, t.Units)
		if err != nil {
			return err
		}
		if t.To != r.Address {
			return fmt.Errorf("%w: transfer %s went to %q", ErrMalformed, t.TxID, t.To)
		}
		total.Add(total, units)
	}
	if total.String() != r.Units {
		return fmt.Errorf("%w: its transfers are %s base units, not %s", ErrMalformed, total, r.Units)
	}
	_, err := checkInstant("settled_at", r.SettledAt)
	return err
}

// Sign makes the receipt a JWS by a key. sign answers the key's Ed25519 signature of a message.
func (r Receipt) Sign(by Key, sign func(message []byte) []byte) (Signed, error) {
	if err := r.check(); err != nil {
		return Signed{}, err
	}
	return seal(TypeReceipt, write(r.members()), by, sign)
}
