package x402

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ExtensionDiscovery is the extension by which catalogs learn how a resource is asked for.
const ExtensionDiscovery = "bazaar"

// maxParameters bounds what a catalog is told of path and query each.
const maxParameters = 8

// Discovery is how a resource is asked for, as catalogs list it.
type Discovery struct {
	Method string // GET, HEAD or DELETE
	// RouteTemplate stands for all resources of a path with parameters (/reports/:year), which catalogs list
	// as one; "" for a resource that is listed by itself.
	RouteTemplate string
	Path          []Parameter // of this resource, in the order of the template
	Query         []Parameter // those a request needs
	Output        string      // what comes back: json, text or binary; "" if it is not known
}

// Parameter is a part of a request, with the value it has for this resource.
type Parameter struct{ Name, Value string }

// routeTemplates is what catalogs take for one; what decodes to another path, or to a URL, is none.
var routeTemplates = regexp.MustCompile(`^/[a-zA-Z0-9_/:.\-~%]+$`)

// check refuses what a catalog would drop, or could be led astray by.
func (d Discovery) check() error {
	if !slices.Contains([]string{"GET", "HEAD", "DELETE"}, d.Method) {
		return fmt.Errorf("%w: a resource that is asked for by %q cannot be listed", ErrOffer, d.Method)
	}
	if d.RouteTemplate != "" && !isRouteTemplate(d.RouteTemplate) {
		return fmt.Errorf("%w: %q is not a path with parameters", ErrOffer, d.RouteTemplate)
	}
	if !slices.Contains([]string{"", "json", "text", "binary"}, d.Output) {
		return fmt.Errorf("%w: its answer is json, text or binary, not %q", ErrOffer, d.Output)
	}
	for _, of := range [][]Parameter{d.Path, d.Query} {
		if len(of) > maxParameters {
			return fmt.Errorf("%w: %d parameters, at most %d are listed", ErrOffer, len(of), maxParameters)
		}
		var names []string
		for _, p := range of {
			if p.Name == "" || len(p.Name)+len(p.Value) > maxTextBytes || slices.Contains(names, p.Name) {
				return fmt.Errorf("%w: a parameter %q without a name, too long or given twice", ErrOffer, p.Name)
			}
			names = append(names, p.Name)
		}
	}
	return nil
}

func isRouteTemplate(s string) bool {
	if len(s) > maxURLBytes || !routeTemplates.MatchString(s) {
		return false
	}
	for strings.Contains(s, "%") { // each round makes it shorter
		decoded, err := url.PathUnescape(s)
		if err != nil || decoded == s {
			return false
		}
		s = decoded
	}
	return !strings.Contains(s, "..") && !strings.Contains(s, "://")
}

// write writes the extension: info, and the schema that holds for it.
func (d Discovery) write(w *writer) {
	w.name(ExtensionDiscovery)
	w.open('{')
	w.name("info")
	w.open('{')
	w.name("input")
	w.open('{')
	w.string("type", "http")
	w.string("method", d.Method)
	writeParameters(w, "pathParams", d.Path)
	writeParameters(w, "queryParams", d.Query)
	w.close('}')
	if d.Output != "" {
		w.name("output")
		w.open('{')
		w.string("type", d.Output)
		w.close('}')
	}
	w.close('}')
	if d.RouteTemplate != "" {
		w.string("routeTemplate", d.RouteTemplate)
	}
	d.writeSchema(w)
	w.close('}')
}

func writeParameters(w *writer, name string, of []Parameter) {
	if len(of) == 0 {
		return
	}
	w.name(name)
	w.open('{')
	for _, p := range of {
		w.string(p.Name, p.Value)
	}
	w.close('}')
}

func (d Discovery) writeSchema(w *writer) {
	w.name("schema")
	w.open('{')
	w.string("$schema", "https://json-schema.org/draft/2020-12/schema")
	w.string("type", "object")
	w.name("properties")
	w.open('{')
	w.name("input")
	w.open('{')
	w.string("type", "object")
	w.name("properties")
	w.open('{')
	w.raw("type", `{"type":"string","const":"http"}`)
	w.raw("method", `{"type":"string","enum":["`+d.Method+`"]}`)
	schemaOf(w, "pathParams", d.Path)
	schemaOf(w, "queryParams", d.Query)
	w.close('}')
	w.raw("required", `["type","method"]`)
	w.close('}')
	if d.Output != "" {
		w.raw("output", `{"type":"object","properties":{"type":{"type":"string"}},"required":["type"]}`)
	}
	w.close('}')
	w.raw("required", `["input"]`)
	w.close('}')
}

func schemaOf(w *writer, name string, of []Parameter) {
	if len(of) == 0 {
		return
	}
	w.name(name)
	w.open('{')
	w.string("type", "object")
	w.name("properties")
	w.open('{')
	required := make([]string, len(of))
	for i, p := range of {
		w.raw(p.Name, `{"type":"string"}`)
		required[i] = p.Name
	}
	w.close('}')
	w.strings("required", required)
	w.close('}')
}

// writeV1 writes what version 1 had for the same purpose: an object, or its clients throw the challenge
// away.
func (d Discovery) writeV1(w *writer) {
	w.name("outputSchema")
	w.open('{')
	w.name("input")
	w.open('{')
	w.string("type", "http")
	w.string("method", d.Method)
	w.bool("discoverable", true)
	writeParameters(w, "queryParams", d.Query)
	w.close('}')
	w.close('}')
}
