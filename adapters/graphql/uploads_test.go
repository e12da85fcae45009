package graphql_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/101pay/101pay/adapters/graphql"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

const pdf = "%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"

// passport is a picture of nothing.
func passport(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// send sends a file as the dashboard does, and answers the status and the code of what is wrong.
func (w *world) send(actor, query, mediaType, content string, headers ...string) (status int, code string) {
	w.Helper()
	w.clock.pass(10e9)
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, graphql.DocumentsPath+query, strings.NewReader(content))
	r.Header.Set("Actor", actor)
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.engine.ServeHTTP(recorder, r)
	var said struct{ Error string }
	if err := json.Unmarshal(recorder.Body.Bytes(), &said); err != nil {
		w.Fatalf("answered %d %q", recorder.Code, recorder.Body)
	}
	return recorder.Code, said.Error
}

// documents are what a shop's owner sees of what he attached.
func (w *world) documents(s shop) []any {
	w.Helper()
	list, _ := w.asked(s.as(member.Owner), `{ kyc { state documents { id kind mediaType bytes } } }`, nil).at("kyc", "documents").([]any)
	return list
}

// What is attached is what it says it is, small enough, and there afterwards; what is refused is not.
func TestDocumentsAreTakenForWhatTheyAre(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	owner, photo := s.as(member.Owner), passport(t)
	for name, c := range map[string]struct {
		query, mediaType, content string
		status                    int
		code                      string
	}{
		"a page":           {"?kind=identity", "text/html", "<html>", 415, "unsupported_file_type"},
		"another type":     {"?kind=identity", "image/png", pdf, 415, "unsupported_file_type"},
		"no type at all":   {"?kind=identity", "image", photo, 415, "unsupported_file_type"},
		"nothing":          {"?kind=identity", "", "", 415, "unsupported_file_type"},
		"no kind":          {"", "image/png", photo, 400, "invalid_kyc"},
		"an unknown kind":  {"?kind=love-letter", "image/png", photo, 400, "invalid_kyc"},
		"two kinds":        {"?kind=identity&kind=other", "image/png", photo, 400, "unexpected_query"},
		"something beside": {"?kind=identity&state=approved", "image/png", photo, 400, "unexpected_query"},
		"too large":        {"?kind=identity", "image/png", photo + strings.Repeat("\x00", app.MaxDocumentBytes), 413, "body_too_large"},
	} {
		if status, code := w.send(owner, c.query, c.mediaType, c.content); status != c.status || code != c.code {
			t.Errorf("%s: answered %d %s, want %d %s", name, status, code, c.status, c.code)
		}
	}
	if list := w.documents(s); len(list) != 0 {
		t.Fatalf("kept %v", list)
	}
	for _, file := range [][2]string{{"image/png", photo}, {"", photo}, {"application/pdf; charset=binary", pdf}} {
		if status, code := w.send(owner, "?kind=identity", file[0], file[1]); status != http.StatusCreated {
			t.Errorf("a document of %q: answered %d %s", file[0], status, code)
		}
	}
	list := w.documents(s)
	if len(list) != 3 {
		t.Fatalf("kept %v", list)
	}
	if d := list[2].(map[string]any); d["kind"] != "identity" || d["mediaType"] != "application/pdf" || d["bytes"] != float64(len(pdf)) {
		t.Errorf("kept %v", d)
	}
	for range merchant.MaxDocuments - len(list) {
		w.send(owner, "?kind=other", "image/png", photo)
	}
	if status, code := w.send(owner, "?kind=other", "image/png", photo); status != http.StatusConflict || code != "too_many_files" {
		t.Errorf("one too many: answered %d %s", status, code)
	}
}

// The routes, and who is served there, which is told what is wrong with his request, if anything is, and not
// who he is: nobody who is not signed in, and no page of another origin where something is done. A route
// without a row fails.
func TestWhoReachesWhichRoute(t *testing.T) {
	const report = "?project=@project&mode=test&from=2026-03-01&to=2026-03-02&by=day"
	exporters := deciders
	rows := map[string]struct {
		may               []member.Role
		query, kind, body string
	}{
		"POST " + graphql.Path:                 {everybody, "", "application/json", `{"query":"{ viewer { id } }"}`},
		"GET " + graphql.ReportsPath + ".csv":  {exporters, report, "", ""},
		"GET " + graphql.ReportsPath + ".json": {exporters, report, "", ""},
		"GET " + graphql.ReportsPath + ".html": {exporters, report, "", ""},
		"GET " + graphql.ReportFilePath:        {exporters, "?project=@project&mode=test&id=x", "", ""},
		"POST " + graphql.DocumentsPath:        {owners, "?kind=other", "application/pdf", pdf},
	}
	w := open(t)
	s := w.shop("corner")
	ask := func(route, actor, site string) (int, string) {
		method, path, _ := strings.Cut(route, " ")
		r := rows[route]
		w.clock.pass(10e9)
		request := httptest.NewRequestWithContext(t.Context(), method,
			path+strings.ReplaceAll(r.query, "@project", s.ids["project"]), strings.NewReader(r.body))
		request.Header.Set("Actor", actor)
		request.Header.Set("Sec-Fetch-Site", site)
		if r.kind != "" {
			request.Header.Set("Content-Type", r.kind)
		}
		out := httptest.NewRecorder()
		w.engine.ServeHTTP(out, request)
		return out.Code, out.Body.String()
	}
	seen := map[string]bool{}
	for _, route := range w.engine.Routes() {
		name := route.Method + " " + route.Path
		seen[name] = true
		row, listed := rows[name]
		if !listed {
			t.Errorf("%s has no row: say who is served there", name)
			continue
		}
		if status, body := ask(name, "nobody", "same-origin"); status != http.StatusUnauthorized {
			t.Errorf("%s: nobody was answered %d %s", name, status, body)
		}
		for _, role := range member.Roles() {
			status, body := ask(name, s.as(role), "same-origin")
			served := status != http.StatusForbidden
			if served != slices.Contains(row.may, role) || !served && !strings.Contains(body, "role_forbidden") ||
				status == http.StatusUnauthorized || status >= http.StatusInternalServerError {
				t.Errorf("%s as %s: answered %d %s", name, role, status, body)
			}
		}
		if status, body := ask(name, s.as(member.Owner), "cross-site"); route.Method != http.MethodGet &&
			(status != http.StatusForbidden || !strings.Contains(body, "cross_origin")) {
			t.Errorf("%s from another origin: answered %d %s", name, status, body)
		}
	}
	for name := range rows {
		if !seen[name] {
			t.Errorf("%s has a row and is no route", name)
		}
	}
}
