package native_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
)

var pdfFile = []byte("%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n")

func pngFile(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// hugePNG is a small file that says it is an image of 12,000 times 12,000.
func hugePNG(t *testing.T) []byte {
	t.Helper()
	b := pngFile(t)
	binary.BigEndian.PutUint32(b[16:], 12_000)
	binary.BigEndian.PutUint32(b[20:], 12_000)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// part is one part of a form.
type part struct {
	name, mediaType string
	content         []byte
}

// upload writes a form.
func upload(t *testing.T, parts ...part) (body, contentType string) {
	t.Helper()
	return uploadAs(t, "scan", parts...)
}

func uploadAs(t *testing.T, fileName string, parts ...part) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + p.name + `"; filename="` + fileName + `"`}}
		if p.mediaType != "" {
			h.Set("Content-Type", p.mediaType)
		}
		pw, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pw.Write(p.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func (d *desk) sendForm(token, body, contentType string) reply {
	d.Helper()
	return d.do(call{
		method: "POST", path: "/v1/kyc/documents", token: token, body: body,
		headers: map[string]string{"Content-Type": contentType},
	})
}

// Rows M01 to M05: what is attached is what it says, whatever it is called.
func TestUploads(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	big := append(pngFile(t), make([]byte, 10<<20)...)
	for name, c := range map[string]struct {
		file   part
		status int
		code   string
	}{
		"M01 SVG":       {part{"file", "image/svg+xml", []byte("<svg/>")}, 415, "unsupported_file_type"},
		"M01 HTML":      {part{"file", "text/html", []byte("<html>")}, 415, "unsupported_file_type"},
		"M01 ZIP":       {part{"file", "application/pdf", []byte("PK\x03\x04")}, 415, "unsupported_file_type"},
		"M01 PDF, .png": {part{"file", "image/png", pdfFile}, 415, "unsupported_file_type"},
		"M01 script":    {part{"file", "application/pdf", append([]byte("x=1//"), pdfFile...)}, 415, "unsupported_file_type"},
		"M02":           {part{"file", "image/png", big[:10<<20+1]}, 413, "file_too_large"},
		"M02 far over":  {part{"file", "image/png", append(big, big...)}, 413, "file_too_large"},
		"M03":           {part{"file", "image/png", hugePNG(t)}, 400, "image_too_large"},
		"M05":           {part{"file", "application/pdf", pngFile(t)}, 415, "unsupported_file_type"},
		"empty":         {part{"file", "image/png", nil}, 415, "unsupported_file_type"},
	} {
		body, contentType := upload(t, c.file)
		if d.sendForm(token, body, contentType).fails(c.status, c.code); t.Failed() {
			t.Fatal(name)
		}
	}
	if docs := d.get("/v1/kyc/documents", token).is(http.StatusOK).list(t, "documents"); len(docs) != 0 {
		t.Fatalf("kept %v", docs)
	}
	for _, name := range []string{"../../x", `a\0.png`, "CON", strings.Repeat("n", 300), "\u202egnp.exe"} { // M04
		body, contentType := uploadAs(t, name, part{"file", "image/png", pngFile(t)}, part{"kind", "", []byte("identity")})
		r := d.sendForm(token, body, contentType)
		m := r.is(http.StatusCreated).at(t, "document")
		if m["kind"] != "identity" || m["mediaType"] != "image/png" || strings.Contains(r.body, name) {
			t.Errorf("document %v", m)
		}
	}
	body, contentType := upload(t, part{"file", "image/png", big[:10<<20]})
	if m := d.sendForm(token, body, contentType).is(http.StatusCreated).at(t, "document"); m["kind"] != "other" || m["bytes"] != 10485760.0 {
		t.Errorf("document %v", m)
	}
	for range 4 {
		body, contentType = upload(t, part{"file", "application/pdf; charset=binary", pdfFile})
		d.sendForm(token, body, contentType).is(http.StatusCreated)
	}
	d.sendForm(token, body, contentType).fails(http.StatusConflict, "too_many_files") // M07
}

// Row M09, and forms that say something else than one file of one kind.
func TestBrokenForms(t *testing.T) {
	d := openDesk(t)
	token := d.token("a@b.example")
	file := part{"file", "image/png", pngFile(t)}
	body, contentType := upload(t, file)
	cut := len(body) - 30
	d.sendForm(token, body[:cut], contentType).fails(http.StatusBadRequest, "invalid_multipart")
	d.sendForm(token, body[:100], contentType).fails(http.StatusBadRequest, "invalid_multipart")
	d.sendForm(token, "nonsense", contentType).fails(http.StatusBadRequest, "invalid_multipart")
	d.sendForm(token, body, "multipart/form-data").fails(http.StatusBadRequest, "invalid_multipart")
	d.sendForm(token, body, "application/json").fails(http.StatusUnsupportedMediaType, "unsupported_media_type")
	d.sendForm(token, body, "").fails(http.StatusUnsupportedMediaType, "unsupported_media_type")

	many := make([]part, 10_000)
	for i := range many {
		many[i] = part{"kind", "", nil}
	}
	long := part{"file", strings.Repeat("x", 1<<20), pngFile(t)}
	for name, parts := range map[string][]part{
		"10,000 parts": many, "a header of 1 MB": {long}, "two files": {file, file}, "another part": {file, {"name", "", nil}},
		"a part without a name": {{"", "image/png", pngFile(t)}},
	} {
		body, contentType := upload(t, parts...)
		if d.sendForm(token, body, contentType).fails(http.StatusBadRequest, "invalid_multipart"); t.Failed() {
			t.Fatal(name)
		}
	}
	body, contentType = upload(t, part{"kind", "", []byte("identity")})
	if m := d.sendForm(token, body, contentType).fails(http.StatusBadRequest, "invalid_request"); m["param"] != "file" {
		t.Errorf("no file: %v", m)
	}
	body, contentType = upload(t, file, part{"kind", "", []byte(strings.Repeat("k", 1000))})
	d.sendForm(token, body, contentType).fails(http.StatusBadRequest, "invalid_kyc")
	body, contentType = upload(t, file)
	d.do(call{
		method: "POST", path: "/v1/kyc/documents?kind=identity", token: token, body: body,
		headers: map[string]string{"Content-Type": contentType},
	}).fails(http.StatusBadRequest, "unexpected_query")
	if docs := d.get("/v1/kyc/documents", token).is(http.StatusOK).list(t, "documents"); len(docs) != 0 {
		t.Errorf("kept %v", docs)
	}
}

// Row M08: a draft comes back as bytes no browser will run; what is submitted does not come back, and
// to strangers there is nothing.
func TestDocumentsComeBackInert(t *testing.T) {
	d := openDesk(t)
	token, other := d.token("a@b.example"), d.token("c@d.example")
	body, contentType := upload(t, part{"file", "application/pdf", pdfFile})
	path := "/v1/kyc/documents/" + d.sendForm(token, body, contentType).is(http.StatusCreated).at(t, "document").text(t, "id")

	r := d.get(path, token)
	if r.status != http.StatusOK || r.body != string(pdfFile) {
		t.Fatalf("%d %q", r.status, r.body)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/octet-stream", "Content-Disposition": `attachment; filename="document"`,
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'",
		"Cache-Control": "no-store",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	d.get(path, other).fails(http.StatusNotFound, "not_found")
	d.get(path, "").fails(http.StatusNotFound, "not_found")

	kyc := func(body string) reply { return d.post("/v1/kyc", token, body) }
	for body, param := range map[string]string{
		`{"country":"FR","kind":"company"}`:                                                        "legalName",
		`{"legalName":"Café","country":"fr","kind":"company"}`:                                     "country",
		`{"legalName":"Café","country":"FRA","kind":"company"}`:                                    "country",
		`{"legalName":"Café","country":"FR","kind":"shop"}`:                                        "kind",
		`{"legalName":"Café","country":"FR","kind":"company","state":"approved"}`:                  "state",
		`{"legalName":"a\u202eb","country":"FR","kind":"company"}`:                                 "legalName",
		`{"legalName":"Café","country":"FR","kind":"company","registryNumber":"` + "\u200b" + `"}`: "registryNumber",
	} {
		r := kyc(body)
		if m := r.is(http.StatusBadRequest); m["param"] != param {
			t.Errorf("%s: %s", body, r.body)
		}
	}
	if k := d.get("/v1/kyc", token).is(http.StatusOK).at(t, "kyc"); k["state"] != "not_started" || len(k) != 1 {
		t.Errorf("record %v", k)
	}
	k := kyc(`{"legalName":"Café","country":"FR","kind":"company","registryNumber":"123"}`).is(http.StatusOK).at(t, "kyc")
	if k["state"] != "pending" || k["submittedAt"] != "2026-03-01T12:00:00.123456Z" {
		t.Errorf("record %v", k)
	}
	d.get(path, token).fails(http.StatusForbidden, "forbidden")
}
