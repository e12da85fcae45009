package postgres

import (
	"github.com/101pay/101pay/ports"
)

// lines are transactions as columns: one statement books any number of them, at three times the rate
// of rows of VALUES.
type lines struct {
	orders, reverses                       []*int64
	merchants, projects, modes, kinds      []string
	sources, sessions, descriptions, times []string
	sequences                              []int64
	contents, chains                       [][]byte

	postingOrders, positions   []int64
	postingMerchants, from, to []string
	currencies, amounts        []string
	headMerchants, headModes   []string
	headSequences              []int64
	headChains                 [][]byte

	days daySums
}

// timeLayout is an instant to the microsecond, as the book keeps it.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

// linesOf lays booked transactions out; those of one chain come in the order of the chain.
func linesOf(booked []ports.Booked) (*lines, error) {
	l, last := &lines{}, make(map[chainKey]int)
	for _, b := range booked {
		no, err := orderNumber(b.Transaction.OrderNo)
		if err != nil {
			return nil, err
		}
		if err := l.add(b, no); err != nil {
			return nil, err
		}
		k := chainOf(b.Transaction)
		i, met := last[k]
		if !met {
			i = len(l.headMerchants)
			last[k] = i
			l.headMerchants, l.headModes = append(l.headMerchants, k.merchant), append(l.headModes, k.mode)
			l.headSequences, l.headChains = append(l.headSequences, 0), append(l.headChains, nil)
		}
		l.headSequences[i], l.headChains[i] = b.Sequence, b.Chain[:]
	}
	return l, nil
}

func (l *lines) add(b ports.Booked, no int64) error {
	t := b.Transaction
	var reverses *int64
	if t.Reverses != "" {
		of, err := orderNumber(t.Reverses)
		if err != nil {
			return err
		}
		reverses = &of
	}
	l.orders, l.reverses = append(l.orders, &no), append(l.reverses, reverses)
	l.merchants, l.projects = append(l.merchants, string(t.MerchantID)), append(l.projects, string(t.ProjectID))
	l.modes, l.kinds = append(l.modes, t.Mode.String()), append(l.kinds, string(t.Kind))
	l.sources, l.sessions = append(l.sources, t.SourceRef), append(l.sessions, t.SessionID)
	l.descriptions = append(l.descriptions, t.Description)
	l.times = append(l.times, t.BookedAt.UTC().Format(timeLayout))
	l.sequences = append(l.sequences, b.Sequence)
	l.contents, l.chains = append(l.contents, b.Content[:]), append(l.chains, b.Chain[:])
	for i, p := range t.Postings {
		l.postingOrders, l.positions = append(l.postingOrders, no), append(l.positions, int64(i))
		l.postingMerchants = append(l.postingMerchants, string(t.MerchantID))
		l.from, l.to = append(l.from, string(p.Source)), append(l.to, string(p.Destination))
		l.currencies = append(l.currencies, p.Amount.Currency().String())
		l.amounts = append(l.amounts, p.Amount.MinorText())
		l.days.add(t, p, reverses)
	}
	return nil
}

// args are the arguments of bookAll.
func (l *lines) args() []any {
	return append([]any{
		l.orders, l.merchants, l.projects, l.modes, l.kinds, l.sources, l.sessions, l.descriptions,
		l.reverses, l.times, l.sequences, l.contents, l.chains,
		l.postingOrders, l.positions, l.postingMerchants, l.from, l.to, l.currencies, l.amounts,
		l.headMerchants, l.headModes, l.headSequences, l.headChains,
	}, l.days.args()...)
}

// bookAll books every line or fails; bookUnlessTaken books nothing whose cause is booked, and is for
// one transaction only: those after it in a chain would be linked to nothing.
const (
	bookAll         = bookInsert + bookRest
	bookUnlessTaken = bookInsert + "\n\t\tON CONFLICT (kind, source_ref) DO NOTHING" + bookRest

	bookInsert = `
	WITH inserted AS (
		INSERT INTO transactions (order_no, merchant_id, project_id, mode, kind, source_ref, session_id,
			description, reverses, booked_at, sequence, content, chain)
		SELECT t.order_no, t.merchant_id::uuid, t.project_id::uuid, t.mode, t.kind, t.source_ref,
			t.session_id, t.description, t.reverses, t.booked_at::timestamptz, t.sequence, t.content, t.chain
		FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
			$8::text[], $9::bigint[], $10::text[], $11::bigint[], $12::bytea[], $13::bytea[])
			AS t (order_no, merchant_id, project_id, mode, kind, source_ref, session_id, description,
				reverses, booked_at, sequence, content, chain)`
	bookRest = `
		RETURNING order_no
	), posted AS (
		INSERT INTO postings (order_no, position, merchant_id, source, destination, currency, amount)
		SELECT p.order_no, p.position, p.merchant_id::uuid, p.source, p.destination, p.currency,
			p.amount::numeric
		FROM unnest($14::bigint[], $15::bigint[], $16::text[], $17::text[], $18::text[], $19::text[],
			$20::text[]) AS p (order_no, position, merchant_id, source, destination, currency, amount)
		WHERE p.order_no IN (SELECT order_no FROM inserted)
	), moved AS (
		UPDATE ledger_heads h SET sequence = n.sequence, chain = n.chain
		FROM unnest($21::text[], $22::text[], $23::bigint[], $24::bytea[])
			AS n (merchant_id, mode, sequence, chain)
		WHERE h.merchant_id = n.merchant_id::uuid AND h.mode = n.mode
			AND EXISTS (SELECT FROM inserted)
	), summed AS (` + sumDays + `
	)
	SELECT count(order_no) AS count FROM inserted`
)
