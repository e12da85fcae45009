package graphql

import (
	"time"

	"github.com/101pay/101pay/domain/webhook"
)

// EventConnection is a page of events.
type EventConnection struct {
	listed[webhook.Event, Event, EventEdge]
}

func eventEdge(cursor string, node *Event) *EventEdge { return &EventEdge{Cursor: cursor, Node: node} }

// eventColumns are the fields of an event but its deliveries, which are looked up by themselves.
var eventColumns = object[webhook.Event]{"Event", map[string]column[webhook.Event]{
	"id":        text(func(e *webhook.Event) string { return e.ID }),
	"type":      text(func(e *webhook.Event) webhook.Type { return e.Type }),
	"mode":      text(func(e *webhook.Event) Mode { return showMode(e.Mode) }),
	"paymentId": maybe(func(e *webhook.Event) string { return e.SessionID }),
	"body":      text(func(e *webhook.Event) string { return string(e.Body) }),
	"createdAt": instant(func(e *webhook.Event) time.Time { return e.CreatedAt }),
}}

var eventPages = connection("Event", eventColumns)
