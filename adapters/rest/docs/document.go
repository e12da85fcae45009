package docs

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

const jsonMedia = "application/json"

// document is an OpenAPI document as its page shows it.
type document struct {
	Title, Summary, Version string
	Server                  string
	Lead                    []block
	Guide                   []section
	Groups                  []group
	EventsLead              []block
	Events                  []operation
	Errors                  []errorRow

	yaml, json []byte
	meanings   map[string]errorRow // by code
}

// group is the operations of one tag.
type group struct {
	ID, Name   string
	Lead       []block
	Operations []operation
}

// operation is one method of one path, or an event.
type operation struct {
	ID, Summary string
	Method      string // "POST"; of events "EVENT"
	Path        []segment
	Lead        []block
	Credentials []credential
	Parameters  []parameters
	Body        *body
	Answers     []answer
	Errors      []errorRow
	Curl        sample
}

// segment is a part of a path; a parameter stands out.
type segment struct {
	Text      string
	Parameter bool
}

// credential is one way to open a route.
type credential struct{ Name, Meaning string }

// parameters are those of one place.
type parameters struct {
	Place  string // "Path", "Query", "Headers"
	Fields []field
}

type body struct {
	Required  bool
	MediaType string
	Fields    []field
	Examples  []example
}

type example struct {
	Title string
	Code  sample
}

// answer is what a route answers when it did what it was asked.
type answer struct {
	Status   string
	Meaning  []span
	Headers  []field
	Contents []content
}

type content struct {
	MediaType string
	Fields    []field
	Example   *sample
}

// errorRow is a code a client may meet.
type errorRow struct {
	Status, Code string
	Meaning      []span
}

// readDocument reads a document for a gateway at a public URL.
func readDocument(publicURL string, spec Spec) (*document, error) {
	top, err := readNode(spec.YAML)
	if err != nil {
		return nil, err
	}
	servers := top.at("servers").items()
	if len(servers) != 1 || servers[0].at("url").text() == "" {
		return nil, errors.New("it must have one server")
	}
	text := bytes.ReplaceAll(spec.YAML, []byte(servers[0].at("url").text()), []byte(publicURL))
	if top, err = readNode(text); err != nil {
		return nil, fmt.Errorf("with public URL %q: %w", publicURL, err)
	}
	d := &document{
		Title: top.at("info", "title").text(), Summary: top.at("info", "summary").text(),
		Version: top.at("info", "version").text(), Server: publicURL, yaml: text,
		meanings: map[string]errorRow{},
	}
	if d.json, err = top.json(); err != nil {
		return nil, err
	}
	d.Lead, d.Guide = sections(readProse(top.at("info", "description").text()))
	d.EventsLead = readProse(top.at("x-webhooks-description").text())
	for _, p := range top.at("x-error-codes").pairs() {
		row := errorRow{p.at("status").text(), p.key, readSpans(p.at("meaning").text())}
		d.meanings[p.key] = row
		d.Errors = append(d.Errors, row)
	}
	if err := d.readGroups(top); err != nil {
		return nil, err
	}
	for _, e := range top.at("webhooks").pairs() {
		o, err := d.readOperation(top, "event", e.key, e.at("post"))
		if err != nil {
			return nil, err
		}
		d.Events = append(d.Events, o)
	}
	return d, nil
}

// httpMethods are the methods an OpenAPI path may have, in the order they are shown.
var httpMethods = []string{"post", "get", "head", "put", "patch", "delete"}

// readGroups puts each operation below its first tag.
func (d *document) readGroups(top node) error {
	places := map[string]int{}
	for i, tag := range top.at("tags").items() {
		name := tag.at("name").text()
		places[name] = i
		d.Groups = append(d.Groups, group{
			ID: slug(name), Name: name, Lead: readProse(tag.at("description").text()),
		})
	}
	for _, path := range top.at("paths").pairs() {
		for _, method := range httpMethods {
			found := path.at(method)
			if !found.exists() {
				continue
			}
			o, err := d.readOperation(top, method, path.key, found)
			if err != nil {
				return err
			}
			tags := found.at("tags").texts()
			if len(tags) != 1 {
				return fmt.Errorf("%s must have one tag", o.ID)
			}
			place, known := places[tags[0]]
			if !known {
				return fmt.Errorf("%s has the unknown tag %q", o.ID, tags[0])
			}
			d.Groups[place].Operations = append(d.Groups[place].Operations, o)
		}
	}
	return nil
}

func (d *document) readOperation(top node, method, path string, o node) (operation, error) {
	out := operation{
		ID: o.at("operationId").text(), Summary: o.at("summary").text(), Method: strings.ToUpper(method),
		Path: segments(path), Lead: readProse(o.at("description").text()),
		Credentials: credentials(top, o), Parameters: readParameters(o),
	}
	if out.ID == "" || out.Summary == "" {
		return out, fmt.Errorf("%s %s lacks an operationId or a summary", method, path)
	}
	if requested := o.at("requestBody"); requested.exists() {
		b, err := readBody(requested)
		if err != nil {
			return out, fmt.Errorf("%s: %w", out.ID, err)
		}
		out.Body = &b
	}
	for _, p := range o.at("responses").pairs() {
		if p.key >= "4" {
			rows, err := d.readErrors(p)
			if err != nil {
				return out, fmt.Errorf("%s: %w", out.ID, err)
			}
			out.Errors = append(out.Errors, rows...)
			continue
		}
		a, err := readAnswer(p)
		if err != nil {
			return out, fmt.Errorf("%s: %s: %w", out.ID, p.key, err)
		}
		out.Answers = append(out.Answers, a)
	}
	if method != "event" {
		out.Curl = newSample("sh", d.curl(top, pair{path, o}, out))
	}
	return out, nil
}

// curl is the command that makes an operation's request, with its examples put in.
func (d *document) curl(top node, o pair, out operation) string {
	path, query := o.key, ""
	for _, p := range o.at("parameters").items() {
		name, value := p.at("name").text(), p.at("example").text()
		switch p.at("in").text() {
		case "path":
			path = strings.ReplaceAll(path, "{"+name+"}", value)
		case "query":
			if p.at("required").isTrue() {
				query += "&" + name + "=" + value
			}
		}
	}
	if query != "" {
		path += "?" + query[1:]
	}
	var variable, sent, media string
	if alternatives := o.at("security").items(); len(alternatives) > 0 {
		for _, p := range alternatives[0].pairs() {
			variable = top.at("components", "securitySchemes", p.key, "x-variable").text()
		}
	}
	if out.Body != nil {
		media = out.Body.MediaType
		switch {
		case media != jsonMedia:
			sent = " \\\n  " + o.at("requestBody", "x-curl").text()
		case len(out.Body.Examples) > 0:
			sent = out.Body.Examples[0].Code.String()
		}
	}
	return curl(d.Server+path, out.Method, variable, sent, media)
}

func segments(path string) (out []segment) {
	for path != "" {
		from, to := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		if from < 0 || to < from {
			return append(out, segment{Text: path})
		}
		if from > 0 {
			out = append(out, segment{Text: path[:from]})
		}
		out = append(out, segment{Text: path[from : to+1], Parameter: true})
		path = path[to+1:]
	}
	return out
}

// credentials lists what opens a route, by the titles the document gives its credentials.
func credentials(top, o node) (out []credential) {
	add := func(name string, declared node) {
		title := declared.at("x-title").text()
		if title == "" {
			title = name
		}
		out = append(out, credential{title, declared.at("description").text()})
	}
	for _, alternative := range o.at("security").items() {
		for _, p := range alternative.pairs() {
			add(p.key, top.at("components", "securitySchemes", p.key))
		}
	}
	if name := o.at("x-body-credential").text(); name != "" {
		add(name, top.at("components", "x-body-credentials", name))
	}
	return out
}
