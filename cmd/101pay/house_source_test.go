package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// banned words say nothing about what a package or file is for.
var banned = list("util utils helper helpers common base types models dto dtos entity entities impl " +
	"manager managers misc data handler handlers mapper mappers")

// inner is where time, chance, configuration and inexact numbers may not enter by themselves.
var inner = list("domain/... ports app")

// forbidden in the inner rooms, by import path and name; "" is any name.
var forbidden = map[string][]string{
	"time":         list("Now Since Until Sleep"),
	"context":      list("Background TODO"),
	"os":           {""},
	"math/rand":    {""},
	"math/rand/v2": {""},
	"crypto/rand":  {""},
	"strconv":      list("ParseFloat FormatFloat AppendFloat"),
}

// inexact are names that mean a floating-point number wherever they stand.
var inexact = list("float32 float64 Float64 InexactFloat64 NewFromFloat NewFromFloat32 complex64 complex128")

// settlement is the one file that may prove a transfer final: what it makes is the only value that
// settles a session, so nothing else can write "paid".
const settlement = "app/settlement.go"

func TestHouseSource(t *testing.T) {
	packages := tree(t)
	report(t, sourceFaults(packages))
	report(t, wireFaults(packages))
}

// sourceFaults holds names, comments and the text of files against the rules of the house.
func sourceFaults(packages []pkg) (faults []string) {
	for _, p := range packages {
		faults = append(faults, p.nameFaults()...)
		// A program below the domain writes documentation from it; it is no part of it.
		isInner := p.name != "main" &&
			slices.ContainsFunc(inner, func(pattern string) bool { return matches(pattern, p.path) })
		for _, f := range p.files {
			if f.test || p.path == "ports/portstest" { // tests in all but file name
				continue
			}
			if isInner {
				faults = append(faults, f.impurities(p.path)...)
			}
			if matches("domain/...", p.path) && p.path != "domain/x402" {
				faults = append(faults, f.tags(p.path)...)
			}
			if path.Join(p.path, f.name) != settlement {
				faults = append(faults, f.confirmations(p.path)...)
			}
		}
	}
	return faults
}

// wireFaults keeps the archived injector where deleting it costs nothing.
func wireFaults(packages []pkg) []string {
	var users []string
	for _, p := range packages {
		for _, f := range p.files {
			if slices.Contains(f.imports, "github.com/google/wire") {
				users = append(users, path.Join(p.path, f.name))
			}
		}
	}
	if len(users) == 0 || len(users) == 1 && users[0] == "cmd/101pay/wire.go" {
		return nil
	}
	return []string{fmt.Sprintf("google/wire is imported by %v, want cmd/101pay/wire.go at most", users)}
}

// nameFaults finds packages without a comment and names that say nothing.
func (p pkg) nameFaults() (faults []string) {
	if p.doc == "" && slices.ContainsFunc(p.files, func(f file) bool { return !f.test }) {
		faults = append(faults, p.path+": no package comment")
	}
	for _, element := range append(strings.Split(p.path, "/"), p.name) {
		if slices.ContainsFunc(words(element), isBanned) {
			faults = append(faults, p.path+": "+element+" says nothing about what the package is for")
		}
	}
	for _, f := range p.files {
		if slices.ContainsFunc(words(strings.TrimSuffix(f.name, ".go")), isBanned) {
			faults = append(faults, p.path+"/"+f.name+": the name says nothing about what the file is for")
		}
	}
	return faults
}

func isBanned(word string) bool { return slices.Contains(banned, word) }

func words(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// impurities finds clocks, chance, environment, root contexts and inexact numbers.
func (f file) impurities(at string) (faults []string) {
	names := f.locals()
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && isForbidden(names[x.Name], n.Sel.Name) {
				faults = append(faults, f.at(at, n, x.Name+"."+n.Sel.Name+" does not belong in an inner room"))
			}
		case *ast.Ident:
			if slices.Contains(inexact, n.Name) {
				faults = append(faults, f.at(at, n, n.Name+" is not exact"))
			}
		case *ast.BasicLit:
			if n.Kind == token.FLOAT {
				faults = append(faults, f.at(at, n, n.Value+" is not exact"))
			}
		}
		return true
	})
	for imported := range forbidden {
		if names["."] == imported || names["_"] == imported {
			faults = append(faults, f.at(at, f.syntax, imported+" is imported under no name"))
		}
	}
	return faults
}

func isForbidden(imported, name string) bool {
	return slices.ContainsFunc(forbidden[imported], func(s string) bool { return s == "" || s == name })
}

// tags finds struct tags: the domain does not know how it is written down.
func (f file) tags(at string) (faults []string) {
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Tag != nil {
			faults = append(faults, f.at(at, field, "the domain has no struct tags"))
		}
		return true
	})
	return faults
}

// proving are the functions of chain that make a chain.Confirmed.
var proving = []string{"Confirm", "ConfirmEarly"}

// confirmations finds uses of them.
func (f file) confirmations(at string) (faults []string) {
	names := f.locals()
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && names[x.Name] == module+"domain/chain" && slices.Contains(proving, n.Sel.Name) {
				faults = append(faults, f.at(at, n, "only "+settlement+" may prove a transfer final"))
			}
		case *ast.CallExpr:
			if fun, ok := n.Fun.(*ast.Ident); ok && slices.Contains(proving, fun.Name) &&
				(at == "domain/chain" || names["."] == module+"domain/chain") {
				faults = append(faults, f.at(at, n, "only "+settlement+" may prove a transfer final"))
			}
		}
		return true
	})
	return faults
}

// locals maps the names a file knows packages by to their paths. A package without a name of its own
// is taken to be called after its last element, a version aside.
func (f file) locals() map[string]string {
	names := map[string]string{}
	for _, spec := range f.syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser has refused it already
		}
		name := path.Base(imported)
		if name == "v2" {
			name = path.Base(path.Dir(imported))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}

func (f file) at(pkg string, n ast.Node, what string) string {
	return fmt.Sprintf("%s/%s:%d: %s", pkg, f.name, f.set.Position(n.Pos()).Line, what)
}

// As with the layers, each rule is shown an offence it must find and its lawful twin.
func TestHouseSourceRulesAreEnforced(t *testing.T) {
	for name, c := range map[string]struct {
		at, file, source string
		want             string // "" means lawful
	}{
		"float in the domain":     {"domain/money", "x.go", "var a float64", "float64"},
		"float by a library":      {"app", "x.go", "func f(d D) any { return d.InexactFloat64() }", "InexactFloat64"},
		"float by a literal":      {"domain/money", "x.go", "const a = 0.1", "0.1"},
		"float at the edge":       {"adapters/rates", "x.go", "var a float64", ""},
		"float in a test":         {"domain/money", "x_test.go", "var a float64", ""},
		"clock in app":            {"app", "x.go", `import "time"; var a = time.Now()`, "time.Now"},
		"clock under an alias":    {"app", "x.go", `import wall "time"; var a = wall.Now`, "wall.Now"},
		"clock under no name":     {"app", "x.go", `import . "time"; var a = Now()`, "under no name"},
		"durations in app":        {"app", "x.go", `import "time"; const a = time.Hour`, ""},
		"another's Now":           {"app", "x.go", "func f(c C) any { return c.Now() }", ""},
		"clock at the edge":       {"adapters/system", "x.go", `import "time"; var a = time.Now()`, ""},
		"chance in the domain":    {"domain/keys", "x.go", `import "crypto/rand"; var a = rand.Text()`, "rand.Text"},
		"old chance":              {"app", "x.go", `import "math/rand/v2"; var a = rand.Int()`, "rand.Int"},
		"environment in app":      {"app", "x.go", `import "os"; var a = os.Getenv("A")`, "os.Getenv"},
		"root context in app":     {"app", "x.go", `import "context"; var a = context.Background()`, "context.Background"},
		"given context in app":    {"app", "x.go", `import "context"; func f(ctx context.Context) {}`, ""},
		"tags in the domain":      {"domain/keys", "x.go", "type T struct { A int `json:\"a\"` }", "tags"},
		"tags in x402":            {"domain/x402", "x.go", "type T struct { A int `json:\"a\"` }", ""},
		"tags in a dialect":       {"adapters/rest/native", "x.go", "type T struct { A int `json:\"a\"` }", ""},
		"finality in an adapter":  {"adapters/tron", "x.go", confirming, "may prove"},
		"finality in a use case":  {"app", "checkout.go", confirming, "may prove"},
		"finality at its place":   {"app", "settlement.go", confirming, ""},
		"finality in a test":      {"app", "settlement_test.go", confirming, ""},
		"finality within chain":   {"domain/chain", "x.go", "func f() { Confirm() }", "may prove"},
		"early proof elsewhere":   {"app", "watch.go", strings.Replace(confirming, ".Confirm", ".ConfirmEarly", 1), "may prove"},
		"another's Confirm":       {"app", "x.go", "func f(c C) { c.Confirm() }", ""},
		"a file named for naught": {"app", "string_utils.go", "var a int", "says nothing"},
		"a room named for naught": {"adapters/common", "x.go", "var a int", "says nothing"},
		"a word within a word":    {"domain/database", "commonly.go", "var a int", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := file{name: c.file, test: strings.HasSuffix(c.file, "_test.go"), set: token.NewFileSet()}
			var err error
			if f.syntax, err = parser.ParseFile(f.set, c.file, "package x\n"+c.source, 0); err != nil {
				t.Fatal(err)
			}
			got := sourceFaults([]pkg{{path: c.at, name: path.Base(c.at), doc: "Package x is.", files: []file{f}}})
			if c.want == "" && len(got) > 0 {
				t.Errorf("lawful, yet: %v", got)
			}
			if c.want != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, c.want) }) {
				t.Errorf("want a complaint about %q, got %v", c.want, got)
			}
		})
	}
	silent := pkg{path: "app", name: "app", files: []file{{name: "x.go"}}}
	if got := silent.nameFaults(); len(got) != 1 || !strings.Contains(got[0], "no package comment") {
		t.Errorf("a package without a comment: %v", got)
	}
}

const confirming = `import "github.com/101pay/101pay/domain/chain"; var a, err = chain.Confirm(b, c)`

func TestHouseWireIsEnforced(t *testing.T) {
	at := func(path string, names ...string) pkg {
		p := pkg{path: path}
		for _, name := range names {
			p.files = append(p.files, file{name: name, imports: []string{"github.com/google/wire"}})
		}
		return p
	}
	for name, c := range map[string]struct {
		packages []pkg
		lawful   bool
	}{
		"at its place": {[]pkg{at("cmd/101pay", "wire.go")}, true},
		"elsewhere":    {[]pkg{at("app", "wire.go")}, false},
		"twice":        {[]pkg{at("cmd/101pay", "wire.go", "serve.go")}, false},
		"nowhere":      {[]pkg{at("cmd/101pay")}, true},
	} {
		if got := wireFaults(c.packages); (len(got) == 0) != c.lawful {
			t.Errorf("%s: %v", name, got)
		}
	}
}
