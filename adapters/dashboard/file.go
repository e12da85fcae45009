package dashboard

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
)

// mediaTypes are those of the kinds of files a build makes. Others are not served.
var mediaTypes = map[string]string{
	".html":  "text/html; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".woff2": "font/woff2",
}

// file is something served whole, as it is or compressed.
type file struct {
	media  string
	cache  string
	plain  []byte
	packed []byte // gzip; made once
}

func newFile(media, cache string, content []byte) file {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic("dashboard: " + err.Error()) // the level is a constant of the package
	}
	// Writing to a buffer does not fail.
	_, _ = w.Write(content)
	_ = w.Close()
	return file{media: media, cache: cache, plain: content, packed: b.Bytes()}
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h, body := w.Header(), f.plain
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", f.cache)
	h.Set("Content-Type", f.media)
	h.Set("X-Content-Type-Options", "nosniff")
	if len(f.packed) < len(f.plain) && takesGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // who went away needs no answer
	}
}

// takesGzip reads an Accept-Encoding header as far as there is a choice.
func takesGzip(accepted string) bool {
	for part := range strings.SplitSeq(accepted, ",") {
		coding, weight, _ := strings.Cut(part, ";")
		weight = strings.ReplaceAll(weight, " ", "")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") &&
			(weight == "" || strings.Trim(weight, "q=0.") != "") {
			return true
		}
	}
	return false
}
