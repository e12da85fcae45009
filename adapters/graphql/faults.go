package graphql

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
)

// Codes of errors, in extensions.code, beside those of the parser (GRAPHQL_PARSE_FAILED,
// GRAPHQL_VALIDATION_FAILED).
const (
	codeInput         = "BAD_USER_INPUT"
	codeIntrospection = "INTROSPECTION_DISABLED"
	codeOneMutation   = "ONE_MUTATION"
	codeDeferred      = "NOTHING_DEFERRED"
	codeTooComplex    = "COMPLEXITY_LIMIT_EXCEEDED"
	codeTooDeep       = "DEPTH_LIMIT_EXCEEDED"
	codeAliases       = "ALIAS_LIMIT_EXCEEDED"
	codeInternal      = "INTERNAL"
)

// codeOf is the code of a fault's kind.
func codeOf(f *fault.Fault) string {
	if errors.Is(f, app.ErrReauthRequired) {
		return strings.ToUpper(f.Code)
	}
	switch f.Kind {
	case fault.NotFound:
		return "NOT_FOUND"
	case fault.Forbidden, fault.NotAllowed:
		return "FORBIDDEN"
	case fault.Unauthenticated:
		return "UNAUTHENTICATED"
	case fault.Invalid, fault.TooLarge, fault.Unsupported, fault.Unprocessable:
		return codeInput
	case fault.Conflict, fault.Rejected, fault.Unready:
		return "CONFLICT"
	case fault.Limited:
		return "RATE_LIMITED"
	case fault.Unavailable:
		return "UNAVAILABLE"
	case fault.Internal:
	}
	return codeInternal
}

// present makes of an error what is told. The parser's own say what is wrong with the request; everything
// else is a fault, and what is none is logged and told as no more than that.
func (a *API) present(ctx context.Context, err error) *gqlerror.Error {
	var told *gqlerror.Error
	if errors.As(err, &told) && told.Unwrap() == nil && told.Extensions["code"] != nil {
		return told
	}
	if told != nil && told.Unwrap() == nil {
		// A value of a variable or argument that a scalar could not read.
		return coded(ctx, codeInput, told.Message)
	}
	if errors.Is(err, errInstant) || errors.Is(err, errDay) {
		return coded(ctx, codeInput, told.Message)
	}
	f := fault.From(err)
	gone := ctx.Err() != nil && errors.Is(err, context.Canceled) // a browser that went on to another page
	if f.Kind == fault.Internal && !gone {
		a.Log.ErrorContext(ctx, "graphql failed", slog.String("error", err.Error()))
	}
	out := coded(ctx, codeOf(f), f.Message)
	out.Extensions["fault"] = f.Code
	if f.Param != "" {
		out.Extensions["field"] = f.Param
	}
	if f.Reason != "" {
		out.Extensions["reason"] = f.Reason
	}
	if f.RetryAfter > 0 {
		out.Extensions["retryAfterSeconds"] = seconds(f.RetryAfter)
	}
	return out
}

// coded is an error with a code, where the request is now.
func coded(ctx context.Context, code, message string) *gqlerror.Error {
	e := &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}}
	if field := graphql.GetFieldContext(ctx); field != nil {
		e.Path = field.Path()
	}
	return e
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// userErrors is what a mutation says to whoever asked for what could not be done. What is not found, not
// allowed, or no fault of the request's is an error of the request instead.
func userErrors(err error) ([]*UserError, error) {
	f := fault.From(err)
	switch f.Kind {
	case fault.NotFound, fault.NotAllowed, fault.Internal, fault.Unavailable, fault.Limited:
		return nil, err
	case fault.Forbidden:
		if errors.Is(err, app.ErrReauthRequired) || errors.Is(err, app.ErrRoleForbidden) {
			return nil, err
		}
	case fault.Invalid, fault.Unauthenticated, fault.Rejected, fault.Conflict, fault.TooLarge,
		fault.Unsupported, fault.Unprocessable, fault.Unready:
	}
	told := &UserError{Code: f.Code, Message: f.Message, Field: optional(f.Param), Reason: optional(f.Reason)}
	if f.RetryAfter > 0 {
		wait := seconds(f.RetryAfter)
		told.RetryAfterSeconds = &wait
	}
	return []*UserError{told}, nil
}

// done completes a mutation's payload: with what was done, or with why it was not.
func done[P any](payload *P, told *[]*UserError, err error, show func()) (*P, error) {
	*told = []*UserError{}
	if err == nil {
		show()
		return payload, nil
	}
	if *told, err = userErrors(err); err != nil {
		return nil, err
	}
	return payload, nil
}

// optional is a text, nil for none.
func optional[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}

// moment is a time, nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// each shows every item of a list; none is an empty list.
func each[T, S any](list []T, show func(T) S) []S {
	out := make([]S, len(list))
	for i, item := range list {
		out[i] = show(item)
	}
	return out
}
