package graphql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"
)

// asking draws what is asked of a page.
type asking struct {
	*rapid.T

	schema    *ast.Schema
	fragments []string // their definitions
	types     []string // what each of them is on
	aliases   int
}

func (a *asking) query() string {
	list := rapid.SampledFrom([]string{"entries", "payments", "events", "queue", "overview", "report"}).Draw(a.T, "list")
	kind := a.schema.Query.Fields.ForName(list).Type.Name()
	more := ""
	if list == "report" {
		more = `, from: "2026-05-01", to: "2026-05-31"`
	}
	text := fmt.Sprintf("query($yes: Boolean!, $no: Boolean!) { a: __typename @include(if: $yes) @skip(if: $no) "+
		`%s(project: "p", mode: TEST%s) %s }`, list, more, rapid.SampledFrom([]func(string, int) string{
		a.selection, a.everything,
	}).Draw(a.T, "selection")(kind, 0))
	return text + strings.Join(a.fragments, "")
}

// everything is the selection of all that a plan can print of a type.
func (a *asking) everything(of string, _ int) string {
	var b strings.Builder
	b.WriteString("{ __typename ")
	for _, f := range a.schema.Types[of].Fields {
		if slices.Contains(byThemselves[of], f.Name) || strings.HasPrefix(f.Name, "__") {
			continue
		}
		b.WriteString(f.Name + " ")
		if a.schema.Types[f.Type.Name()].Kind == ast.Object {
			b.WriteString(a.everything(f.Type.Name(), 0))
		}
	}
	b.WriteString("} ")
	return b.String()
}

// selection draws a selection of a type.
func (a *asking) selection(of string, deep int) string {
	fields := slices.DeleteFunc(slices.Clone(a.schema.Types[of].Fields), func(f *ast.FieldDefinition) bool {
		return f.Name != "signedReceipt" && slices.Contains(byThemselves[of], f.Name) || strings.HasPrefix(f.Name, "__")
	})
	var b strings.Builder
	b.WriteString("{ ")
	for range rapid.IntRange(1, 6).Draw(a.T, "fields") {
		switch n := rapid.IntRange(0, 9).Draw(a.T, "what"); {
		case n == 0:
			b.WriteString("__typename ")
		case n == 1 && deep < 3:
			b.WriteString("... on " + of + a.directive() + a.selection(of, deep+1))
		case n == 2 && deep < 3:
			b.WriteString("..." + a.fragment(of, deep) + a.directive())
		default:
			a.field(&b, rapid.SampledFrom(fields).Draw(a.T, "field"), deep)
		}
	}
	b.WriteString("} ")
	return b.String()
}

func (a *asking) field(b *strings.Builder, f *ast.FieldDefinition, deep int) {
	if rapid.IntRange(0, 4).Draw(a.T, "alias") == 0 {
		a.aliases++
		fmt.Fprintf(b, "other%d: ", a.aliases)
	}
	b.WriteString(f.Name + a.directive())
	if a.schema.Types[f.Type.Name()].Kind == ast.Object {
		b.WriteString(a.selection(f.Type.Name(), deep))
	}
}

func (a *asking) directive() string {
	return rapid.SampledFrom([]string{
		" ", " ", " ", " @include(if: $yes) ", " @include(if: $no) ", " @skip(if: $yes) ", " @skip(if: false) ",
	}).Draw(a.T, "directive")
}

// fragment is the name of one that was drawn before, or of another.
func (a *asking) fragment(of string, deep int) string {
	for i, on := range a.types {
		if on == of && rapid.Bool().Draw(a.T, "again") {
			return fmt.Sprintf("f%d", i)
		}
	}
	inside := a.selection(of, deep+1)
	a.fragments, a.types = append(a.fragments, fmt.Sprintf(" fragment f%d on %s %s", len(a.types), of, inside)), append(a.types, of)
	return fmt.Sprintf("f%d", len(a.types)-1)
}
