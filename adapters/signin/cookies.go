package signin

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
)

// Names of cookies. Over https they carry the prefix that binds them to this host and to https; over
// plain http, which is for a gateway on one's own machine, browsers would not take them so.
const (
	hostPrefix   = "__Host-"
	visitCookie  = "101pay"
	deviceCookie = "101pay-device"
)

const deviceAge = 180 * 24 * time.Hour

// Jar writes and reads the dashboard's cookies.
type Jar struct {
	// Secure says that browsers reach the gateway by https.
	Secure bool
}

func (j Jar) name(of string) string {
	if j.Secure {
		return hostPrefix + of
	}
	return of
}

// token is the session's token a request carries, the empty secret if none or more than one.
func (j Jar) token(c *gin.Context) keys.Secret { return keys.NewSecret(j.read(c, visitCookie)) }

// device is the mark of a device that signed in before.
func (j Jar) device(c *gin.Context) string { return j.read(c, deviceCookie) }

func (j Jar) read(c *gin.Context, of string) string {
	if found := c.Request.CookiesNamed(j.name(of)); len(found) == 1 {
		return found[0].Value
	}
	return ""
}

// remember gives the browser what it needs to come back.
func (j Jar) remember(c *gin.Context, in app.Entered) {
	j.write(c, visitCookie, in.Token.Reveal(), member.VisitLife)
	j.write(c, deviceCookie, in.Device, deviceAge)
}

// forget takes the session's token from the browser. That the device was here before stays known.
func (j Jar) forget(c *gin.Context) { j.write(c, visitCookie, "", -time.Second) }

func (j Jar) write(c *gin.Context, of, value string, age time.Duration) {
	//nolint:gosec // Secure wherever browsers reach the gateway by https
	http.SetCookie(c.Writer, &http.Cookie{
		Name: j.name(of), Value: value, Path: "/", MaxAge: int(age / time.Second), Secure: j.Secure,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
