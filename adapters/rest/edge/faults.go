package edge

import "github.com/101pay/101pay/domain/fault"

// Faults of transport. Codes are those of the known-bad-inputs suite, sections 4.A, 4.F, 4.G, 4.H.
var (
	// ErrMethodNotAllowed comes with an Allow header.
	ErrMethodNotAllowed = fault.New(fault.NotAllowed, "method_not_allowed",
		"this path does not answer to that method; the Allow header names those it does")
	// ErrBodyTooLarge closes the connection: the rest of the body is not worth reading.
	ErrBodyTooLarge = fault.New(fault.TooLarge, "body_too_large",
		"the request body is larger than this route accepts")
	// ErrBodyBroken is a body that ended early or whose framing made no sense.
	ErrBodyBroken = fault.New(fault.Invalid, "invalid_request",
		"the request body ended early or was framed wrongly; send it again in full")
	// ErrMediaType is any Content-Type but application/json in UTF-8.
	ErrMediaType = fault.New(fault.Unsupported, "unsupported_media_type",
		"send the body as Content-Type: application/json in UTF-8")
	// ErrEncoding is a compressed request body.
	ErrEncoding = fault.New(fault.Unsupported, "unsupported_encoding",
		"send the body without Content-Encoding")
	// ErrInvalidJSON is a body that is not one JSON object.
	ErrInvalidJSON = fault.New(fault.Invalid, "invalid_json",
		"the body must be one JSON object (RFC 8259) in UTF-8, at most 20 levels deep")
	// ErrDuplicateField names a member that is there twice, however it is spelled.
	ErrDuplicateField = fault.New(fault.Invalid, "duplicate_field",
		"this field is given more than once")
	// ErrUnknownField names a member this route does not read. Names are compared byte by byte.
	ErrUnknownField = fault.New(fault.Invalid, "unknown_field",
		"this route has no such field; names are case-sensitive")
	// ErrInvalidType names a member whose JSON type is not the documented one; null is no type.
	ErrInvalidType = fault.New(fault.Invalid, "invalid_type",
		"this field has the wrong JSON type; leave it out instead of sending null")
	// ErrInvalidString names text that holds characters we refuse to store or show.
	ErrInvalidString = fault.New(fault.Invalid, "invalid_string",
		"this text holds control, invisible or direction-changing characters")
	// ErrUnexpectedQuery names a query parameter that is unknown, repeated or not decodable.
	ErrUnexpectedQuery = fault.New(fault.Invalid, "unexpected_query",
		"this route does not take that query parameter, or takes it only once")
	// ErrRateLimited comes with a Retry-After header.
	ErrRateLimited = fault.New(fault.Limited, "rate_limited",
		"too many requests; wait as long as Retry-After says")
	// ErrIdempotencyKey refuses a key we could not keep.
	ErrIdempotencyKey = fault.New(fault.Invalid, "invalid_idempotency_key",
		"Idempotency-Key must be given once, as 1 to 255 printable ASCII characters")
	// ErrPagination refuses a page size or cursor.
	ErrPagination = fault.New(fault.Invalid, "invalid_pagination",
		"limit must be a whole number within the documented range and cursor one we issued")
)

// errClientGone is answered to nobody: the client hung up while we worked.
var errClientGone = fault.New(fault.Unavailable, "client_closed_request",
	"the client closed the connection before the answer was ready")
