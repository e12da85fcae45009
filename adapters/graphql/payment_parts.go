package graphql

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/101pay/101pay/ports"
)

// A page of payments is read without what is not asked for. shows says what the fields of a type need of a
// session; a field that is not here needs everything, so that whoever adds one need not know of this.
var shows = map[string]map[string]ports.SessionParts{
	"Payment": {
		"__typename": 0, "id": 0, "projectId": 0, "mode": 0, "kind": 0, "status": 0, "due": 0, "description": 0,
		"orderId": 0, "method": 0, "createdAt": 0, "expiresAt": 0, "updatedAt": 0, "checkoutUrl": 0,
		"awaitsDecision": 0, "intent": 0, "received": 0, "rest": 0, // and what is asked of the intent
		"metadata": ports.SessionMetadata, "receipt": ports.SessionReceipts,
	},
	"Intent": {
		"__typename": 0, "method": 0, "amount": 0, "rate": ports.SessionRates,
		"id": ports.SessionOffers, "address": ports.SessionOffers, "dedicated": ports.SessionOffers,
		"createdAt": ports.SessionOffers, "expiresAt": ports.SessionOffers,
	},
}

// withoutUnasked are the parts of sessions that the query does not ask the resolver's field for, none where
// no query is known.
func withoutUnasked(ctx context.Context) ports.SessionParts {
	at := graphql.GetFieldContext(ctx)
	if at == nil {
		return 0
	}
	return ports.EverySessionPart &^ needed(at.Field.Selections)
}

// needed are the parts of sessions that a selection shows. It is looked for everywhere, also where it is
// skipped.
func needed(asked ast.SelectionSet) (parts ports.SessionParts) {
	for _, selection := range asked {
		switch s := selection.(type) {
		case *ast.Field:
			parts |= neededBy(s) | needed(s.SelectionSet)
		case *ast.InlineFragment:
			parts |= needed(s.SelectionSet)
		case *ast.FragmentSpread:
			parts |= needed(s.Definition.SelectionSet)
		}
	}
	return parts
}

func neededBy(f *ast.Field) ports.SessionParts {
	fields, ofSession := shows[f.ObjectDefinition.Name]
	if !ofSession {
		return 0
	}
	if parts, known := fields[f.Name]; known {
		return parts
	}
	return ports.EverySessionPart
}
