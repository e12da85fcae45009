package races

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/e2e/rig"
)

func charge(m rig.Merchant, what string, header ...string) call {
	return post("/v1/transactions/charge", map[string]string{
		"publicKey": m.Public, "privateKey": m.Private, "amount": "12.34", "currency": "USDC", "description": what,
	}, header...)
}

// all is every client answered the same status.
func all(status string) map[string]int { return map[string]int{status: crowd} }

func chargeByKey(t *testing.T, f *field, m rig.Merchant) {
	answers := f.same(charge(m, "raced", "Idempotency-Key", "race"))
	want(t, answers, all("200"))
	wantAlike(t, answers)
	if booked := lines(t, m); len(booked) != 1 || booked[0].OrderNo != answers[0].At("orderNo") {
		t.Errorf("booked %+v", booked)
	}
}

func keyReused(t *testing.T, f *field, m rig.Merchant) {
	answers := f.race(func(i int) call { return charge(m, fmt.Sprint("raced ", i), "Idempotency-Key", "race") })
	want(t, answers, map[string]int{"200": 1, "422 idempotency_key_reused": crowd - 1})
	if booked := lines(t, m); len(booked) != 1 {
		t.Errorf("booked %+v", booked)
	}
}

func sessionByKey(t *testing.T, f *field, m rig.Merchant) {
	answers := f.same(post("/v1/checkout/sessions", map[string]string{"amount": "9.99", "mode": "test"},
		append(bearer(m.Token), "Idempotency-Key", "race")...))
	want(t, answers, all("201"))
	wantAlike(t, answers)
	wantSessions(t, m, 1)
}

func payment(m rig.Merchant, amount string) map[string]string {
	return map[string]string{
		"clientId": m.ClientID, "secret": m.Private, "amount": amount, "currency": "USDT", "method": "usdt",
	}
}

func paymentByKey(t *testing.T, f *field, m rig.Merchant) {
	answers := f.same(post("/v1/payments", payment(m, "9.99"), "Idempotency-Key", "race"))
	want(t, answers, all("201"))
	wantAlike(t, answers)
	wantSessions(t, m, 1)
	if n := told(t, m, "payment.created", answers[0].At("payment.id")); n != 1 {
		t.Errorf("told %d times", n)
	}
}

func wantSessions(t *testing.T, m rig.Merchant, n int) {
	t.Helper()
	m.Token = m.APIKey
	found := rows[struct{ ID string }](t, m, "/v1/payments?limit=100", "payments")
	if len(found) != n {
		t.Errorf("%d sessions were opened, want %d", len(found), n)
	}
}

func pairByKey(t *testing.T, f *field, m rig.Merchant) {
	answers := f.same(post("/v1/keys", map[string]string{"mode": "test", "label": "raced"},
		append(bearer(m.Token), "Idempotency-Key", "race")...))
	want(t, answers, all("201"))
	wantAlike(t, answers)
	if n := len(livePairs(t, m)); n != 2 {
		t.Errorf("%d pairs, want the first and the raced one", n)
	}
}

func livePairs(t *testing.T, m rig.Merchant) []string {
	t.Helper()
	var live []string
	for _, p := range rows[struct{ ID, Status string }](t, m, "/v1/keys", "keys") {
		if p.Status == "active" {
			live = append(live, p.ID)
		}
	}
	return live
}

// lastPair: a project has one place left, and the whole crowd wants it.
func lastPair(t *testing.T, f *field, m rig.Merchant) {
	one := post("/v1/keys", map[string]string{"mode": "test"}, bearer(m.Token)...)
	for len(livePairs(t, m)) < keys.MaxLivePairs-1 {
		f.ask(0, one).Want(t, http.StatusCreated)
	}
	want(t, f.same(one), map[string]int{"201": 1, "409 too_many_keys": crowd - 1})
	if n := len(livePairs(t, m)); n != keys.MaxLivePairs {
		t.Errorf("%d pairs are live, want %d", n, keys.MaxLivePairs)
	}
}

// lastEndpoint is lastPair for webhook endpoints. Nobody listens at the address: that is no reason to
// refuse it.
func lastEndpoint(t *testing.T, f *field, m rig.Merchant) {
	one := func(i int) call {
		url := "http://" + rig.FreeAddress(t) + "/" + fmt.Sprint(i)
		return post("/v1/webhook-endpoints", map[string]string{"url": url, "mode": "test"}, bearer(m.Token)...)
	}
	for i := range webhook.MaxEndpoints - 1 {
		f.ask(0, one(i)).Want(t, http.StatusCreated)
	}
	want(t, f.race(one), map[string]int{"201": 1, "409 too_many_endpoints": crowd - 1})
	found := rows[struct{ ID string }](t, m, "/v1/webhook-endpoints?mode=test", "endpoints")
	if len(found) != webhook.MaxEndpoints {
		t.Errorf("%d endpoints, want %d", len(found), webhook.MaxEndpoints)
	}
}

// oneRefresh: the token works once. Whoever comes second proves that it was copied, so the login ends
// with everything the winner got.
func oneRefresh(t *testing.T, f *field, m rig.Merchant) {
	exchange := func(token string) call {
		return post("/v1/auth/refresh", map[string]string{"refreshToken": token})
	}
	answers := f.same(exchange(m.Refresh))
	want(t, answers, map[string]int{"200": 1, "401 unauthorized": crowd - 1})
	for i, a := range answers {
		if a.Status == http.StatusOK {
			want(t, []rig.Answer{f.ask(i, exchange(a.At("refreshToken")))}, map[string]int{"401 unauthorized": 1})
		}
	}
}

func refreshByKey(t *testing.T, f *field, m rig.Merchant) {
	exchange := post("/v1/auth/refresh", map[string]string{"refreshToken": m.Refresh}, "Idempotency-Key", "race")
	answers := f.same(exchange)
	want(t, answers, all("200"))
	wantAlike(t, answers)
	next := post("/v1/auth/refresh", map[string]string{"refreshToken": answers[0].At("refreshToken")})
	f.ask(0, next).Want(t, http.StatusOK)
}

// revocation: one client revokes the pair the others charge by. Whoever was answered yes is booked,
// whoever was answered no is not, and once the revocation is answered the book grows no more.
func revocation(t *testing.T, f *field, m rig.Merchant) {
	const revoker = crowd / 2
	pair := livePairs(t, m)[0]
	answers := make([]rig.Answer, crowd)
	var then rig.Answer // the book right after the revocation was answered
	together(func(i int) {
		if i != revoker {
			answers[i] = f.ask(i, charge(m, fmt.Sprint("raced ", i)))
			return
		}
		answers[i] = f.ask(i, call{http.MethodDelete, "/v1/keys/" + pair, nil, bearer(m.Token)})
		then = f.ask(i, call{http.MethodGet, book, nil, bearer(m.Token)})
	})
	answers[revoker].Want(t, http.StatusOK)
	booked := map[string]bool{}
	for _, l := range lines(t, m) {
		booked[l.Description] = true
	}
	for i, a := range answers {
		what := fmt.Sprint("raced ", i)
		if yes := a.Status == http.StatusOK; i != revoker && booked[what] != yes {
			t.Errorf("%s was answered %d, booked %t", what, a.Status, !yes)
		}
		if i != revoker && booked[what] && !strings.Contains(string(then.Body), `"`+what+`"`) {
			t.Errorf("%s was booked after the revocation was answered", what)
		}
	}
	for i := range f.gates {
		want(t, []rig.Answer{f.ask(i, charge(m, "too late"))}, map[string]int{"401 key_pair_invalid": 1})
	}
}
