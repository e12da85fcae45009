package x402

import (
	"encoding/base64"
	"testing"
	"time"
)

// What clients get who present a payment that is claimed, by status: the payer again, and the request
// that made the claim. 402 is said only where signing anew cannot pay twice for one thing.
func TestOutcomes(t *testing.T) {
	for status, c := range map[Status]struct {
		again, own     Outcome
		sayAgain, said Reason
	}{
		Claimed:   {Wait, Hold, ReasonDuplicate, ReasonPending},
		Signed:    {Wait, Hold, ReasonDuplicate, ReasonPending},
		Broadcast: {Wait, Hold, ReasonDuplicate, ReasonPending},
		Delegated: {Hold, Hold, ReasonPending, ReasonPending},
		Pending:   {Hold, Hold, ReasonPending, ReasonPending},
		Reversed:  {Hold, Hold, ReasonPending, ReasonPending},
		Settled:   {Deliver, Deliver, 0, 0},
		Refused:   {Retake, Deny, 0, ReasonFunds},
		Failed:    {Deny, Deny, ReasonFunds, ReasonFunds},
	} {
		s := resting(t, status)
		got, err := s.Meet(s.now.Binding, specNow)
		wants(t, err, c.sayAgain)
		if got != c.again {
			t.Errorf("%s: meets %d, want %d", status, got, c.again)
		}
		got, err = s.Result()
		wants(t, err, c.said)
		if got != c.own {
			t.Errorf("%s: results in %d, want %d", status, got, c.own)
		}
		other := s.now.Binding
		other.SKU = "slow"
		got, err = s.Meet(other, specNow)
		wants(t, err, ReasonOtherResource)
		if got != Clash {
			t.Errorf("%s: met for another resource with %d", status, got)
		}
	}
	if _, err := (Settlement{}).Meet(Binding{}, specNow); err == nil {
		t.Error("nothing was met")
	}
	if _, err := (Settlement{}).Result(); err == nil {
		t.Error("nothing had a result")
	}
}

// What stands on the chain anybody can read and present: the answer is given again for a while, and to
// the client that paid.
func TestStoredAnswersAreNotForEverybody(t *testing.T) {
	s := resting(t, Settled)
	stranger := s.now.Binding
	stranger.Client = Fingerprint{1}
	for name, c := range map[string]struct {
		by    Binding
		after time.Duration
		want  Outcome
		say   Reason
	}{
		"payer":            {s.now.Binding, 0, Deliver, 0},
		"payer, in time":   {s.now.Binding, ReplayFor, Deliver, 0},
		"payer, too late":  {s.now.Binding, ReplayFor + 1, Deny, ReasonUsed},
		"stranger":         {stranger, 0, Deny, ReasonUsed},
		"stranger, a year": {stranger, 365 * 24 * time.Hour, Deny, ReasonUsed},
	} {
		got, err := s.Meet(c.by, specNow.Add(c.after))
		wants(t, err, c.say)
		if got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// Settlement responses as the specifications print them (v1 5.3, v2 5.3).
func TestResponses(t *testing.T) {
	const (
		tx    = "0x0100000000000000000000000000000000000000000000000000000000000000"
		payer = `"payer":"` + specPayer + `"`
	)
	for _, c := range []struct {
		status     Status
		v          Version
		name, want string
	}{
		{Settled, V1, "X-PAYMENT-RESPONSE", `{"success":true,"transaction":"` + tx + `","network":"base-sepolia",` + payer + `}`},
		{Settled, V2, "PAYMENT-RESPONSE", `{"success":true,"transaction":"` + tx + `","network":"eip155:84532",` + payer + `,"amount":"10000"}`},
		{Refused, V1, "X-PAYMENT-RESPONSE", `{"success":false,"errorReason":"insufficient_funds","transaction":"","network":"base-sepolia",` + payer + `}`},
		{Failed, V2, "PAYMENT-RESPONSE", `{"success":false,"errorReason":"invalid_exact_evm_insufficient_balance","errorMessage":"the payment was not made","transaction":"","network":"eip155:84532",` + payer + `}`},
		{Pending, V1, "X-PAYMENT-RESPONSE", `{"success":false,"errorReason":"unexpected_settle_error","transaction":"` + tx + `","network":"base-sepolia",` + payer + `}`},
		{Pending, V2, "PAYMENT-RESPONSE", `{"success":false,"errorReason":"settlement_pending","errorMessage":"the payment was sent and is not confirmed yet; ask again with the same header and do not sign another","transaction":"` + tx + `","network":"eip155:84532",` + payer + `}`},
	} {
		name, value := resting(t, c.status).Response().Header(c.v)
		text, err := base64.StdEncoding.DecodeString(value)
		if err != nil || name != c.name || string(text) != c.want {
			t.Errorf("%s, version %d: %s: %s (%v), want %s", c.status, c.v, name, text, err, c.want)
		}
	}
}
