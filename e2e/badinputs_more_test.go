package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/pgembed"
	"github.com/101pay/101pay/e2e/rig"
)

// Rows E01 to E11: a payer is only sent to the project's own website, and a website has one project.
func TestReturnURLsOverHTTP(t *testing.T) {
	g := rig.Start(t, nil)
	m, other := g.Register(t), g.Register(t)
	m.Call(http.MethodPatch, "/v1/project", map[string]string{"websiteUrl": "https://example.com"}).Want(t, http.StatusOK)
	for url, code := range map[string]string{
		"https://example.com/ok": "", "https://example.com:443/ok": "", "https://EXAMPLE.com/ok": "",
		"https://example.com/?next=//evil.com":             "",
		"https://sub.example.com/":                         "success_url_domain_mismatch",
		"https://example.com.evil.com/":                    "success_url_domain_mismatch",
		"https://evilexample.com/":                         "success_url_domain_mismatch",
		"https://example.com./":                            "success_url_domain_mismatch",
		"https://example.com@evil.com/":                    "invalid_url",
		"https://user:pw@example.com/":                     "invalid_url",
		`https://evil.com\@example.com/`:                   "invalid_url",
		"https://exam\tple.com/":                           "invalid_url",
		" https://example.com/":                            "invalid_url",
		"https://example.com%2e/":                          "invalid_url",
		"//evil.com":                                       "invalid_url",
		`/\evil.com`:                                       "invalid_url",
		"https:example.com":                                "invalid_url",
		"javascript:alert(1)":                              "invalid_url_scheme",
		"data:text/html,x":                                 "invalid_url_scheme",
		"ftp://example.com/":                               "invalid_url_scheme",
		"https://exаmple.com/":                             "invalid_url",
		"https://example.com:8443/":                        "invalid_url_port",
		"https://example.com:/":                            "invalid_url_port",
		"https://example.com/" + strings.Repeat("a", 2048): "url_too_long",
	} {
		a := g.Call(http.MethodPost, paymentsPath, payment(m, "success_url", url))
		if code == "" {
			a.Want(t, http.StatusCreated)
		} else if a.Status != http.StatusBadRequest || a.At("error") != code || a.At("param") != "success_url" {
			t.Errorf("success_url %.60q: %d %s, want %s", url, a.Status, a.Body, code)
		}
	}
	if a := g.Call(http.MethodPost, paymentsPath, payment(m, "fail_url", "https://evil.com/")); a.At("error") != "fail_url_domain_mismatch" {
		t.Errorf("fail_url: %s", a.Body)
	}
	for _, spelling := range []string{"https://example.com", "https://EXAMPLE.com", "https://example.com./", "https://example.com:443/"} {
		a := other.Call(http.MethodPatch, "/v1/project", map[string]string{"websiteUrl": spelling})
		if a.Status != http.StatusConflict || a.At("error") != "website_already_linked" {
			t.Errorf("E11 %q: %d %s", spelling, a.Status, a.Body)
		}
	}
}

// Rows F07 and F10: a login that ended opens nothing, and guessing is slowed down.
func TestLoginsEndAndGuessingIsSlow(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	rotated := g.Call(http.MethodPost, "/v1/auth/refresh", map[string]string{"refreshToken": m.Refresh}).Want(t, http.StatusOK)
	g.Call(http.MethodPost, "/v1/auth/refresh", map[string]string{"refreshToken": m.Refresh}).Want(t, http.StatusUnauthorized)
	// The old token was used again, so somebody else has it: the whole login has ended.
	g.Call(http.MethodPost, "/v1/auth/refresh", map[string]string{"refreshToken": rotated.At("refreshToken")}).
		Want(t, http.StatusUnauthorized)
	m.Call(http.MethodGet, "/v1/me", nil).Want(t, http.StatusUnauthorized)

	in := g.Call(http.MethodPost, "/v1/auth/login", map[string]string{"email": m.Email, "password": m.Password}).Want(t, http.StatusOK)
	m.Token = in.At("token")
	m.Call(http.MethodPost, "/v1/auth/logout", nil).Want(t, http.StatusNoContent)
	m.Call(http.MethodGet, "/v1/me", nil).Want(t, http.StatusUnauthorized)

	limited := false
	for range 11 {
		a := g.Call(http.MethodPost, "/v1/auth/login", map[string]string{"email": m.Email, "password": "not the password"},
			"X-Forwarded-For", "203.0.113.7")
		if limited = a.Status == http.StatusTooManyRequests; limited {
			if after, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || after < 1 || a.At("error") != "rate_limited" {
				t.Errorf("F10: %v %s", a.Header, a.Body)
			}
			break
		}
	}
	if !limited {
		t.Error("F10, F14: eleven wrong passwords in a row are not slowed down")
	}
}

// Rows M01 to M09: what is not a document is refused, whatever it calls itself.
func TestUploadsOverHTTP(t *testing.T) {
	g := rig.Start(t, nil)
	m := g.Register(t)
	pdf := []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
	for row, c := range map[string]struct {
		kind    string
		content []byte
		status  int
		code    string
	}{
		"M01 svg":      {"image/png", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), 415, "unsupported_file_type"},
		"M01 html":     {"application/pdf", []byte("<html><script>1</script></html>"), 415, "unsupported_file_type"},
		"M01 zip":      {"application/pdf", []byte("PK\x03\x04aaaa"), 415, "unsupported_file_type"},
		"M02":          {"application/pdf", append(bytes.Clone(pdf), make([]byte, 10<<20)...), 413, "file_too_large"},
		"M03":          {"image/png", wide(), 400, "image_too_large"},
		"M05":          {"image/png", pdf, 415, "unsupported_file_type"},
		"a document":   {"application/pdf", pdf, 201, ""},
		"M04 the name": {"application/pdf", pdf, 201, ""},
	} {
		a := attach(m, "../../x\u202egnp.exe", c.kind, c.content)
		if a.Status != c.status || c.code != "" && a.At("error") != c.code {
			t.Errorf("%s: %d %s, want %d %s", row, a.Status, a.Body, c.status, c.code)
		}
	}
	broken := m.Call(http.MethodPost, "/v1/kyc/documents", "--x\r\nContent-Disposition: form-data", "Content-Type", "multipart/form-data; boundary=x")
	if broken.Status != http.StatusBadRequest || broken.At("error") != "invalid_multipart" {
		t.Errorf("M09: %d %s", broken.Status, broken.Body)
	}
	for range 8 {
		attach(m, "x.pdf", "application/pdf", pdf).Want(t, http.StatusCreated)
	}
	if a := attach(m, "x.pdf", "application/pdf", pdf); a.Status != http.StatusConflict || a.At("error") != "too_many_files" {
		t.Errorf("M07: %d %s", a.Status, a.Body)
	}
}

// wide is the head of a PNG of 12 000 by 12 000 pixels.
func wide() []byte {
	head := make([]byte, 13)
	binary.BigEndian.PutUint32(head, 12_000)
	binary.BigEndian.PutUint32(head[4:], 12_000)
	head[8], head[9] = 8, 6
	chunk := append([]byte("IHDR"), head...)
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	_ = binary.Write(&b, binary.BigEndian, uint32(len(head)))
	b.Write(chunk)
	_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(chunk))
	b.WriteString("\x00\x00\x00\x00IEND\xaeB`\x82")
	return b.Bytes()
}

func attach(m rig.Merchant, name, kind string, content []byte) rig.Answer {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename=%q`, name)},
		"Content-Type":        {kind},
	})
	if err != nil {
		return rig.Answer{}
	}
	_, _ = part.Write(content)
	_ = w.Close()
	return m.Call(http.MethodPost, "/v1/kyc/documents", b.Bytes(), "Content-Type", w.FormDataContentType())
}

// Rows O01 and O07: without its database the gateway says so and recovers by itself; told to leave,
// it finishes what it has begun and takes nothing new.
func TestTheGatewayOutlivesItsDatabase(t *testing.T) {
	server, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: rig.DataDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(t.Context()) })
	g := rig.Start(t, map[string]string{"DATABASE_URL": server.DSN("")})
	m := g.Register(t)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	down := g.Call(http.MethodPost, chargePath, charge(m))
	if down.Status != http.StatusServiceUnavailable || down.Header.Get("Retry-After") == "" {
		t.Errorf("O01: %d %v %s", down.Status, down.Header, down.Body)
	}
	if probe := g.Call(http.MethodGet, "/readyz", nil); probe.Status != http.StatusServiceUnavailable {
		t.Errorf("readiness without a database: %d %s", probe.Status, probe.Body)
	}
	if probe := g.Call(http.MethodGet, "/healthz", nil); probe.Status != http.StatusOK {
		t.Errorf("health without a database: %d", probe.Status)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	rig.Eventually(t, time.Minute, "the gateway is ready again", g.Ready)
	g.Call(http.MethodPost, chargePath, charge(m)).Want(t, http.StatusOK)
	payment := m.Pay(t, "5.00")
	g.Call(http.MethodPost, "/v1/checkout/sessions/"+payment+"/pay/confirm", map[string]string{"paymentId": g.Intent(t, payment)}).
		Want(t, http.StatusOK)
	if err := g.Stop(); err != nil {
		t.Errorf("O07: it left with %v", err)
	}
}
