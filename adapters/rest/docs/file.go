package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

//go:embed assets
var assetFiles embed.FS

const (
	assetsAt   = indexPath + "/assets/"
	assetCache = "public, max-age=31536000, immutable"
	pageCache  = "public, no-cache" // may be kept, and is asked about each time
	hashChars  = 16                 // of a SHA-256 in an asset's name or a tag, hex
)

// contentPolicy lets a page load its own style, script and icon, and nothing else do anything.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Names of assets change with their content, so that they may be kept for ever.
var (
	styleSheet = asset("docs.css", "text/css; charset=utf-8")
	script     = asset("docs.js", "text/javascript; charset=utf-8")
	icon       = asset("icon.svg", "image/svg+xml")
)

// file is something served whole, as it is or compressed.
type file struct {
	path   string
	media  string
	cache  string
	tag    string // of the content
	plain  []byte
	packed []byte // gzip; nil when it is no smaller
}

func newFile(at, media string, content []byte) file {
	f := file{path: at, media: media, cache: pageCache, tag: hashed(content), plain: content}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic("docs: " + err.Error()) // the level is a constant of the package
	}
	// Writing to a buffer does not fail.
	_, _ = w.Write(content)
	_ = w.Close()
	if b.Len() < len(content) {
		f.packed = b.Bytes()
	}
	return f
}

func asset(name, media string) file {
	content, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		panic("docs: " + err.Error())
	}
	ext := path.Ext(name)
	f := newFile(assetsAt+strings.TrimSuffix(name, ext)+"."+hashed(content)+ext, media, content)
	f.cache = assetCache
	return f
}

func hashed(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])[:hashChars]
}

func (f file) serve(c *gin.Context) {
	c.Header("Vary", "Accept-Encoding")
	c.Header("Cache-Control", f.cache)
	c.Header("Content-Security-Policy", contentPolicy)
	body, tag := f.plain, `"`+f.tag+`"`
	if f.packed != nil && takesGzip(c.GetHeader("Accept-Encoding")) {
		c.Header("Content-Encoding", "gzip")
		body, tag = f.packed, `"`+f.tag+`-gzip"`
	}
	c.Header("ETag", tag)
	if names(c.GetHeader("If-None-Match"), tag) {
		c.Writer.Header().Del("Content-Encoding")
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return
	}
	c.Data(http.StatusOK, f.media, body)
}

// takesGzip reads an Accept-Encoding header as far as we have a choice.
func takesGzip(accepted string) bool {
	for part := range strings.SplitSeq(accepted, ",") {
		coding, weight, _ := strings.Cut(part, ";")
		coding, weight = strings.TrimSpace(coding), strings.ReplaceAll(weight, " ", "")
		if strings.EqualFold(coding, "gzip") && strings.Trim(weight, "q=0.") != "" ||
			strings.EqualFold(coding, "gzip") && weight == "" {
			return true
		}
	}
	return false
}

// names reports whether an If-None-Match header names a tag. A proxy may have weakened it.
func names(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(part), "W/") == tag {
			return true
		}
	}
	return false
}
