package native

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

// Routes that take larger bodies than others.
const (
	resourcesPath = "/v1/resources"
	resourcePath  = resourcesPath + "/:sku"
	contentPath   = resourcePath + "/content"
)

func (a *API) mountResources(v1 *gin.RouterGroup) {
	a.forMerchant(v1, http.MethodPost, "/resources", orFail(a.createResource))
	a.forMerchant(v1, http.MethodGet, "/resources", orFail(a.listResources))
	a.forResource(v1, http.MethodGet, "", orFail(a.resource))
	a.forResource(v1, http.MethodPatch, "", orFail(a.changeResource))
	a.forResource(v1, http.MethodDelete, "", orFail(a.archiveResource))
	a.forResource(v1, http.MethodPut, "/content", orFail(a.uploadResource))
}

// forResource registers a route about the resource of its path.
func (a *API) forResource(
	g *gin.RouterGroup, method, path string, act func(c *gin.Context, who merchant.Principal),
) {
	a.forMerchant(g, method, "/resources/:sku"+path, func(c *gin.Context, who merchant.Principal) {
		act(c, a.inMode(c, who, func(who merchant.Principal) error {
			_, err := a.Resources.Get(c.Request.Context(), who, c.Param("sku"))
			return err
		}))
	})
}

func (a *API) createResource(c *gin.Context, who merchant.Principal) error {
	var body resourceInput
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	in, err := body.creation()
	if err != nil {
		return err
	}
	if in.Who, err = ownMode(c, who, body.Mode); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusCreated, a.oneResource)
	if err != nil {
		return err
	}
	made, stored, err := a.Resources.Create(c.Request.Context(), in, once)
	respond(c, once, made, stored, err)
	return nil
}

// ownMode is readMode for a credential that may have a mode of its own, which it cannot leave.
func ownMode(c *gin.Context, who merchant.Principal, mode *string) (merchant.Principal, error) {
	asked, err := readMode(who, mode)
	if err != nil || asked == who {
		return asked, err
	}
	token, err := bearer(c)
	if err == nil && strings.HasPrefix(token, apiKeyPrefix) {
		err = merchant.ErrInvalidMode.Saying("this API key is for " + who.Mode.String() + " mode")
	}
	return asked, err
}

// maxResourcesPage bounds a page of resources.
const maxResourcesPage = 100

func (a *API) listResources(c *gin.Context, who merchant.Principal) error {
	query, err := edge.Query(c, modeParam, "limit", "cursor", "archived")
	if err != nil {
		return err
	}
	q := ports.ResourceQuery{Project: who.Project, Mode: who.Mode}
	switch word := query.Get("archived"); word {
	case "", "false":
	case "true":
		q.Archived = true
	default:
		return resource.ErrInvalid.About("archived").Saying("archived must be true or false")
	}
	from, err := a.askedPage(c, "resources", who, maxResourcesPage)
	if err != nil {
		return err
	}
	q.Limit, q.Before = from.limit, ports.ResourceMark{At: from.at, ID: resource.ID(from.id)}
	found, more, err := a.Resources.List(c.Request.Context(), q)
	if err != nil {
		return err
	}
	shown := make([]resourceJSON, len(found))
	for i, v := range found {
		shown[i] = a.showResource(v)
	}
	next := ""
	if more && len(found) > 0 {
		last := found[len(found)-1]
		next = a.makeCursor("resources", who, last.CreatedAt, string(last.ID))
	}
	show(c, struct {
		Resources  []resourceJSON `json:"resources"`
		NextCursor string         `json:"nextCursor,omitempty"`
	}{shown, next})
	return nil
}

func (a *API) resource(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c, modeParam); err != nil {
		return err
	}
	v, err := a.Resources.Get(c.Request.Context(), who, c.Param("sku"))
	if err != nil {
		return err
	}
	show(c, a.oneResource(v))
	return nil
}

func (a *API) changeResource(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Version  *int64 `json:"version"`
		Archived *bool  `json:"archived"`
		termsInput
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	terms, err := body.change()
	if err != nil {
		return err
	}
	content, err := body.content()
	if err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, a.oneResource)
	if err != nil {
		return err
	}
	change := app.ResourceChange{
		SKU: c.Param("sku"), Version: body.Version, Terms: terms, Content: content, Archived: body.Archived,
	}
	changed, stored, err := a.Resources.Update(c.Request.Context(), who, change, once)
	respond(c, once, changed, stored, err)
	return nil
}

func (a *API) archiveResource(c *gin.Context, who merchant.Principal) error {
	if err := noBody(c); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusNoContent, func(struct{}) any { return nil })
	if err != nil {
		return err
	}
	stored, err := a.Resources.Archive(c.Request.Context(), who, c.Param("sku"), once)
	respond(c, once, struct{}{}, stored, err)
	return nil
}

func (a *API) uploadResource(c *gin.Context, who merchant.Principal) error {
	content, err := readFile(c)
	if err != nil {
		return err
	}
	// As for documents, what a form holds makes it the same, not its boundary.
	sameness := append([]byte(content.FileName+"\n"+content.Type+"\n"), content.Body...)
	once, err := onceOver(a, c, sameness, answerAs(http.StatusOK, a.oneResource))
	if err != nil {
		return err
	}
	change := app.ResourceChange{SKU: c.Param("sku"), Content: &content}
	changed, stored, err := a.Resources.Update(c.Request.Context(), who, change, once)
	respond(c, once, changed, stored, err)
	return nil
}
