package resource

import (
	"crypto/sha256"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/101pay/101pay/domain/fault"
)

// Bounds of stored contents.
const (
	MaxBodyBytes     = 1 << 20
	MaxFileBytes     = 8 << 20
	maxFileNameRunes = 150
)

// Faults of contents.
var (
	ErrBodyTooLarge = fault.New(fault.TooLarge, "content_too_large",
		"content in a request may have at most 1 MiB; upload a file (PUT /v1/resources/{sku}/content) or name an upstream URL").
		About("content")
	ErrFileTooLarge = fault.New(fault.TooLarge, "file_too_large",
		"the file may have at most 8 MiB; serve larger ones from an upstream URL").About("file")
	ErrEmptyContent = fault.New(fault.Invalid, "content_required", "the content is empty").About("content")
	ErrFileName     = fault.New(fault.Invalid, "invalid_file_name",
		"the file's name must have 1 to 150 characters, without slashes, quotes and control characters").About("file")
)

// Kind says where what is delivered comes from. The zero value is nothing yet.
type Kind string

// The kinds of content.
const (
	Body     Kind = "body"     // stored, as it was in a request
	File     Kind = "file"     // stored, as it was uploaded; browsers save it
	Upstream Kind = "upstream" // fetched from the merchant's own server
)

// Hash is the SHA-256 of stored bytes.
type Hash [sha256.Size]byte

// Content is what is delivered. Stored bytes are kept beside it and known by their hash.
type Content struct {
	Kind     Kind
	Type     string // Content-Type; "" for that of the upstream
	FileName string // of a File
	Bytes    int    // of what is stored
	Hash     Hash   // of what is stored
	Upstream Source
}

// Stored reports whether the gateway keeps the bytes.
func (c Content) Stored() bool { return c.Kind == Body || c.Kind == File }

// StoredBody describes bytes that were part of a request.
func StoredBody(content []byte, mediaType string) (Content, error) {
	if len(content) > MaxBodyBytes {
		return Content{}, ErrBodyTooLarge
	}
	return stored(Content{Kind: Body, Type: mediaType}, content)
}

// StoredFile describes bytes that were uploaded.
func StoredFile(content []byte, mediaType, name string) (Content, error) {
	if len(content) > MaxFileBytes {
		return Content{}, ErrFileTooLarge
	}
	return stored(Content{Kind: File, Type: mediaType, FileName: name}, content)
}

func stored(c Content, content []byte) (Content, error) {
	c.Bytes, c.Hash = len(content), sha256.Sum256(content)
	return c, c.check()
}

func (c Content) check() error {
	switch c.Kind {
	case "":
		return c.checkNothing()
	case Body:
		return c.checkStored(MaxBodyBytes)
	case File:
		if !fileName(c.FileName) {
			return ErrFileName
		}
		return c.checkStored(MaxFileBytes)
	case Upstream:
		if c.Bytes != 0 || c.Hash != (Hash{}) || c.FileName != "" {
			return ErrInvalid.About("content").Saying("an upstream has no stored content")
		}
		if !mediaType(c.Type, true) {
			return invalid("content.contentType", "a media type such as application/json")
		}
		return c.Upstream.check()
	}
	return ErrInvalid.About("content").Saying("content must be a body, a file or an upstream")
}

func (c Content) checkNothing() error {
	if c.Type != "" || c.FileName != "" || c.Bytes != 0 || c.Hash != (Hash{}) || !c.Upstream.isZero() {
		return ErrInvalid.About("content").Saying("content of no kind")
	}
	return nil
}

func (c Content) checkStored(most int) error {
	switch {
	case c.Bytes == 0:
		return ErrEmptyContent
	case c.Bytes < 0 || c.Bytes > most || c.Hash == Hash{} || !c.Upstream.isZero():
		return ErrInvalid.About("content").Saying("content is not what is stored")
	case c.Kind == Body && c.FileName != "":
		return ErrInvalid.About("content").Saying("a body has no file name")
	case !mediaType(c.Type, false):
		return invalid("content.contentType", "a media type such as application/json")
	}
	return nil
}

// fileName reports whether a name can be printed into a header, and means the same file in every
// directory it is saved to.
func fileName(s string) bool {
	return s != "" && strings.Trim(s, ". ") == s &&
		utf8.RuneCountInString(s) <= maxFileNameRunes && plain(s, false) && !strings.ContainsAny(s, `/\":*?<>|%`)
}

// Headers are those that stored content is delivered with. It is the merchant's content under the
// gateway's own name, so a browser must neither guess what it is nor run it as a page of the gateway.
func (c Content) Headers() map[string]string {
	headers := map[string]string{
		"Content-Type":            c.Type,
		"X-Content-Type-Options":  "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox",
	}
	if c.Kind == File {
		headers["Content-Disposition"] = mime.FormatMediaType("attachment", map[string]string{"filename": c.FileName})
	}
	return headers
}

// Advertised is the media type payers are told of.
func (s Snapshot) Advertised() string {
	if s.Terms.MIMEType != "" {
		return s.Terms.MIMEType
	}
	return s.Content.Type
}
