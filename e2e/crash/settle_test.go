package crash

import (
	"encoding/json"
	"net/url"
	"time"
)

// How long things may take after the last restart.
const (
	settlePause = 200 * time.Millisecond
	// lastNet is when the queue itself takes back what nobody else did: after a minute, looking every
	// half.
	lastNet = 90 * time.Second
	// thirdRetry is when a job comes that failed three times, each time as its database was killed:
	// the queue has it wait 1, 16 and 81 seconds.
	thirdRetry = 98 * time.Second
	// slowness is of a busy machine.
	slowness = 2
	// patience is how long anything may take while nothing is killed. Most takes seconds.
	patience = slowness * (lastNet + thirdRetry)
)

// payment is a session as the list shows it.
type payment struct {
	ID, Kind, Status, Amount, Currency, PayAmount, OrderNo, Description string
	OrderID                                                             string `json:"order_id"`
	Late                                                                bool
	CreatedAt                                                           string
}

// line is a transaction as the statement shows it.
type line struct {
	OrderNo, Transaction, Type, AmountMinor, Currency, Description, SessionID, Reverses string
}

// news is an event as the list shows it.
type news struct {
	ID, Type, PaymentID string
	Version             int64
	Body                json.RawMessage
}

// pages reads a whole list, page by page.
func pages[T any](s *stage, path, list, auth string) []T {
	s.t.Helper()
	var out []T
	cursor := ""
	for {
		query := url.Values{"limit": {"100"}, "mode": {"test"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		a, f := s.caller.insist(get(path+"?"+query.Encode(), "Authorization", auth))
		var body map[string]json.RawMessage
		var rows []T
		if f == acked && (json.Unmarshal(a.Body, &body) != nil || json.Unmarshal(body[list], &rows) != nil) {
			f = refused
		}
		if f != acked {
			s.found.add("fault: list %s: %d %s", path, a.Status, a.Body)
			return out
		}
		out = append(out, rows...)
		if cursor = a.At("nextCursor"); cursor == "" {
			return out
		}
	}
}

func (s *stage) payments(v *shop) []payment {
	return pages[payment](s, "/v1/payments", "payments", "Bearer "+v.APIKey)
}

func (s *stage) lines(v *shop) []line {
	return pages[line](s, "/v1/transactions", "transactions", v.bearer())
}

func (s *stage) news(v *shop) []news {
	return pages[news](s, "/v1/events", "events", "Bearer "+v.APIKey)
}

// settle waits until all that was begun has ended: sales where they must, every piece of news with
// the receiver.
func (s *stage) settle() {
	s.t.Helper()
	for _, v := range s.shops { // the login of the load may be a victim
		a, _ := s.caller.insist(post("/v1/auth/login", map[string]string{"email": v.Email, "password": v.Password}))
		v.token.Store(a.At("token"))
	}
	s.wait(s.patience, "sales", s.unsettled)
	s.wait(s.patience, "news", s.untold)
}

// wait waits until nothing is left.
func (s *stage) wait(limit time.Duration, what string, left func() []string) {
	deadline := time.Now().Add(limit)
	for {
		missing := left()
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			for _, m := range missing {
				s.found.add("lost: %s: %s %s after the last restart", what, m, limit)
			}
			return
		}
		time.Sleep(settlePause)
	}
}

// unsettled names the sales that have not come to their end.
func (s *stage) unsettled() []string {
	status := map[string]string{}
	for _, v := range s.shops {
		for _, p := range s.payments(v) {
			status[p.ID] = p.Status
			if p.Status == "failed" { // as this list calls it
				status[p.ID] = "cancelled"
			}
		}
	}
	var out []string
	for _, v := range s.journal.sales {
		if v.status != "" && v.id != "" && status[v.id] != v.status {
			out = append(out, v.tag+" ("+v.id+") is "+status[v.id]+" and not "+v.status)
		}
	}
	return out
}

// untold names the events nobody has received.
func (s *stage) untold() []string {
	var out []string
	for _, v := range s.shops {
		for _, e := range s.news(v) {
			if !s.receiver.has(e.ID) {
				out = append(out, e.Type+" "+e.ID+" was not received")
			}
		}
	}
	return out
}
