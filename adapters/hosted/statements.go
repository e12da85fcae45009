package hosted

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/domain/checkout"
)

// download answers a signed statement about the payment as a file to keep: a compact JWS, which
// `101pay verify` reads as it is.
func (d *desk) download(
	name string, say func(ctx context.Context, id checkout.SessionID) (attest.Signed, error),
) gin.HandlerFunc {
	return func(c *gin.Context) {
		id, err := sessionID(c)
		var statement attest.Signed
		if err == nil {
			statement, err = say(c.Request.Context(), id)
		}
		if err != nil {
			edge.Fail(c, err)
			return
		}
		guard(c)
		c.Header("Content-Disposition", `attachment; filename="`+name+"-"+string(id)+`.jws"`)
		c.Data(http.StatusOK, "application/jose", []byte(statement.JWS+"\n"))
	}
}
