package facilitator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/101pay/101pay/domain/x402"
)

// verdict is what a facilitator said, of either question. What is null or missing is the zero value.
type verdict struct {
	good                 *bool // isValid, success
	reason, message      string
	payer, network       string
	transaction, settled string // settled is the amount
}

// maxQuoted bounds what of a facilitator's words gets into our log.
const maxQuoted = 200

// definite are the reasons that lie in the payment or in what is asked for it. A facilitator that gives one
// would have given it whenever it was asked, so it has sent nothing. Reasons that lie in the state of the
// chain are missing on purpose (no funds, nonce used, simulation failed, expired): a facilitator that lost
// track of its own transaction gives them, too, after the money has moved.
var definite = map[string]x402.Reason{
	"invalid_payload":              x402.ReasonPayload,
	"invalid_x402_version":         x402.ReasonVersion,
	"invalid_scheme":               x402.ReasonScheme,
	"unsupported_scheme":           x402.ReasonScheme,
	"invalid_exact_evm_scheme":     x402.ReasonScheme,
	"invalid_network":              x402.ReasonNetwork,
	"unsupported_network":          x402.ReasonNetwork,
	"invalid_payment_requirements": x402.ReasonRequirements,
	"asset_not_deployed_contract":  x402.ReasonAsset,
	"eip6492_factory_not_allowed":  x402.ReasonFactory,

	"invalid_exact_evm_network_mismatch":                     x402.ReasonNetwork,
	"invalid_exact_evm_missing_eip712_domain":                x402.ReasonRequirements,
	"invalid_exact_evm_token_name_mismatch":                  x402.ReasonRequirements,
	"invalid_exact_evm_token_version_mismatch":               x402.ReasonRequirements,
	"invalid_exact_evm_eip3009_not_supported":                x402.ReasonAsset,
	"invalid_exact_evm_signature":                            x402.ReasonSignature,
	"invalid_exact_evm_payload_signature":                    x402.ReasonSignature,
	"invalid_exact_evm_recipient_mismatch":                   x402.ReasonRecipient,
	"invalid_exact_evm_payload_recipient_mismatch":           x402.ReasonRecipient,
	"invalid_exact_evm_payload_authorization_value":          x402.ReasonValue,
	"invalid_exact_evm_payload_authorization_value_mismatch": x402.ReasonValue,
	"invalid_exact_evm_payload_authorization_valid_after":    x402.ReasonNotYetValid,
	"invalid_exact_evm_payload_undeployed_smart_wallet":      x402.ReasonUndeployed,
	"invalid_exact_evm_payload_signature_address":            x402.ReasonSignature,
	"invalid_exact_evm_payload_authorization_value_too_low":  x402.ReasonValue,
}

// passing are the reasons that a payment may be refused for before anything is asked to be sent: then the
// state of the chain is a reason like any other.
var passing = map[string]x402.Reason{
	"insufficient_funds":                                   x402.ReasonFunds,
	"invalid_exact_evm_insufficient_balance":               x402.ReasonFunds,
	"invalid_exact_evm_nonce_already_used":                 x402.ReasonUsed,
	"invalid_exact_evm_transaction_simulation_failed":      x402.ReasonSimulation,
	"invalid_transaction_state":                            x402.ReasonSimulation,
	"invalid_exact_evm_payload_authorization_valid_before": x402.ReasonExpired,

	"invalid_exact_evm_payload_authorization_from_address_kyt": x402.ReasonSimulation,
	"invalid_exact_evm_payload_authorization_to_address_kyt":   x402.ReasonSimulation,
}

// judged reports whether a status is one that a facilitator gives a verdict with: those of 3xx are somebody
// else's, those of 401 and 403 are about us, those of 5xx about itself.
func judged(status int) bool {
	switch status {
	case http.StatusOK, http.StatusBadRequest, http.StatusPaymentRequired, http.StatusConflict,
		http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// errAnswer says that an answer is none.
var errAnswer = errors.New("the answer is not one of a facilitator")

// members reads a JSON object: its members by their exact names, none twice, and nothing behind it.
func members(text []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errAnswer
	}
	out := map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		key, ok := name.(string)
		if _, twice := out[key]; err != nil || !ok || twice {
			return nil, errAnswer
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errAnswer
		}
		out[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errAnswer
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errAnswer
	}
	return out, nil
}

// read finds a verdict in an answer, by the names its question gives them.
func read(a answer, good, reason, message string) (v verdict, err error) {
	if !judged(a.status) {
		return verdict{}, fmt.Errorf("HTTP %d: %w", a.status, ErrUnavailable)
	}
	said, err := members(a.body)
	for name, into := range map[string]any{
		good: &v.good, reason: &v.reason, message: &v.message, "payer": &v.payer, "network": &v.network,
		"transaction": &v.transaction, "amount": &v.settled,
	} {
		if value, ok := said[name]; ok && err == nil {
			err = json.Unmarshal(value, into)
		}
	}
	if err != nil || v.good == nil {
		return verdict{}, fmt.Errorf("HTTP %d: %w: %w", a.status, errAnswer, ErrUnavailable)
	}
	return v, nil
}

func judgeVerify(a answer, d x402.Due) error {
	v, err := read(a, "isValid", "invalidReason", "invalidMessage")
	switch {
	case err != nil:
		return fmt.Errorf("verify: %w", err)
	case *v.good && (a.status != http.StatusOK || v.payer != "" && !isAccount(v.payer, d.Payer)):
		return fmt.Errorf("verify: it contradicts itself with HTTP %d: %w", a.status, ErrUnavailable)
	case *v.good:
		return nil
	}
	for _, known := range []map[string]x402.Reason{definite, passing} {
		if why, ok := known[v.reason]; ok {
			return why.Refuse("the facilitator says " + v.words())
		}
	}
	return fmt.Errorf("verify: it says %s: %w", v.words(), ErrUnavailable)
}

func judgeSettle(a answer, d x402.Due) (sent x402.Hash, err error) {
	v, err := read(a, "success", "errorReason", "errorMessage")
	switch {
	case err != nil:
		return x402.Hash{}, fmt.Errorf("settle: %w", err)
	case !v.concerns(d):
		return x402.Hash{}, fmt.Errorf("settle: it speaks of another payment: %w", ErrUnavailable)
	}
	tx, named := x402.ParseHash(v.transaction)
	switch {
	case *v.good && named && a.status == http.StatusOK:
		return tx, nil
	case *v.good:
		return tx, fmt.Errorf("settle: success with HTTP %d and transaction %q: %w",
			a.status, clip(v.transaction), ErrUnavailable)
	}
	if why, ok := definite[v.reason]; ok && v.transaction == "" {
		return x402.Hash{}, why.Refuse("the facilitator says " + v.words())
	}
	return tx, fmt.Errorf("settle: it says %s: %w", v.words(), ErrUnavailable)
}

// concerns reports whether a verdict is about the payment it was asked for. Failures leave out whose.
func (v verdict) concerns(d x402.Due) bool {
	network := v.network == d.Network.Name(x402.V2) || v.network == "" && !*v.good
	return network && (v.payer == "" || isAccount(v.payer, d.Payer)) &&
		(v.settled == "" || !*v.good || v.settled == d.Value.String())
}

func isAccount(said string, is x402.Address) bool {
	a, ok := x402.ParseAddress(said)
	return ok && a == is
}

// words are the reason of a failure and what is said of it.
func (v verdict) words() string {
	if v.message == "" {
		return clip(v.reason)
	}
	return clip(v.reason) + " (" + clip(v.message) + ")"
}

// readSupported finds the networks on which payments as ours are settled.
func readSupported(a answer) (map[x402.Network]bool, error) {
	var kinds []struct {
		Version int    `json:"x402Version"`
		Scheme  string `json:"scheme"`
		Network string `json:"network"`
	}
	said, err := members(a.body)
	if err == nil {
		err = json.Unmarshal(said["kinds"], &kinds)
	}
	if err != nil || a.status != http.StatusOK {
		return nil, fmt.Errorf("supported: HTTP %d: %w: %w", a.status, errAnswer, ErrUnavailable)
	}
	out := map[x402.Network]bool{}
	for _, k := range kinds {
		n, ok := x402.ParseNetwork(x402.V2, k.Network)
		if ok && k.Version == int(x402.V2) && k.Scheme == x402.SchemeExact {
			out[n] = true
		}
	}
	return out, nil
}

// clip makes foreign words fit for a log line and for a payer.
func clip(s string) string {
	out := make([]rune, 0, maxQuoted)
	for _, r := range s {
		if len(out) == maxQuoted {
			break
		}
		if r < ' ' || r > '~' {
			r = '.'
		}
		out = append(out, r)
	}
	return string(out)
}
