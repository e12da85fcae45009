package app

import (
	"context"
	"net/http"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// What is kept of answers.
const (
	// answerKept is how long an answer is kept after it was made: longer than it is given again
	// (x402.ReplayFor), and than a settlement that the request did not see the end of usually takes.
	answerKept = time.Hour
	// owedFor is how long a payer who paid and was delivered nothing may ask for it.
	owedFor = 30 * 24 * time.Hour
	// deliveryLease is how long one request may take over making an answer before another may.
	deliveryLease = time.Minute
)

// An answer that is owed is kept in the place of the answer itself: with a status no content has, and a
// header that says until when a request is at work on it.
const (
	statusOwed  = http.StatusProcessing
	headerLease = "Expires"
)

func owedUntil(lease, expires time.Time) ports.AuthorizationAnswer {
	return ports.AuthorizationAnswer{
		Status: statusOwed, Headers: map[string]string{headerLease: lease.UTC().Format(time.RFC3339Nano)},
		Expires: expires,
	}
}

// isOwed reports whether what is kept is a debt: paid for and not delivered.
func isOwed(a *ports.AuthorizationAnswer) bool { return a != nil && a.Status == statusOwed }

// beingDelivered reports whether a request is at work on an answer that is owed.
func beingDelivered(a *ports.AuthorizationAnswer, now time.Time) bool {
	if !isOwed(a) {
		return false
	}
	until, err := time.Parse(time.RFC3339Nano, a.Headers[headerLease])
	return err == nil && now.Before(until)
}

// indebt notes, with a settlement, that its payer is to be given something, unless what he is to be given is
// kept already.
func indebt(ctx context.Context, r ports.Repos, row ports.AuthorizationRow, now time.Time) error {
	if row.ResourceID == "" && row.SessionID == "" {
		return nil // sold by somebody else
	}
	k := row.Settlement.Snapshot().Due.Key()
	if _, err := r.Authorizations.Answer(ctx, k); !isNotFound(err) {
		return err
	}
	return r.Authorizations.Keep(ctx, k, owedUntil(now, now.Add(owedFor)))
}

// lease takes over making an answer that is owed. Of many who ask one does; kept is the answer if
// somebody made it meanwhile, and ok says whether the caller is to make it.
func (s *Relayer) lease(
	ctx context.Context, k x402.ClaimKey,
) (kept *ports.AuthorizationAnswer, ok bool, err error) {
	now := s.now()
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		kept, ok = nil, false
		if _, err := r.Authorizations.Load(ctx, k); err != nil { // one at a time
			return err
		}
		answer, err := r.Authorizations.Answer(ctx, k)
		switch {
		case isNotFound(err):
			answer.Expires = now.Add(owedFor)
		case err != nil:
			return err
		case !isOwed(&answer):
			kept = &answer
			return nil
		case beingDelivered(&answer, now):
			return nil
		}
		ok = true
		return r.Authorizations.Keep(ctx, k, owedUntil(now.Add(deliveryLease), answer.Expires))
	})
	return kept, ok, err
}

// unlease gives the making of an answer back: it could not be made.
func (s *Relayer) unlease(ctx context.Context, k x402.ClaimKey) error {
	now := s.now()
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		if _, err := r.Authorizations.Load(ctx, k); err != nil {
			return err
		}
		return r.Authorizations.Keep(ctx, k, owedUntil(now, now.Add(owedFor)))
	})
}

// delivered keeps an answer that was made.
func (s *Relayer) delivered(ctx context.Context, k x402.ClaimKey, a ports.AuthorizationAnswer) error {
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return r.Authorizations.Keep(ctx, k, a)
	})
}
