package webhook

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxBodyBytes is what the body of an event must stay below: receivers behind small limits must be
// able to take every event (Standard Webhooks).
const MaxBodyBytes = 20_000

// Prefixes of identifiers.
const (
	EventPrefix    = "evt_"
	EndpointPrefix = "we_"
	DeliveryPrefix = "del_"
)

var errBody = errors.New("its body must have 1 to 19999 bytes")

// Check refuses an event that must not be recorded. It guards against our own mistakes: no request
// can cause them.
func (e Event) Check() error {
	var err error
	switch {
	case !strings.HasPrefix(e.ID, EventPrefix) || !signableID(e.ID):
		err = errors.New("its id cannot be signed")
	case !slices.Contains(Types(), e.Type):
		err = errors.New("nobody knows its type")
	case e.ProjectID == "" || e.MerchantID == "" || e.Mode == 0 || e.CreatedAt.IsZero():
		err = errors.New("it lacks owner, mode or time")
	case len(e.Body) == 0 || len(e.Body) >= MaxBodyBytes:
		err = errBody
	}
	if err != nil {
		return fmt.Errorf("event %q of type %q: %w", e.ID, e.Type, err)
	}
	return nil
}

// ParseTypes reads the types an endpoint asks for; none means all. Order and repetition carry no
// meaning, so they are not kept.
func ParseTypes(names []string) ([]Type, error) {
	if len(names) > len(Types()) {
		return nil, ErrInvalidTypes
	}
	var asked []Type
	for _, name := range names {
		if !slices.Contains(Types(), Type(name)) {
			return nil, ErrInvalidTypes
		}
		asked = append(asked, Type(name))
	}
	slices.Sort(asked)
	return slices.Compact(asked), nil
}
