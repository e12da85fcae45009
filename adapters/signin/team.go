package signin

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/member"
)

// rawJSON prints JSON as it is.
func rawJSON(text []byte) json.RawMessage { return text }

func (a *API) mountTeam(door, inside *gin.RouterGroup) {
	inside.GET("/team", a.known(a.team))
	inside.POST("/team/invitations", a.known(a.invite))
	inside.DELETE("/team/invitations/:id", a.known(a.takeBack))
	inside.PATCH("/team/:id", a.known(a.setRole))
	inside.DELETE("/team/:id", a.known(a.remove))
	door.POST("/invitations/look", failing(a.look))
	door.POST("/invitations/accept", failing(a.accept))
}

type invitationJSON struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	Role      string `json:"role"`
	CreatedAt string `json:"createdAt"`
	ExpiresAt string `json:"expiresAt"`
}

func showInvitation(i member.Invitation) invitationJSON {
	return invitationJSON{i.ID, i.Email, i.Role.String(), instant(i.CreatedAt), instant(i.ExpiresAt)}
}

type teammateJSON struct {
	memberJSON

	Factors gin.H `json:"factors"`
}

func (a *API) team(c *gin.Context, who app.Actor) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	team, err := a.Members.List(c.Request.Context(), who)
	if err != nil {
		return err
	}
	members := make([]teammateJSON, len(team.Members))
	for i, m := range team.Members {
		members[i] = teammateJSON{showMember(m), showTeamFactors(team.Factors[m.ID])}
	}
	invitations := make([]invitationJSON, len(team.Invitations))
	for i, n := range team.Invitations {
		invitations[i] = showInvitation(n)
	}
	c.JSON(http.StatusOK, gin.H{"members": members, "invitations": invitations})
	return nil
}

func (a *API) invite(c *gin.Context, who app.Actor) error {
	var body struct {
		Email string `json:"email"`
		Role  string `json:"role"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	if err := need([2]string{"email", body.Email}, [2]string{"role", body.Role}); err != nil {
		return err
	}
	role, err := member.ParseRole(body.Role)
	if err != nil {
		return err
	}
	invited, err := a.Members.Invite(c.Request.Context(), who, body.Email, role)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, gin.H{
		"invitation": showInvitation(invited.Invitation),
		"link":       a.PublicURL + Prefix + "/invitations/" + invited.Token.Reveal(),
	})
	return nil
}

func (a *API) takeBack(c *gin.Context, who app.Actor) error {
	if err := bare(c); err != nil {
		return err
	}
	if err := a.Members.TakeBack(c.Request.Context(), who, c.Param("id")); err != nil {
		return err
	}
	return done(c)
}

func (a *API) setRole(c *gin.Context, who app.Actor) error {
	var body struct {
		Role string `json:"role"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	role, err := member.ParseRole(body.Role)
	if err != nil {
		return err
	}
	m, err := a.Members.SetRole(c.Request.Context(), who, member.ID(c.Param("id")), role)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"member": showMember(m)})
	return nil
}

func (a *API) remove(c *gin.Context, who app.Actor) error {
	if err := bare(c); err != nil {
		return err
	}
	if err := a.Members.Remove(c.Request.Context(), who, member.ID(c.Param("id"))); err != nil {
		return err
	}
	return done(c)
}

func (a *API) look(c *gin.Context) error {
	var body struct {
		Token string `json:"token"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	token, err := tokenOf(body.Token)
	if err != nil {
		return err
	}
	i, of, err := a.Members.Look(c.Request.Context(), token)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{
		"email": i.Email, "role": i.Role.String(), "merchant": of.Name, "expiresAt": instant(i.ExpiresAt),
	})
	return nil
}

func (a *API) accept(c *gin.Context) error {
	var body struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	token, err := tokenOf(body.Token)
	if err != nil {
		return err
	}
	if err := need([2]string{"password", body.Password}); err != nil {
		return err
	}
	in, err := a.Members.Accept(c.Request.Context(), token, body.Password, origin(c))
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusCreated, in)
}

type entryJSON struct {
	Sequence int64  `json:"sequence"`
	At       string `json:"at"`
	Actor    string `json:"actor"`
	Email    string `json:"email"`
	IP       string `json:"ip"`
	Device   string `json:"device"`
	Action   string `json:"action"`
	Subject  string `json:"subject"`
	Before   string `json:"before"`
	After    string `json:"after"`
}

// auditPage is how many entries a page has unless it is asked for another number.
const auditPage = 50

func (a *API) audit(c *gin.Context, who app.Actor) error {
	query, err := edge.Query(c, "before", "limit")
	if err != nil {
		return err
	}
	before, err := number("before", query.Get("before"), 0)
	if err != nil {
		return err
	}
	limit, err := number("limit", query.Get("limit"), auditPage)
	if err != nil {
		return err
	}
	entries, next, err := a.Journal.Read(c.Request.Context(), who, before, int(min(limit, 1<<16)))
	if err != nil {
		return err
	}
	shown := make([]entryJSON, len(entries))
	for i, e := range entries {
		shown[i] = entryJSON{
			e.Sequence, instant(e.At), e.By.Member, e.By.Name, e.By.IP, e.By.Device, e.Action, e.Subject,
			e.Before, e.After,
		}
	}
	c.JSON(http.StatusOK, gin.H{"entries": shown, "next": next})
	return nil
}

// number reads a positive number, or what stands for none.
func number(param, text string, none int64) (int64, error) {
	if text == "" {
		return none, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, fault.ErrInvalid.Saying(param + " must be a positive number").About(param)
	}
	return n, nil
}
