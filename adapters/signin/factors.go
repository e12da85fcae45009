package signin

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"rsc.io/qr"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/ports"
)

func (a *API) mountFactors(inside *gin.RouterGroup) {
	inside.POST("/totp", a.known(a.offerTOTP))
	inside.POST("/totp/confirm", a.known(a.confirmTOTP))
	inside.DELETE("/totp", a.known(a.removeTOTP))
	inside.POST("/recovery-codes", a.known(a.renewRecovery))
}

func (a *API) mountPasskeys(door, inside *gin.RouterGroup) {
	door.POST("/passkeys/challenge", failing(a.askPasskey))
	inside.GET("/passkeys", a.known(a.passkeys))
	inside.POST("/passkeys/registration", a.known(a.offerPasskey))
	inside.POST("/passkeys", a.known(a.addPasskey))
	inside.DELETE("/passkeys/:id", a.known(a.removePasskey))
}

// squareJSON is a QR code: a path over size × size units that fills the dark ones.
type squareJSON struct {
	Size int    `json:"size"`
	Path string `json:"path"`
}

func square(text string) (squareJSON, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return squareJSON{}, err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				path.WriteString("M" + strconv.Itoa(x) + " " + strconv.Itoa(y) + "h1v1h-1z")
			}
		}
	}
	return squareJSON{code.Size, path.String()}, nil
}

func (a *API) offerTOTP(c *gin.Context, who app.Actor) error {
	if err := bare(c); err != nil {
		return err
	}
	fresh, err := a.SignIn.OfferTOTP(c.Request.Context(), who)
	if err != nil {
		return err
	}
	code, err := square(fresh.Link)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, struct {
		Secret string     `json:"secret"`
		URI    string     `json:"uri"`
		QR     squareJSON `json:"qr"`
	}{fresh.Secret, fresh.Link, code})
	return nil
}

func (a *API) confirmTOTP(c *gin.Context, who app.Actor) error {
	var body struct {
		Code string `json:"code"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	if err := need([2]string{"code", body.Code}); err != nil {
		return err
	}
	changed, err := a.SignIn.ConfirmTOTP(c.Request.Context(), who, body.Code)
	return a.changed(c, http.StatusOK, changed, err)
}

// changed answers a change of factors with the recovery codes it made.
func (a *API) changed(c *gin.Context, status int, changed app.Changed, err error) error {
	if err != nil {
		return err
	}
	a.Jar.remember(c, changed.Entered)
	codes := changed.Recovery
	if codes == nil {
		codes = []string{}
	}
	c.JSON(status, gin.H{"recoveryCodes": codes})
	return nil
}

func (a *API) removeTOTP(c *gin.Context, who app.Actor) error {
	if err := bare(c); err != nil {
		return err
	}
	changed, err := a.SignIn.RemoveTOTP(c.Request.Context(), who)
	if err != nil {
		return err
	}
	a.Jar.remember(c, changed.Entered)
	return done(c)
}

func (a *API) renewRecovery(c *gin.Context, who app.Actor) error {
	if err := bare(c); err != nil {
		return err
	}
	changed, err := a.SignIn.RenewRecovery(c.Request.Context(), who)
	return a.changed(c, http.StatusCreated, changed, err)
}

type passkeyJSON struct {
	ID        string `json:"id"`
	Label     string `json:"label"`
	CreatedAt string `json:"createdAt"`
	UsedAt    string `json:"usedAt"`
}

func (a *API) passkeys(c *gin.Context, who app.Actor) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	f, err := a.SignIn.Factors(c.Request.Context(), who)
	if err != nil {
		return err
	}
	shown := make([]passkeyJSON, len(f.Passkeys))
	for i, p := range f.Passkeys {
		shown[i] = passkeyJSON{
			base64.RawURLEncoding.EncodeToString(p.ID), p.Label, instant(p.CreatedAt), instant(p.UsedAt),
		}
	}
	c.JSON(http.StatusOK, gin.H{"passkeys": shown})
	return nil
}

func (a *API) askPasskey(c *gin.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	asked, err := a.SignIn.AskPasskey(c.Request.Context())
	return ask(c, asked, err)
}

func (a *API) offerPasskey(c *gin.Context, who app.Actor) error {
	if err := bare(c); err != nil {
		return err
	}
	asked, err := a.SignIn.OfferPasskey(c.Request.Context(), who)
	return ask(c, asked, err)
}

func ask(c *gin.Context, asked app.PasskeyAsked, err error) error {
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"challenge": asked.ID, "publicKey": json.RawMessage(asked.Options)})
	return nil
}

// maxLabel is the longest label of a passkey, in characters.
const maxLabel = 60

func (a *API) addPasskey(c *gin.Context, who app.Actor) error {
	var body struct {
		answerJSON

		Label string `json:"label"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	if err := need([2]string{"label", body.Label}); err != nil {
		return err
	}
	if err := edge.Text("label", body.Label, maxLabel, false); err != nil {
		return err
	}
	answer, err := body.answer(c)
	if err != nil {
		return err
	}
	changed, err := a.SignIn.AddPasskey(c.Request.Context(), who, body.Label, answer)
	return a.changed(c, http.StatusCreated, changed, err)
}

func (a *API) removePasskey(c *gin.Context, who app.Actor) error {
	if err := bare(c); err != nil {
		return err
	}
	id, err := base64.RawURLEncoding.DecodeString(c.Param("id"))
	if err != nil {
		return ports.ErrNotFound
	}
	changed, err := a.SignIn.RemovePasskey(c.Request.Context(), who, id)
	if err != nil {
		return err
	}
	a.Jar.remember(c, changed.Entered)
	return done(c)
}
