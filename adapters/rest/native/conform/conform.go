// Package conform holds live exchanges against an OpenAPI 3.1 document: whatever a server is asked
// and answers in a test must be what its document says.
//
// It owns which operation a request is for, and what of an exchange is compared: the path, the
// method, parameters and body of what was accepted, the status, the headers an answer must have,
// and its body. It does not own any document, and no server uses it: it is for tests.
//
// Invariants: what the document does not mention is a deviation, in answers too. A document may
// promise its readers that objects grow; the checker closes every object of an answer, so that a
// field nobody wrote down is found the day it appears.
package conform

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Deviations, to be told apart with errors.Is.
var (
	ErrUnknownPath   = errors.New("the document has no such path")
	ErrUnknownMethod = errors.New("the document has no such method on this path")
	ErrStatus        = errors.New("the document does not know this status here")
	ErrHeader        = errors.New("a header is not as documented")
	ErrBody          = errors.New("the body is not as documented")
	ErrRequest       = errors.New("the server accepted what the document does not allow")
)

// Checker compares exchanges with a document. It may be used by several goroutines.
type Checker struct {
	doc        *openapi3.T
	operations []operation // those with fewer parameters in the path first
}

// operation is one method of one path.
type operation struct {
	method   string
	template string   // as the document writes it: "/v1/keys/{id}"
	segments []string // of the template
	shared   openapi3.Parameters
	*openapi3.Operation
}

func (o operation) name() string { return o.method + " " + o.template }

// New reads a document, which must be valid OpenAPI 3.1 with examples that fit their schemas.
func New(yaml []byte) (*Checker, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(yaml)
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	if !doc.IsOpenAPI31OrLater() {
		return nil, fmt.Errorf("the document is OpenAPI %s, not 3.1", doc.OpenAPI)
	}
	err = doc.Validate(context.Background(), openapi3.EnableMultiError(), openapi3.IsOpenAPI31OrLater(),
		openapi3.EnableExamplesValidation(), openapi3.EnableSchemaDefaultsValidation())
	if err != nil {
		return nil, fmt.Errorf("the document is not valid: %w", err)
	}
	c := &Checker{doc: doc}
	for template, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			c.operations = append(c.operations, operation{
				method: method, template: template, segments: strings.Split(template, "/"),
				shared: item.Parameters, Operation: o,
			})
		}
	}
	slices.SortFunc(c.operations, func(a, b operation) int {
		if d := strings.Count(a.template, "{") - strings.Count(b.template, "{"); d != 0 {
			return d
		}
		return strings.Compare(a.template+" "+a.method, b.template+" "+b.method)
	})
	closeAnswers(doc)
	return c, nil
}

// Operations lists every operation as "GET /v1/keys/{id}", sorted.
func (c *Checker) Operations() []string {
	out := make([]string, len(c.operations))
	for i, o := range c.operations {
		out[i] = o.name()
	}
	slices.Sort(out)
	return out
}

// Statuses lists the documented statuses of an operation, sorted; nil if there is no such one.
func (c *Checker) Statuses(name string) []string {
	for _, o := range c.operations {
		if o.name() == name {
			out := o.Responses.Keys()
			slices.Sort(out)
			return out
		}
	}
	return nil
}

// Operation names the operation a request is for, or "" if the document has none.
func (c *Checker) Operation(r *http.Request) string {
	o, err := c.find(r.Method, r.URL.Path)
	if err != nil {
		return ""
	}
	return o.name()
}

// find matches a path. One that is written out goes before one with a parameter, whatever its
// methods; the caller's HEAD is the document's GET.
func (c *Checker) find(method, path string) (operation, error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var template string
	segments := strings.Split(path, "/")
	for _, o := range c.operations {
		if template != "" && o.template != template || !fits(o.segments, segments) {
			continue
		}
		if o.method == method {
			return o, nil
		}
		template = o.template
	}
	if template != "" {
		return operation{}, ErrUnknownMethod
	}
	return operation{}, ErrUnknownPath
}

func fits(template, path []string) bool {
	if len(template) != len(path) {
		return false
	}
	for i, want := range template {
		if param := strings.HasPrefix(want, "{"); param && path[i] == "" || !param && path[i] != want {
			return false
		}
	}
	return true
}

// Check compares one exchange. header and body are the answer's. Requests for paths and methods the
// document does not have conform if they are refused as such, with 404 and 405.
func (c *Checker) Check(r *http.Request, reqBody []byte, status int, header http.Header, body []byte) error {
	name := r.Method + " " + r.URL.Path
	o, err := c.find(r.Method, r.URL.Path)
	switch {
	case errors.Is(err, ErrUnknownPath) && status == http.StatusNotFound,
		errors.Is(err, ErrUnknownMethod) && status == http.StatusMethodNotAllowed,
		errors.Is(err, ErrUnknownMethod) && r.Method == http.MethodOptions && status == http.StatusNoContent:
		return nil
	case err != nil:
		return fmt.Errorf("%s answered %d: %w", name, status, err)
	}
	if status < http.StatusBadRequest {
		if err := c.checkRequest(o, r, reqBody); err != nil {
			return fmt.Errorf("%s answered %d: %w: %w", name, status, ErrRequest, err)
		}
	}
	answer := o.Responses.Status(status)
	if answer == nil {
		return fmt.Errorf("%s answered %d: %w: it has %s", name, status, ErrStatus,
			strings.Join(c.Statuses(o.name()), ", "))
	}
	if err := c.checkHeaders(answer.Value.Headers, header); err != nil {
		return fmt.Errorf("%s answered %d: %w: %w", name, status, ErrHeader, err)
	}
	if r.Method == http.MethodHead {
		return nil
	}
	if err := c.checkContent(answer.Value.Content, header.Get("Content-Type"), body); err != nil {
		return fmt.Errorf("%s answered %d: %w: %w", name, status, ErrBody, err)
	}
	return nil
}

// CheckEvent compares the body of a webhook with what the document says of its type.
func (c *Checker) CheckEvent(eventType string, body []byte) error {
	item := c.doc.Webhooks[eventType]
	if item == nil || item.Post == nil {
		return fmt.Errorf("event %q: %w", eventType, ErrUnknownPath)
	}
	if err := c.checkContent(item.Post.RequestBody.Value.Content, jsonType, body); err != nil {
		return fmt.Errorf("event %q: %w: %w", eventType, ErrBody, err)
	}
	return nil
}

// Events lists the documented types of events, sorted.
func (c *Checker) Events() []string {
	var out []string
	for name := range c.doc.Webhooks {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
