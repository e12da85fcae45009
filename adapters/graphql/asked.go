package graphql

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// names are those of the fields asked of what is being read, at any depth. What is skipped by a directive is
// among them: it is for leaving out what costs something, and never for leaving out too much.
type names struct {
	seen map[string]bool
	all  bool // nobody knows what is asked
}

// askedNames are those of the field that is resolved.
func askedNames(ctx context.Context) names {
	field := graphql.GetFieldContext(ctx)
	if field == nil {
		return names{all: true}
	}
	n := names{seen: make(map[string]bool)}
	n.add(field.Field.Selections)
	return n
}

// any reports whether one of some fields is asked for.
func (n names) any(of ...string) bool {
	for _, name := range of {
		if n.all || n.seen[name] {
			return true
		}
	}
	return false
}

// add adds a selection. Fragments do not contain themselves: validation has seen to that.
func (n names) add(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n.seen[s.Name] = true
			n.add(s.SelectionSet)
		case *ast.InlineFragment:
			n.add(s.SelectionSet)
		case *ast.FragmentSpread:
			if fragment := "..." + s.Name; !n.seen[fragment] {
				n.seen[fragment] = true
				n.add(s.Definition.SelectionSet)
			}
		}
	}
}
