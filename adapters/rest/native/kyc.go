package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

func (a *API) mountKYC(v1 *gin.RouterGroup) {
	a.forLogin(v1, http.MethodGet, "/kyc", orFail(a.kyc))
	a.forLogin(v1, http.MethodPost, "/kyc", orFail(a.submitKYC))
	a.forLogin(v1, http.MethodGet, "/kyc/documents", orFail(a.listDocuments))
	a.forLogin(v1, http.MethodPost, "/kyc/documents", orFail(a.attachDocument))
	v1.GET("/kyc/documents/:id", a.limits.authenticated, failing(a.document))
}

type kycJSON struct {
	State          merchant.KYCState `json:"state"`
	LegalName      string            `json:"legalName,omitempty"`
	Country        string            `json:"country,omitempty"`
	Kind           string            `json:"kind,omitempty"`
	RegistryNumber string            `json:"registryNumber,omitempty"`
	Note           string            `json:"note,omitempty"` // why it was rejected
	SubmittedAt    string            `json:"submittedAt,omitempty"`
	DecidedAt      string            `json:"decidedAt,omitempty"`
}

func oneKYC(k merchant.KYC) any {
	return struct {
		KYC kycJSON `json:"kyc"`
	}{kycJSON{
		State: k.State, LegalName: k.LegalName, Country: k.Country, Kind: k.Kind,
		RegistryNumber: k.Registry, Note: k.Note,
		SubmittedAt: instant(k.SubmittedAt), DecidedAt: instant(k.DecidedAt),
	}}
}

func (a *API) kyc(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	k, err := a.KYC.Get(c.Request.Context(), who)
	if err != nil {
		return err
	}
	show(c, oneKYC(k))
	return nil
}

// Bounds of what a merchant says about himself, in characters; package merchant has the rules.
const (
	maxLegalName = 200
	maxRegistry  = 100
)

func (a *API) submitKYC(c *gin.Context, who merchant.Principal) error {
	var body struct {
		LegalName      string `json:"legalName"`
		Country        string `json:"country"`
		Kind           string `json:"kind"`
		RegistryNumber string `json:"registryNumber"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	if err := edge.Text("legalName", body.LegalName, maxLegalName, false); err != nil {
		return err
	}
	if err := edge.Text("registryNumber", body.RegistryNumber, maxRegistry, false); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, oneKYC)
	if err != nil {
		return err
	}
	said := merchant.KYC{
		LegalName: body.LegalName, Country: body.Country, Kind: body.Kind, Registry: body.RegistryNumber,
	}
	k, stored, err := a.KYC.Submit(c.Request.Context(), who, said, once)
	respond(c, once, k, stored, err)
	return nil
}

type documentJSON struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"`
	MediaType string `json:"mediaType"`
	Bytes     int    `json:"bytes"`
	CreatedAt string `json:"createdAt"`
}

func showDocument(d merchant.Document) documentJSON {
	return documentJSON{d.ID, d.Kind, d.MediaType, d.Bytes, instant(d.CreatedAt)}
}

func oneDocument(d merchant.Document) any {
	return struct {
		Document documentJSON `json:"document"`
	}{showDocument(d)}
}

func (a *API) listDocuments(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	docs, err := a.KYC.Documents(c.Request.Context(), who)
	if err != nil {
		return err
	}
	shown := make([]documentJSON, len(docs))
	for i, d := range docs {
		shown[i] = showDocument(d)
	}
	show(c, struct {
		Documents []documentJSON `json:"documents"`
	}{shown})
	return nil
}

func (a *API) attachDocument(c *gin.Context, who merchant.Principal) error {
	in, err := readDocument(c)
	if err != nil {
		return err
	}
	// Clients draw a new boundary for every try, so the form is no measure of sameness; what it holds
	// is.
	content := append([]byte(in.Kind+"\n"+in.MediaType+"\n"), in.Content...)
	once, err := onceOver(a, c, content, answerAs(http.StatusCreated, oneDocument))
	if err != nil {
		return err
	}
	doc, stored, err := a.KYC.Attach(c.Request.Context(), who, in, once)
	respond(c, once, doc, stored, err)
	return nil
}

// document hands a file back for as long as it is not submitted. To whoever is not signed in there
// is no such file, whatever its id (row M08).
func (a *API) document(c *gin.Context) error {
	who, err := a.loginPrincipal(c)
	if err != nil {
		if fault.From(err).Kind == fault.Unauthenticated {
			return fault.ErrNotFound
		}
		return err
	}
	if _, err := edge.Query(c); err != nil {
		return err
	}
	_, content, err := a.KYC.Document(c.Request.Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	// A browser must neither show nor run it: it is what somebody uploaded.
	c.Header("Content-Disposition", `attachment; filename="document"`)
	c.Header("Content-Security-Policy", "sandbox; default-src 'none'")
	c.Data(http.StatusOK, "application/octet-stream", content)
	return nil
}
