package native_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// baseSepolia is the network of test mode.
const baseSepolia x402.Network = 84532

// tokenChain is a network of which nothing is asked but what it carries.
type tokenChain struct {
	ports.TokenChain

	network x402.Network
}

func (c tokenChain) Network() x402.Network { return c.network }

func (c tokenChain) Tokens(context.Context) ([]x402.Token, error) {
	usdc, _ := x402.ParseAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
	t, err := x402.NewToken(c.network, usdc, "USDC", "2")
	return []x402.Token{t}, err
}

func tokenRails() app.TokenRails {
	return app.TokenRails{
		{Mode: merchant.Test, Chain: tokenChain{network: baseSepolia}},
		{Mode: merchant.Live, Chain: tokenChain{network: 8453}, Watched: chain.Base},
		{Mode: merchant.Live, Chain: tokenChain{network: 1}, Watched: chain.Ethereum},
	}
}

// fileForm is a form of one file.
func fileForm(t *testing.T, name, media string, content []byte) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	h := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="` + name + `"`}}
	if media != "" {
		h.Set("Content-Type", media)
	}
	part, err := w.CreatePart(h)
	if err == nil {
		_, err = part.Write(content)
	}
	if closing := w.Close(); err != nil || closing != nil {
		t.Fatal(err, closing)
	}
	return b.Bytes(), w.FormDataContentType()
}

func (s *specShop) upload(sku, name, media string, content []byte) specExchange {
	s.t.Helper()
	body, contentType := fileForm(s.t, name, media, content)
	return s.put("/v1/resources/"+sku+"/content", body, contentType)
}

func (s *specShop) put(path string, body []byte, contentType string) specExchange {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPut, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", "Bearer "+s.jwt)
	return s.do(r, body)
}

func walkResources(s *specShop) {
	const list = "/v1/resources"
	made := s.login("POST", list, `{"sku":"weather-tokyo","price":"0.001","title":"Weather","tags":["weather"],`+
		`"mimeType":"application/json","discoverable":true,"content":{"text":"{\"sky\":\"clear\"}"}}`).want(201)
	if got := made.text("resource", "content", "contentType"); got != "application/json" {
		s.t.Errorf("its type is %q", got)
	}
	one := list + "/weather-tokyo"
	s.key("POST", list, `{"sku":"proxied","price":"9.99","currency":"USD","networks":["base-sepolia"],`+
		`"payTo":{"eip155:84532":"0x1F98431c8aD98523631AE4a59f267346ea31F984"},"flow":"upfront","timeoutSeconds":300,`+
		`"validFrom":"2026-05-18T00:00:00Z","validUntil":"2027-05-18T00:00:00+09:00","content":{"upstream":{"url":`+
		`"https://unreachable.example/api","header":{"name":"authorization","value":"Bearer s3cret"},`+
		`"methods":["GET","POST"],"passQuery":true}}}`).want(201)
	s.login("POST", list, `{"sku":"report","price":"1"}`).want(201)
	s.login("GET", list+"?limit=2", "").want(200)
	s.login("GET", list+"?mode=live&archived=true", "").want(200)
	s.login("GET", list+"?archived=yes", "").want(400, "invalid_resource")
	s.login("GET", list+"?cursor=abc", "").want(400, "invalid_pagination")
	s.login("GET", one, "").want(200)
	s.login("GET", list+"/none", "").want(404, "not_found")
	s.login("PATCH", one, `{"price":"0.02","currency":"USD","version":1}`).want(200)
	s.login("PATCH", one, `{"price":"0.02","currency":"USD","version":1}`).want(409, "resource_changed")
	s.upload("report", "report.pdf", "application/pdf", []byte("%PDF-1.7 report")).want(200)
	s.upload("none", "report.pdf", "application/pdf", []byte("%PDF-1.7 report")).want(404, "not_found")
	s.login("DELETE", one, "").want(204)
	s.login("DELETE", one, "").want(204)
	s.login("DELETE", list+"/none", "").want(404, "not_found")
	s.login("PATCH", one, `{"title":"Rain"}`).want(409, "resource_archived")
	s.upload("weather-tokyo", "a.txt", "text/plain", []byte("a")).want(409, "resource_archived")
	s.login("POST", list, `{"sku":"weather-tokyo","price":"1"}`).want(409, "sku_taken")
	s.login("PATCH", one, `{"archived":false,"title":"Rain"}`).want(200)
	s.login("POST", list, strings.Repeat(" ", 4<<20)).want(413, "content_too_large")
	s.login("POST", list, `{"sku":"x","price":"1","content":{"text":"`+strings.Repeat("x", resource.MaxBodyBytes+1)+`"}}`).
		want(413, "content_too_large")
	s.upload("report", "a.bin", "", make([]byte, resource.MaxFileBytes+1)).want(413, "file_too_large")
	s.upload("report", "a.bin", "", make([]byte, resource.MaxFileBytes+2<<20)).want(413, "file_too_large")
	s.put(list+"/report/content", []byte("{}"), "application/json").want(415, "unsupported_media_type")
}

// Each bad input is refused by name, and leaves nothing behind.
func TestBadResources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		const pay = `"payTo":{"base-sepolia":`
		long := strings.Repeat("x", 513)
		for name, c := range map[string]struct{ members, code string }{
			"no sku":                   {`"sku":"","price":"1"`, "invalid_sku"},
			"a sku with a slash":       {`"sku":"a/b","price":"1"`, "invalid_sku"},
			"a sku of dots":            {`"sku":"..","price":"1"`, "invalid_sku"},
			"a long sku":               {`"sku":"` + long[:65] + `","price":"1"`, "invalid_sku"},
			"a sku of another script":  {`"sku":"wеather","price":"1"`, "invalid_sku"},
			"no price":                 {`"sku":"a"`, "invalid_request"},
			"a price of zero":          {`"sku":"a","price":"0"`, "amount_not_positive"},
			"a price below zero":       {`"sku":"a","price":"-1"`, "invalid_amount"},
			"a price in exponents":     {`"sku":"a","price":"1e3"`, "invalid_amount"},
			"a price that is a number": {`"sku":"a","price":1`, "invalid_type"},
			"too many decimals":        {`"sku":"a","price":"0.0000001"`, "amount_precision"},
			"too many cents":           {`"sku":"a","price":"0.001","currency":"USD"`, "amount_precision"},
			"too much":                 {`"sku":"a","price":"1000000000001"`, "amount_too_large"},
			"yen":                      {`"sku":"a","price":"100","currency":"JPY"`, "unsupported_currency"},
			"tether":                   {`"sku":"a","price":"1","currency":"USDT"`, "unsupported_currency"},
			"no currency":              {`"sku":"a","price":"1","currency":"usdc"`, "unsupported_currency"},
			"an unknown network":       {`"sku":"a","price":"1","networks":["dogechain"]`, "unsupported_network"},
			"a live network":           {`"sku":"a","price":"1","networks":["base"]`, "unsupported_network"},
			"a network twice":          {`"sku":"a","price":"1","networks":["base-sepolia","eip155:84532"]`, "invalid_resource"},
			"a bad checksum":           {`"sku":"a","price":"1",` + pay + `"0x1f98431c8aD98523631AE4a59f267346ea31F984"}`, "invalid_address"},
			"nobody's address":         {`"sku":"a","price":"1",` + pay + `"0x0000000000000000000000000000000000000000"}`, "invalid_address"},
			"the token's own address":  {`"sku":"a","price":"1",` + pay + `"0x036CbD53842c5426634e7929541eC2318f3dCF7e"}`, "invalid_address"},
			"an address of TRON":       {`"sku":"a","price":"1",` + pay + `"` + specTron + `"}`, "address_chain_mismatch"},
			"payTo elsewhere":          {`"sku":"a","price":"1","payTo":{"base":"0x1F98431c8aD98523631AE4a59f267346ea31F984"}`, "unsupported_network"},
			"payTo twice": {`"sku":"a","price":"1",` + pay + `"0x1F98431c8aD98523631AE4a59f267346ea31F984",` +
				`"eip155:84532":"0x1F98431c8aD98523631AE4a59f267346ea31F984"}`, "invalid_resource"},
			"payTo in live mode":     {`"sku":"a","price":"1","mode":"live","payTo":{"base":"0x1F98431c8aD98523631AE4a59f267346ea31F984"}`, "pay_to_test_only"},
			"a mode of its own":      {`"sku":"a","price":"1","mode":"both"`, "invalid_mode"},
			"a long title":           {`"sku":"a","price":"1","title":"` + long[:81] + `"`, "invalid_resource"},
			"a hidden title":         {`"sku":"a","price":"1","title":"a\u202eb"`, "invalid_string"},
			"a long description":     {`"sku":"a","price":"1","description":"` + long + `"`, "invalid_resource"},
			"a service of ☕":         {`"sku":"a","price":"1","serviceName":"☕"`, "invalid_resource"},
			"a type of nothing":      {`"sku":"a","price":"1","mimeType":"json"`, "invalid_resource"},
			"a type with a line":     {`"sku":"a","price":"1","mimeType":"a/b\r\nX: y"`, "invalid_resource"},
			"six tags":               {`"sku":"a","price":"1","tags":["1","2","3","4","5","6"]`, "invalid_resource"},
			"a tag twice":            {`"sku":"a","price":"1","tags":["1","1"]`, "invalid_resource"},
			"an empty tag":           {`"sku":"a","price":"1","tags":[""]`, "invalid_resource"},
			"too little time":        {`"sku":"a","price":"1","timeoutSeconds":29`, "invalid_resource"},
			"too much time":          {`"sku":"a","price":"1","timeoutSeconds":301`, "invalid_resource"},
			"time that overflows":    {`"sku":"a","price":"1","timeoutSeconds":9223372036854775807`, "invalid_resource"},
			"escrow":                 {`"sku":"a","price":"1","flow":"escrow"`, "invalid_resource"},
			"no time":                {`"sku":"a","price":"1","validFrom":"tomorrow"`, "invalid_resource"},
			"over before it began":   {`"sku":"a","price":"1","validFrom":"2027-01-02T00:00:00Z","validUntil":"2027-01-01T00:00:00Z"`, "invalid_resource"},
			"no content":             {`"sku":"a","price":"1","content":{}`, "invalid_content"},
			"two contents":           {`"sku":"a","price":"1","content":{"text":"a","base64":"YQ=="}`, "invalid_content"},
			"an empty text":          {`"sku":"a","price":"1","content":{"text":""}`, "content_required"},
			"not base64":             {`"sku":"a","price":"1","content":{"base64":"YQ"}`, "invalid_content"},
			"a content of a file":    {`"sku":"a","price":"1","content":{"file":"a"}`, "unknown_field"},
			"a bad type":             {`"sku":"a","price":"1","content":{"text":"a","contentType":"text"}`, "invalid_resource"},
			"an upstream of nothing": {`"sku":"a","price":"1","content":{"upstream":{}}`, "invalid_request"},
		} {
			s.login("POST", "/v1/resources", `{`+c.members+`}`).want(400, c.code)
			if t.Failed() {
				t.Fatal(name)
			}
		}
		for _, url := range []string{
			"http://shop.example/", "https://127.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/latest",
			"https://[::1]/", "https://localhost/", "https://shop.example:8443/", "https://u:p@shop.example/",
			"https://shop.example/#f", "file:///etc/passwd", "https://shop.example./", "",
		} {
			s.login("POST", "/v1/resources", `{"sku":"a","price":"1","content":{"upstream":{"url":"`+url+`"}}}`).
				want(400, "invalid_upstream_url")
		}
		for _, header := range []string{
			`{"name":"Host","value":"a"}`, `{"name":"x-payment","value":"a"}`, `{"name":"Proxy-Authorization","value":"a"}`,
			`{"name":"X Y","value":"a"}`, `{"name":"A","value":"a\r\nB: c"}`, `{"name":"A","value":""}`, `{"name":"","value":"a"}`,
			`{"name":"Transfer-Encoding","value":"chunked"}`, `{"name":"A","value":"é"}`,
		} {
			s.login("POST", "/v1/resources", `{"sku":"a","price":"1","content":{"upstream":{"url":"https://shop.example/",`+
				`"header":`+header+`}}}`).want(400, "invalid_upstream_header")
		}
		s.login("POST", "/v1/resources", `{"sku":"a","price":"1","content":{"upstream":{"url":"https://shop.example/",`+
			`"methods":["DELETE"]}}}`).want(400, "invalid_content")
		s.login("POST", "/v1/resources", `{"sku":"a","price":"1","content":{"upstream":{"url":"https://shop.example/?a=1",`+
			`"passQuery":true}}}`).want(400, "invalid_upstream_url")
		s.key("POST", "/v1/resources", `{"sku":"a","price":"1","mode":"live"}`).want(400, "invalid_mode")
		for _, mode := range []string{"test", "live"} {
			if left := s.login("GET", "/v1/resources?archived=true&mode="+mode, "").want(200).list("resources"); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		}
	})
}

func TestBadFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		s.login("POST", "/v1/resources", `{"sku":"a","price":"1"}`).want(201)
		for _, name := range []string{"", "..", ".htaccess", "a:b", "a\u202efdp.exe", strings.Repeat("n", 151)} {
			s.upload("a", name, "", []byte("a")).want(400, "invalid_file_name")
		}
		s.upload("a", "a.txt", "text", []byte("a")).want(400, "invalid_resource")
		s.upload("a", "a.txt", "text/plain", nil).want(400, "content_required")
		const path = "/v1/resources/a/content"
		body, media := fileForm(t, "a.txt", "text/plain", []byte("a"))
		s.put(path, body[:len(body)-9], media).want(400, "invalid_multipart")
		other := bytes.Replace(body, []byte(`name="file"`), []byte(`name="data"`), 1)
		s.put(path, other, media).want(400, "invalid_multipart")
		boundary := body[:bytes.IndexByte(body, '\r')]
		twice := append(bytes.TrimSuffix(body, append(bytes.Clone(boundary), "--\r\n"...)), body...)
		s.put(path, twice, media).want(400, "invalid_multipart")
		if got := s.login("GET", "/v1/resources/a", "").want(200).text("resource", "status"); got != "empty" {
			t.Errorf("after refused files it is %s", got)
		}
		// Only the last part of a path is a name.
		if got := s.upload("a", "../../x.txt", "text/plain", []byte("a")).want(200).text("resource", "content", "fileName"); got != "x.txt" {
			t.Errorf("a path became %q", got)
		}
		if got := s.upload("a", "Übersicht 1.pdf", "", []byte("a")).want(200); got.text("resource", "content", "fileName") != "Übersicht 1.pdf" ||
			got.text("resource", "content", "contentType") != "application/octet-stream" || got.text("resource", "status") != "active" {
			t.Errorf("uploaded %s", got.Body)
		}
	})
}

// Nothing of a merchant can be seen or changed by another, nor by his own key of the other mode; a
// login finds both modes.
func TestResourcesOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openSpecGateway(t, false)
		ann, bob := g.register("ann@shop.example"), g.register("bob@shop.example")
		const mine = `{"sku":"weather","price":"1","content":{"text":"mine"}}`
		ann.login("POST", "/v1/resources", mine).want(201)
		ann.login("POST", "/v1/resources", `{"sku":"real","price":"1","mode":"live"}`).want(201)
		for _, sku := range []string{"weather", "real", "%2e%2e", "weather%00", "WEATHER"} {
			one := "/v1/resources/" + sku
			bob.login("GET", one, "").want(404, "not_found")
			bob.key("GET", one, "").want(404, "not_found")
			bob.login("PATCH", one, `{"title":"x"}`).want(404, "not_found")
			bob.login("PATCH", one, `{"archived":true}`).want(404, "not_found")
			bob.login("DELETE", one, "").want(404, "not_found")
		}
		bob.upload("weather", "a.txt", "", []byte("bob's")).want(404, "not_found")
		ann.key("GET", "/v1/resources/real", "").want(404, "not_found")
		ann.key("PATCH", "/v1/resources/real", `{"title":"x"}`).want(404, "not_found")
		ann.key("DELETE", "/v1/resources/real", "").want(404, "not_found")
		ann.login("GET", "/v1/resources/real", "").want(200)
		ann.login("PATCH", "/v1/resources/real", `{"title":"x"}`).want(200)
		if got := ann.login("GET", "/v1/resources/weather", "").want(200); got.text("resource", "title") != "" ||
			got.text("resource", "status") != "active" {
			t.Errorf("changed: %s", got.Body)
		}
		bob.login("POST", "/v1/resources", mine).want(201)
		cursor := ann.login("GET", "/v1/resources?limit=1&mode=live", "").want(200)
		if len(cursor.list("resources")) != 1 {
			t.Errorf("listed %s", cursor.Body)
		}
		if n := len(ann.key("GET", "/v1/resources", "").want(200).list("resources")); n != 1 {
			t.Errorf("a test key lists %d", n)
		}
	})
}

// What is sent to an upstream is told by its name only, wherever it is looked for.
func TestAnUpstreamsHeaderIsNeverShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		made := s.login("POST", "/v1/resources", `{"sku":"a","price":"1","content":{"upstream":{"url":"https://shop.example/a",`+
			`"header":{"name":"authorization","value":"Bearer s3cret"}}}}`).want(201)
		if got := made.text("resource", "content", "upstream", "header"); got != "Authorization" {
			t.Errorf("the header is called %q", got)
		}
		secrets := []string{"s3cret", base64.StdEncoding.EncodeToString([]byte("Bearer s3cret"))}
		for _, x := range []specExchange{
			made, s.login("GET", "/v1/resources/a", ""), s.login("GET", "/v1/resources", ""),
			s.login("PATCH", "/v1/resources/a", `{"title":"t"}`),
		} {
			for _, secret := range secrets {
				if strings.Contains(x.Body.String(), secret) {
					t.Errorf("shown: %s", x.Body)
				}
			}
		}
	})
}

// The same request with the same key is one resource.
func TestResourcesAreMadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		const body = `{"sku":"a","price":"1"}`
		first := s.login("POST", "/v1/resources", body, "Idempotency-Key", "k").want(201)
		again := s.login("POST", "/v1/resources", body, "Idempotency-Key", "k").want(201)
		if first.Body.String() != again.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s, then %s", first.Body, again.Body)
		}
		s.login("POST", "/v1/resources", `{"sku":"b","price":"1"}`, "Idempotency-Key", "k").want(422, "idempotency_key_reused")
		s.login("POST", "/v1/resources", body, "Idempotency-Key", "other").want(409, "sku_taken")
	})
}
