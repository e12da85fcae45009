package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/101pay/101pay/"

// anything, in a row of the house, means that everything meets there.
const anything = "*"

// house is the dependency rule: which package may import what beyond the standard library. "x/..."
// means x and all below it. The longest matching row holds; a package without a row fails.
var house = []row{
	{"domain/fault", nil},
	{"domain/money", list("domain/fault github.com/shopspring/decimal")},
	{"domain/base58", nil},
	// Keccak-256 is the checksum of EVM addresses and not in the standard library (docs/adr/0006); their
	// curve shows who signed (docs/adr/0008).
	{"domain/chain", list("domain/base58 domain/money domain/fault golang.org/x/crypto/sha3 github.com/decred/dcrd/dcrec/secp256k1/v4")},
	// The same curve derives addresses (docs/adr/0010).
	{"domain/hdkey", list("domain/base58 domain/chain domain/fault github.com/decred/dcrd/dcrec/secp256k1/v4")},
	{"domain/weburl", list("domain/fault")},
	{"domain/merchant", list("domain/chain domain/weburl domain/fault")},
	{"domain/keys", list("domain/merchant domain/fault")},
	{"domain/member", list("domain/merchant domain/fault")},
	{"domain/checkout", list("domain/money domain/chain domain/merchant domain/fault")},
	{"domain/checkout/statesdoc", list("domain/checkout")}, // writes docs/states.md
	{"domain/ledger", list("domain/money domain/merchant domain/fault")},
	// What payers sign is hashed by Keccak-256 and signed on their curve (docs/adr/0013).
	{"domain/x402", list("domain/money domain/chain domain/fault golang.org/x/crypto/sha3 " +
		"github.com/decred/dcrd/dcrec/secp256k1/v4")},
	{"domain/webhook", list("domain/merchant domain/weburl domain/fault")},
	{"domain/report", list("domain/merchant domain/fault")},
	{"domain/resource", list("domain/money domain/chain domain/merchant domain/x402 domain/weburl domain/fault")},
	{"domain/attest", list("domain/money domain/chain domain/merchant domain/checkout domain/ledger")},

	{"ports", list("domain/...")},
	// Its payers sign as wallets do.
	{"ports/portstest", list("domain/... ports pgregory.net/rapid github.com/decred/dcrd/dcrec/secp256k1/v4 " +
		"golang.org/x/crypto/sha3")},
	{"app", list("domain/... ports")},

	// Driving adapters: they call app.
	{"adapters/rest", list("adapters/rest/... adapters/hosted adapters/signin adapters/graphql adapters/dashboard " +
		"adapters/telemetry github.com/gin-gonic/gin")},
	{"adapters/rest/edge", list("domain/fault github.com/gin-gonic/gin golang.org/x/time " +
		"github.com/go-json-experiment/json")},
	{"adapters/rest/docs", list("adapters/rest/edge github.com/gin-gonic/gin go.yaml.in/yaml/v3")},
	{"adapters/rest/native", dialect},
	{"adapters/rest/native/conform", list("github.com/getkin/kin-openapi")}, // serves tests only
	{"adapters/rest/hundredpay", dialect},
	{"adapters/rest/cryptopay", dialect},
	{"adapters/rest/deposit", dialect},
	{"adapters/rest/facilitator", dialect},
	{"adapters/rest/paywall", list("domain/... github.com/gin-gonic/gin")}, // other programs import it
	{"adapters/hosted", list("domain/... app adapters/rest/edge github.com/gin-gonic/gin " +
		"rsc.io/qr golang.org/x/text")},
	// Who signs in, and the gate that graphql asks who sent a request.
	{"adapters/signin", list("domain/... ports app adapters/rest/edge github.com/gin-gonic/gin rsc.io/qr")},
	{"adapters/graphql", list("domain/... ports app adapters/rest/edge github.com/gin-gonic/gin " +
		"github.com/99designs/gqlgen github.com/vektah/gqlparser/v2")},
	{"adapters/dashboard", nil},
	{"adapters/worker", list("domain/... ports app github.com/riverqueue/river golang.org/x/sync")},

	// Driven adapters: app calls them through ports.
	{"adapters/postgres", list("domain/... ports migrations github.com/uptrace/bun " +
		"github.com/jackc/pgx/v5 github.com/riverqueue/river")},
	{"adapters/memory", driven},
	{"adapters/audit", list("domain/... github.com/jackc/pgx/v5")},
	{"adapters/ethrpc", driven},
	{"adapters/ethrpc/anviltest", nil},                          // a real node for tests
	{"adapters/agenttest", list("domain/x402 ports/portstest")}, // pays in tests
	{"adapters/ethrpc/simnode", nil},                            // a simulated one, for what no real one can be brought to
	{"adapters/tron", list("domain/... ports adapters/ethrpc")},
	{"adapters/evm", list("domain/... ports adapters/ethrpc")},
	// It signs transactions (docs/adr/0013).
	{"adapters/evm/relayer", list("domain/... ports adapters/ethrpc github.com/decred/dcrd/dcrec/secp256k1/v4 " +
		"golang.org/x/crypto/sha3")},
	{"adapters/bitcoin", list("domain/... ports github.com/btcsuite/btcd")},
	{"adapters/solana", list("domain/... ports github.com/blocto/solana-go-sdk")},
	{"adapters/xrpl", driven},
	{"adapters/cardano", driven},
	{"adapters/polkadot", driven},
	{"adapters/sandbox", driven},
	{"adapters/facilitator", driven},
	{"adapters/rates", list("domain/... ports golang.org/x/sync")},
	{"adapters/outbound", list("domain/... ports code.dny.dev/ssrf")},
	{"adapters/vault", list("domain/... ports golang.org/x/crypto github.com/alexedwards/argon2id " +
		"github.com/golang-jwt/jwt/v5")},
	{"adapters/passkeys", list("domain/... ports github.com/go-webauthn/webauthn")},
	{"adapters/system", list("domain/... ports github.com/google/uuid")},

	// Neither: they know no word of the domain.
	{"adapters/pgembed", nil},
	{"adapters/pgembed/pgtest", list("adapters/pgembed github.com/jackc/pgx/v5")},
	{"adapters/telemetry", list("github.com/prometheus/client_golang github.com/gin-gonic/gin")},
	{"migrations", nil},

	// Where everything meets.
	{"cmd/101pay", list(anything)},
	{"e2e/...", list(anything)},
}

var (
	dialect = list("domain/... ports app adapters/rest/edge github.com/gin-gonic/gin")
	driven  = list("domain/... ports")

	// testTools may be imported by any test.
	testTools = list("github.com/google/go-cmp pgregory.net/rapid go.uber.org/goleak " +
		"github.com/rogpeppe/go-internal")
	// testParts may be imported by tests outside the domain: real parts, and what holds them to
	// their contracts.
	testParts = list("domain/... ports/... migrations adapters/memory adapters/sandbox " +
		"adapters/pgembed/... adapters/ethrpc/anviltest adapters/agenttest adapters/rest/native/conform github.com/jackc/pgx/v5 github.com/shopspring/decimal github.com/getkin/kin-openapi " +
		"github.com/standard-webhooks/standard-webhooks/libraries github.com/gin-gonic/gin " +
		"github.com/decred/dcrd/dcrec/secp256k1/v4 golang.org/x/crypto/sha3")
)

// row is one line of the dependency rule.
type row struct {
	pkg string
	may []string
}

func list(s string) []string { return strings.Fields(s) }

// TestHouseLayers is the law of the house: arrows point inwards, and every package has its place.
func TestHouseLayers(t *testing.T) {
	report(t, layerFaults(house, tree(t)))
}

// A checker that finds nothing is worthless, so it is shown each kind of offence once.
func TestHouseLayersAreEnforced(t *testing.T) {
	at := func(path string, imports ...string) pkg {
		return pkg{path: path, files: []file{{name: "x.go", imports: imports}}}
	}
	test := func(path string, imports ...string) pkg {
		return pkg{path: path, files: []file{{name: "x_test.go", test: true, imports: imports}}}
	}
	for name, c := range map[string]struct {
		pkg  pkg
		want string // "" means lawful
	}{
		"domain uses its neighbour":         {at("domain/checkout", module+"domain/money", "fmt"), ""},
		"domain imports an adapter":         {at("domain/checkout", module+"adapters/postgres"), "adapters/postgres"},
		"domain imports a library":          {at("domain/checkout", "github.com/shopspring/decimal"), "decimal"},
		"domain imports a later neighbour":  {at("domain/money", module+"domain/checkout"), "domain/checkout"},
		"ports import app":                  {at("ports", module+"app"), "app"},
		"app uses a port":                   {at("app", module+"ports", module+"domain/keys"), ""},
		"app imports Postgres":              {at("app", module+"adapters/postgres"), "adapters/postgres"},
		"app imports a suite":               {at("app", module+"ports/portstest"), "ports/portstest"},
		"driven adapter imports app":        {at("adapters/postgres", module+"app"), "app"},
		"driving adapter imports a driven":  {at("adapters/hosted", module+"adapters/postgres"), "adapters/postgres"},
		"adapter imports a sibling":         {at("adapters/tron", module+"adapters/rates"), "adapters/rates"},
		"tron imports ethrpc":               {at("adapters/tron", module+"adapters/ethrpc"), ""},
		"dialect imports a dialect":         {at("adapters/rest/native", module+"adapters/rest/deposit"), "adapters/rest/deposit"},
		"rest mounts a dialect":             {at("adapters/rest", module+"adapters/rest/native"), ""},
		"postgres uses a child of bun":      {at("adapters/postgres", "github.com/uptrace/bun/dialect/pgdialect"), ""},
		"a library with a known beginning":  {at("adapters/postgres", "github.com/uptrace/bunny"), "bunny"},
		"a package nobody has placed":       {at("adapters/postgres2"), "no row"},
		"a room below a row":                {at("app/internal"), "no row"},
		"cmd imports anything":              {at("cmd/101pay", module+"adapters/postgres", "github.com/x/y"), ""},
		"e2e imports anything":              {at("e2e/browser", "github.com/chromedp/chromedp"), ""},
		"app is tested over memory":         {test("app", module+"adapters/memory", "pgregory.net/rapid"), ""},
		"app is tested over Postgres":       {test("app", module+"adapters/postgres"), "adapters/postgres"},
		"domain is tested with a tool":      {test("domain/money", "pgregory.net/rapid"), ""},
		"domain is tested over memory":      {test("domain/money", module+"adapters/memory"), "adapters/memory"},
		"a tool outside tests":              {at("app", "pgregory.net/rapid"), "rapid"},
		"a test of a package without a row": {test("adapters/new"), "no row"},
	} {
		t.Run(name, func(t *testing.T) {
			got := layerFaults(house, []pkg{c.pkg})
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("lawful, yet: %v", got)
			case c.want != "" && len(got) != 1:
				t.Errorf("want one complaint about %q, got %v", c.want, got)
			case c.want != "" && !strings.Contains(got[0], c.want):
				t.Errorf("want a complaint about %q, got %v", c.want, got)
			}
		})
	}
}

// layerFaults holds packages against the rule.
func layerFaults(rule []row, packages []pkg) (faults []string) {
	for _, p := range packages {
		may, placed := p.may(rule)
		if !placed {
			faults = append(faults, p.path+": no row in the house; give it one, and a purpose")
			continue
		}
		for _, f := range p.files {
			for _, imported := range f.imports {
				if !covers(may, imported) && !(f.test && covers(p.testsMay(), imported)) {
					faults = append(faults, fmt.Sprintf("%s/%s: may not import %s", p.path, f.name, imported))
				}
			}
		}
	}
	return faults
}

// may is what the longest matching row allows.
func (p pkg) may(rule []row) (may []string, placed bool) {
	longest := -1
	for _, r := range rule {
		if matches(r.pkg, p.path) && len(r.pkg) > longest {
			may, placed, longest = r.may, true, len(r.pkg)
		}
	}
	return may, placed
}

// testsMay is what tests of this package may import beyond what the package may.
func (p pkg) testsMay() []string {
	own := []string{p.path + "/..."}
	if strings.HasPrefix(p.path, "domain/") {
		return slices.Concat(own, testTools, []string{"domain/..."})
	}
	return slices.Concat(own, testTools, testParts)
}

// covers reports whether an import is allowed. Libraries are allowed with their children.
func covers(may []string, imported string) bool {
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	ours, isOurs := strings.CutPrefix(imported, module)
	for _, entry := range may {
		switch {
		case entry == anything:
			return true
		case isOurs && matches(entry, ours):
			return true
		case !isOurs && (imported == entry || strings.HasPrefix(imported, entry+"/")):
			return true
		}
	}
	return false
}

// matches compares a path with a pattern that may end in "/...".
func matches(pattern, path string) bool {
	if above, found := strings.CutSuffix(pattern, "/..."); found {
		return path == above || strings.HasPrefix(path, above+"/")
	}
	return path == pattern
}

// pkg is a package of this module as the house sees it.
type pkg struct {
	path  string // below the module
	name  string
	doc   string
	files []file
}

// file is one Go file, whatever its build constraints.
type file struct {
	name    string
	test    bool
	imports []string
	syntax  *ast.File
	set     *token.FileSet
}

// tree reads every package of the module.
func tree(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=Dir,ImportPath,Name,Doc,GoFiles,CgoFiles,IgnoredGoFiles,"+
		"TestGoFiles,XTestGoFiles", "./...")
	cmd.Dir = filepath.Join("..", "..")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var l struct {
			Dir, ImportPath, Name, Doc                                   string
			GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
		}
		if err := dec.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p := pkg{path: strings.TrimPrefix(l.ImportPath, module), name: l.Name, doc: l.Doc}
		for _, name := range slices.Concat(l.GoFiles, l.CgoFiles, l.IgnoredGoFiles, l.TestGoFiles, l.XTestGoFiles) {
			p.files = append(p.files, read(t, filepath.Join(l.Dir, name)))
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatal("go list found no packages, so nothing was checked")
	}
	return packages
}

func read(t *testing.T, path string) file {
	t.Helper()
	f := file{name: filepath.Base(path), test: strings.HasSuffix(path, "_test.go"), set: token.NewFileSet()}
	var err error
	if f.syntax, err = parser.ParseFile(f.set, path, nil, parser.SkipObjectResolution); err != nil {
		t.Fatal(err)
	}
	for _, spec := range f.syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		f.imports = append(f.imports, imported)
	}
	return f
}

func report(t *testing.T, faults []string) {
	t.Helper()
	for _, fault := range faults {
		t.Error(fault)
	}
}
