// Package dashboard serves the page merchants work on: a single-page application below /dashboard,
// whose source is in ui and whose built files are embedded.
//
// It owns where the files are served, how long browsers may keep them, what the page may load, and
// what stands there while nothing was built. It does not own sign-in, nor any answer the page asks
// for: those are routes of other adapters below the same path, and go first.
//
// Invariants:
//   - The page may load and call its own origin only, runs no inline script or style, and turns no
//     text into markup except by its framework's own policy.
//   - What may be kept for ever has its content's hash in its name; the page itself is never kept.
//   - Every path below /dashboard that nothing else answers is the page, except below assets: a
//     missing file is not found.
package dashboard

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// The folder holds .keep alone until the page is built (make dashboard).
//
//go:embed all:dist
var built embed.FS

//go:embed placeholder.html
var placeholder []byte

// Prefix is the path of the page. Everything it loads is below.
const Prefix = "/dashboard"

const (
	assetsAt   = Prefix + "/assets/"
	indexName  = "index.html"
	assetCache = "public, max-age=31536000, immutable"
	pageCache  = "no-store"
)

// ContentPolicy lets the page load and call its own origin, and nothing else. The one policy that
// may make markup of text is Svelte's, which makes it of compiled templates only.
const ContentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types svelte-trusted-html"

// permissions are what browsers need not offer the page, but for what passkeys and copying need.
const permissions = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), " +
	"publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self)"

// Pages are the page and its files, ready to be served.
type Pages struct {
	files map[string]file // by path
	index file
	built bool
}

// New reads what was built, or else the page that says how to build it.
func New() *Pages { return read(built) }

func read(from fs.FS) *Pages {
	p := &Pages{files: map[string]file{}}
	err := fs.WalkDir(from, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		at := Prefix + strings.TrimPrefix(name, "dist")
		switch media := mediaTypes[path.Ext(name)]; {
		case name == "dist/"+indexName:
			p.index, p.built = newFile(media, pageCache, content), true
		case strings.HasPrefix(at, assetsAt) && media != "":
			p.files[at] = newFile(media, assetCache, content)
		}
		return nil
	})
	if err != nil {
		panic("dashboard: " + err.Error()) // the files are in the binary
	}
	if !p.built {
		p.index = newFile(mediaTypes[".html"], pageCache, placeholder)
	}
	return p
}

// Built reports whether the binary has the page, and not only the placeholder.
func (p *Pages) Built() bool { return p.built }

// Answers reports whether a request that no route answers is for the page or one of its files.
func (p *Pages) Answers(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	at := r.URL.Path
	if strings.HasPrefix(at, assetsAt) {
		_, ok := p.files[at]
		return ok
	}
	return at == Prefix || strings.HasPrefix(at, Prefix+"/")
}

// ServeHTTP serves the file at the request's path, or else the page.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[r.URL.Path]
	if !ok {
		f = p.index
		w.Header().Set("Content-Security-Policy", ContentPolicy)
		w.Header().Set("Permissions-Policy", permissions)
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
	}
	f.serve(w, r)
}
