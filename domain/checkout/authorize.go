package checkout

import (
	"time"
)

// CanAuthorize says whether a program may pay the session by authorization at now. It pays all that is
// due in one transfer, so a session that was paid in part is paid to its end as it was begun; and one
// whose payment is in sight is not paid twice.
func (s *Session) CanAuthorize(now time.Time) error {
	switch s.s.Status {
	case Settled:
		return ErrAlreadyPaid
	case Cancelled:
		return ErrCancelled
	case Expired:
		return ErrExpired
	case Processing:
		return ErrPaymentInProgress
	case Opened, Awaiting:
	}
	switch {
	case !now.Before(s.s.ExpiresAt):
		return ErrExpired
	case !s.s.Authorizes():
		return ErrUnsupportedMethod.Saying("this payment can only be made by " + string(s.s.Method))
	case s.s.Parts > 0:
		return ErrPartlyPaid
	}
	return nil
}

// Authorizes reports whether the session's terms let a program pay it: in USDC, the coin of authorizations.
func (s Snapshot) Authorizes() bool { return s.Method == "" || s.Method == USDC }
