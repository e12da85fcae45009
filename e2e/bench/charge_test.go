package bench

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// private is the private key of the shop of a number.
func private(shop int) string { return fmt.Sprintf("sk_test_bench%040d", shop) }

// Preparations and text of the whole charge as one statement: the key pair, an order number, the
// transaction linked to its chain, the posting. It takes no lock that keeps a key from being revoked
// meanwhile, and checks nothing the gateway checks in Go: a limit may be better than what is possible.
const (
	prepareCharges = `CREATE SEQUENCE bench_order_no START 20260101000000001`

	wholeCharge = `
		WITH who AS (
			SELECT k.merchant_id, k.project_id, k.mode, k.digest
			FROM key_pairs k JOIN projects p ON p.id = k.project_id JOIN merchants m ON m.id = k.merchant_id
			WHERE k.public_key = 'pk_test_bench' || CAST(:n AS int) AND k.revoked_at IS NULL AND NOT p.disabled
		), charge AS (
			SELECT who.*, no, now() AS at,
				sha256(convert_to(concat_ws('|', no, merchant_id, mode, now(), '999'), 'UTF8')) AS content
			FROM who, nextval('bench_order_no') AS no
		), head AS (
			UPDATE ledger_heads h SET sequence = h.sequence + 1, chain = sha256(h.chain || c.content)
			FROM charge c WHERE h.merchant_id = c.merchant_id AND h.mode = c.mode
			RETURNING h.sequence, h.chain
		), booked AS (
			INSERT INTO transactions (order_no, merchant_id, project_id, mode, kind, source_ref, session_id,
				description, reverses, booked_at, sequence, content, chain)
			SELECT no, merchant_id, project_id, mode, 'charge', no::text, '', 'bench', NULL, at, sequence,
				content, chain
			FROM charge, head RETURNING order_no, merchant_id, mode
		)
		INSERT INTO postings (order_no, position, merchant_id, source, destination, currency, amount)
		SELECT order_no, 0, merchant_id, concat_ws(chr(58), 'world', 'test', 'merchant'),
			concat_ws(chr(58), 'merchant', merchant_id, 'test', 'charged'), 'USDC/6', 9990000
		FROM booked RETURNING order_no`
)

// charge measures POST /v1/transactions/charge against pgbench doing the same in one statement, one
// commit each. The goals for many clients are beyond 1 because charges of many requests share a
// commit.
func (s *stage) charge(t *testing.T) {
	dsn := s.database(t, "charges")
	s.addShops(t, dsn)
	if _, err := connect(t, dsn).Exec(t.Context(), prepareCharges); err != nil {
		t.Fatal(err)
	}
	limit := func(clients int) contest {
		return contest{
			name: fmt.Sprintf("one statement and commit each, %d clients", clients),
			run: func(t *testing.T, d time.Duration) pace {
				return statement{wholeCharge, shops, clients}.run(t, dsn, d)
			},
		}
	}
	spread := shots(func(n int) []byte { return chargeShot(n, 1+n%shops) })
	hot := shots(func(n int) []byte { return chargeShot(n, 1) })
	by := func(name string, goal float64, clients int, shots [][]byte) contest {
		l := load{s.address(), shots, http.StatusOK, clients, false}
		return contest{name, goal, func(t *testing.T, d time.Duration) pace {
			n, p := l.fire(t, d)
			s.charges += n
			return p
		}}
	}
	many := by("charge, 64 clients", 2.2, 64, spread)
	sixteen, one := limit(16), limit(1)
	contests := []contest{
		sixteen, by("charge, 16 clients", 0.9, 16, spread), many,
		one, by("charge, 1 client", 0.95, 1, spread),
		by("charge, one merchant, 64 clients", 0.95, 64, hot),
	}
	if s.crowd > 64 {
		contests = append(contests, by("charge, "+strconv.Itoa(s.crowd)+" clients", 3.0, s.crowd, spread))
	}
	paces := s.measure(t, contests...)
	s.found.add(sixteen, contests[1], paces[0], paces[1])
	s.found.add(sixteen, many, paces[0], paces[2])
	if s.crowd > 64 {
		s.found.add(sixteen, contests[6], paces[0], paces[6])
	}
	s.found.add(one, contests[4], paces[3], paces[4])
	s.found.add(many, contests[5], paces[2], paces[5])
}

func chargeShot(n, shop int) []byte {
	return shot(n, http.MethodPost, "/v1/transactions/charge", fmt.Appendf(nil,
		`{"publicKey":"pk_test_bench%d","privateKey":"%s","amount":"9.99","currency":"USDC","description":"bench"}`,
		shop, private(shop)))
}
