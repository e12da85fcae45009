package docs

import (
	"errors"
	"fmt"
	"slices"
)

// maxDepth bounds how deep fields are shown, so that a schema that holds itself ends.
const maxDepth = 8

// field is a row about something with a name and a type.
type field struct {
	Name     string
	Type     string // "string", "array of objects", "object"
	Required bool
	Lead     []block
	Values   []string // the only ones allowed
	Limits   []string // "1 to 80 characters"
	Default  string
	Example  string
	Fields   []field // of the object, or of the elements
}

// readFields lists the members of an object's schema. Of a member that several parts of allOf speak
// of, the first is shown: later ones only narrow it.
func readFields(schema node, depth int) (out []field) {
	schema = schema.follow()
	if depth > maxDepth {
		return nil
	}
	add := func(f field) {
		if !slices.ContainsFunc(out, func(o field) bool { return o.Name == f.Name }) {
			out = append(out, f)
		}
	}
	for _, part := range schema.at("allOf").items() {
		for _, f := range readFields(part, depth) {
			add(f)
		}
	}
	required := schema.at("required").texts()
	for _, p := range schema.at("properties").pairs() {
		f := readField(p.key, p.node, depth)
		f.Required = slices.Contains(required, p.key)
		add(f)
	}
	return out
}

func readField(name string, written node, depth int) field {
	schema := written.follow()
	f := field{Name: name, Type: typeOf(schema), Default: schema.at("default").text()}
	lead := written.member("description")
	if !lead.exists() {
		lead = schema.at("description")
	}
	f.Lead = readProse(lead.text())
	f.Values = schema.at("enum").texts()
	if fixed := schema.at("const"); fixed.exists() {
		f.Values = []string{fixed.text()}
	}
	f.Limits = limits(schema)
	inner := schema
	if schema.at("type").text() == "array" {
		inner = schema.at("items").follow()
		f.Limits = append(f.Limits, limits(inner)...)
		if len(f.Values) == 0 {
			f.Values = inner.at("enum").texts()
		}
	}
	f.Fields = readFields(inner, depth+1)
	return f
}

// typeOf names a type, formats included, where they say more.
func typeOf(schema node) string {
	name := schema.at("type").text()
	switch {
	case name == "array":
		return "array of " + plural(typeOf(schema.at("items").follow()))
	case name == "object" && schema.at("additionalProperties", "type").exists():
		return "object of " + plural(schema.at("additionalProperties", "type").text())
	case name == "string":
		switch format := schema.at("format").text(); format {
		case "date-time":
			return "time"
		case "uuid", "uri":
			return format
		}
	case name == "":
		return "any"
	}
	return name
}

func plural(name string) string { return name + "s" }

// limits say the bounds of a value.
func limits(schema node) (out []string) {
	between := func(low, high, unit string) {
		least, most := schema.at(low).text(), schema.at(high).text()
		switch {
		case least != "" && most != "":
			out = append(out, least+" to "+most+unit)
		case most != "":
			out = append(out, "at most "+most+unit)
		case least != "" && least != "0":
			out = append(out, "at least "+least+unit)
		}
	}
	between("minLength", "maxLength", " characters")
	between("minimum", "maximum", "")
	between("minItems", "maxItems", " elements")
	between("minProperties", "maxProperties", " members")
	return out
}

// Places of parameters, in the order they are shown.
var places = []struct{ in, title string }{{"path", "Path"}, {"query", "Query"}, {"header", "Headers"}}

func readParameters(o node) (out []parameters) {
	for _, place := range places {
		group := parameters{Place: place.title}
		for _, written := range o.at("parameters").items() {
			p := written.follow()
			if p.at("in").text() != place.in {
				continue
			}
			f := readField(p.at("name").text(), p.at("schema"), 0)
			if lead := p.at("description"); lead.exists() {
				f.Lead = readProse(lead.text())
			}
			f.Required, f.Example = p.at("required").isTrue(), p.at("example").text()
			group.Fields = append(group.Fields, f)
		}
		if len(group.Fields) > 0 {
			out = append(out, group)
		}
	}
	return out
}

func readBody(requested node) (body, error) {
	media := requested.at("content").pairs()
	if len(media) != 1 {
		return body{}, errors.New("its body must have one media type")
	}
	b := body{
		Required: requested.at("required").isTrue(), MediaType: media[0].key,
		Fields: readFields(media[0].at("schema"), 0),
	}
	if one := media[0].at("example"); one.exists() {
		code, err := one.json()
		if err != nil {
			return body{}, err
		}
		b.Examples = append(b.Examples, example{Code: newSample("json", string(code))})
	}
	for _, p := range media[0].at("examples").pairs() {
		code, err := p.at("value").json()
		if err != nil {
			return body{}, err
		}
		b.Examples = append(b.Examples, example{p.at("summary").text(), newSample("json", string(code))})
	}
	return b, nil
}

func readAnswer(p pair) (answer, error) {
	a := answer{Status: p.key, Meaning: readSpans(p.at("description").text())}
	for _, h := range p.at("headers").pairs() {
		f := readField(h.key, h.at("schema"), 0)
		f.Lead, f.Required = readProse(h.at("description").text()), h.at("required").isTrue()
		a.Headers = append(a.Headers, f)
	}
	for _, media := range p.at("content").pairs() {
		c := content{MediaType: media.key, Fields: readFields(media.at("schema"), 0)}
		if e := media.at("example"); e.exists() {
			shown := newSample("text", e.text())
			if media.key == jsonMedia {
				code, err := e.json()
				if err != nil {
					return a, err
				}
				shown = newSample("json", string(code))
			}
			c.Example = &shown
		}
		a.Contents = append(a.Contents, c)
	}
	return a, nil
}

// readErrors lists the codes of one status, each with its meaning.
func (d *document) readErrors(p pair) (out []errorRow, err error) {
	var codes []string
	collectCodes(p.at("content", jsonMedia, "schema"), &codes)
	for _, code := range codes {
		row, known := d.meanings[code]
		if !known {
			return nil, fmt.Errorf("%s: nobody says what %s means", p.key, code)
		}
		row.Status = p.key
		out = append(out, row)
	}
	if len(out) == 0 {
		out = []errorRow{{Status: p.key, Meaning: readSpans(p.at("description").text())}}
	}
	return out, nil
}

// collectCodes gathers what the "error" of a schema may be.
func collectCodes(schema node, out *[]string) {
	for _, part := range schema.at("allOf").items() {
		collectCodes(part, out)
	}
	found := schema.at("properties", "error")
	*out = append(*out, found.at("enum").texts()...)
	for _, part := range found.at("anyOf").items() {
		*out = append(*out, part.at("enum").texts()...)
	}
}
