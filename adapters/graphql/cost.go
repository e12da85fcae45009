package graphql

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/webhook"
)

// Bounds of one request, counted before anything is asked for it.
const (
	maxBody    = 64 << 10 // bytes
	maxTokens  = 1000
	maxDepth   = 12
	maxAliases = 20
	maxCost    = 10_000
)

// What counts. A list counts as many times as it may have items: as many as were asked for, or this many
// where nobody can say.
const (
	listItems    = 5
	costOfField  = 1
	costOfLookup = 100 // of a field that is looked up by itself, beside what is asked of it
)

// lengths are those of lists that are longer, by type and name.
var lengths = map[string]int{
	"Query.search": 20, "Query.projects": 50, "Query.keyPairs": 50, "Query.sessions": 20,
	"Team.members": member.MaxTeam, "Team.invitations": member.MaxTeam,
	"DeliveryAttempt.requestHead": webhook.MaxHeaders, "DeliveryAttempt.answerHead": webhook.MaxHeaders,
}

// lookups are fields of items that take a look-up of their own for every item, by type and name.
var lookups = map[string]bool{
	"Payment.timeline": true, "Payment.explanation": true, "Payment.signedReceipt": true, "Payment.entries": true,
	"Payment.events": true, "WebhookEndpoint.deliveries": true, "Query.team": true,
}

// bounds refuses requests that ask for too much, and those that may not be asked.
type bounds struct {
	development bool
}

// ExtensionName implements graphql.HandlerExtension.
func (bounds) ExtensionName() string { return "Bounds" }

// Validate implements graphql.HandlerExtension.
func (bounds) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator: it runs after the request was parsed
// and before anything is resolved.
func (b bounds) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	c := &counting{variables: op.Variables, fragments: map[string]*counted{}}
	total := c.selections(op.Operation.SelectionSet)
	switch {
	case !b.development && total.asksSchema:
		return refused(codeIntrospection, "the schema cannot be asked for here; it is published as schema.graphql")
	case total.defers:
		return refused(codeDeferred, "nothing can be deferred here: an answer comes whole; ask for what takes long by itself")
	case op.Operation.Operation == ast.Mutation && total.roots != 1:
		return refused(codeOneMutation, "a request may hold one mutation; send one after the other")
	case total.depth > maxDepth:
		return refused(codeTooDeep, "a request may be at most "+strconv.Itoa(maxDepth)+" fields deep")
	case total.aliases > maxAliases:
		return refused(codeAliases, "a request may give at most "+strconv.Itoa(maxAliases)+" fields other names")
	case total.cost > maxCost:
		return refused(codeTooComplex, "this asks for "+strconv.Itoa(total.cost)+" things at most; "+
			strconv.Itoa(maxCost)+" may be asked for at once, so ask for shorter pages or fewer fields")
	}
	op.DisableIntrospection = !b.development
	return streamed(ctx, op.Operation)
}

func refused(code, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}}
}

// counted is what a part of a request asks for. Numbers stop growing long before they overflow.
type counted struct {
	cost, depth, aliases, roots int
	asksSchema, defers          bool
}

func (c *counted) add(o counted) {
	c.cost, c.aliases = capped(c.cost+o.cost), capped(c.aliases+o.aliases)
	c.depth, c.roots = max(c.depth, o.depth), capped(c.roots+o.roots)
	c.asksSchema, c.defers = c.asksSchema || o.asksSchema, c.defers || o.defers
}

// countMost is more than any bound, and small enough to be multiplied by itself.
const countMost = 1 << 24

func capped(n int) int { return min(n, countMost) }

// counting walks a request. A fragment is counted once however often it is spread, so that counting costs
// what the request is long and not what it means.
type counting struct {
	variables map[string]any
	fragments map[string]*counted
}

func (c *counting) selections(set ast.SelectionSet) (total counted) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			total.add(c.field(s))
		case *ast.InlineFragment:
			total.add(c.selections(s.SelectionSet))
			total.defers = total.defers || defers(s.Directives)
		case *ast.FragmentSpread:
			known, met := c.fragments[s.Name]
			if !met {
				known = &counted{cost: countMost} // for one that holds itself, which validation refuses anyway
				c.fragments[s.Name] = known
				*known = c.selections(s.Definition.SelectionSet)
			}
			total.add(*known)
			total.defers = total.defers || defers(s.Directives)
		}
	}
	return total
}

// defers reports whether a fragment is to be answered later: gqlgen's parser knows how to ask for that, and
// its executor works on for an answer in parts, which nobody would wait for here.
func defers(d ast.DirectiveList) bool { return d.ForName("defer") != nil }

func (c *counting) field(f *ast.Field) counted {
	below := c.selections(f.SelectionSet)
	out := counted{
		cost: costOfField, depth: below.depth + 1, aliases: below.aliases, roots: 1, defers: below.defers,
		asksSchema: strings.HasPrefix(f.Name, "__") && f.Name != "__typename",
	}
	if f.Alias != f.Name {
		out.aliases = capped(out.aliases + 1)
	}
	if f.Definition == nil || f.ObjectDefinition == nil {
		return out
	}
	if lookups[f.ObjectDefinition.Name+"."+f.Name] {
		out.cost = costOfLookup
	}
	out.cost = capped(out.cost + capped(c.items(f)*below.cost))
	return out
}

// items is how many times what is asked below a field may be answered.
func (c *counting) items(f *ast.Field) int {
	if first := f.Definition.Arguments.ForName("first"); first != nil {
		asked, given := f.ArgumentMap(c.variables)["first"]
		if !given && first.DefaultValue != nil {
			n, err := strconv.Atoi(first.DefaultValue.Raw)
			if err == nil {
				return n
			}
		}
		return pageOf(asked)
	}
	// The lists of a page are as long as the page, which was counted where it was asked for.
	if isPage(f.ObjectDefinition) || f.Definition.Type.Elem == nil {
		return 1
	}
	if n, known := lengths[f.ObjectDefinition.Name+"."+f.Name]; known {
		return n
	}
	return listItems
}

// isPage reports whether a type is a page: what is listed in it was counted above it.
func isPage(d *ast.Definition) bool { return strings.HasSuffix(d.Name, "Connection") }

// pageOf is how long a page is that was asked for. What is no length is refused later, before anything is
// looked up, and counts as the longest.
func pageOf(asked any) int {
	n := int64(math.MaxInt64)
	switch v := asked.(type) {
	case int64:
		n = v
	case int:
		n = int64(v)
	case json.Number:
		if i, err := v.Int64(); err == nil {
			n = i
		}
	}
	if n < 1 || n > pageMost {
		return pageMost
	}
	return int(n)
}
