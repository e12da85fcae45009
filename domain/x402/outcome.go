package x402

import "time"

const (
	// ReplayFor is how long after settlement the stored answer is given again to the client that paid, in
	// case the first was lost on the way. Afterwards the payment is spent.
	ReplayFor = 10 * time.Minute
	// RetryAfter is when a client that is told to wait may ask again.
	RetryAfter = 2 * time.Second
)

// Outcome is what a client that presents a payment is to get. The zero value is not an outcome.
type Outcome uint8

// The outcomes. Only Deny is 402, which makes a client sign anew: it is given where no money can have
// moved, or where what was paid has been delivered.
const (
	Deliver Outcome = iota + 1 // 200: the stored answer and its settlement response
	Retake                     // nothing was signed: the claim may be taken again
	Wait                       // 409 duplicate_settlement, or wait for the request at work
	Hold                       // 503 settlement_pending with Retry-After: do not sign again
	Deny                       // 402 with the reason
	Clash                      // 409: the authorization is bound to another resource
)

// Meet decides what a client gets who presents a payment whose authorization is claimed. An error that
// goes with Wait, Hold, Deny and Clash is the Refusal to answer with.
func (s Settlement) Meet(b Binding, now time.Time) (Outcome, error) {
	if !s.now.Binding.Same(b) {
		return Clash, ReasonOtherResource.Refuse("this authorization was presented for another resource or " +
			"with other terms; sign a new one")
	}
	switch s.now.Status {
	case Settled:
		return s.replay(b, now)
	case Refused:
		return Retake, nil
	case Claimed, Signed, Broadcast:
		return Wait, ReasonDuplicate.Refuse("this payment is being settled; ask again with the same header")
	case Delegated, Pending, Reversed:
		return Hold, s.pending()
	case Failed:
		return Deny, s.now.Reason.Refuse("this payment was not made; sign a new authorization")
	}
	return 0, ErrEvidence
}

// replay gives the stored answer again, for a while and to its payer only: whoever reads the chain could
// ask for it with what stands there.
func (s Settlement) replay(b Binding, now time.Time) (Outcome, error) {
	if b.Client != s.now.Binding.Client || now.Sub(s.now.SettledAt) > ReplayFor {
		return Deny, ReasonUsed.Refuse("this authorization has paid and its answer was given; sign a new one")
	}
	return Deliver, nil
}

// Result decides what the client gets whose request made the claim, once the settlement rests.
func (s Settlement) Result() (Outcome, error) {
	switch s.now.Status {
	case Settled:
		return Deliver, nil
	case Refused, Failed:
		return Deny, s.now.Reason.Refuse("the payment was not made")
	case Claimed, Signed, Broadcast, Delegated, Pending, Reversed:
		return Hold, s.pending()
	}
	return 0, ErrEvidence
}

func (s Settlement) pending() error {
	return ReasonPending.Refuse("the payment was sent and is not confirmed yet; " +
		"ask again with the same header and do not sign another")
}
