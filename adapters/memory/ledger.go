package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type book struct{ *unit }

// cause is what a transaction is booked for, at most once.
type cause struct {
	kind   ledger.Kind
	source string
}

// chainKey is whose transactions are linked to one another.
type chainKey struct {
	merchant merchant.ID
	mode     merchant.Mode
}

func cloneBooked(b ports.Booked) ports.Booked {
	b.Transaction.Postings = slices.Clone(b.Transaction.Postings)
	return b
}

func (r book) Book(ctx context.Context, t ledger.Transaction) (ports.Booked, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.Booked{}, err
	}
	if err := t.Validate(); err != nil {
		return ports.Booked{}, err
	}
	if _, taken := s.causes.get(cause{t.Kind, t.SourceRef}); taken {
		return ports.Booked{}, ports.ErrTaken
	}
	if _, used := s.booked.get(t.OrderNo); used {
		return ports.Booked{}, fmt.Errorf("book %s: the order number is used", t.OrderNo)
	}
	closed, _ := s.closed.get(chainKey{t.MerchantID, t.Mode})
	t = t.NotBefore(closed)
	tip, _ := s.tips.get(chainKey{t.MerchantID, t.Mode})
	b := cloneBooked(
		ports.Booked{Transaction: t, Content: t.ContentHash(), Sequence: tip.Sequence + 1},
	)
	b.Chain = ledger.ChainHash(tip.Chain, b.Content)
	s.booked.put(r.unit, t.OrderNo, b)
	s.causes.put(r.unit, cause{t.Kind, t.SourceRef}, t.OrderNo)
	s.tips.put(r.unit, chainKey{t.MerchantID, t.Mode}, b)
	return cloneBooked(b), nil
}

func (r book) BookAll(ctx context.Context, ts []ledger.Transaction) ([]ports.Booked, error) {
	s, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	met := make(map[cause]bool, len(ts))
	for _, t := range ts {
		c := cause{t.Kind, t.SourceRef}
		if _, taken := s.causes.get(c); taken || met[c] {
			return nil, ports.ErrTaken
		}
		met[c] = true
	}
	booked := make([]ports.Booked, len(ts))
	for i, t := range ts {
		if booked[i], err = r.Book(ctx, t); err != nil {
			return nil, err
		}
	}
	return booked, nil
}

func (r book) Stands(ctx context.Context, sourceRef string) (bool, error) {
	s, err := r.state(ctx)
	if err != nil {
		return false, err
	}
	standing := 0
	for c := range s.causes.all() {
		if c.source != sourceRef && !strings.HasPrefix(c.source, sourceRef+".") {
			continue
		}
		switch c.kind {
		case ledger.KindPayment, ledger.KindAgent:
			standing++
		case ledger.KindReversal:
			standing--
		case ledger.KindCharge:
		}
	}
	return standing > 0, nil
}

func (r book) Find(ctx context.Context, m merchant.ID, no ledger.OrderNo) (ports.Booked, error) {
	s, err := r.state(ctx)
	if err != nil {
		return ports.Booked{}, err
	}
	b, found := s.booked.get(no)
	if !found || b.Transaction.MerchantID != m {
		return ports.Booked{}, ports.ErrNotFound
	}
	return cloneBooked(b), nil
}

func (r book) Close(ctx context.Context, m merchant.ID, mode merchant.Mode, until time.Time) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if _, found := s.accounts.get(m); !found {
		return ports.ErrNotFound
	}
	if closed, _ := s.closed.get(chainKey{m, mode}); closed.Before(until) {
		s.closed.put(r.unit, chainKey{m, mode}, until)
	}
	return nil
}

// Book implements ports.Bookkeeper. guard is the id of a key pair.
func (s *Store) Book(
	ctx context.Context, t ledger.Transaction, guard string,
) (booked ports.Booked, err error) {
	err = s.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		//nolint:errcheck // Do made it
		if err := r.Ledger.(book).guarded(ctx, keys.PairID(guard)); err != nil {
			return err
		}
		booked, err = r.Ledger.Book(ctx, t)
		return err
	})
	if err != nil {
		return ports.Booked{}, err
	}
	return booked, nil
}

func (r book) guarded(ctx context.Context, by keys.PairID) error {
	s, err := r.state(ctx)
	if err != nil {
		return err
	}
	if pair, found := s.pairs.get(by); by != "" && (!found || !pair.Live()) {
		return keys.ErrPairInvalid
	}
	return nil
}

// orderNumbers counts per day. It is not rolled back: a number given out is never given again.
type orderNumbers struct {
	mu   sync.Mutex
	last map[string]int64 // by day, guarded by mu
}

// Next implements ports.OrderNumbers.
func (s *Store) Next(_ context.Context, day time.Time) (ledger.OrderNo, error) {
	n := &s.numbers
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last == nil {
		n.last = make(map[string]int64)
	}
	key := day.UTC().Format(time.DateOnly)
	no, err := ledger.MakeOrderNo(day, n.last[key]+1)
	if err == nil {
		n.last[key]++
	}
	return no, err
}

// Page implements ports.Statements.
func (s *Store) Page(_ context.Context, q ports.StatementQuery) (ports.StatementPage, error) {
	lines := s.committed.Load().booked.where(func(b ports.Booked) bool {
		return selects(q, b.Transaction)
	})
	slices.SortFunc(lines, func(a, b ports.Booked) int {
		return newerLine(lineMark(a.Transaction), lineMark(b.Transaction))
	})
	lines, more := first(lines, q.Limit)
	for i := range lines {
		lines[i] = shortened(cloneBooked(lines[i]), q.Without)
	}
	page := ports.StatementPage{Lines: lines, More: more}
	if more && len(lines) > 0 {
		page.Next = lineMark(lines[len(lines)-1].Transaction)
	}
	return page, nil
}

// shortened leaves out of a line what whoever asked can do without, so that nobody misses it elsewhere only.
func shortened(b ports.Booked, without ports.LineParts) ports.Booked {
	if without&ports.LinePlace != 0 {
		b.Sequence, b.Chain = 0, ledger.Hash{}
	}
	if without&ports.LineCause != 0 {
		b.Transaction.SourceRef, b.Content = "", ledger.Hash{}
	}
	return b
}

func selects(q ports.StatementQuery, t ledger.Transaction) bool {
	inCurrency := func(p ledger.Posting) bool { return p.Amount.Currency().Code() == q.Currency }
	return (q.Merchant == "" || t.MerchantID == q.Merchant) &&
		(q.Project == "" || t.ProjectID == q.Project) && (q.Mode == 0 || t.Mode == q.Mode) &&
		(q.From.IsZero() || !t.BookedAt.Before(q.From)) && (q.To.IsZero() || t.BookedAt.Before(q.To)) &&
		(q.Currency == "" || slices.ContainsFunc(t.Postings, inCurrency)) &&
		(q.Kind == "" || t.Kind == q.Kind) &&
		(q.Before == ports.StatementMark{} || newerLine(q.Before, lineMark(t)) < 0)
}

func lineMark(t ledger.Transaction) ports.StatementMark {
	return ports.StatementMark{At: t.BookedAt, No: t.OrderNo}
}

func newerLine(a, b ports.StatementMark) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.No, a.No))
}

// ByOrderNo implements ports.Statements.
func (s *Store) ByOrderNo(
	_ context.Context, m merchant.ID, mode merchant.Mode, no ledger.OrderNo,
) (ports.Booked, error) {
	b, found := s.committed.Load().booked.get(no)
	if !found || b.Transaction.MerchantID != m || b.Transaction.Mode != mode {
		return ports.Booked{}, ports.ErrNotFound
	}
	return cloneBooked(b), nil
}
