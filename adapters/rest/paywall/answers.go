package paywall

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
)

// demand answers 402 with a challenge.
func demand(c *gin.Context, ch x402.Challenge) { challenge(c, http.StatusPaymentRequired, ch) }

func challenge(c *gin.Context, status int, ch x402.Challenge) {
	h := c.Writer.Header()
	h.Set(x402.HeaderRequiredV2, ch.Required)
	h.Set("Cache-Control", "no-store")
	c.Data(status, "application/json", ch.Body)
}

// statuses are those of kinds of fault, as everywhere in 101pay.
var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusBadRequest, fault.Rejected: http.StatusPaymentRequired,
	fault.Conflict: http.StatusConflict, fault.Unavailable: http.StatusServiceUnavailable,
	fault.TooLarge: http.StatusRequestEntityTooLarge,
}

// fail answers why a payment was not taken, with a fresh challenge where the client has to do something
// about it, and the settlement response where the payment was read.
func (g *Gate) fail(c *gin.Context, b *purchase, err error) {
	refusal := (*x402.Refusal)(nil)
	f := fault.From(err)
	status, known := statuses[f.Kind]
	if !known {
		status = http.StatusInternalServerError
		g.Log.ErrorContext(c.Request.Context(), "a paid request failed", "error", err)
	}
	if errors.As(err, &refusal) && b != nil {
		if b.key != (x402.ClaimKey{}) {
			due := x402.Due{Network: b.key.Network, Asset: b.key.Asset, Payer: b.key.Payer, Nonce: b.key.Nonce}
			name, value := x402.Relayed(due, x402.Hash{}, refusal).Header(b.payload.Version())
			c.Writer.Header().Set(name, value)
		}
		if status == http.StatusBadRequest || status == http.StatusPaymentRequired {
			challenge(c, status, b.offer.Challenge(refusal))
			return
		}
	}
	plain(c, status, f)
}

// hold answers that the money may have moved: the client must not sign again.
func (g *Gate) hold(c *gin.Context, b purchase, tx x402.Hash) {
	refusal := x402.ReasonPending.Refuse("the payment was sent and is not confirmed yet; " +
		"ask again with the same header and do not sign another")
	due := x402.Due{Network: b.key.Network, Asset: b.key.Asset, Payer: b.key.Payer, Nonce: b.key.Nonce}
	name, value := x402.Relayed(due, tx, refusal).Header(b.payload.Version())
	c.Writer.Header().Set(name, value)
	plain(c, http.StatusServiceUnavailable, fault.From(refusal))
}

func plain(c *gin.Context, status int, f *fault.Fault) {
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	}
	c.JSON(status, gin.H{"error": f.Code, "message": f.Message})
}

// says402 reports a refusal that is a facilitator's word that nothing moved.
func says402(r *x402.Refusal) bool { return fault.From(r).Kind == fault.Rejected }

// orUnknown makes an error that is no refusal one that blames nobody's payment.
func orUnknown(err error, why x402.Reason) error {
	if refusal := (*x402.Refusal)(nil); errors.As(err, &refusal) {
		return err
	}
	return errors.Join(why.Refuse("the facilitator cannot be asked right now; present the same payment again"), err)
}
