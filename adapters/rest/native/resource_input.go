package native

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
)

// Bodies of routes that take content: the largest there is as base64 or with every other character
// escaped, and what is around it.
const (
	resourceBodyMax = 3*resource.MaxBodyBytes + 1<<16
	contentBodyMax  = resource.MaxFileBytes + 1<<20
)

// resourceInput is a new resource.
type resourceInput struct {
	SKU  *string `json:"sku"`
	Mode *string `json:"mode"`
	termsInput
}

// termsInput is what may be said of a resource at any time.
type termsInput struct {
	Price          *string            `json:"price"`
	Currency       *string            `json:"currency"`
	Networks       *[]string          `json:"networks"`
	PayTo          *map[string]string `json:"payTo"`
	Title          *string            `json:"title"`
	ServiceName    *string            `json:"serviceName"`
	Description    *string            `json:"description"`
	MIMEType       *string            `json:"mimeType"`
	Tags           *[]string          `json:"tags"`
	Discoverable   *bool              `json:"discoverable"`
	TimeoutSeconds *int               `json:"timeoutSeconds"`
	Flow           *resource.Flow     `json:"flow"`
	Scheme         *string            `json:"scheme"`
	ValidFrom      *string            `json:"validFrom"`
	ValidUntil     *string            `json:"validUntil"`
	Content        *contentInput      `json:"content"`
}

// contentInput is exactly one of a text, bytes, and an upstream.
type contentInput struct {
	Text        *string        `json:"text"`
	Base64      *string        `json:"base64"`
	ContentType string         `json:"contentType"`
	Upstream    *upstreamInput `json:"upstream"`
}

type upstreamInput struct {
	URL       *string      `json:"url"`
	Header    *headerInput `json:"header"`
	Methods   []string     `json:"methods"`
	PassQuery bool         `json:"passQuery"`
}

type headerInput struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (in resourceInput) creation() (out app.ResourceInput, err error) {
	var n needed
	out.SKU = n.take("sku", in.SKU)
	n.take("price", in.Price)
	if n.err != nil {
		return out, n.err
	}
	if in.Currency == nil {
		usdc := money.USDC.Code()
		in.Currency = &usdc
	}
	if out.Terms, err = in.change(); err != nil {
		return out, err
	}
	out.Content, err = in.content()
	return out, err
}

func (in termsInput) change() (app.TermsChange, error) {
	c := app.TermsChange{
		Networks: in.Networks, PayTo: in.PayTo, Title: in.Title, ServiceName: in.ServiceName,
		Description: in.Description, MIMEType: in.MIMEType, Tags: in.Tags, Discoverable: in.Discoverable,
		Flow: in.Flow,
	}
	if err := in.checkTexts(); err != nil {
		return c, err
	}
	if in.Scheme != nil {
		upTo := *in.Scheme == x402.SchemeUpTo
		if !upTo && *in.Scheme != x402.SchemeExact {
			return c, resource.ErrInvalid.About("scheme").Saying("scheme must be \"exact\" or \"upto\"")
		}
		c.UpTo = &upTo
	}
	if in.TimeoutSeconds != nil {
		// Clipped, so that no number of seconds overflows into one that is allowed.
		timeout := time.Duration(min(max(*in.TimeoutSeconds, 0), int(time.Hour/time.Second))) * time.Second
		c.Timeout = &timeout
	}
	var err error
	if c.ValidFrom, err = readBound("validFrom", in.ValidFrom); err != nil {
		return c, err
	}
	if c.ValidUntil, err = readBound("validUntil", in.ValidUntil); err != nil {
		return c, err
	}
	if in.Price != nil || in.Currency != nil {
		c.Price, err = in.price()
	}
	return c, err
}

// checkTexts refuses what cannot be seen; how long each may be is package resource's to say.
func (in termsInput) checkTexts() error {
	for param, text := range map[string]*string{"title": in.Title, "description": in.Description} {
		if text == nil {
			continue
		}
		if err := edge.Text(param, *text, len(*text), param == "description"); err != nil {
			return err
		}
	}
	return nil
}

// price is read together with its currency: a number that changes its unit is another price.
func (in termsInput) price() (*money.Amount, error) {
	var n needed
	code, text := n.take("currency", in.Currency), n.take("price", in.Price)
	if n.err != nil {
		return nil, n.err
	}
	unit, err := money.ParseCurrency(code)
	if err != nil || unit != money.USDC && unit != money.USD {
		return nil, resource.ErrCurrency
	}
	price, err := money.ParsePrice(unit, text)
	if err != nil {
		said := fault.From(err)
		return nil, said.About("price").Saying(strings.Replace(said.Message, "amount", "price", 1))
	}
	return &price, nil
}

// readBound reads a time; "" is the zero time, which takes a bound away.
func readBound(param string, text *string) (*time.Time, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // nothing was said
	}
	var at time.Time
	if *text != "" {
		var err error
		if at, err = time.Parse(time.RFC3339Nano, *text); err != nil || at.Year() < 2000 {
			return nil, resource.ErrInvalid.About(param).Saying(
				param + " must be a time such as 2026-05-17T09:30:00Z, or \"\" for no bound")
		}
		at = at.UTC().Truncate(time.Microsecond)
	}
	return &at, nil
}

var errContent = fault.New(fault.Invalid, "invalid_content",
	"content must be an object with exactly one of text, base64 and upstream").About("content")

// textType is what a text is unless it is said what it is.
const textType = "text/plain; charset=utf-8"

func (in termsInput) content() (*app.ContentInput, error) {
	c := in.Content
	if c == nil {
		return nil, nil //nolint:nilnil // nothing was said
	}
	out := &app.ContentInput{Type: c.ContentType}
	if out.Type == "" && in.MIMEType != nil {
		out.Type = *in.MIMEType
	}
	switch {
	case c.Text != nil && c.Base64 == nil && c.Upstream == nil:
		out.Body = []byte(*c.Text)
		if out.Type == "" {
			out.Type = textType
		}
		return out, nil
	case c.Text == nil && c.Base64 != nil && c.Upstream == nil:
		var err error
		if out.Body, err = base64.StdEncoding.Strict().DecodeString(*c.Base64); err != nil {
			return nil, errContent.About("content.base64").Saying(
				"base64 must be standard base64 with padding and without line breaks")
		}
		return out, nil
	case c.Text == nil && c.Base64 == nil && c.Upstream != nil:
		var err error
		out.Type = c.ContentType
		out.Upstream, err = c.Upstream.read()
		return out, err
	}
	return nil, errContent
}

func (in upstreamInput) read() (*app.UpstreamInput, error) {
	address, err := required("content.upstream.url", in.URL)
	if err != nil {
		return nil, err
	}
	out := &app.UpstreamInput{URL: address, Query: in.PassQuery}
	if in.Header != nil {
		out.Header, out.Value = in.Header.Name, in.Header.Value
		if out.Header == "" {
			return nil, resource.ErrUpstreamHeader
		}
	}
	for _, method := range in.Methods {
		switch method {
		case http.MethodGet:
		case http.MethodPost:
			out.Post = true
		default:
			return nil, errContent.About("content.upstream.methods").Saying(
				"methods must be GET, which is always passed on, and POST")
		}
	}
	return out, nil
}

// readFile reads a form of one file and nothing else.
func readFile(c *gin.Context) (app.ContentInput, error) {
	in := app.ContentInput{File: true}
	if _, err := edge.Query(c, modeParam); err != nil {
		return in, err
	}
	f, err := formOf(c)
	if err != nil {
		return in, fileFault(err)
	}
	part, err := f.NextRawPart()
	if err != nil {
		return in, fileFault(refusedForm(err))
	}
	if part.FormName() != "file" || headerBytes(part) > partHeaderMax {
		return in, errOneFile
	}
	in.FileName, in.Type = part.FileName(), strings.TrimSpace(part.Header.Get("Content-Type"))
	if in.Body, err = readAtMost(part, resource.MaxFileBytes); err != nil {
		return in, fileFault(err)
	}
	if len(in.Body) > resource.MaxFileBytes {
		return in, resource.ErrFileTooLarge
	}
	if _, err := f.NextRawPart(); err == nil || !f.whole() {
		return in, errOneFile
	}
	return in, nil
}

var errOneFile = errMultipart.Saying(
	"send the file as multipart/form-data with one part \"file\" that has a file name, and no other part")

// fileFault is what is wrong with a form, in the words of this route.
func fileFault(err error) error {
	switch f := fault.From(err); f.Code {
	case errMultipart.Code:
		return errOneFile
	case edge.ErrMediaType.Code:
		return edge.ErrMediaType.Saying(errOneFile.Message)
	case merchant.ErrFileTooLarge.Code:
		return resource.ErrFileTooLarge
	}
	return err
}
