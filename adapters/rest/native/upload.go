package native

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

// Bounds of a form that holds a document.
const (
	partHeaderMax = 4 << 10 // bytes of names and values
	kindMax       = 32      // bytes of the kind
)

// defaultKind is what a document is if nothing is said.
const defaultKind = "other"

var errMultipart = fault.New(fault.Invalid, "invalid_multipart",
	"send the document as multipart/form-data with a part \"file\" and, optionally, a part \"kind\", "+
		"each once, and no other")

// readDocument reads a form of exactly the documented parts, each at most once.
func readDocument(c *gin.Context) (app.DocumentInput, error) {
	in := app.DocumentInput{Kind: defaultKind}
	if _, err := edge.Query(c); err != nil {
		return in, err
	}
	form, err := formOf(c)
	if err != nil {
		return in, err
	}
	seen := map[string]bool{}
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return in, refusedForm(err)
		}
		name := part.FormName()
		if seen[name] || headerBytes(part) > partHeaderMax {
			return in, errMultipart
		}
		seen[name] = true
		if err := readPart(&in, name, part); err != nil {
			return in, err
		}
	}
	switch {
	case !form.whole():
		return in, errMultipart
	case !seen["file"]:
		return in, missing("file")
	}
	return in, nil
}

// form is a form and the end of what was read of it.
type form struct {
	*multipart.Reader
	tail *tail
	end  string // closes a form
}

// whole reports whether the form was closed. The reader of forms does not tell one that was from one
// that broke off among a part's headers.
func (f form) whole() bool { return strings.HasSuffix(strings.TrimSpace(string(f.tail.last)), f.end) }

// tail remembers the last bytes that went through.
type tail struct {
	io.Reader
	last []byte
}

// tailBytes is more than a boundary (at most 70 characters, RFC 2046) with what surrounds it.
const tailBytes = 128

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	t.last = append(t.last, p[max(0, n-tailBytes):n]...)
	t.last = t.last[max(0, len(t.last)-tailBytes):]
	return n, err
}

func formOf(c *gin.Context) (form, error) {
	types := c.Request.Header.Values("Content-Type")
	if len(types) != 1 {
		return form{}, edge.ErrMediaType.Saying(errMultipart.Message)
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != "multipart/form-data" {
		return form{}, edge.ErrMediaType.Saying(errMultipart.Message)
	}
	boundary := params["boundary"]
	if c.Request.Body == nil || boundary == "" {
		return form{}, errMultipart
	}
	end := &tail{Reader: c.Request.Body}
	return form{multipart.NewReader(end, boundary), end, "--" + boundary + "--"}, nil
}

func readPart(in *app.DocumentInput, name string, part *multipart.Part) error {
	switch name {
	case "file":
		content, err := readAtMost(part, app.MaxDocumentBytes)
		in.Content, in.MediaType = content, partType(part)
		return err
	case "kind":
		kind, err := readAtMost(part, kindMax)
		in.Kind = string(kind)
		return err
	}
	return errMultipart
}

// partType is the media type a part declares, without parameters.
func partType(part *multipart.Part) string {
	declared, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(declared))
}

// readAtMost reads one byte more than it may, for whoever judges sizes to see.
func readAtMost(part *multipart.Part, most int64) ([]byte, error) {
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(part, most+1)); err != nil {
		return nil, refusedForm(err)
	}
	return b.Bytes(), nil
}

// refusedForm passes on what is wrong with the body itself; the rest is wrong with the form.
func refusedForm(err error) error {
	switch {
	case errors.Is(err, edge.ErrBodyTooLarge):
		return merchant.ErrFileTooLarge
	case errors.Is(err, edge.ErrBodyBroken):
		return err
	}
	return errMultipart
}

func headerBytes(part *multipart.Part) int {
	n := 0
	for name, values := range part.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}
