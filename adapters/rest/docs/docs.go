// Package docs serves the documentation of the dialects: for each one a readable reference made
// from its OpenAPI document, and the document itself.
//
// It owns the pages, their markup, style and script, how a document reads as HTML, and how long
// browsers may keep what they got. It does not own what any document says: dialects write theirs,
// and their tests hold the documents against what is served.
//
// Invariants:
//   - Everything is made when the process starts, so a document that cannot be read stops the
//     start and not a reader.
//   - The address of the documents' server is replaced by the gateway's own wherever it stands, so
//     that every example can be copied and run.
//   - No request leaves this origin, nothing is inline, and nothing is written by a script that a
//     reader without scripts would miss.
//   - What a document says is text: no markup of it reaches a page unescaped.
package docs

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/gin-gonic/gin"
)

// Spec is the OpenAPI 3.1 document of a dialect.
type Spec struct {
	Name  string // names the dialect in paths: "native"
	Title string // names it to people: "101pay API"
	YAML  []byte
}

// Pages are the documentation, ready to be served.
type Pages struct {
	files map[string]file // by path
}

//go:embed templates
var templateFiles embed.FS

// indexPath lists the dialects.
const indexPath = "/docs"

// entry is a dialect as the index and the head of every page show it.
type entry struct {
	Title, Summary, Version string
	Path, YAML, JSON        string
}

// frame is what all pages have.
type frame struct {
	Title       string
	Entries     []entry
	Here        string // path of the page
	Style       string // URL
	Script      string // URL
	Icon        string // URL
	Description string
}

// New makes the pages of some documents for a gateway that is reached at a public URL, which is
// without a slash at its end. A document that is not as it must be is an error.
func New(publicURL string, specs ...Spec) (*Pages, error) {
	pages, err := template.New("").ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("docs: %w", err)
	}
	p := &Pages{files: map[string]file{}}
	f := frame{Style: p.add(styleSheet), Script: p.add(script), Icon: p.add(icon)}
	documents := make([]*document, len(specs))
	for i, spec := range specs {
		if documents[i], err = readDocument(publicURL, spec); err != nil {
			return nil, fmt.Errorf("docs: %s: %w", spec.Name, err)
		}
		path := indexPath + "/" + spec.Name
		f.Entries = append(f.Entries, entry{
			Title: spec.Title, Summary: documents[i].Summary, Version: documents[i].Version,
			Path: path, YAML: path + "/openapi.yaml", JSON: path + "/openapi.json",
		})
		p.add(newFile(path+"/openapi.yaml", "application/yaml; charset=utf-8", documents[i].yaml))
		p.add(newFile(path+"/openapi.json", "application/json; charset=utf-8", documents[i].json))
	}
	f.Here, f.Title, f.Description = indexPath, "Documentation", "The APIs this gateway speaks."
	if err := p.render(pages, "index.html", f, nil); err != nil {
		return nil, err
	}
	for i, spec := range specs {
		f.Here, f.Title, f.Description = f.Entries[i].Path, spec.Title, documents[i].Summary
		if err := p.render(pages, "reference.html", f, documents[i]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// render makes a page and keeps it under the frame's path.
func (p *Pages) render(pages *template.Template, name string, f frame, d *document) error {
	var b bytes.Buffer
	err := pages.ExecuteTemplate(&b, name, struct {
		frame
		Doc *document
	}{f, d})
	if err != nil {
		return fmt.Errorf("docs: %s: %w", f.Here, err)
	}
	p.add(newFile(f.Here, "text/html; charset=utf-8", b.Bytes()))
	return nil
}

func (p *Pages) add(f file) (path string) {
	p.files[f.path] = f
	return f.path
}

// Mount registers the pages, the documents and their assets.
func (p *Pages) Mount(e *gin.Engine) {
	for path, f := range p.files {
		if !strings.HasPrefix(path, indexPath) {
			panic("docs: " + path + " is not below " + indexPath)
		}
		e.GET(path, f.serve)
	}
}
