package webhook

import (
	"time"
	"unicode/utf8"

	"github.com/101pay/101pay/domain/fault"
)

// Why we turned an endpoint off.
const (
	DisabledGone    = "gone"    // it answered 410: the receiver wants no more
	DisabledFailing = "failing" // it failed for days
)

// Limits of endpoints.
const (
	// SecretOverlap is how long the older secret also signs after a rotation.
	SecretOverlap = 24 * time.Hour
	// An endpoint is turned off after this many consecutive failures over this long; both, because
	// many failures can be one bad hour, and a long time can be one failed attempt.
	failuresToDisable = 20
	failingToDisable  = 3 * 24 * time.Hour

	maxDescriptionRunes = 200
)

// Faults of changing endpoints.
var (
	ErrInvalidDescription = fault.New(fault.Invalid, "invalid_description",
		"description must have at most 200 characters").About("description")
	// ErrEndpointDisabled refuses to send to an endpoint that is turned off.
	ErrEndpointDisabled = fault.New(fault.Conflict, "endpoint_disabled",
		"this webhook endpoint is disabled; enable it first")
)

// CheckDescription refuses a description that is too long.
func CheckDescription(s string) error {
	if utf8.RuneCountInString(s) > maxDescriptionRunes {
		return ErrInvalidDescription
	}
	return nil
}

// Signing lists the sealed secrets that sign at now, the newest first.
func (e Endpoint) Signing(now time.Time) [][]byte {
	if len(e.Secrets) > 1 && !now.Before(e.SecondUntil) {
		return e.Secrets[:1]
	}
	return e.Secrets
}

// Rotate makes sealed the secret that signs. The one before signs too until SecretOverlap has
// passed; one that was on its way out already ends at once, so that never more than two are live.
func (e *Endpoint) Rotate(sealed []byte, now time.Time) {
	e.Secrets = [][]byte{sealed, e.Secrets[0]}
	e.SecondUntil = now.Add(SecretOverlap)
}

// Switch turns an endpoint on or off at the merchant's wish. Turned on, it starts without a past:
// what failed before must not turn it off at its first failure.
func (e *Endpoint) Switch(on bool) {
	if on != e.Enabled {
		e.Enabled, e.DisabledFor = on, ""
		e.Succeeded()
	}
}

// Succeeded forgets consecutive failures.
func (e *Endpoint) Succeeded() { e.Failures, e.FailingSince = 0, time.Time{} }

// Failed counts a failed attempt and turns the endpoint off when it is gone, or when it has failed
// too often for too long.
func (e *Endpoint) Failed(outcome string, now time.Time) {
	if e.Failures == 0 {
		e.FailingSince = now
	}
	e.Failures++
	if !e.Enabled {
		return
	}
	switch {
	case outcome == OutcomeGone:
		e.Enabled, e.DisabledFor = false, DisabledGone
	case e.Failures >= failuresToDisable && now.Sub(e.FailingSince) >= failingToDisable:
		e.Enabled, e.DisabledFor = false, DisabledFailing
	}
}
