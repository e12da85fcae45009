package conform

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

const jsonType = "application/json"

// anyType documents content that is not this API's to describe.
const anyType = "*/*"

// checkRequest holds what a server accepted against what the document lets it accept: a document
// narrower than its server refuses clients that are right.
func (c *Checker) checkRequest(o operation, r *http.Request, body []byte) error {
	if err := c.checkCredential(o, r); err != nil {
		return err
	}
	if err := c.checkParameters(o, r); err != nil {
		return err
	}
	switch {
	case o.RequestBody == nil && len(body) > 0 && strings.TrimSpace(string(body)) != "{}":
		return errors.New("it had a body, and none is documented")
	case o.RequestBody == nil:
		return nil
	case len(body) == 0 && o.RequestBody.Value.Required:
		return errors.New("it had no body, and one is required")
	case len(body) == 0:
		return nil
	}
	return c.checkContent(o.RequestBody.Value.Content, r.Header.Get("Content-Type"), body)
}

// checkCredential wants an Authorization header where every documented alternative has one.
func (c *Checker) checkCredential(o operation, r *http.Request) error {
	if o.Security == nil {
		return errors.New("the document does not say whether it needs a credential")
	}
	for _, alternative := range *o.Security {
		inHeader := false
		for name := range alternative {
			scheme := c.doc.Components.SecuritySchemes[name]
			inHeader = inHeader || scheme != nil && scheme.Value.Type == "http"
		}
		if !inHeader {
			return nil
		}
	}
	if len(*o.Security) > 0 && r.Header.Get("Authorization") == "" {
		return errors.New("it had no credential, and one is documented")
	}
	return nil
}

// checkParameters wants every parameter of the request documented and as documented, and every
// required one there.
func (c *Checker) checkParameters(o operation, r *http.Request) error {
	query, known := r.URL.Query(), map[string]bool{}
	path := strings.Split(r.URL.Path, "/")
	for _, ref := range append(o.shared[:len(o.shared):len(o.shared)], o.Parameters...) {
		p := ref.Value
		var value string
		var given bool
		switch p.In {
		case openapi3.ParameterInQuery:
			known[p.Name] = true
			value, given = query.Get(p.Name), query.Has(p.Name)
		case openapi3.ParameterInHeader:
			value, given = r.Header.Get(p.Name), len(r.Header.Values(p.Name)) > 0
		case openapi3.ParameterInPath:
			for i, segment := range o.segments {
				if segment == "{"+p.Name+"}" {
					value, given = path[i], true
				}
			}
		}
		switch {
		case !given && p.Required:
			return fmt.Errorf("parameter %s is required and was not there", p.Name)
		case !given:
		default:
			if err := c.visit(p.Schema, read(p.Schema, value)); err != nil {
				return fmt.Errorf("parameter %s: %w", p.Name, err)
			}
		}
	}
	for name := range query {
		if !known[name] {
			return fmt.Errorf("query parameter %s is not documented", name)
		}
	}
	return nil
}

// checkHeaders wants the required headers of an answer, and those that are there to fit.
func (c *Checker) checkHeaders(documented openapi3.Headers, header http.Header) error {
	for name, ref := range documented {
		switch values := header.Values(name); {
		case len(values) == 0 && ref.Value.Required:
			return fmt.Errorf("%s is missing", name)
		case len(values) == 0:
		case len(values) > 1:
			return fmt.Errorf("%s is there %d times", name, len(values))
		default:
			if err := c.visit(ref.Value.Schema, read(ref.Value.Schema, values[0])); err != nil {
				return fmt.Errorf("%s is %q: %w", name, values[0], err)
			}
		}
	}
	return nil
}

// checkContent wants a body of a documented media type that fits its schema.
func (c *Checker) checkContent(content openapi3.Content, mediaType string, body []byte) error {
	if len(content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("%d bytes, and none are documented", len(body))
		}
		return nil
	}
	if content[anyType] != nil {
		return nil // whatever somebody else made
	}
	media, _, err := mime.ParseMediaType(mediaType)
	if err != nil || content[media] == nil {
		return fmt.Errorf("media type %q is not documented", mediaType)
	}
	if media != jsonType {
		if len(body) == 0 {
			return fmt.Errorf("an empty body of %s", media)
		}
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	if content[media].Schema == nil {
		return nil
	}
	return c.visit(content[media].Schema, v)
}

func (c *Checker) visit(schema *openapi3.SchemaRef, v any) error {
	return c.doc.ValidateSchemaJSON(schema.Value, v,
		openapi3.EnableJSONSchema2020(), openapi3.MultiErrors(), openapi3.EnableFormatValidation())
}

// read gives text from a header, path or query the type its schema has.
func read(schema *openapi3.SchemaRef, text string) any {
	switch {
	case schema.Value.Type.Is(openapi3.TypeInteger):
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return float64(n)
		}
	case schema.Value.Type.Is(openapi3.TypeBoolean):
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}

// closeAnswers closes every object of an answer or event that does not say itself what else it may
// hold.
func closeAnswers(doc *openapi3.T) {
	closed := map[*openapi3.Schema]bool{}
	for _, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			for _, answer := range o.Responses.Map() {
				closeContent(answer.Value.Content, closed)
			}
		}
	}
	for _, item := range doc.Webhooks {
		closeContent(item.Post.RequestBody.Value.Content, closed)
	}
}

func closeContent(content openapi3.Content, closed map[*openapi3.Schema]bool) {
	for _, media := range content {
		closeSchema(media.Schema, closed)
	}
}

func closeSchema(ref *openapi3.SchemaRef, closed map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || closed[ref.Value] {
		return
	}
	s := ref.Value
	closed[s] = true
	if s.Type.Is(openapi3.TypeObject) && len(s.Properties) > 0 && s.AdditionalProperties.Has == nil &&
		s.AdditionalProperties.Schema == nil {
		no := false
		s.AdditionalProperties.Has = &no
	}
	for _, p := range s.Properties {
		closeSchema(p, closed)
	}
	closeSchema(s.Items, closed)
	for _, group := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
		for _, part := range group {
			closeSchema(part, closed)
		}
	}
}
