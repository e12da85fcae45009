package graphql

import (
	"context"
	"io"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A page of a list is the same few fields of many rows. The generated executor gives every field of every
// row a context, a closure and a value of its own; here a selection is read once, becomes a plan, and the
// plan is run over the rows into one piece of memory. The executor stays: it answers what a plan cannot hold
// (fields that are looked up by themselves), and a plan's bytes are held against its.

// appending prints one value behind what is there. It cannot fail: what may fail was done before.
type appending[T any] func(to []byte, of *T) []byte

// column is how a field of a T is printed, once it is known what is asked below it. False if it cannot be
// printed so.
type column[T any] func(op *graphql.OperationContext, asked ast.SelectionSet) (appending[T], bool)

// object is a type of the schema: how the fields of it that are told of a T are printed, by name.
type object[T any] struct {
	name    string
	columns map[string]column[T]
}

// step prints a field's name and value.
type step[T any] struct {
	head  string // the comma before it, its name and a colon
	value appending[T]
}

// plan reads what is asked of an object.
func (o object[T]) plan(op *graphql.OperationContext, asked ast.SelectionSet) (appending[T], bool) {
	fields := graphql.CollectFields(op, asked, []string{o.name})
	steps := make([]step[T], len(fields))
	for i, f := range fields {
		var value appending[T]
		switch of, known := o.columns[f.Name]; {
		case known:
			if value, known = of(op, f.Selections); !known {
				return nil, false
			}
		case f.Name == "__typename":
			value = func(to []byte, _ *T) []byte { return appendText(to, o.name) }
		default:
			return nil, false
		}
		head := `"` + f.Alias + `":`
		if i > 0 {
			head = "," + head
		}
		steps[i] = step[T]{head, value}
	}
	return func(to []byte, of *T) []byte {
		to = append(to, '{')
		for i := range steps {
			to = steps[i].value(append(to, steps[i].head...), of)
		}
		return append(to, '}')
	}, true
}

// rowBytes is about what a row takes when it is printed.
const rowBytes = 512

// whole prints an object of so many rows, nil if a plan cannot.
func (o object[T]) whole(of *T, rows int, op *graphql.OperationContext, asked ast.SelectionSet) graphql.Marshaler {
	run, ok := o.plan(op, asked)
	if !ok {
		return nil
	}
	memory, to := takePaper((rows + 1) * rowBytes)
	return printed{memory, run(to, of)}
}

// planned is an answer to a field that is printed by a plan when the whole answer is.
type planned interface {
	// planned is what prints the answer, nil if the executor has to.
	planned(op *graphql.OperationContext, asked ast.SelectionSet) graphql.Marshaler
}

// byPlan has answers that can be printed by a plan printed so.
type byPlan struct{}

// ExtensionName implements graphql.HandlerExtension.
func (byPlan) ExtensionName() string { return "ByPlan" }

// Validate implements graphql.HandlerExtension.
func (byPlan) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptField implements graphql.FieldInterceptor: an answer that prints itself is taken as it is.
func (byPlan) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	answer, err := next(ctx)
	if p, can := answer.(planned); can && err == nil {
		asked := graphql.GetFieldContext(ctx).Field.Selections
		if printed := p.planned(graphql.GetOperationContext(ctx), asked); printed != nil {
			return printed, nil
		}
	}
	return answer, err
}

// printed is what a plan printed.
type printed struct {
	memory paper
	text   []byte
}

// MarshalGQL implements graphql.Marshaler. An answer is written once: its memory is another's then.
func (p printed) MarshalGQL(w io.Writer) {
	_, _ = w.Write(p.text)
	p.memory.release(p.text)
}
