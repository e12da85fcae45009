package graphql

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// sheet is a page of a list as it was read. What is asked of it is made when it is asked for: models for the
// executor, cursors for whoever wants each.
type sheet[T any] struct {
	rows   []T
	more   bool
	cursor func(*T) string // that goes on behind a row
	next   func() string   // that goes on behind the page, where that is not behind its last row; nil if not
}

// ending is where the page ends.
func (p *sheet[T]) ending() PageInfo {
	info := PageInfo{HasNextPage: p.more}
	switch {
	case p.next != nil:
		at := p.next()
		info.EndCursor = &at
	case len(p.rows) > 0:
		at := p.cursor(&p.rows[len(p.rows)-1])
		info.EndCursor = &at
	}
	return info
}

// placed is a row and the page it is in.
type placed[T any] struct {
	in  *sheet[T]
	row *T
}

var pageInfoColumns = object[PageInfo]{"PageInfo", map[string]column[PageInfo]{
	"hasNextPage": truth(func(i *PageInfo) bool { return i.HasNextPage }),
	"endCursor": maybe(func(i *PageInfo) string {
		if i.EndCursor == nil {
			return ""
		}
		return *i.EndCursor
	}),
}}

// connection is a page of objects as the schema has it. name is that of its edges without the last word.
func connection[T any](name string, node object[T]) object[sheet[T]] {
	edge := object[placed[T]]{name + "Edge", map[string]column[placed[T]]{
		"cursor": text(func(at *placed[T]) string { return at.in.cursor(at.row) }),
		"node":   within(node, func(at *placed[T]) *T { return at.row }),
	}}
	return object[sheet[T]]{name + "Connection", map[string]column[sheet[T]]{
		"nodes": many(node, func(p *sheet[T]) []T { return p.rows }),
		"edges": many(edge, func(p *sheet[T]) []placed[T] {
			out := make([]placed[T], len(p.rows))
			for i := range p.rows {
				out[i] = placed[T]{p, &p.rows[i]}
			}
			return out
		}),
		"pageInfo": within(pageInfoColumns, func(p *sheet[T]) *PageInfo { info := p.ending(); return &info }),
	}}
}

// listed is a page of objects N with edges E, printed by a plan or shown to the executor.
type listed[T, N, E any] struct {
	sheet[T]

	as   object[sheet[T]]
	show func(rows []T) []*N
	edge func(cursor string, node *N) *E

	nodes []*N // once they were shown
}

// planned implements planned.
func (l *listed[T, N, E]) planned(op *graphql.OperationContext, asked ast.SelectionSet) graphql.Marshaler {
	return l.as.whole(&l.sheet, len(l.rows), op, asked)
}

// Nodes shows the objects to the executor.
func (l *listed[T, N, E]) Nodes() []*N {
	if l.nodes == nil {
		l.nodes = l.show(l.rows)
	}
	return l.nodes
}

// Edges shows the objects with their cursors to the executor.
func (l *listed[T, N, E]) Edges() []*E {
	out := make([]*E, len(l.rows))
	for i, node := range l.Nodes() {
		out[i] = l.edge(l.cursor(&l.rows[i]), node)
	}
	return out
}

// PageInfo shows the executor where the page ends.
func (l *listed[T, N, E]) PageInfo() *PageInfo { info := l.ending(); return &info }
