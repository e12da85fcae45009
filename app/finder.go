package app

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Bounds of a search.
const (
	maxSearchRunes = 128
	searchPage     = 20
)

// ErrSearchTooLong refuses a text that nothing can be found by.
var ErrSearchTooLong = fault.New(fault.Invalid, "search_too_long",
	"search for one reference, order number, address or transaction id: at most 128 characters").About("text")

// Finder finds payments by what people have in front of them.
type Finder struct {
	Search ports.SessionSearch
}

// Find lists payments of the principal's project and mode by a text, exactly: an id of a payment, the
// merchant's own reference, an order number of the book, an address, or a transaction's id. Newest first.
func (f Finder) Find(ctx context.Context, who merchant.Principal, text string) ([]checkout.Snapshot, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	if utf8.RuneCountInString(text) > maxSearchRunes {
		return nil, ErrSearchTooLong
	}
	clues := ports.Clues{ID: strings.ToLower(text), OrderID: text, Address: chain.Address(text)}
	if no := ledger.OrderNo(text); no.Valid() {
		clues.OrderNo = no
	}
	if tx, ok := chain.ParseTxID(text); ok {
		clues.TxID = tx
	}
	return f.Search.Search(ctx, who, clues, searchPage)
}
