package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
)

func (a *API) mountAccounts(v1 *gin.RouterGroup) {
	v1.POST("/auth/register", a.limits.login, failing(a.register))
	v1.POST("/auth/login", a.limits.login, failing(a.login))
	v1.POST("/auth/refresh", a.limits.public, failing(a.refresh))
	v1.POST("/auth/logout", a.limits.authenticated, failing(a.logout))
	a.forLogin(v1, http.MethodGet, "/me", orFail(a.me))
	a.forLogin(v1, http.MethodPatch, "/me", orFail(a.rename))
	a.forLogin(v1, http.MethodGet, "/project", orFail(a.project))
	a.forLogin(v1, http.MethodPatch, "/project", orFail(a.updateProject))
}

type merchantJSON struct {
	ID        merchant.ID       `json:"id"`
	ClientID  merchant.ClientID `json:"clientId"`
	Email     string            `json:"email"`
	Name      string            `json:"name"`
	CreatedAt string            `json:"createdAt"`
}

func showMerchant(m merchant.Merchant) merchantJSON {
	return merchantJSON{m.ID, m.ClientID, m.Email, m.Name, instant(m.CreatedAt)}
}

type tokensJSON struct {
	Token        string `json:"token"`
	TokenType    string `json:"tokenType"`
	ExpiresIn    int    `json:"expiresIn"` // seconds
	RefreshToken string `json:"refreshToken"`
}

func showTokens(s app.SignedIn) tokensJSON {
	return tokensJSON{s.Access, "Bearer", int(s.ExpiresIn.Seconds()), s.Refresh.Reveal()}
}

func (a *API) register(c *gin.Context) error {
	var body struct {
		Email    *string `json:"email"`
		Password *string `json:"password"`
		Name     string  `json:"name"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	var n needed
	in := app.RegisterInput{
		Email: n.take("email", body.Email), Password: n.take("password", body.Password), Name: body.Name,
	}
	if n.err != nil {
		return n.err
	}
	if err := edge.Text("name", in.Name, maxName, false); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusCreated, func(m app.NewMerchant) any {
		return struct {
			Merchant merchantJSON `json:"merchant"`
			APIKey   string       `json:"apiKey"`
			tokensJSON
		}{showMerchant(m.Merchant), m.APIKey.Reveal(), showTokens(m.SignedIn)}
	})
	if err != nil {
		return err
	}
	opened, stored, err := a.Accounts.Register(c.Request.Context(), in, once)
	respond(c, once, opened, stored, err)
	return nil
}

func (a *API) login(c *gin.Context) error {
	var body struct {
		Email    *string `json:"email"`
		Password *string `json:"password"`
		TOTP     string  `json:"totp"`
		Recovery string  `json:"recoveryCode"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	var n needed
	shown := app.Shown{
		Email: n.take("email", body.Email), Password: n.take("password", body.Password), TOTP: body.TOTP,
		Recovery: body.Recovery, Client: edge.ByIP(c), From: origin(c),
	}
	if n.err != nil {
		return n.err
	}
	once, err := onceFor(a, c, http.StatusOK, func(s app.SignedIn) any { return showTokens(s) })
	if err != nil {
		return err
	}
	signedIn, stored, err := a.Accounts.Login(c.Request.Context(), shown, once)
	respond(c, once, signedIn, stored, err)
	return nil
}

func (a *API) refresh(c *gin.Context) error {
	var body struct {
		RefreshToken *string `json:"refreshToken"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	token, err := required("refreshToken", body.RefreshToken)
	if err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, func(s app.SignedIn) any { return showTokens(s) })
	if err != nil {
		return err
	}
	signedIn, stored, err := a.Accounts.Refresh(c.Request.Context(), keys.NewSecret(token), once)
	respond(c, once, signedIn, stored, err)
	return nil
}

func (a *API) logout(c *gin.Context) error {
	token, err := bearer(c)
	if err != nil {
		return err
	}
	if err := noBody(c); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusNoContent, func(struct{}) any { return nil })
	if err != nil {
		return err
	}
	done, stored, err := a.Accounts.Logout(c.Request.Context(), token, once)
	respond(c, once, done, stored, err)
	return nil
}

func (a *API) me(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	m, p, err := a.Accounts.Me(c.Request.Context(), who)
	if err != nil {
		return err
	}
	show(c, struct {
		Merchant merchantJSON `json:"merchant"`
		Project  projectJSON  `json:"project"`
	}{showMerchant(m), showProject(p)})
	return nil
}

func (a *API) rename(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Name *string `json:"name"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	name, err := required("name", body.Name)
	if err != nil {
		return err
	}
	if err := edge.Text("name", name, maxName, false); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, func(m merchant.Merchant) any {
		return struct {
			Merchant merchantJSON `json:"merchant"`
		}{showMerchant(m)}
	})
	if err != nil {
		return err
	}
	m, stored, err := a.Accounts.Rename(c.Request.Context(), who, name, once)
	respond(c, once, m, stored, err)
	return nil
}
