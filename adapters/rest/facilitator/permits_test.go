package facilitator_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports/portstest"
)

// facilitatorOfTests is the sandbox's first account, which GET /facilitator/supported names.
var facilitatorOfTests, _ = x402.ParseAddress("0xD6033195Ae9A30ef12310BB6dE24B324dae1F153")

// permitDemands are the bodies by which a server of version 2 asks for one payment by permit, by amount.
func permitDemands(t *testing.T, by x402.Method, units int64) func(amount string) string {
	t.Helper()
	p := price(units)
	extra := map[string]any{"name": "USDC", "version": "2", "assetTransferMethod": "permit2"}
	if p.Method = by; by == x402.Permit2UpTo {
		p.Facilitator = facilitatorOfTests
		extra["facilitatorAddress"] = facilitatorOfTests.String()
	}
	payload := json.RawMessage(portstest.NewTokenPayer().Sign(p, time.Now()))
	return func(amount string) string {
		body, err := json.Marshal(map[string]any{
			"x402Version": 2, "paymentPayload": payload, "paymentRequirements": map[string]any{
				"scheme": by.Scheme(), "network": "eip155:84532", "asset": p.Token.Contract().String(), "payTo": p.PayTo.String(),
				"amount": amount, "maxTimeoutSeconds": 300, "extra": extra,
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
}

// A permit of the price is verified, settled once and told once, like an authorization.
func TestPermitsAreSettled(t *testing.T) {
	inGateway(t, func(g *gateway) {
		s, demand := g.shop(), permitDemands(g.T, x402.Permit2, 10_000)
		s.post("/verify", demand("10000")).says(200, "isValid", true)
		s.post("/verify", demand("9999")).says(200, "isValid", false, "invalidReason", x402.ReasonValue.Code(x402.V2))
		s.post("/settle", demand("9999")).says(200, "success", false)
		s.post("/settle", demand("10000")).says(200, "success", true, "amount", "10000")
		s.post("/settle", demand("10000")).says(200, "success", false, "errorReason", "duplicate_settlement")
		s.post("/verify", demand("10000")).says(200, "isValid", false)
	})
}

// Of a permit of at most a value, the amount that is asked for is settled: no more than was signed, once, and
// nothing at all where nothing was used.
func TestWhatWasUsedIsSettled(t *testing.T) {
	inGateway(t, func(g *gateway) {
		s, demand := g.shop(), permitDemands(g.T, x402.Permit2UpTo, 50_000)
		s.post("/verify", demand("50000")).says(200, "isValid", true)
		s.post("/verify", demand("1234")).says(200, "isValid", false)
		s.post("/settle", demand("50001")).says(200, "success", false, "transaction", "",
			"errorReason", "invalid_upto_evm_payload_settlement_exceeds_amount")
		s.post("/settle", demand("0")).says(200, "success", true, "transaction", "", "amount", "0")
		settled := s.post("/settle", demand("1234"))
		settled.says(200, "success", true, "amount", "1234")
		s.send("GET", "/facilitator/status/"+settled.Header().Get("X-Settlement-Id"), "", "Authorization", "Bearer "+s.key).
			says(200, "status", "completed", "amount", "1234")
		s.post("/settle", demand("50000")).says(200, "success", false, "errorReason", "duplicate_settlement")
		s.post("/settle", demand("0")).says(200, "success", false, "errorReason", "duplicate_settlement")
	})
}

// A payer who has let Permit2 move nothing is told so in the words of the official facilitator.
func TestMissingAllowancesAreTold(t *testing.T) {
	inGateway(t, func(g *gateway) {
		s, demand := g.shop(), permitDemands(g.T, x402.Permit2, 10_412)
		s.post("/verify", demand("10412")).says(200, "isValid", false, "invalidReason", "permit2_allowance_required")
		s.post("/settle", demand("10412")).says(200, "success", false, "errorReason", "permit2_allowance_required")
	})
}
