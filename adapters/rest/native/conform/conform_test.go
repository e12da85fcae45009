package conform_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/rest/native/conform"
)

const document = `
openapi: 3.1.0
info: {title: Shelf, version: '1'}
paths:
  /v1/books:
    post:
      security: [{login: []}]
      parameters: [{$ref: '#/components/parameters/Key'}]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              required: [title]
              properties: {title: {type: string, maxLength: 20}}
      responses:
        '201':
          description: Made.
          headers: {X-Request-Id: {required: true, schema: {type: string, minLength: 3}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}
        '204': {description: Nothing to say.}
        '429':
          description: Too many.
          headers: {Retry-After: {required: true, schema: {type: integer, minimum: 1}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}
  /v1/books/{id}:
    get:
      security: []
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, pattern: '^[a-z]+$'}}
        - {name: limit, in: query, schema: {type: integer, maximum: 100}}
      responses:
        '200':
          description: A book.
          content:
            application/json: {schema: {$ref: '#/components/schemas/Book'}}
            text/csv: {schema: {type: string}}
  /v1/books/new:
    post:
      security: []
      responses: {'204': {description: Done.}}
webhooks:
  book.made:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Book'}}}}
      responses: {'2XX': {description: Taken.}}
components:
  securitySchemes: {login: {type: http, scheme: bearer}}
  parameters:
    Key: {name: Idempotency-Key, in: header, schema: {type: string, maxLength: 8}}
  schemas:
    Book:
      type: object
      required: [id, made]
      properties:
        id: {type: string}
        made: {type: string, format: date-time}
        pages: {type: integer}
        tags: {type: object, additionalProperties: {type: string}}
        author: {type: object, properties: {name: {type: string}}}
    Error:
      type: object
      required: [error]
      properties: {error: {enum: [slow_down]}}
`

func open(t *testing.T) *conform.Checker {
	t.Helper()
	c, err := conform.New([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange is one that conforms until a test changes it.
type exchange struct {
	method, path, sent string
	request            http.Header
	status             int
	answer             http.Header
	body               string
}

const book = `{"id":"a","made":"2026-05-17T09:30:00.000000Z","pages":3,"tags":{"x":"y"},"author":{"name":"n"}}`

func making() exchange {
	return exchange{
		method: "POST", path: "/v1/books", sent: `{"title":"x"}`,
		request: http.Header{
			"Authorization": {"Bearer x"}, "Content-Type": {"application/json; charset=utf-8"},
			"Idempotency-Key": {"k"},
		},
		status: 201,
		answer: http.Header{"X-Request-Id": {"abc"}, "Content-Type": {"application/json; charset=utf-8"}},
		body:   book,
	}
}

func (x exchange) check(t *testing.T, c *conform.Checker) error {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), x.method, x.path, strings.NewReader(x.sent))
	r.Header = x.request
	return c.Check(r, []byte(x.sent), x.status, x.answer, []byte(x.body))
}

// Each deviation is planted into an exchange that conforms.
func TestDeviationsAreFound(t *testing.T) {
	c := open(t)
	if err := making().check(t, c); err != nil {
		t.Fatalf("an exchange that conforms: %v", err)
	}
	swap := func(old, by string) func(*exchange) {
		return func(x *exchange) { x.body = strings.Replace(x.body, old, by, 1) }
	}
	for name, d := range map[string]struct {
		plant func(*exchange)
		want  error
	}{
		"field nobody documented":      {swap(`"id"`, `"secret":"x","id"`), conform.ErrBody},
		"such a field further down":    {swap(`"name":"n"`, `"name":"n","mail":"m"`), conform.ErrBody},
		"wrong type":                   {swap(`3`, `"3"`), conform.ErrBody},
		"wrong type in a map":          {swap(`"y"`, `7`), conform.ErrBody},
		"null":                         {swap(`3`, `null`), conform.ErrBody},
		"field missing":                {swap(`"id":"a",`, ``), conform.ErrBody},
		"format":                       {swap(`2026-05-17T`, `17 May 2026 `), conform.ErrBody},
		"no JSON":                      {func(x *exchange) { x.body = "oops" }, conform.ErrBody},
		"no body":                      {func(x *exchange) { x.body = "" }, conform.ErrBody},
		"body where none is":           {func(x *exchange) { x.status = 204 }, conform.ErrBody},
		"media type":                   {func(x *exchange) { x.answer["Content-Type"] = []string{"text/html"} }, conform.ErrBody},
		"no media type":                {func(x *exchange) { delete(x.answer, "Content-Type") }, conform.ErrBody},
		"status":                       {func(x *exchange) { x.status = 200 }, conform.ErrStatus},
		"header missing":               {func(x *exchange) { delete(x.answer, "X-Request-Id") }, conform.ErrHeader},
		"header twice":                 {func(x *exchange) { x.answer["X-Request-Id"] = []string{"abc", "abd"} }, conform.ErrHeader},
		"header of another form":       {func(x *exchange) { x.answer["X-Request-Id"] = []string{"a"} }, conform.ErrHeader},
		"path nobody documented":       {func(x *exchange) { x.path = "/v1/pens" }, conform.ErrUnknownPath},
		"method nobody documented":     {func(x *exchange) { x.method = "PUT" }, conform.ErrUnknownMethod},
		"method of a longer path":      {func(x *exchange) { x.method, x.path = "GET", "/v1/books/new" }, conform.ErrUnknownMethod},
		"query nobody documented":      {func(x *exchange) { x.path += "?debug=1" }, conform.ErrRequest},
		"no credential":                {func(x *exchange) { delete(x.request, "Authorization") }, conform.ErrRequest},
		"request field not documented": {func(x *exchange) { x.sent = `{"title":"x","admin":true}` }, conform.ErrRequest},
		"request field missing":        {func(x *exchange) { x.sent = `{}` }, conform.ErrRequest},
		"no request body":              {func(x *exchange) { x.sent = `` }, conform.ErrRequest},
		"request too long":             {func(x *exchange) { x.sent = `{"title":"` + strings.Repeat("x", 21) + `"}` }, conform.ErrRequest},
		"request media type":           {func(x *exchange) { x.request["Content-Type"] = []string{"text/plain"} }, conform.ErrRequest},
		"request header":               {func(x *exchange) { x.request["Idempotency-Key"] = []string{"123456789"} }, conform.ErrRequest},
	} {
		x := making()
		d.plant(&x)
		if err := x.check(t, c); !errors.Is(err, d.want) {
			t.Errorf("%s: %v, want %v", name, err, d.want)
		}
	}
}

func TestWhatConformsIsLeftAlone(t *testing.T) {
	c := open(t)
	refused := making()
	refused.sent, refused.status, refused.body = `[`, 429, `{"error":"slow_down"}`
	refused.answer["Retry-After"] = []string{"1"}
	get := exchange{
		method: "GET", path: "/v1/books/a?limit=100", status: 200,
		answer: http.Header{"Content-Type": {"application/json"}}, body: book,
	}
	csv, head, empty := get, get, making()
	csv.answer, csv.body = http.Header{"Content-Type": {"text/csv; charset=utf-8"}}, "id\na\n"
	head.method, head.body = "HEAD", ""
	empty.method, empty.path, empty.sent, empty.status, empty.body = "POST", "/v1/books/new", "{}", 204, ""
	for name, x := range map[string]exchange{
		"a refusal of a wrong request": refused,
		"a number in the query":        get,
		"another media type":           csv,
		"a HEAD":                       head,
		"an empty object for no body":  empty,
		"an unknown path, refused":     {method: "GET", path: "/nowhere", status: 404},
		"an unknown method, refused":   {method: "PUT", path: "/v1/books", status: 405},
		"a browser asking if it may":   {method: "OPTIONS", path: "/v1/books", status: 204},
	} {
		if err := x.check(t, c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, x := range map[string]exchange{
		"a known path lost":        {method: "GET", path: "/v1/books/a", status: 404},
		"a number out of bounds":   {method: "GET", path: "/v1/books/a?limit=101", status: 200, answer: get.answer, body: book},
		"a path of another form":   {method: "GET", path: "/v1/books/7", status: 200, answer: get.answer, body: book},
		"an error nobody heard of": {method: "POST", path: "/v1/books", status: 429, answer: refused.answer, body: `{"error":"no"}`},
	} {
		if err := x.check(t, c); err == nil {
			t.Errorf("%s: conforms", name)
		}
	}
}

func TestEventsAreChecked(t *testing.T) {
	c := open(t)
	if err := c.CheckEvent("book.made", []byte(book)); err != nil {
		t.Error(err)
	}
	if err := c.CheckEvent("book.made", []byte(`{"id":"a"}`)); !errors.Is(err, conform.ErrBody) {
		t.Errorf("a field is missing: %v", err)
	}
	if err := c.CheckEvent("book.made", []byte(strings.Replace(book, `"id"`, `"x":1,"id"`, 1))); !errors.Is(err, conform.ErrBody) {
		t.Errorf("a field too many: %v", err)
	}
	if err := c.CheckEvent("book.lost", []byte(book)); !errors.Is(err, conform.ErrUnknownPath) {
		t.Errorf("an event nobody documented: %v", err)
	}
	if !slices.Equal(c.Events(), []string{"book.made"}) {
		t.Error(c.Events())
	}
}

func TestOperationsAreNamed(t *testing.T) {
	c := open(t)
	want := []string{"GET /v1/books/{id}", "POST /v1/books", "POST /v1/books/new"}
	if !slices.Equal(c.Operations(), want) {
		t.Error(c.Operations())
	}
	if got := c.Statuses("POST /v1/books"); !slices.Equal(got, []string{"201", "204", "429"}) {
		t.Error(got)
	}
	if c.Statuses("POST /nowhere") != nil {
		t.Error("an unknown operation has statuses")
	}
	for path, want := range map[string]string{
		"/v1/books/a": "GET /v1/books/{id}", "/v1/books/": "", "/v1/books/a/b": "", "/v1/books/new": "",
	} {
		if got := c.Operation(httptest.NewRequestWithContext(t.Context(), "GET", path, nil)); got != want {
			t.Errorf("GET %s is %q", path, got)
		}
	}
}

func TestDocumentsMustBeRight(t *testing.T) {
	for name, change := range map[string][2]string{
		"no YAML":                {"openapi: 3.1.0", "openapi: [3.1.0"},
		"version":                {"3.1.0", "3.0.3"},
		"a reference to nothing": {"schemas/Book'}}}\n        '204'", "schemas/Pen'}}}\n        '204'"},
		"an example that lies":   {"        pages: {type: integer}", "        pages: {type: integer, example: many}"},
		"no description":         {"'204': {description: Done.}", "'204': {}"},
	} {
		text := strings.Replace(document, change[0], change[1], 1)
		if text == document {
			t.Fatalf("%s: nothing changed", name)
		}
		if _, err := conform.New([]byte(text)); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}

// What passes through the transport arrives whole on both sides.
func TestTransportReportsAndPassesOn(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		got = string(sent)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", "abc")
		w.WriteHeader(201)
		_, _ = io.WriteString(w, book[:len(book)-1]+`,"more":1}`)
	}))
	defer server.Close()
	var reported []error
	client := http.Client{Transport: open(t).Transport(http.DefaultTransport, func(_ *http.Request, err error) {
		reported = append(reported, err)
	})}
	r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/v1/books", strings.NewReader(`{"title":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = making().request
	w, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(w.Body)
	if err != nil || !strings.HasSuffix(string(body), `"more":1}`) || got != `{"title":"x"}` {
		t.Errorf("passed on %q, answered %q (%v)", got, body, err)
	}
	if len(reported) != 1 || !errors.Is(reported[0], conform.ErrBody) {
		t.Errorf("reported %v", reported)
	}
}
