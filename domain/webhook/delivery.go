package webhook

import "time"

// What came of an attempt. Everything but OutcomeDelivered is a failure.
const (
	OutcomeDelivered    = "delivered"     // a 2xx answer
	OutcomeStatus       = "status"        // any other answer that is not named below
	OutcomeRedirect     = "redirect"      // a 3xx answer, which is never followed
	OutcomeGone         = "gone"          // 410
	OutcomeTimeout      = "timeout"       // no answer in time
	OutcomeTLS          = "tls"           // no trusted connection
	OutcomeDNS          = "dns"           // no such host, or no answer about it
	OutcomeRefused      = "refused"       // nobody listens, or no way there
	OutcomeReset        = "reset"         // the connection broke, or what came was no HTTP
	OutcomeEgressDenied = "egress_denied" // the host is at an address we do not connect to
	OutcomeTooLarge     = "too_large"     // headers beyond all measure
	OutcomeSandboxDown  = "sandbox_down"  // a scripted outage of test mode; nothing was sent
)

// MaxAnswerBytes is how much of an answer an attempt keeps.
const MaxAnswerBytes = 512

// Delivered ends a delivery whose attempt reached its endpoint.
func (d *Delivery) Delivered(now time.Time) {
	d.Attempts++
	d.Status, d.NextAt, d.UpdatedAt = Delivered, time.Time{}, now
}

// Retry counts a failed attempt after which another follows at next.
func (d *Delivery) Retry(next, now time.Time) {
	d.Attempts++
	d.Status, d.NextAt, d.UpdatedAt = Pending, next, now
}

// Exhausted counts a failed attempt after which none follows.
func (d *Delivery) Exhausted(now time.Time) {
	d.Attempts++
	d.Abandon(now)
}

// Abandon ends a delivery without an attempt: its endpoint wants no more.
func (d *Delivery) Abandon(now time.Time) {
	d.Status, d.NextAt, d.UpdatedAt = Failed, time.Time{}, now
}

// Replay starts a delivery anew, whatever came of it before. The event, and so the webhook-id,
// stays the same: a receiver that took it already recognises it.
func (d *Delivery) Replay(now time.Time) {
	d.Round++
	d.Status, d.NextAt, d.UpdatedAt = Pending, now, now
}
