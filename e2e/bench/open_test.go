package bench

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// oneSession opens a session in one statement.
const oneSession = `
	INSERT INTO sessions (id, merchant_id, project_id, mode, kind, due_currency, due_amount, method,
		description, order_id, metadata, success_url, fail_url, status, created_at, expires_at, updated_at,
		version)
	SELECT gen_random_uuid(), md5('merchant ' || CAST(:n AS int))::uuid, md5('project ' || CAST(:n AS int))::uuid,
		'test', 'usdt', 'USDT/6', 25000000, 'usdt', 'bench', '', NULL, '', '', 'open', now(),
		now() + interval '1 hour', now(), 1
	ON CONFLICT (project_id, mode, order_id) WHERE order_id <> '' DO NOTHING`

// open measures how sessions and payments are created against pgbench inserting the row alone, one
// commit each.
func (s *stage) open(t *testing.T) {
	dsn := s.database(t, "sessions")
	m := s.g.Register(t)
	limit := contest{name: "one insert and commit each, 16 clients", run: func(t *testing.T, d time.Duration) pace {
		return statement{oneSession, shops, 16}.run(t, dsn, d)
	}}
	payments := shots(func(n int) []byte {
		shop := 1 + n%shops
		return shot(n, http.MethodPost, "/v1/payments", fmt.Appendf(nil,
			`{"clientId":"101%012d","secret":"%s","amount":"25.00","currency":"USDT","method":"usdt","description":"bench"}`,
			shop, private(shop)))
	})
	sessions := shots(func(n int) []byte {
		return shot(n, http.MethodPost, "/v1/checkout/sessions",
			[]byte(`{"amount":"25.00","currency":"USDT","description":"bench","mode":"test"}`),
			"Authorization", "Bearer "+m.Token)
	})
	by := func(what string, goal float64, clients int, shots [][]byte) contest {
		l := load{s.address(), shots, http.StatusCreated, clients, false}
		return contest{what + ", " + strconv.Itoa(clients) + " clients", goal, func(t *testing.T, d time.Duration) pace {
			n, p := l.fire(t, d)
			s.sessions += n
			return p
		}}
	}
	paths := []contest{by("create session", 1.9, 64, sessions), by("create payment", 1.9, 64, payments)}
	if s.crowd > 64 {
		paths = append(paths, by("create session", 2.3, s.crowd, sessions), by("create payment", 2.3, s.crowd, payments))
	}
	s.against(t, limit, paths...)
}
