package graphql

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// Shapes of instants and days.
const (
	maxInstant = 40 // bytes
	dayShape   = time.DateOnly
)

var (
	errInstant = errors.New("a time is RFC 3339 text in UTC, as in \"2026-05-17T08:00:00Z\"")
	errDay     = errors.New("a date is text as in \"2026-05-17\"")
)

// MarshalInstant prints an instant.
func MarshalInstant(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, strconv.Quote(t.UTC().Format(time.RFC3339Nano)))
	})
}

// UnmarshalInstant reads an instant.
func UnmarshalInstant(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok || len(text) > maxInstant {
		return time.Time{}, errInstant
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, errInstant
	}
	return t.UTC(), nil
}

// MarshalDay prints a day.
func MarshalDay(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, strconv.Quote(t.UTC().Format(dayShape)))
	})
}

// UnmarshalDay reads a day: its first instant.
func UnmarshalDay(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, errDay
	}
	t, err := time.Parse(dayShape, text)
	if err != nil {
		return time.Time{}, errDay
	}
	return t, nil
}
