package native

import (
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
)

// bearerMax bounds a bearer token that is looked at, in bytes.
const bearerMax = 4096

// apiKeyPrefix begins every API key; no access token begins like that.
const apiKeyPrefix = "ap_"

// modeParam may choose the mode of a request that has no body to say it in.
const modeParam = "mode"

// bearer reads the one bearer token of a request.
func bearer(c *gin.Context) (string, error) {
	headers := c.Request.Header.Values("Authorization")
	if len(headers) != 1 {
		return "", keys.ErrUnauthorized
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > bearerMax {
		return "", keys.ErrUnauthorized
	}
	return token, nil
}

// loginPrincipal is who the access token stands for: the merchant's default project, in the mode of
// the request's query, else in the project's.
func (a *API) loginPrincipal(c *gin.Context) (merchant.Principal, error) {
	token, err := bearer(c)
	if err != nil {
		return merchant.Principal{}, err
	}
	who, claims, err := a.Credentials.Login(c.Request.Context(), token)
	if err != nil {
		return merchant.Principal{}, err
	}
	who.By = agent(c, claims.Member, "access token")
	return readMode(who, queriedMode(c))
}

// agent is who acts, for the merchant's audit log.
func agent(c *gin.Context, member, name string) merchant.Agent {
	from := origin(c)
	return merchant.Agent{Member: member, Name: name, IP: from.IP, Device: from.Device}
}

// origin is where a request came from, as the audit log shows it.
func origin(c *gin.Context) app.Origin {
	return app.Origin{IP: c.ClientIP(), Device: edge.Device(c)}
}

// apiKeyPrincipal is who the API key stands for. The key has a mode; the query may say no other.
func (a *API) apiKeyPrincipal(c *gin.Context) (merchant.Principal, error) {
	token, err := bearer(c)
	if err != nil {
		return merchant.Principal{}, err
	}
	if !strings.HasPrefix(token, apiKeyPrefix) {
		return merchant.Principal{}, keys.ErrUnauthorized
	}
	who, err := a.Credentials.APIKey(c.Request.Context(), keys.NewSecret(token))
	if err != nil {
		return merchant.Principal{}, err
	}
	who.By = agent(c, "", "API key")
	asked, err := readMode(who, queriedMode(c))
	if err == nil && asked != who {
		err = merchant.ErrInvalidMode.Saying("this API key is for " + who.Mode.String() + " mode")
	}
	return who, err
}

// principal takes an access token or an API key.
func (a *API) principal(c *gin.Context) (merchant.Principal, error) {
	if token, err := bearer(c); err == nil && strings.HasPrefix(token, apiKeyPrefix) {
		return a.apiKeyPrincipal(c)
	}
	return a.loginPrincipal(c)
}

// queriedMode is the mode of the query, if it has one. Whether it may is edge.Query's to say, which
// every handler asks, by itself or through edge.Decode.
func queriedMode(c *gin.Context) *string {
	if mode, given := c.GetQuery(modeParam); given {
		return &mode
	}
	return nil
}
