package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/merchant"
)

type projectJSON struct {
	ID         merchant.ProjectID `json:"id"`
	Name       string             `json:"name"`
	WebsiteURL string             `json:"websiteUrl,omitempty"`
	Mode       string             `json:"mode"`
	Disabled   bool               `json:"disabled"`
	Policy     policyJSON         `json:"policy"`
	CreatedAt  string             `json:"createdAt"`
}

type policyJSON struct {
	SessionMinutes  int                 `json:"sessionMinutes"`
	LatePolicy      merchant.LatePolicy `json:"latePolicy"`
	RecordedCharges bool                `json:"recordedCharges"`
}

func showProject(p merchant.Project) projectJSON {
	return projectJSON{
		ID: p.ID, Name: p.Name, WebsiteURL: p.WebsiteURL, Mode: p.Mode.String(), Disabled: p.Disabled,
		Policy:    policyJSON{p.Policy.SessionMinutes, p.Policy.Late, p.Policy.RecordedCharges},
		CreatedAt: instant(p.CreatedAt),
	}
}

type oneProject struct {
	Project projectJSON `json:"project"`
}

func (a *API) project(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	_, p, err := a.Accounts.Me(c.Request.Context(), who)
	if err != nil {
		return err
	}
	show(c, oneProject{showProject(p)})
	return nil
}

// projectChange is what may be said about a project; members left out stay as they are.
type projectChange struct {
	Name       *string `json:"name"`
	WebsiteURL *string `json:"websiteUrl"`
	Mode       *string `json:"mode"`
	Policy     struct {
		SessionMinutes  *int                 `json:"sessionMinutes"`
		LatePolicy      *merchant.LatePolicy `json:"latePolicy"`
		RecordedCharges *bool                `json:"recordedCharges"`
	} `json:"policy"`
}

func (p projectChange) read() (app.ProjectChange, error) {
	change := app.ProjectChange{
		Name: p.Name, WebsiteURL: p.WebsiteURL, SessionMinutes: p.Policy.SessionMinutes,
		Late: p.Policy.LatePolicy, RecordedCharges: p.Policy.RecordedCharges,
	}
	if p.Name != nil {
		if err := edge.Text("name", *p.Name, maxName, false); err != nil {
			return change, err
		}
	}
	if p.Mode != nil {
		mode, err := merchant.ParseMode(*p.Mode)
		if err != nil {
			return change, err
		}
		change.Mode = &mode
	}
	return change, nil
}

func (a *API) updateProject(c *gin.Context, who merchant.Principal) error {
	var body projectChange
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	change, err := body.read()
	if err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, func(p merchant.Project) any {
		return oneProject{showProject(p)}
	})
	if err != nil {
		return err
	}
	p, stored, err := a.Accounts.UpdateProject(c.Request.Context(), who, change, once)
	respond(c, once, p, stored, err)
	return nil
}
