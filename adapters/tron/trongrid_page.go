package tron

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"strconv"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// query is one page asked for.
type query struct {
	contract string
	address  chain.Address
	since    int64  // Unix milliseconds
	marker   string // TronGrid's own, "" for the first page from since
}

func (q query) encode() string {
	v := url.Values{
		"contract_address": {q.contract}, "only_to": {"true"}, "limit": {strconv.Itoa(pageSize)},
		"min_timestamp": {strconv.FormatInt(q.since, 10)}, "order_by": {"block_timestamp,asc"},
	}
	if q.marker != "" {
		v.Set("fingerprint", q.marker)
	}
	return v.Encode()
}

// page is one answer of TronGrid.
type page struct {
	items  []listed
	size   int    // of the page, items that do not matter included
	last   int64  // time of the newest item of any kind, Unix milliseconds
	marker string // of the page that follows, which may be missing
}

// next is the page after p. One that is full of a single moment, as somebody who fills a block with
// worthless transfers can make it, is turned by TronGrid's marker; without a marker the rest of
// that moment is out of reach, and what comes later is not.
func (p page) next(q query) query {
	switch {
	case p.last > q.since:
		q.since, q.marker = p.last, ""
	case p.marker != "":
		q.marker = p.marker
	default:
		q.since, q.marker = q.since+1, ""
	}
	return q
}

// listed is one transfer an index names.
type listed struct {
	id     chain.TxID
	millis int64 // block time, Unix milliseconds
}

// wirePage is TronGrid's envelope. Success and Data are pointers because an answer that lacks them
// is an error page and not an empty list.
type wirePage struct {
	Success *bool
	Data    *[]json.RawMessage
	Meta    struct{ Fingerprint string }
}

type wireTransfer struct {
	TransactionID  string `json:"transaction_id"`
	BlockTimestamp int64  `json:"block_timestamp"`
	To             string
	Type           string
	Value          string
	TokenInfo      struct{ Address string } `json:"token_info"`
}

// lastMoment is the end of the year 9999: beyond it a time is a mistake, and paging to it would
// skip everything.
const lastMoment = 253_402_300_799_999

// decodePage reads one answer. An item we cannot read, or that is none of ours, is left out; an
// answer that is no list is an error, never an empty list: TronGrid's limiter answers 200 with
// {"Error":…}.
func decodePage(text []byte, q query) (page, error) {
	var wire wirePage
	if err := json.Unmarshal(text, &wire); err != nil || wire.Success == nil || !*wire.Success ||
		wire.Data == nil {
		return page{}, fmt.Errorf("the answer is no list: %w", ports.ErrChainUnavailable)
	}
	p := page{size: len(*wire.Data), last: q.since, marker: wire.Meta.Fingerprint}
	if p.size > pageSize {
		return page{}, fmt.Errorf("a page of %d items: %w", p.size, ports.ErrChainUnavailable)
	}
	for _, raw := range *wire.Data {
		var t wireTransfer
		if err := json.Unmarshal(raw, &t); err != nil {
			continue
		}
		if t.BlockTimestamp > lastMoment {
			continue
		}
		p.last = max(p.last, t.BlockTimestamp)
		if id, ok := chain.ParseTxID(t.TransactionID); ok && t.pays(q) {
			p.items = append(p.items, listed{id, t.BlockTimestamp})
		}
	}
	return p, nil
}

// pays reports whether an item is what was asked for. The index is not trusted to have filtered.
func (t wireTransfer) pays(q query) bool {
	units, ok := new(big.Int).SetString(t.Value, 10)
	return ok && units.Sign() > 0 && t.Type == "Transfer" &&
		t.TokenInfo.Address == q.contract && t.To == string(q.address) &&
		t.BlockTimestamp >= q.since
}
