package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
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

	ToleranceBasisPoints int                      `json:"toleranceBasisPoints"`
	UnderpaidPolicy      merchant.UnderpaidPolicy `json:"underpaidPolicy"`
	Confirmations        []finalityJSON           `json:"confirmations"`
	TwoSourcesFromUSD    int                      `json:"twoSourcesFromUsd"`
}

// finalityJSON is a rule of confirmations as a merchant writes it.
type finalityJSON struct {
	Network       string `json:"network"`
	UpToUSD       int    `json:"upToUsd"`
	Confirmations int    `json:"confirmations"`
}

func showPolicy(p merchant.Policy) policyJSON {
	rules := make([]finalityJSON, len(p.Finality)) // [] and not null where there are none
	for i, r := range p.Finality {
		rules[i] = finalityJSON{r.Network.Standard(), r.UpTo, r.Confirmations}
	}
	return policyJSON{
		SessionMinutes: p.SessionMinutes, LatePolicy: p.Late, RecordedCharges: p.RecordedCharges,
		ToleranceBasisPoints: p.ToleranceBasisPoints, UnderpaidPolicy: p.Underpaid,
		Confirmations: rules, TwoSourcesFromUSD: p.TwoSourcesFrom,
	}
}

func showProject(p merchant.Project) projectJSON {
	return projectJSON{
		ID: p.ID, Name: p.Name, WebsiteURL: p.WebsiteURL, Mode: p.Mode.String(), Disabled: p.Disabled,
		Policy:    showPolicy(p.Policy),
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

		ToleranceBasisPoints *int                      `json:"toleranceBasisPoints"`
		UnderpaidPolicy      *merchant.UnderpaidPolicy `json:"underpaidPolicy"`
		Confirmations        *[]finalityJSON           `json:"confirmations"`
		TwoSourcesFromUSD    *int                      `json:"twoSourcesFromUsd"`
	} `json:"policy"`
}

func (p projectChange) read() (app.ProjectChange, error) {
	change := app.ProjectChange{
		Name: p.Name, WebsiteURL: p.WebsiteURL, SessionMinutes: p.Policy.SessionMinutes,
		Late: p.Policy.LatePolicy, RecordedCharges: p.Policy.RecordedCharges,
		ToleranceBasisPoints: p.Policy.ToleranceBasisPoints, Underpaid: p.Policy.UnderpaidPolicy,
		TwoSourcesFrom: p.Policy.TwoSourcesFromUSD,
	}
	if p.Policy.Confirmations != nil {
		rules, err := readFinality(*p.Policy.Confirmations)
		if err != nil {
			return change, err
		}
		change.Finality = &rules
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

func readFinality(rules []finalityJSON) ([]merchant.FinalityRule, error) {
	var out []merchant.FinalityRule
	for _, r := range rules {
		n, err := chain.ParseNetwork(r.Network)
		if err != nil {
			return nil, err
		}
		out = append(out, merchant.FinalityRule{Network: n, UpTo: r.UpToUSD, Confirmations: r.Confirmations})
	}
	return out, nil
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
