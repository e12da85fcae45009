package hosted

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/fault"
)

//go:embed assets
var assetFiles embed.FS

const (
	assetsAt   = "/checkout/assets/"
	assetCache = "public, max-age=31536000, immutable"
	hashChars  = 16 // of the SHA-256 in an asset's name, hex
)

// asset is a file whose name changes with its content, so that it may be kept for ever.
type asset struct {
	name    string // "checkout.0123456789abcdef.css"
	media   string
	content []byte
}

// URL is where the asset is served.
func (a asset) URL() string { return assetsAt + a.name }

var (
	styleSheet = embedded("text/css; charset=utf-8", "checkout.css", "tokens.css")
	script     = embedded("text/javascript; charset=utf-8", "checkout.js")
	icon       = embedded("image/svg+xml", "icon.svg")
)

// embedded reads an asset. What other files say first, such as the design tokens that the dashboard
// uses too, becomes part of it: a page on a bad line asks for as little as can be.
func embedded(media, name string, first ...string) asset {
	var content []byte
	for _, file := range append(first, name) {
		text, err := assetFiles.ReadFile("assets/" + file)
		if err != nil {
			panic("hosted: " + err.Error())
		}
		content = append(content, text...)
	}
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return asset{
		name:    strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:])[:hashChars] + ext,
		media:   media,
		content: content,
	}
}

func serveAsset(c *gin.Context) {
	for _, a := range []asset{styleSheet, script, icon} {
		if a.name == c.Param("name") {
			c.Header("Cache-Control", assetCache)
			c.Data(http.StatusOK, a.media, a.content)
			return
		}
	}
	edge.Fail(c, fault.ErrNotFound)
}
