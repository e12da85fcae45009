package signin

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

func (a *API) mountSession(door, inside *gin.RouterGroup) {
	door.POST("/session", failing(a.enter))
	door.POST("/session/passkey", failing(a.enterByPasskey))
	door.POST("/account", failing(a.register))
	inside.GET("/session", a.known(a.who))
	inside.DELETE("/session", a.known(a.leave))
	door.POST("/session/proof", a.known(a.prove))
	door.PUT("/password", a.known(a.changePassword))
}

// maxName is the longest name a merchant may have, in characters.
const maxName = 80

// shown is what a request says to be let in, with what its browser brings along.
func (a *API) shown(c *gin.Context, email, password string) app.Shown {
	return app.Shown{
		Email: email, Password: password, Device: a.Jar.device(c), Client: edge.ByIP(c), From: origin(c),
	}
}

func (a *API) enter(c *gin.Context) error {
	var body struct {
		Email    string `json:"email"`
		Password string `json:"password"`
		Code     string `json:"code"`
		Recovery string `json:"recoveryCode"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	if err := need([2]string{"email", body.Email}, [2]string{"password", body.Password}); err != nil {
		return err
	}
	shown := a.shown(c, body.Email, body.Password)
	shown.TOTP, shown.Recovery = body.Code, body.Recovery
	in, err := a.SignIn.Enter(c.Request.Context(), shown, a.Jar.token(c))
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusCreated, in)
}

func (a *API) register(c *gin.Context) error {
	var body struct {
		Email    string `json:"email"`
		Password string `json:"password"`
		Name     string `json:"name"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	if err := need([2]string{"email", body.Email}, [2]string{"password", body.Password}); err != nil {
		return err
	}
	if err := edge.Text("name", body.Name, maxName, false); err != nil {
		return err
	}
	_, err := a.Accounts.Open(c.Request.Context(), app.RegisterInput{
		Email: body.Email, Password: body.Password, Name: body.Name,
	})
	if err != nil {
		return err
	}
	in, err := a.SignIn.Enter(c.Request.Context(), a.shown(c, body.Email, body.Password), a.Jar.token(c))
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusCreated, in)
}

// answerJSON is the answer of a browser to a question about a passkey.
type answerJSON struct {
	Challenge  string          `json:"challenge"`
	Credential json.RawMessage `json:"credential"`
}

func (b answerJSON) answer(c *gin.Context) (app.PasskeyAnswer, error) {
	err := need([2]string{"challenge", b.Challenge}, [2]string{"credential", string(b.Credential)})
	return app.PasskeyAnswer{ID: b.Challenge, Answer: b.Credential, From: origin(c)}, err
}

func (a *API) enterByPasskey(c *gin.Context) error {
	var body answerJSON
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	answer, err := body.answer(c)
	if err != nil {
		return err
	}
	in, err := a.SignIn.EnterByPasskey(c.Request.Context(), answer, a.Jar.token(c))
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusCreated, in)
}

func (a *API) prove(c *gin.Context, who app.Actor) error {
	var body struct {
		answerJSON

		Password string `json:"password"`
		Code     string `json:"code"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	var in app.Entered
	var err error
	if body.Challenge != "" {
		var answer app.PasskeyAnswer
		if answer, err = body.answer(c); err != nil {
			return err
		}
		in, err = a.SignIn.ProveByPasskey(c.Request.Context(), who, answer)
	} else {
		in, err = a.SignIn.Prove(c.Request.Context(), who, app.Reproof{Password: body.Password, TOTP: body.Code})
	}
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusOK, in)
}

// welcome remembers the browser and shows who is signed in.
func (a *API) welcome(c *gin.Context, status int, in app.Entered) error {
	shown, err := a.standing(c, in.Actor)
	if err != nil {
		return err
	}
	a.Jar.remember(c, in)
	c.JSON(status, shown)
	return nil
}

func (a *API) who(c *gin.Context, who app.Actor) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	shown, err := a.standing(c, who)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, shown)
	return nil
}

func (a *API) leave(c *gin.Context, who app.Actor) error {
	if err := bare(c); err != nil {
		return err
	}
	if err := a.SignIn.Leave(c.Request.Context(), who, who.Session); err != nil {
		return err
	}
	a.Jar.forget(c)
	return done(c)
}

func (a *API) changePassword(c *gin.Context, who app.Actor) error {
	var body struct {
		Current  string `json:"current"`
		Password string `json:"password"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	if err := need([2]string{"current", body.Current}, [2]string{"password", body.Password}); err != nil {
		return err
	}
	in, err := a.SignIn.ChangePassword(c.Request.Context(), who, body.Current, body.Password)
	if err != nil {
		return err
	}
	a.Jar.remember(c, in)
	return done(c)
}

type memberJSON struct {
	ID        member.ID `json:"id"`
	Email     string    `json:"email"`
	Role      string    `json:"role"`
	CreatedAt string    `json:"createdAt"`
}

func showMember(m member.Member) memberJSON {
	return memberJSON{m.ID, m.Email, m.Role.String(), instant(m.CreatedAt)}
}

type merchantJSON struct {
	ID       merchant.ID       `json:"id"`
	ClientID merchant.ClientID `json:"clientId"`
	Name     string            `json:"name"`
	Email    string            `json:"email"`
}

type projectJSON struct {
	ID   merchant.ProjectID `json:"id"`
	Name string             `json:"name"`
	Mode string             `json:"mode"`
}

type factorsJSON struct {
	TOTP     bool `json:"totp"`
	Passkeys int  `json:"passkeys"`
	Recovery int  `json:"recoveryCodes"`
}

func showFactors(f member.Factors) factorsJSON {
	return factorsJSON{f.TOTP.Confirmed(), len(f.Passkeys), len(f.Recovery)}
}

type standingJSON struct {
	Member   memberJSON    `json:"member"`
	Merchant merchantJSON  `json:"merchant"`
	Projects []projectJSON `json:"projects"`
	Rights   []string      `json:"rights"`
	Factors  factorsJSON   `json:"factors"`
	Session  struct {
		ID          string `json:"id"`
		CreatedAt   string `json:"createdAt"`
		ExpiresAt   string `json:"expiresAt"`
		ProvenUntil string `json:"provenUntil"`
	} `json:"session"`
}

// standing is what a page shows of who is signed in.
func (a *API) standing(c *gin.Context, who app.Actor) (out standingJSON, err error) {
	s, err := a.SignIn.Who(c.Request.Context(), who)
	if err != nil {
		return out, err
	}
	out = standingJSON{
		Member:   showMember(s.Member),
		Merchant: merchantJSON{s.Merchant.ID, s.Merchant.ClientID, s.Merchant.Name, s.Merchant.Email},
		Projects: make([]projectJSON, len(s.Projects)), Factors: showFactors(s.Factors),
	}
	for i, p := range s.Projects {
		out.Projects[i] = projectJSON{p.ID, p.Name, p.Mode.String()}
	}
	for _, r := range s.Member.Role.Rights() {
		out.Rights = append(out.Rights, r.String())
	}
	out.Session.ID, out.Session.CreatedAt = s.Visit.ID, instant(s.Visit.CreatedAt)
	out.Session.ExpiresAt = instant(s.Visit.ExpiresAt())
	if !s.Visit.ProvenAt.IsZero() {
		out.Session.ProvenUntil = instant(s.Visit.ProvenAt.Add(app.FreshFor))
	}
	return out, nil
}
