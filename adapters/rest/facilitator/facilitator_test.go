package facilitator_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/rest/facilitator"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports/portstest"
)

// reasonsV1 is the closed list of x402 1.2.0, as far as it is about EVM networks. A server that meets another
// name throws.
var reasonsV1 = strings.Fields(`insufficient_funds invalid_exact_evm_payload_authorization_valid_after
	invalid_exact_evm_payload_authorization_valid_before invalid_exact_evm_payload_authorization_value
	invalid_exact_evm_payload_signature invalid_exact_evm_payload_undeployed_smart_wallet
	invalid_exact_evm_payload_recipient_mismatch invalid_network invalid_payload invalid_payment_requirements
	invalid_scheme invalid_payment payment_expired unsupported_scheme invalid_x402_version
	invalid_transaction_state unexpected_settle_error unexpected_verify_error duplicate_settlement`)

// inGateway runs a story in a bubble of its own.
func inGateway(t *testing.T, story func(g *gateway)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { story(open(t, facilitator.DefaultBudgets())) })
}

var agent = portstest.PayerNamed("agent").Account.String()

// What an official server of either version reads, byte for byte.
func TestAnswersOfBothVersions(t *testing.T) {
	for v, network := range map[x402.Version]string{x402.V1: "base-sepolia", x402.V2: "eip155:84532"} {
		inGateway(t, func(g *gateway) {
			s, body := g.shop(), demand(g.T, v, price(10_000))
			s.post("/verify", body).is(200, `{"isValid":true,"payer":"`+agent+`"}`)
			settled := s.post("/settle", body)
			id, tx := settled.Header().Get("X-Settlement-Id"), fmt.Sprint(settled.says(200)["transaction"])
			more := ""
			if v == x402.V2 {
				more = `,"amount":"10000","extra":{"settlementId":"` + id + `"}`
			}
			settled.is(200, `{"success":true,"payer":"`+agent+`","transaction":"`+tx+`","network":"`+network+`"`+more+`}`)
			if id == "" || !regexp.MustCompile("^0x[0-9a-f]{64}$").MatchString(tx) {
				g.Errorf("id %q, transaction %q", id, tx)
			}
			again := s.post("/settle", body)
			again.says(200, "success", false, "transaction", tx, "network", network, "payer", agent,
				"errorReason", x402.ReasonDuplicate.Code(v))
			s.post("/verify", body).says(200, "isValid", false, "payer", agent, "invalidReason", x402.ReasonUsed.Code(v))
			s.send("GET", "/facilitator/status/"+id, "", "Authorization", "Bearer "+s.key).says(200,
				"id", id, "status", "completed", "state", "settled", "transaction", tx, "network", "eip155:84532",
				"amount", "10000", "payer", agent)
		})
	}
}

func TestARepetitionWithItsKeyIsToldAgain(t *testing.T) {
	inGateway(t, func(g *gateway) {
		s, body := g.shop(), demand(g.T, x402.V2, price(10_000))
		first := s.post("/settle", body, "Idempotency-Key", "7")
		s.post("/settle", body, "Idempotency-Key", "7").is(200, strings.TrimSpace(first.Body.String()))
		s.post("/settle", body, "Idempotency-Key", "8").says(200, "success", false)
		s.post("/settle", body, "Idempotency-Key", strings.Repeat("k", 256)).says(400,
			"success", false, "error", "invalid_idempotency_key", "network", "eip155:84532", "transaction", "")
	})
}

func TestRacersAreToldOnce(t *testing.T) {
	inGateway(t, func(g *gateway) {
		s, body := g.shop(), demand(g.T, x402.V1, price(10_000))
		answers := make(chan string, 32)
		var wg sync.WaitGroup
		for range cap(answers) {
			wg.Go(func() { answers <- s.post("/settle", body).Body.String() })
		}
		wg.Wait()
		close(answers)
		told := 0
		for a := range answers {
			if strings.Contains(a, `"success":true`) {
				told++
			}
		}
		if told != 1 {
			g.Errorf("%d were told of success", told)
		}
	})
}

// Every refusal is an answer with status 200, and one that version 1 servers can read.
func TestRefusals(t *testing.T) {
	set := func(name string, value any) func(map[string]any) {
		return func(r map[string]any) { r[name] = value }
	}
	for name, c := range map[string]struct {
		units  int64
		change func(map[string]any)
		want   x402.Reason
	}{
		"another payee":     {10_000, set("payTo", portstest.EVMAccount().String()), x402.ReasonRecipient},
		"another asset":     {10_000, set("asset", portstest.EVMAccount().String()), x402.ReasonAsset},
		"another domain":    {10_000, set("extra", map[string]any{"name": "USD Coin", "version": "2"}), x402.ReasonRequirements},
		"Permit2":           {10_000, set("extra", map[string]any{"assetTransferMethod": "permit2"}), x402.ReasonRequirements},
		"too long a window": {10_000, set("maxTimeoutSeconds", 60), 0},
		"no timeout":        {10_000, set("maxTimeoutSeconds", nil), x402.ReasonRequirements},
		"another scheme":    {10_000, set("scheme", "batch-settlement"), x402.ReasonScheme},
		"unknown network":   {10_000, set("network", "moon"), x402.ReasonNetwork},
		"no funds":          {10_402, func(map[string]any) {}, x402.ReasonFunds},
		"used":              {10_409, func(map[string]any) {}, x402.ReasonUsed},
	} {
		for _, v := range []x402.Version{x402.V1, x402.V2} {
			t.Run(fmt.Sprint(name, v), func(t *testing.T) {
				inGateway(t, func(g *gateway) {
					s, body := g.shop(), demand(g.T, v, price(c.units), c.change)
					want := c.want
					if want == 0 { // version 2 repeats the timeout
						want = map[x402.Version]x402.Reason{x402.V1: x402.ReasonWindow, x402.V2: x402.ReasonRequirements}[v]
					}
					s.post("/verify", body).says(200, "isValid", false, "invalidReason", want.Code(v), "payer", agent)
					got := s.post("/settle", body).says(200, "success", false, "errorReason", want.Code(v), "transaction", "", "payer", agent)
					if network := got["network"]; network == "" || network == nil {
						g.Errorf("network %v", network)
					}
					if _, has := got["errorMessage"]; has != (v == x402.V2) {
						g.Errorf("message: %v", got)
					}
					if v == x402.V1 && !slices.Contains(reasonsV1, want.Code(v)) {
						g.Errorf("%s is not on the list of version 1", want.Code(v))
					}
				})
			})
		}
	}
	for _, r := range x402.Reasons() {
		if !slices.Contains(reasonsV1, r.Code(x402.V1)) {
			t.Errorf("%s is %q in version 1", r, r.Code(x402.V1))
		}
	}
}

// Failures of the request and of ours have their status, and are answers of the protocol all the same.
func TestFailuresAreAnswersToo(t *testing.T) {
	inGateway(t, func(g *gateway) {
		s, body := g.shop(), demand(g.T, x402.V2, price(10_000))
		for name, c := range map[string]struct {
			body    string
			headers []string
			status  int
			code    string
		}{
			"not JSON":      {"{", nil, 400, "invalid_payment_header"},
			"an array":      {"[]", nil, 400, "invalid_payment_header"},
			"nothing in it": {"{}", nil, 400, "invalid_payment_header"},
			"a name twice":  {strings.Replace(body, "{", `{"x402Version":2,`, 1), nil, 400, "invalid_payment_header"},
			"too long":      {strings.Replace(body, "{", `{"more":"`+strings.Repeat("a", 64<<10)+`",`, 1), nil, 413, "body_too_large"},
			"form":          {body, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"},
			"no type":       {body, []string{"Content-Type", ""}, 415, "unsupported_media_type"},
			"compressed":    {body, []string{"Content-Encoding", "gzip"}, 415, "unsupported_encoding"},
			"no key":        {body, []string{"Authorization", ""}, 401, "unauthorized"},
			"another key":   {body, []string{"Authorization", "Bearer ap_test_" + strings.Repeat("0", 64)}, 401, "unauthorized"},
			"no bearer":     {body, []string{"Authorization", s.key}, 401, "unauthorized"},
			"another kind":  {body, []string{"Authorization", "Bearer eyJ" + s.key}, 401, "unauthorized"},
		} {
			v := s.post("/verify", c.body, c.headers...)
			v.says(c.status, "isValid", false, "error", c.code)
			x := s.post("/settle", c.body, c.headers...)
			got := x.says(c.status, "success", false, "error", c.code, "transaction", "")
			if _, ok := got["network"].(string); !ok || x.Header().Get("X-Settlement-Id") != "" {
				g.Errorf("%s: %s", name, x.Body)
			}
			reason := fmt.Sprint(got["errorReason"])
			if !slices.Contains(reasonsV1, reason) {
				g.Errorf("%s: reason %s", name, reason)
			}
		}
		for _, v := range []x402.Version{x402.V1, x402.V2} {
			g.chain.down = true
			body = demand(g.T, v, price(10_000))
			s.post("/verify", body).says(503, "isValid", false, "invalidReason", "unexpected_verify_error", "error", "chain_unavailable")
			down := s.post("/settle", body)
			down.says(503, "success", false, "errorReason", "unexpected_settle_error", "transaction", "", "payer", agent)
			if down.Header().Get("Retry-After") == "" {
				g.Error("nobody is told when to try again")
			}
			g.chain.down = false
		}
		s.post("/verify?a=1", body).says(400, "isValid", false, "error", "unexpected_query")
		s.send("GET", "/facilitator/verify", "").says(405, "error", "method_not_allowed", "isValid", false)
	})
}

func TestPendingIsAnAnswer(t *testing.T) {
	inGateway(t, func(g *gateway) {
		s := g.shop()
		for v, reason := range map[x402.Version]string{x402.V1: "unexpected_settle_error", x402.V2: "settlement_pending"} {
			body := demand(g.T, v, price(10_408)) // never mined
			x := s.post("/settle", body)
			got := x.says(200, "success", false, "errorReason", reason, "payer", agent)
			if !strings.HasPrefix(fmt.Sprint(got["transaction"]), "0x") || x.Header().Get("Retry-After") == "" {
				g.Errorf("%s", x.Body)
			}
			s.post("/verify", body).says(200, "isValid", true)
			s.send("GET", "/facilitator/status/"+x.Header().Get("X-Settlement-Id"), "", "Authorization", "Bearer "+s.key).
				says(200, "status", "pending")
		}
	})
}

func TestMerchantsDoNotMeet(t *testing.T) {
	inGateway(t, func(g *gateway) {
		mine, theirs, body := g.shop(), g.shop(), demand(g.T, x402.V2, price(10_000))
		settled := mine.post("/settle", body)
		id := settled.Header().Get("X-Settlement-Id")
		settled.says(200, "success", true)
		theirs.post("/verify", body).says(200, "isValid", false, "invalidReason", "duplicate_settlement")
		x := theirs.post("/settle", body)
		x.says(200, "success", false, "errorReason", "duplicate_settlement", "transaction", "")
		if x.Header().Get("X-Settlement-Id") != "" || strings.Contains(x.Body.String(), id) {
			g.Errorf("tells of another's: %s", x.Body)
		}
		for _, path := range []string{id, portstest.UUID(), "1", strings.ToUpper(id), id + "0", "x"} {
			g.send("GET", "/facilitator/status/"+path, "", "Authorization", "Bearer "+theirs.key).says(404, "error", "not_found")
		}
		g.send("GET", "/facilitator/status/"+id, "", "Authorization", "Bearer "+theirs.key+"0").says(401, "error", "unauthorized")
		g.send("GET", "/facilitator/status/"+id+"?a=b", "", "Authorization", "Bearer "+mine.key).says(400, "error", "unexpected_query")
	})
}

func TestSupportedIsPublic(t *testing.T) {
	inGateway(t, func(g *gateway) {
		x := g.send("GET", "/facilitator/supported", "")
		signers := regexp.MustCompile(`"signers":\{"eip155:\*":\[("0x[0-9a-fA-F]{40}",?)+\]\}`)
		if got := signers.ReplaceAllString(strings.TrimSpace(x.Body.String()), `"signers":…`); got !=
			`{"kinds":[{"x402Version":2,"scheme":"exact","network":"eip155:84532"},`+
				`{"x402Version":1,"scheme":"exact","network":"base-sepolia"},`+
				`{"x402Version":2,"scheme":"upto","network":"eip155:84532","extra":{"facilitatorAddress":`+
				`"0xD6033195Ae9A30ef12310BB6dE24B324dae1F153"}}],"extensions":[],"signers":…}` {
			g.Error(got)
		}
		g.send("GET", "/facilitator/supported?a=b", "").says(400, "error", "unexpected_query")
	})
}

func TestCatalogPages(t *testing.T) {
	inGateway(t, func(g *gateway) {
		s := g.shop()
		cents, err := money.ParsePrice(money.USDC, "0.02")
		if err != nil {
			g.Fatal(err)
		}
		world := portstest.Shop{World: portstest.World{Work: g.store}, Account: s.Account, Project: s.Project}
		for i := range 3 {
			world.AddResource(g.T, portstest.Epoch.AddDate(-30, 0, 0), func(r *resource.Snapshot) {
				r.SKU, r.Mode, r.Terms.Discoverable, r.Terms.Price = fmt.Sprint("sku", i), merchant.Test, true, cents
				r.Terms.Networks, r.Terms.PayTo = nil, nil
			})
		}
		page := func(query string, status int, items, total float64) {
			g.Helper()
			x := g.send("GET", "/facilitator/discovery/resources"+query, "")
			got := x.says(status)
			if status != 200 {
				return
			}
			list, _ := got["items"].([]any)
			said, _ := got["pagination"].(map[string]any)
			if float64(len(list)) != items || said["total"] != total || got["x402Version"] != 2.0 {
				g.Errorf("%s: %s", query, x.Body)
			}
		}
		page("", 200, 0, 0)
		page("?mode=test", 200, 3, 3)
		page("?mode=test&limit=2", 200, 2, 3)
		page("?mode=test&limit=2&offset=2&type=http", 200, 1, 3)
		page("?mode=test&offset=10000", 200, 0, 3)
		page("?mode=test&type=mcp", 200, 0, 0)
		for _, wrong := range []string{
			"?limit=0", "?limit=101", "?limit=1e1", "?limit=", "?offset=-1", "?offset=10001", "?offset=01", "?mode=x", "?payTo=0x1", "?limit=1&limit=2",
		} {
			page(wrong, 400, 0, 0)
		}
	})
}

func TestTooManyRequestsAreToldSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := facilitator.Budget{PerSecond: 1, Burst: 1}
		g := open(t, facilitator.Budgets{Public: one, Servers: one, Listings: one})
		s, body := g.shop(), demand(t, x402.V2, price(10_000))
		s.post("/verify", body).says(200, "isValid", true)
		limited := s.post("/settle", body)
		limited.says(429, "success", false, "error", "rate_limited", "errorReason", "unexpected_settle_error")
		if limited.Header().Get("Retry-After") == "" {
			t.Error("nobody is told when to try again")
		}
		time.Sleep(time.Second)
		s.post("/settle", body).says(200, "success", true)
		for _, path := range []string{"/facilitator/supported", "/facilitator/discovery/resources"} {
			g.send("GET", path, "").says(200)
			g.send("GET", path, "").says(429, "error", "rate_limited")
		}
	})
}

// Every route is documented, and everything documented is a route.
func TestRoutesAndDocumentAgree(t *testing.T) {
	g := open(t, facilitator.DefaultBudgets())
	documented := map[string]bool{}
	for _, name := range g.checker.Operations() {
		documented[name] = true
	}
	param := regexp.MustCompile(`:([a-zA-Z]+)`)
	for _, r := range g.engine.Routes() {
		name := r.Method + " " + param.ReplaceAllString(r.Path, "{$1}")
		if !documented[name] {
			t.Errorf("%s is not documented", name)
		}
		delete(documented, name)
	}
	if len(documented) > 0 {
		t.Errorf("documented, and no routes: %v", slices.Sorted(maps.Keys(documented)))
	}
}
