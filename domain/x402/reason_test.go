package x402

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/101pay/101pay/domain/fault"
)

// reasonsV1 are the reasons of x402 1.2.0 (types/verify/x402Specs.ts) that are not of Solana. A server
// that gets another from its facilitator throws.
var reasonsV1 = []string{
	"insufficient_funds", "invalid_exact_evm_payload_authorization_valid_after",
	"invalid_exact_evm_payload_authorization_valid_before", "invalid_exact_evm_payload_authorization_value",
	"invalid_exact_evm_payload_signature", "invalid_exact_evm_payload_undeployed_smart_wallet",
	"invalid_exact_evm_payload_recipient_mismatch", "invalid_network", "invalid_payload",
	"invalid_payment_requirements", "invalid_scheme", "invalid_payment", "payment_expired",
	"unsupported_scheme", "invalid_x402_version", "invalid_transaction_state", "unexpected_settle_error",
	"unexpected_verify_error",
}

func TestReasonsHaveTheirCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Reasons() {
		if r.String() == "" || r.Code(V2) == "" || seen[r.String()] {
			t.Errorf("reason %d: %q, %q", r, r, r.Code(V2))
		}
		seen[r.String()] = true
		if !slices.Contains(reasonsV1, r.Code(V1)) {
			t.Errorf("%s: version 1 clients do not know %q", r, r.Code(V1))
		}
		if got, ok := ParseReason(r.String()); !ok || got != r {
			t.Errorf("%s: read as %s", r, got)
		}
	}
	if len(seen) != int(ReasonSettleFailed) {
		t.Errorf("%d reasons have codes, want %d", len(seen), ReasonSettleFailed)
	}
	if _, ok := ParseReason(""); ok {
		t.Error("a reason without a name")
	}
}

// 402 makes an agent sign again. It is said only where the money cannot have moved: what we do not know,
// or could not do, and what is being settled, is something else.
func TestPayersAreNotToldToSignAgainForOurFaults(t *testing.T) {
	status := map[fault.Kind][]Reason{
		fault.Invalid:     {ReasonHeader, ReasonPaymentID},
		fault.Conflict:    {ReasonDuplicate, ReasonOtherResource},
		fault.Unready:     {ReasonAllowance},
		fault.Unavailable: {ReasonPending, ReasonVerifyFailed, ReasonSettleFailed},
	}
	for _, r := range Reasons() {
		want := fault.Rejected
		for kind, of := range status {
			if slices.Contains(of, r) {
				want = kind
			}
		}
		err := fmt.Errorf("verify: %w", r.Refuse("why"))
		f := fault.From(err)
		if f.Kind != want || f.Message != "why" {
			t.Errorf("%s: kind %d (%s), want %d", r, f.Kind, f.Message, want)
		}
		if waits := f.RetryAfter > 0; waits != (want == fault.Unavailable || r == ReasonDuplicate) {
			t.Errorf("%s: retry after %s", r, f.RetryAfter)
		}
	}
	if f := fault.From(Reason(0).Refuse("")); f.Kind != fault.Internal {
		t.Errorf("no reason is %s", f)
	}
	var refusal *Refusal
	if !errors.As(fmt.Errorf("x: %w", ReasonWindow.Refuse("too long")), &refusal) ||
		refusal.Error() != "invalid_payload: too long" ||
		fault.From(refusal).Reason != "authorization_window_too_long" {
		t.Errorf("refusal %v", refusal)
	}
}
