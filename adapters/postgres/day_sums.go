package postgres

import (
	"math/big"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// daySums are what a batch adds to the sums of its days, as columns. What nobody was told a rate for is
// summed here, so that a batch of charges changes a row or two and asks for nothing; what belongs to a
// session is a row of its own, because its intent says what it was worth.
type daySums struct {
	projects, modes, days, kinds, places, currencies, amounts, minors []string
	entries                                                           []int64
	sessions                                                          []*string
	reverses                                                          []*int64
	times                                                             []string

	plain map[plainDay]int // where the row is that a sum without a session goes to
	sums  []*big.Int       // what amounts say, once all are added
}

// plainDay is what a sum is for that nothing was converted in.
type plainDay struct {
	project                    merchant.ProjectID
	mode, day, place, currency string
	kind                       ledger.Kind
}

func (d *daySums) add(t ledger.Transaction, p ledger.Posting, reverses *int64) {
	at := t.BookedAt.UTC()
	k := plainDay{
		t.ProjectID, t.Mode.String(), at.Format(time.DateOnly), placeOf(p), p.Amount.Currency().String(), t.Kind,
	}
	var session *string
	if isUUID(t.SessionID) {
		session = &t.SessionID
	} else if i, met := d.plain[k]; met {
		d.entries[i]++
		d.sums[i].Add(d.sums[i], p.Amount.Minor())
		return
	} else {
		if d.plain == nil {
			d.plain = make(map[plainDay]int)
		}
		d.plain[k] = len(d.projects)
	}
	d.projects, d.modes = append(d.projects, string(k.project)), append(d.modes, k.mode)
	d.days, d.kinds = append(d.days, k.day), append(d.kinds, string(k.kind))
	d.places, d.currencies = append(d.places, k.place), append(d.currencies, k.currency)
	d.minors = append(d.minors, "1"+strings.Repeat("0", p.Amount.Currency().Scale()))
	d.entries, d.sums = append(d.entries, 1), append(d.sums, new(big.Int).Set(p.Amount.Minor()))
	d.sessions, d.reverses = append(d.sessions, session), append(d.reverses, reverses)
	d.times = append(d.times, at.Format(timeLayout))
}

// receivedParts are those of an account that says what came over which network, whose name may have such
// parts of its own: merchant:<id>:<mode>:received:<network>.
const receivedParts = 5

// placeOf is where what a posting moves came over.
func placeOf(p ledger.Posting) string {
	for _, account := range []ledger.Account{p.Source, p.Destination} {
		parts := strings.SplitN(string(account), ":", receivedParts)
		if len(parts) == receivedParts && parts[0] == "merchant" && parts[3]+":" == ledger.Received {
			return parts[4]
		}
	}
	return ports.Recorded
}

// args are the arguments of sumDays.
func (d *daySums) args() []any {
	d.amounts = make([]string, len(d.sums))
	for i, sum := range d.sums {
		d.amounts[i] = sum.String()
	}
	return []any{
		d.projects, d.modes, d.days, d.kinds, d.places, d.currencies, d.entries, d.amounts, d.minors,
		d.sessions, d.reverses, d.times,
	}
}

// sumDays adds what is booked to the sums of its days. Whoever books holds the head of the merchant's
// chain, so that two never change one sum at once. What it was worth is by the newest intent its payer was
// told in that coin before it, or before what is undone, was booked. minor is how many minor units make a
// major one.
const sumDays = `
		INSERT INTO ledger_days AS d (project_id, mode, day, kind, place, currency, worth_of, worth_source,
			entries, amount, worth)
		SELECT b.project_id::uuid, b.mode, b.day::date, b.kind, b.place, b.currency,
			coalesce(i.rate_from, ''), coalesce(i.rate_source, ''), sum(b.entries), sum(b.amount::numeric),
			sum(coalesce(div(b.amount::numeric * 1e18, i.rate_price * b.minor::numeric), 0))
		FROM unnest($25::text[], $26::text[], $27::text[], $28::text[], $29::text[], $30::text[], $31::bigint[],
			$32::text[], $33::text[], $34::text[], $35::bigint[], $36::text[])
			AS b (project_id, mode, day, kind, place, currency, entries, amount, minor, session_id, reverses, booked_at)
		LEFT JOIN LATERAL (
			SELECT x.rate_from, x.rate_source, x.rate_price FROM intents x
			WHERE x.session_id = b.session_id::uuid AND x.network = b.place
				AND x.symbol = split_part(b.currency, '/', 1)
				AND x.created_at <= coalesce((SELECT o.booked_at FROM transactions o WHERE o.order_no = b.reverses),
					b.booked_at::timestamptz)
			ORDER BY x.created_at DESC, x.id DESC LIMIT 1) i ON true
		WHERE EXISTS (SELECT FROM inserted)
		GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
		ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
		ON CONFLICT (project_id, mode, day, kind, place, currency, worth_of, worth_source) DO UPDATE
		SET entries = d.entries + excluded.entries, amount = d.amount + excluded.amount,
			worth = d.worth + excluded.worth`
