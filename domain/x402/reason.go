package x402

import "github.com/101pay/101pay/domain/fault"

// Reason is why a payment was not taken. The zero value is not a reason.
type Reason uint8

// The reasons, in the order a payment meets them.
const (
	ReasonHeader        Reason = iota + 1 // the header cannot be read
	ReasonPaymentID                       // a payment-identifier that is none, or is missing
	ReasonPayload                         // a field is missing or not of its form
	ReasonVersion                         // a version we do not speak
	ReasonScheme                          // a scheme that is not offered
	ReasonNetwork                         // a network that is not offered
	ReasonAsset                           // a token that is not offered
	ReasonRequirements                    // what was accepted is not what is offered
	ReasonSpender                         // a permit for a contract that settles nothing here
	ReasonFacilitator                     // a permit that another facilitator must settle
	ReasonRecipient                       // money for somebody else
	ReasonValue                           // not the price
	ReasonNotYetValid                     // not valid yet
	ReasonExpired                         // expired, or about to
	ReasonWindow                          // valid for too long
	ReasonSponsoring                      // a permit of the token that is none, or of something else
	ReasonSignature                       // not signed by the payer
	ReasonUndeployed                      // a wallet that cannot be deployed
	ReasonFactory                         // a wallet's factory that is not on the list
	ReasonFunds                           // the payer has too little
	ReasonAllowance                       // Permit2 may not move the payer's token
	ReasonUsed                            // used before
	ReasonSimulation                      // the token would refuse
	ReasonUsage                           // more is to be settled than was signed
	ReasonUnused                          // nothing is to be settled, because nothing was used
	ReasonReverted                        // the token refused
	ReasonNotObserved                     // the receipt does not show the transfer
	ReasonDuplicate                       // the same payment is being settled
	ReasonOtherResource                   // the authorization pays something else
	ReasonSignIn                          // a sign-in that shows nothing
	ReasonPending                         // sent, outcome not known yet
	ReasonVerifyFailed                    // we could not check
	ReasonSettleFailed                    // we could not settle
)

// codes are the names of a reason: ours; the specification's (section 9), of which version 1 clients
// know a closed list; and those the official SDK 2.27 sends in version 2.
type codes struct {
	ours, spec, sdk string
	kind            fault.Kind
}

const (
	evm     = "invalid_exact_evm_"
	payload = evm + "payload_"
)

var reasons = map[Reason]codes{
	ReasonHeader:        {"invalid_payment_header", "invalid_payload", "invalid_payload", fault.Invalid},
	ReasonPaymentID:     {"invalid_payment_identifier", "invalid_payload", "invalid_payload", fault.Invalid},
	ReasonPayload:       {"invalid_payload", "invalid_payload", "invalid_payload", fault.Rejected},
	ReasonVersion:       {"unsupported_version", "invalid_x402_version", "invalid_x402_version", fault.Rejected},
	ReasonScheme:        {"unsupported_scheme", "unsupported_scheme", "unsupported_scheme", fault.Rejected},
	ReasonNetwork:       {"unsupported_network", "invalid_network", evm + "network_mismatch", fault.Rejected},
	ReasonAsset:         {"unsupported_asset", "invalid_payment_requirements", "invalid_payment_requirements", fault.Rejected},
	ReasonRequirements:  {"requirements_mismatch", "invalid_payment_requirements", "invalid_payment_requirements", fault.Rejected},
	ReasonSpender:       {"permit2_spender_mismatch", "invalid_payload", "invalid_permit2_spender", fault.Rejected},
	ReasonFacilitator:   {"facilitator_mismatch", "invalid_payment_requirements", "upto_facilitator_mismatch", fault.Rejected},
	ReasonRecipient:     {"recipient_mismatch", payload + "recipient_mismatch", evm + "recipient_mismatch", fault.Rejected},
	ReasonValue:         {"amount_mismatch", payload + "authorization_value", payload + "authorization_value_mismatch", fault.Rejected},
	ReasonNotYetValid:   {"authorization_not_yet_valid", payload + "authorization_valid_after", payload + "authorization_valid_after", fault.Rejected},
	ReasonExpired:       {"authorization_expired", payload + "authorization_valid_before", payload + "authorization_valid_before", fault.Rejected},
	ReasonWindow:        {"authorization_window_too_long", payload + "authorization_valid_before", payload + "authorization_valid_before", fault.Rejected},
	ReasonSponsoring:    {"invalid_gas_sponsoring", "invalid_payload", "invalid_eip2612_extension_format", fault.Rejected},
	ReasonSignature:     {"invalid_signature", payload + "signature", evm + "signature", fault.Rejected},
	ReasonUndeployed:    {"wallet_not_deployable", payload + "undeployed_smart_wallet", payload + "undeployed_smart_wallet", fault.Rejected},
	ReasonFactory:       {"factory_not_allowed", payload + "undeployed_smart_wallet", "eip6492_factory_not_allowed", fault.Rejected},
	ReasonFunds:         {"insufficient_funds", "insufficient_funds", evm + "insufficient_balance", fault.Rejected},
	ReasonAllowance:     {"permit2_allowance_required", "invalid_transaction_state", "permit2_allowance_required", fault.Unready},
	ReasonUsed:          {"authorization_used", "invalid_transaction_state", evm + "nonce_already_used", fault.Rejected},
	ReasonSimulation:    {"simulation_failed", "invalid_transaction_state", evm + "transaction_simulation_failed", fault.Rejected},
	ReasonUsage:         {"settlement_exceeds_amount", "invalid_payment_requirements", "invalid_upto_evm_payload_settlement_exceeds_amount", fault.Rejected},
	ReasonUnused:        {"nothing_used", "invalid_transaction_state", "nothing_used", fault.Rejected},
	ReasonReverted:      {"settlement_failed", "invalid_transaction_state", evm + "transaction_failed", fault.Rejected},
	ReasonNotObserved:   {"settlement_not_observed", "invalid_transaction_state", evm + "transfer_event_mismatch", fault.Rejected},
	ReasonDuplicate:     {"duplicate_settlement", "invalid_transaction_state", "duplicate_settlement", fault.Conflict},
	ReasonOtherResource: {"authorization_bound_to_other_resource", "invalid_payment", "duplicate_settlement", fault.Conflict},
	ReasonSignIn:        {"invalid_sign_in", "invalid_payment", "invalid_sign_in", fault.Rejected},
	ReasonPending:       {"settlement_pending", "unexpected_settle_error", "settlement_pending", fault.Unavailable},
	ReasonVerifyFailed:  {"verification_unavailable", "unexpected_verify_error", "unexpected_verify_error", fault.Unavailable},
	ReasonSettleFailed:  {"relayer_unavailable", "unexpected_settle_error", "unexpected_settle_error", fault.Unavailable},
}

// broader are the codes of reasons that clients of ours know by a wider one, with the reason beside it.
var broader = map[Reason]string{ReasonWindow: "invalid_payload", ReasonUndeployed: "invalid_signature"}

// Reasons lists every reason in the order a payment meets them.
func Reasons() []Reason {
	out := make([]Reason, len(reasons))
	for i := range out {
		out[i] = Reason(i + 1)
	}
	return out
}

// ParseReason reads a reason by the name a store keeps, which is String's.
func ParseReason(name string) (Reason, bool) {
	for _, r := range Reasons() {
		if r.String() == name {
			return r, true
		}
	}
	return 0, false
}

// String is our name of the reason.
func (r Reason) String() string { return reasons[r].ours }

// Code is the reason as a version's clients know it: errorReason and invalidReason. Version 1 has a closed
// list, and a server that meets another name throws.
func (r Reason) Code(v Version) string {
	if v == V1 {
		return reasons[r].spec
	}
	return reasons[r].sdk
}

// Fault is the reason as an error answer of ours: its kind says which HTTP status. What is our own
// fault is never Rejected (402), because a payer who is told 402 signs again and may pay twice.
func (r Reason) Fault(detail string) *fault.Fault {
	c, known := reasons[r]
	if !known {
		return fault.ErrInternal
	}
	f := fault.New(c.kind, c.ours, detail)
	if wide, ok := broader[r]; ok {
		f = fault.New(c.kind, wide, detail).Because(c.ours)
	}
	if c.kind == fault.Unavailable || r == ReasonDuplicate {
		return f.After(RetryAfter)
	}
	return f
}

// Refuse makes the refusal for this reason. The detail is for the payer: what is wrong and what would
// be right.
func (r Reason) Refuse(detail string) *Refusal { return &Refusal{Reason: r, Detail: detail} }

// Refusal is the error of a payment that is not taken. fault.From finds the Fault in it.
type Refusal struct { //nolint:errname // the protocol's word; refusing is not failing
	Reason Reason
	Detail string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Unwrap().Error() }

// Unwrap answers the refusal as a fault.
func (r *Refusal) Unwrap() error { return r.Reason.Fault(r.Detail) }
