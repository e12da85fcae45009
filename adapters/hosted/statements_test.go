package hosted

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/ports/portstest"
)

// signed follows the page's link to a statement and verifies what it leads to.
func (r reply) signed() attest.Statement {
	r.Helper()
	link := regexp.MustCompile(`<a id="signed" href="([^"]+)" download>`).FindStringSubmatch(r.body)
	if link == nil {
		r.Fatalf("there is no link to a statement in %s", r.body)
	}
	file := r.get(link[1]).has(http.StatusOK)
	for name, want := range map[string]string{
		"Content-Type": "application/jose", "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow",
	} {
		if got := file.header.Get(name); got != want {
			r.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if at := file.header.Get("Content-Disposition"); !regexp.MustCompile(
		`^attachment; filename="(instructions|receipt)-[0-9a-f-]{36}\.jws"$`).MatchString(at) {
		r.Errorf("it is saved as %s", at)
	}
	jws, ended := strings.CutSuffix(file.body, "\n")
	s, err := attest.Verify(jws, portstest.Pen{}.Keys(), r.hands.Now())
	if err != nil || !ended {
		r.Fatalf("%v: %q", err, file.body)
	}
	return s
}

// read is what a payer reads in an element.
func (r reply) read(id string) string {
	r.Helper()
	found := regexp.MustCompile(`id="` + id + `"[^>]*>(.*?)</(p|span|dd)>`).FindStringSubmatch(r.body)
	if found == nil {
		r.Fatalf("there is no %s in %s", id, r.body)
	}
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(found[1], ""))
}

// What the page shows and what its link says under the signature is one thing, in every language and
// without a script, until the payment is made and from then on.
func TestThePageAndItsSignatureAgree(t *testing.T) {
	s := openStage(t)
	path := s.open()
	s.get(path + "/instructions.jws").has(http.StatusConflict)
	s.get(path + "/receipt.jws").has(http.StatusConflict)
	s.post(path+"/method", "method", "usdt/sandbox").has(http.StatusOK)
	for _, code := range []string{"/en", "/ja", "/zh", ""} {
		page := s.get(code + strings.TrimPrefix(path, "/en")).has(http.StatusOK)
		said := page.signed().Instruction
		if said == nil || said.Amount != page.read("amount") || said.Address != page.read("address") ||
			said.ExpiresAt[:19]+"Z" != regexp.MustCompile(`data-until="([^"]+)"`).FindStringSubmatch(page.body)[1] {
			t.Errorf("%s: signed %+v, shown %s and %s", code, said, page.read("amount"), page.read("address"))
		}
		page.has(http.StatusOK, said.Asset, html.EscapeString(said.Payee))
	}
	asked := s.get(path).signed().Instruction

	s.post(path+"/sandbox", "scenario", "exact")
	s.pass(10 * time.Second)
	page := s.get(path).has(http.StatusOK)
	said := page.signed().Receipt
	if said == nil || said.Transfers[0].TxID != page.read("txid") || said.Address != asked.Address || said.Units != asked.Units {
		t.Fatalf("signed %+v, asked for %+v", said, asked)
	}
	page.has(http.StatusOK, said.Transfers[0].OrderNo, said.Amount+" "+said.Asset)
	s.get(path + "/instructions.jws").has(http.StatusConflict)

	s.post(path+"/sandbox", "scenario", "reorg")
	s.pass(10 * time.Second)
	s.get(path + "/receipt.jws").has(http.StatusConflict)
	if again := s.get(path).has(http.StatusOK).signed().Instruction; again.Units != asked.Units {
		t.Errorf("after the reversal it asks for %s", again.Units)
	}
}

// No link leads to what is refused, and what is nobody's payment has no statement.
func TestEndedPagesHaveNoStatement(t *testing.T) {
	s := openStage(t)
	path := s.open()
	s.post(path+"/method", "method", "usdt/sandbox").has(http.StatusOK)
	s.hands.move(time.Hour)
	s.get(path).has(http.StatusOK).lacks(`id="signed"`)
	s.get(path + "/instructions.jws").has(http.StatusConflict)
	for _, id := range []string{"nobody", portstest.UUID()} {
		s.get("/en/checkout/" + id + "/receipt.jws").has(http.StatusNotFound)
		s.get("/checkout/" + id + "/instructions.jws").has(http.StatusNotFound)
	}
}
