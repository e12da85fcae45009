package graphql

import (
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
)

// FuzzRequests parses, validates and counts whatever comes (F13): nothing breaks, and what is let through is
// within bounds.
func FuzzRequests(f *testing.F) {
	for _, query := range []string{
		`{ viewer { id } }`,
		`query($p: ID!, $n: Int) { payments(project: $p, mode: TEST, first: $n) { nodes { id events(first: 3) { id } } } }`,
		`mutation { renameMerchant(name: "a") { userErrors { code } } }`,
		`{ ...a } fragment a on Query { ...b } fragment b on Query { ...a viewer { id } }`,
		`{ a: viewer { ... on Viewer { id @include(if: true) } } __schema { types { name } } }`,
		`subscription { changes(project: "", mode: LIVE) { kind } }`,
	} {
		f.Add(query, int64(3))
	}
	exec := executor.New(NewExecutableSchema(Config{}))
	exec.SetParserTokenLimit(maxTokens)
	exec.SetDisableSuggestion(true)
	exec.Use(bounds{})
	f.Fuzz(func(t *testing.T, query string, first int64) {
		ctx := graphql.StartOperationTrace(t.Context())
		op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{
			Query: query, Variables: map[string]any{"p": "x", "n": first},
		})
		if errs != nil {
			return
		}
		c := &counting{variables: op.Variables, fragments: map[string]*counted{}}
		total := c.selections(op.Operation.SelectionSet)
		if total.cost > maxCost || total.depth > maxDepth || total.aliases > maxAliases || total.asksSchema {
			t.Errorf("let through: %+v of %q", total, query)
		}
	})
}
