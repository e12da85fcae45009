package signin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/keys"
)

func (a *API) mountInvitations(door *gin.RouterGroup) {
	door.POST("/invitations/look", failing(a.look))
	door.POST("/invitations/accept", failing(a.accept))
}

// tokenOf reads the token of an invitation's link.
func tokenOf(text string) (keys.Secret, error) {
	return keys.NewSecret(text), need([2]string{"token", text})
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
