// Package fault is the closed set of ways a request can fail, each with a code a client may
// rely on.
//
// It owns the kinds, the codes' shape and how a fault is found inside a wrapped error. It does not
// own any particular fault (each is declared where its rule lives) nor any wire format (each
// dialect prints kinds its own way).
//
// Invariant: Code and Message are written for the client; everything added by wrapping is for logs
// and never leaves the process.
package fault

import (
	"errors"
	"time"
)

// Kind says what sort of failure a Fault is. Edges translate kinds, never codes, to status codes.
type Kind uint8

// The kinds. The zero value is not a kind.
const (
	Invalid         Kind = iota + 1 // the request itself is wrong (400)
	Unauthenticated                 // the caller did not prove who he is (401)
	Rejected                        // the payment did not happen (402)
	Forbidden                       // known caller, not allowed (403)
	NotFound                        // no such thing, or not the caller's (404)
	NotAllowed                      // the path exists, the method does not (405)
	Conflict                        // the state of things forbids it now (409)
	Unready                         // the caller must do something else first (412)
	TooLarge                        // a limit on size was exceeded (413)
	Unsupported                     // a media type or encoding we do not read (415)
	Unprocessable                   // the idempotency key was used for another request (422)
	Limited                         // too many requests (429)
	Internal                        // our fault, details only in the log (500)
	Unavailable                     // a dependency is down; the same request may work later (503)
)

// Fault is a failure with a code a client may rely on. Values are immutable: the methods that
// refine a fault return a copy.
type Fault struct { //nolint:errname // the glossary's word; a fault is not any error
	Kind       Kind
	Code       string        // stable, snake_case
	Message    string        // for the client: what is wrong and what would be right
	Param      string        // the request field concerned, "" if none
	Reason     string        // a more precise code beside Code, "" if none
	RetryAfter time.Duration // 0 means no advice
}

// New declares a fault. It is meant for package-level variables beside the rule they guard.
func New(kind Kind, code, message string) *Fault {
	return &Fault{Kind: kind, Code: code, Message: message}
}

// Error implements error with the client-safe words.
func (f *Fault) Error() string {
	if f.Param != "" {
		return f.Code + " (" + f.Param + "): " + f.Message
	}
	return f.Code + ": " + f.Message
}

// Is makes errors.Is match refined copies: two faults are the same if kind and code agree.
func (f *Fault) Is(target error) bool {
	other, ok := target.(*Fault)
	return ok && other.Kind == f.Kind && other.Code == f.Code
}

// About returns a copy that names the request field concerned.
func (f *Fault) About(param string) *Fault {
	c := *f
	c.Param = param
	return &c
}

// Saying returns a copy with a message that knows more than the declared one.
func (f *Fault) Saying(message string) *Fault {
	c := *f
	c.Message = message
	return &c
}

// Because returns a copy carrying a more precise code beside its own.
func (f *Fault) Because(reason string) *Fault {
	c := *f
	c.Reason = reason
	return &c
}

// After returns a copy that advises when to try again.
func (f *Fault) After(d time.Duration) *Fault {
	c := *f
	c.RetryAfter = d
	return &c
}

// Faults every package may need. Anything more precise is declared where its rule lives.
var (
	ErrInternal    = New(Internal, "internal_error", "something went wrong on our side; the request id helps us find it")
	ErrNotFound    = New(NotFound, "not_found", "no such resource")
	ErrUnavailable = New(Unavailable, "service_unavailable", "the service cannot answer right now; try again shortly").After(time.Second)
	ErrInvalid     = New(Invalid, "invalid_request", "the request is not valid")
)

// From finds the fault inside err. An error that carries none is Internal: its text is for the
// log, never for the client. From(nil) is nil.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return ErrInternal
}
