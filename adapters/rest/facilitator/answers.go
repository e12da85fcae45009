package facilitator

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
)

// verifyJSON is a VerifyResponse.
type verifyJSON struct {
	IsValid        bool   `json:"isValid"`
	InvalidReason  string `json:"invalidReason,omitempty"`
	InvalidMessage string `json:"invalidMessage,omitempty"` // version 2
	Payer          string `json:"payer,omitempty"`
}

// settleJSON is a SettleResponse.
type settleJSON struct {
	Success      bool       `json:"success"`
	ErrorReason  string     `json:"errorReason,omitempty"`
	ErrorMessage string     `json:"errorMessage,omitempty"` // version 2
	Payer        string     `json:"payer,omitempty"`
	Transaction  string     `json:"transaction"` // "" unless it moved the money, or may
	Network      string     `json:"network"`     // as the request names it
	Amount       string     `json:"amount,omitempty"`
	Extra        *extraJSON `json:"extra,omitempty"` // version 2
}

type extraJSON struct {
	SettlementID string `json:"settlementId"`
}

// settlementHeader tells version 1 clients, too, what to ask /status for.
const settlementHeader = "X-Settlement-Id"

// networkMax bounds what of a network's name is repeated, in bytes.
const networkMax = 64

// verdictOf is a verification's outcome; nil is a payment that holds.
func verdictOf(d x402.Demand, why *x402.Refusal) verifyJSON {
	v := d.Payload.Version()
	out := verifyJSON{IsValid: why == nil, Payer: payerOf(d)}
	if why != nil {
		out.InvalidReason = why.Reason.Code(v)
		if v != x402.V1 {
			out.InvalidMessage = why.Detail
		}
	}
	return out
}

// outcomeOf is a settlement's outcome; nil is success. Of a transaction it tells only what may have moved
// the money: clients take any for a reason to look.
func outcomeOf(d x402.Demand, r app.Relayed, why *x402.Refusal) settleJSON {
	v := d.Payload.Version()
	out := settleJSON{Success: why == nil, Payer: payerOf(d), Network: networkOf(d)}
	moved := why == nil
	if why != nil {
		moved = why.Reason == x402.ReasonPending || why.Reason == x402.ReasonDuplicate || why.Reason == x402.ReasonUsed
		out.ErrorReason = why.Reason.Code(v)
		if v != x402.V1 {
			out.ErrorMessage = why.Detail
		}
	}
	if moved && r.TxID != (x402.Hash{}) {
		out.Transaction = r.TxID.String()
	}
	if v == x402.V2 && why == nil {
		out.Amount = d.Amount.String()
	}
	if v == x402.V2 && r.ID != "" {
		out.Extra = &extraJSON{r.ID}
	}
	return out
}

func payerOf(d x402.Demand) string {
	if from := d.Payload.Authorization().From; from != (x402.Address{}) {
		return from.String()
	}
	return ""
}

// networkOf is the network as the version names it, or as the request does if it is not one.
func networkOf(d x402.Demand) string {
	if name := d.Network.Name(d.Payload.Version()); name != "" {
		return name
	}
	if len(d.NetworkName) > networkMax {
		return ""
	}
	return d.NetworkName
}

// refusalIn finds the refusal that is an answer about the payment: 200, whatever it says. What cannot be
// read is 400, and what is ours is left to the edge.
func refusalIn(err error) (why *x402.Refusal, is bool) {
	if !errors.As(err, &why) {
		return nil, false
	}
	switch why.Reason {
	case x402.ReasonHeader, x402.ReasonVerifyFailed, x402.ReasonSettleFailed:
		return nil, false
	default:
		return why, true
	}
}

// partKey keeps what is known of a payment for the envelope.
type partKey struct{}

// part is what a failure below /verify and /settle tells beside itself.
type part struct {
	demand  x402.Demand
	relayed app.Relayed
}

// failJSON is the gateway's own error, and beside it what clients of the protocol read.
type failJSON struct {
	Error     string `json:"error"`
	Message   string `json:"message"`
	Type      string `json:"type,omitempty"`
	Param     string `json:"param,omitempty"`
	Reason    string `json:"reason,omitempty"`
	RequestID string `json:"request_id"`
}

// Envelope is how failures read below Prefix, for edge.Options: as everywhere, and below /verify and
// /settle as a failed answer as well. They are failures of the request or of ours, never of the payment, so
// the reason is the one of either version's list that says so.
func Envelope(c *gin.Context, f *fault.Fault, requestID string) {
	if f.Kind == fault.Unauthenticated {
		c.Header("WWW-Authenticate", "Bearer")
	}
	said := failJSON{
		Error: f.Code, Message: f.Message, Param: f.Param, Reason: f.Reason, RequestID: requestID,
	}
	if f.Kind == fault.Invalid {
		said.Type = fault.ErrInvalid.Code
	}
	kept, _ := c.Get(partKey{})
	known, _ := kept.(part) // nothing, if the request was not read
	why := func(ours x402.Reason) *x402.Refusal {
		if f.Kind == fault.Invalid {
			return x402.ReasonHeader.Refuse(f.Code + ": " + f.Message)
		}
		return ours.Refuse(f.Code + ": " + f.Message)
	}
	switch c.Request.URL.Path {
	case verifyPath:
		c.JSON(edge.Status(f.Kind), struct {
			verifyJSON
			failJSON
		}{verdictOf(known.demand, why(x402.ReasonVerifyFailed)), said})
	case settlePath:
		c.JSON(edge.Status(f.Kind), struct {
			settleJSON
			failJSON
		}{outcomeOf(known.demand, known.relayed, why(x402.ReasonSettleFailed)), said})
	default:
		c.JSON(edge.Status(f.Kind), said)
	}
}

// retryAfter advises, in whole seconds, when to ask again.
func retryAfter(c *gin.Context, wait time.Duration) {
	c.Header("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
}

// show answers what was asked for.
func show(c *gin.Context, v any) error {
	c.JSON(http.StatusOK, v)
	return nil
}
