package docs_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/101pay/101pay/adapters/rest/docs"
	"github.com/101pay/101pay/adapters/rest/edge"
)

const publicURL = "https://pay.example"

// nativeDocument is the document of the dialect next door, which is the largest there is.
func nativeDocument(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../native/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func open(t *testing.T, specs ...docs.Spec) *gin.Engine {
	t.Helper()
	pages, err := docs.New(publicURL, specs...)
	if err != nil {
		t.Fatal(err)
	}
	engine := edge.NewEngine(edge.Options{})
	pages.Mount(engine)
	return engine
}

func openNative(t *testing.T) *gin.Engine {
	t.Helper()
	making.Do(func() {
		made = open(t, docs.Spec{Name: "native", Title: "101pay API", YAML: nativeDocument(t)})
	})
	return made
}

// The pages never change, so they are made once.
var (
	making sync.Once
	made   *gin.Engine
)

func get(t *testing.T, engine *gin.Engine, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	engine.ServeHTTP(w, r)
	return w
}

// asset answers the path of the asset a page names with an ending.
func asset(t *testing.T, page, ending string) string {
	t.Helper()
	path := regexp.MustCompile(`/docs/assets/[a-z]+\.[0-9a-f]{16}\.` + ending).FindString(page)
	if path == "" {
		t.Fatalf("the page names no %s", ending)
	}
	return path
}

func TestEverythingIsServedAsWhatItIs(t *testing.T) {
	engine := openNative(t)
	page := get(t, engine, "/docs/native").Body.String()
	for path, want := range map[string]struct{ media, cache string }{
		"/docs":                     {"text/html; charset=utf-8", "public, no-cache"},
		"/docs/native":              {"text/html; charset=utf-8", "public, no-cache"},
		"/docs/native/openapi.yaml": {"application/yaml; charset=utf-8", "public, no-cache"},
		"/docs/native/openapi.json": {"application/json; charset=utf-8", "public, no-cache"},
		asset(t, page, "css"):       {"text/css; charset=utf-8", "public, max-age=31536000, immutable"},
		asset(t, page, "js"):        {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		asset(t, page, "svg"):       {"image/svg+xml", "public, max-age=31536000, immutable"},
	} {
		w := get(t, engine, path)
		h := w.Header()
		if w.Code != 200 || h.Get("Content-Type") != want.media || h.Get("Cache-Control") != want.cache {
			t.Errorf("%s: %d %q %q", path, w.Code, h.Get("Content-Type"), h.Get("Cache-Control"))
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		tag := h.Get("ETag")
		again := get(t, engine, path, "If-None-Match", `"x", W/`+tag)
		if tag == "" || again.Code != 304 || again.Body.Len() > 0 {
			t.Errorf("%s: asked again with %s: %d, %d bytes", path, tag, again.Code, again.Body.Len())
		}
	}
	for _, path := range []string{"/docs/", "/docs/other", "/docs/native/openapi", "/docs/assets/docs.css"} {
		if w := get(t, engine, path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestAnswersAreCompressedForWhoeverTakesIt(t *testing.T) {
	engine := openNative(t)
	plain := get(t, engine, "/docs/native")
	for accepted, packed := range map[string]bool{
		"gzip": true, "br, gzip;q=0.8": true, "GZIP": true, "deflate, gzip ; q=1": true,
		"": false, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "xgzip": false,
	} {
		w := get(t, engine, "/docs/native", "Accept-Encoding", accepted)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: packed %v", accepted, got)
		}
		if w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: caches are not told", accepted)
		}
		if !packed {
			continue
		}
		if w.Header().Get("ETag") == plain.Header().Get("ETag") {
			t.Error("two representations have one tag")
		}
		r, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, plain.Body.Bytes()) {
			t.Errorf("%q: unpacks to something else (%v)", accepted, err)
		}
	}
}

// The pages work wherever the gateway is: behind a firewall, on a plane.
func TestPagesAskNothingOfOtherOrigins(t *testing.T) {
	engine := openNative(t)
	page := get(t, engine, "/docs/native").Body.String()
	loaded := regexp.MustCompile(`<(script|link|img|iframe|source|use)[^>]*(?:src|href)="([^"]*)"`)
	for _, path := range []string{"/docs", "/docs/native"} {
		text := get(t, engine, path).Body.String()
		found := loaded.FindAllStringSubmatch(text, -1)
		if len(found) != 3 {
			t.Errorf("%s loads %d things, want style, script and icon", path, len(found))
		}
		for _, m := range found {
			if !strings.HasPrefix(m[2], "/docs/assets/") {
				t.Errorf("%s loads %s", path, m[2])
			}
		}
		if m := regexp.MustCompile(`<style|<script>|\sstyle="|\son[a-z]+="|javascript:`).FindString(text); m != "" {
			t.Errorf("%s has something inline: %s", path, m)
		}
	}
	for _, ending := range []string{"css", "js"} {
		text := get(t, engine, asset(t, page, ending)).Body.String()
		if m := regexp.MustCompile(`https?://|@import|url\(|fetch\(`).FindString(text); m != "" {
			t.Errorf("the %s has %s", ending, m)
		}
	}
}

func TestEveryLinkWithinAPageLeadsSomewhere(t *testing.T) {
	page := get(t, openNative(t), "/docs/native").Body.String()
	ids := map[string]int{}
	for _, m := range regexp.MustCompile(`\sid="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		ids[m[1]]++
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%d elements have the id %s", n, id)
		}
	}
	links := regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 100 {
		t.Fatalf("%d links found; the page is not what this test thinks", len(links))
	}
	for _, m := range links {
		if ids[m[1]] == 0 {
			t.Errorf("#%s leads nowhere", m[1])
		}
	}
}

// Whatever a document says is on the page: its operations, codes, events and sections.
func TestThePageHasAllOfTheDocument(t *testing.T) {
	text := nativeDocument(t)
	page := get(t, openNative(t), "/docs/native").Body.String()
	var d struct {
		Paths map[string]map[string]struct {
			OperationID string `yaml:"operationId"`
		}
		Webhooks map[string]any
		Codes    map[string]any `yaml:"x-error-codes"`
	}
	if err := yaml.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Paths) < 30 || len(d.Codes) < 50 {
		t.Fatalf("%d paths and %d codes; the document is not what this test thinks", len(d.Paths), len(d.Codes))
	}
	for path, methods := range d.Paths {
		for method, o := range methods {
			if !strings.Contains(page, `<article class="operation" id="`+o.OperationID+`"`) {
				t.Errorf("%s %s is not on the page", method, path)
			}
		}
	}
	for name := range d.Webhooks {
		if !strings.Contains(page, `<span class="method event">event</span> <code class="path">`+name) {
			t.Errorf("event %s is not on the page", name)
		}
	}
	for code := range d.Codes {
		if !strings.Contains(page, "<td><code>"+code+"</code></td>") {
			t.Errorf("code %s is not on the page", code)
		}
	}
}

func TestTheDocumentsAreTheGatewaysOwn(t *testing.T) {
	engine := openNative(t)
	served := get(t, engine, "/docs/native/openapi.yaml").Body.Bytes()
	var fromYAML, fromJSON any
	if err := yaml.Unmarshal(served, &fromYAML); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(get(t, engine, "/docs/native/openapi.json").Body.Bytes(), &fromJSON); err != nil {
		t.Fatal(err)
	}
	// Numbers of the two decoders differ in type; printed, they must not.
	printed, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	var again any
	if err := json.Unmarshal(printed, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, fromJSON); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{"/docs/native", "/docs/native/openapi.yaml", "/docs/native/openapi.json"} {
		text := get(t, engine, path).Body.String()
		if strings.Contains(text, "127.0.0.1") || !strings.Contains(text, publicURL) {
			t.Errorf("%s does not have the gateway's address everywhere", path)
		}
	}
}

// A document is text: neither markup nor addresses of it may do anything.
func TestDocumentsCannotInjectMarkup(t *testing.T) {
	const evil = `<script>alert(1)</script>`
	text := strings.ReplaceAll(small, "SUMMARY", evil)
	text = strings.ReplaceAll(text, "PROSE", evil+` **`+evil+"** `"+evil+"` [x](javascript:alert(1))")
	page := get(t, open(t, docs.Spec{Name: "x", Title: evil, YAML: []byte(text)}), "/docs/x").Body.String()
	if strings.Contains(page, "<script>") || strings.Contains(page, "javascript:") {
		t.Error("markup of the document reached the page")
	}
	if strings.Count(page, "&lt;script&gt;alert(1)&lt;/script&gt;") < 5 {
		t.Error("the text of the document did not reach the page")
	}
}

// small is a document with little in it.
const small = `
openapi: 3.1.0
info: {title: T, version: '1', summary: "SUMMARY", description: "PROSE"}
servers: [{url: http://127.0.0.1:8080}]
tags: [{name: A tag, description: "PROSE"}]
paths:
  /v1/things/{id}:
    post:
      operationId: make
      tags: [A tag]
      summary: "SUMMARY"
      description: "PROSE"
      security: [{login: []}]
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}, example: abc}
        - {name: from, in: query, required: true, schema: {type: string}, example: '2026-05-17'}
        - {name: to, in: query, schema: {type: string}}
      requestBody:
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Thing'}
            example: {name: "it's"}
      responses:
        '200':
          description: Made.
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}, example: {name: x}}}
        '404':
          description: Gone.
          content: {application/json: {schema: {properties: {error: {enum: [not_found]}}}}}
webhooks:
  thing.made:
    post:
      operationId: onMade
      summary: Made
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
      responses: {'2XX': {description: Taken.}}
components:
  securitySchemes: {login: {type: http, scheme: bearer, x-variable: JWT}}
  schemas:
    Thing:
      type: object
      required: [name]
      properties:
        name: {type: string, minLength: 1, maxLength: 9}
        parts: {type: array, items: {$ref: '#/components/schemas/Thing'}}
x-error-codes: {not_found: {status: 404, meaning: No such thing.}}
`

// What can be copied can be run: quoted for a shell, with the gateway's address.
func TestCommandsCanBeCopied(t *testing.T) {
	page := get(t, open(t, docs.Spec{Name: "x", Title: "X", YAML: []byte(small)}), "/docs/x").Body.String()
	want := `curl &#39;https://pay.example/v1/things/abc?from=2026-05-17&#39; \
  -H &#34;Authorization: Bearer $JWT&#34; \
  -H &#39;Content-Type: application/json&#39; \
  -d &#39;{
  &#34;name&#34;: &#34;it&#39;\&#39;&#39;s&#34;
}&#39;`
	if !strings.Contains(page, want) {
		t.Errorf("the page lacks\n%s", want)
	}
}

func TestDocumentsThatCannotBeShownStopTheStart(t *testing.T) {
	for name, change := range map[string][2]string{
		"no YAML":               {"openapi: 3.1.0", "openapi: [3.1.0"},
		"no object":             {small, "- x"},
		"no server":             {"servers: [{url: http://127.0.0.1:8080}]", "servers: []"},
		"no operation id":       {"operationId: make", "deprecated: true"},
		"unknown tag":           {"tags: [A tag]", "tags: [B tag]"},
		"no tag":                {"tags: [A tag]", "tags: []"},
		"a code nobody told of": {"enum: [not_found]", "enum: [lost]"},
		"an alias":              {"info: {title: T,", "x: &a 1\ny: *a\ninfo: {title: T,"},
	} {
		text := strings.Replace(small, change[0], change[1], 1)
		if text == small {
			t.Fatalf("%s: nothing changed", name)
		}
		if _, err := docs.New(publicURL, docs.Spec{Name: "x", Title: "X", YAML: []byte(text)}); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}
