package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type book struct{ *unit }

// chainKey is whose transactions are linked to one another.
type chainKey struct {
	merchant string
	mode     string
}

func chainOf(t ledger.Transaction) chainKey {
	return chainKey{string(t.MerchantID), t.Mode.String()}
}

// head is the end of a chain, and until when its books are closed.
type head struct {
	sequence int64
	chain    ledger.Hash
	closed   time.Time
}

// next links a transaction to the end of its chain.
func (h head) next(t ledger.Transaction) ports.Booked {
	t = t.NotBefore(h.closed)
	b := ports.Booked{Transaction: t, Content: t.ContentHash(), Sequence: h.sequence + 1}
	b.Chain = ledger.ChainHash(h.chain, b.Content)
	return b
}

// after is the end of the chain once b is linked to it.
func (h head) after(b ports.Booked) head { return head{b.Sequence, b.Chain, h.closed} }

// openBooks starts the chains of a new merchant, so that there always is a head to lock.
func (u *unit) openBooks(ctx context.Context, m merchant.ID) error {
	for _, mode := range []merchant.Mode{merchant.Test, merchant.Live} {
		var none ledger.Hash
		_, err := exec(ctx, u.in(), `
			INSERT INTO ledger_heads (merchant_id, mode, sequence, chain) VALUES ($1, $2, 0, $3)`,
			m, mode.String(), none[:])
		if err != nil {
			return err
		}
	}
	return nil
}

// bookable refuses what must not be booked, and what the database would refuse, together with
// everybody booked in the same statement.
func bookable(t ledger.Transaction) error {
	if err := t.Validate(); err != nil {
		return err
	}
	if !isUUID(t.MerchantID) || !isUUID(t.ProjectID) {
		return fmt.Errorf("transaction %s: its owner has no UUID", t.OrderNo)
	}
	if !isText(t.SourceRef) || !isText(t.SessionID) || !isText(t.Description) {
		return fault.ErrInvalid
	}
	return nil
}

func (r book) Book(ctx context.Context, t ledger.Transaction) (ports.Booked, error) {
	if err := bookable(t); err != nil {
		return ports.Booked{}, err
	}
	row, err := one[headRow](ctx, r.in(), `
		SELECT merchant_id, mode, sequence, chain, closed_until FROM ledger_heads
		WHERE merchant_id = $1 AND mode = $2 FOR UPDATE`, prepared, t.MerchantID, t.Mode.String())
	if err != nil {
		return ports.Booked{}, err
	}
	h, err := row.head()
	if err != nil {
		return ports.Booked{}, err
	}
	booked := h.next(t)
	lines, err := linesOf([]ports.Booked{booked})
	if err != nil {
		return ports.Booked{}, err
	}
	n, err := one[countRow](ctx, r.in(), bookUnlessTaken,
		append([]any{prepared}, lines.args()...)...)
	if err != nil {
		return ports.Booked{}, err
	}
	if n.Count == 0 {
		return ports.Booked{}, ports.ErrTaken
	}
	return booked, nil
}

// BookAll locks the heads in one order and looks for the causes behind the locks, as the bookkeeper does.
func (r book) BookAll(ctx context.Context, ts []ledger.Transaction) ([]ports.Booked, error) {
	if len(ts) == 0 {
		return nil, nil
	}
	var asked questions
	met := make(map[cause]bool, len(ts))
	for _, t := range ts {
		if err := bookable(t); err != nil {
			return nil, err
		}
		if met[causeOf(t)] {
			return nil, ports.ErrTaken
		}
		met[causeOf(t)] = true
		asked.add(t)
	}
	rows, err := all[headRow](ctx, r.in(), headsQuery, prepared, asked.merchants, asked.modes)
	if err != nil {
		return nil, err
	}
	n, err := exec(ctx, r.in(), causesQuery, prepared, asked.kinds, asked.sources)
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, ports.ErrTaken
	}
	booked, err := linkAll(rows, ts)
	if err != nil {
		return nil, err
	}
	lines, err := linesOf(booked)
	if err != nil {
		return nil, err
	}
	_, err = exec(ctx, r.in(), bookAll, append([]any{prepared}, lines.args()...)...)
	return booked, err
}

// linkAll links transactions to the ends of their chains, one after the other.
func linkAll(rows []headRow, ts []ledger.Transaction) ([]ports.Booked, error) {
	heads := make(map[chainKey]head, len(rows))
	for _, row := range rows {
		h, err := row.head()
		if err != nil {
			return nil, err
		}
		heads[chainKey{row.MerchantID, row.Mode}] = h
	}
	booked := make([]ports.Booked, len(ts))
	for i, t := range ts {
		h, known := heads[chainOf(t)]
		if !known {
			return nil, ports.ErrNotFound
		}
		booked[i] = h.next(t)
		heads[chainOf(t)] = h.after(booked[i])
	}
	return booked, nil
}

// Stands reads by the index on causes: what begins with a cause and a point lies between two texts.
func (r book) Stands(ctx context.Context, sourceRef string) (bool, error) {
	if !isText(sourceRef) {
		return false, nil
	}
	n, err := one[countRow](ctx, r.in(), `
		SELECT count(*) FILTER (WHERE kind <> 'reversal') - count(*) FILTER (WHERE kind = 'reversal') AS count
		FROM transactions
		WHERE kind IN ('payment', 'x402', 'reversal') AND (source_ref = $1 OR starts_with(source_ref, $1 || '.'))`,
		sourceRef)
	return n.Count > 0, err
}

type countRow struct{ Count int64 }

type headRow struct {
	MerchantID  string
	Mode        string
	Sequence    int64
	Chain       []byte
	ClosedUntil time.Time
}

func (r headRow) head() (head, error) {
	chain, err := hashOf(r.Chain)
	return head{r.Sequence, chain, r.ClosedUntil.UTC()}, err
}

func hashOf(b []byte) (ledger.Hash, error) {
	if len(b) != len(ledger.Hash{}) {
		return ledger.Hash{}, fmt.Errorf("hash of %d bytes in the database", len(b))
	}
	return ledger.Hash(b), nil
}

// Close locks the head, so that it waits for whoever is booking, and whoever books next waits for it.
func (r book) Close(ctx context.Context, m merchant.ID, mode merchant.Mode, until time.Time) error {
	if !isUUID(m) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `
		UPDATE ledger_heads SET closed_until = greatest(closed_until, $3::timestamptz)
		WHERE merchant_id = $1 AND mode = $2`, m, mode.String(), until.UTC()))
}

func (r book) Find(
	ctx context.Context, m merchant.ID, no ledger.OrderNo,
) (ports.Booked, error) {
	return findBooked(ctx, r.in(), m, 0, no)
}

// orderNumber is an order number as the database keeps it: 17 digits fit a bigint.
func orderNumber(no ledger.OrderNo) (int64, error) {
	if !no.Valid() {
		return 0, fmt.Errorf("order number %q: not one", no)
	}
	return strconv.ParseInt(string(no), 10, 64)
}
