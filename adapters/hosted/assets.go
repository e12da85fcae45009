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
	styleSheet = embedded("checkout.css", "text/css; charset=utf-8")
	script     = embedded("checkout.js", "text/javascript; charset=utf-8")
	icon       = embedded("icon.svg", "image/svg+xml")
)

func embedded(name, media string) asset {
	content, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		panic("hosted: " + err.Error())
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
