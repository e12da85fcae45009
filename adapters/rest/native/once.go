package native

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/ports"
)

// onceFor says how a use case's result is answered, and under which Idempotency-Key, if the request
// has one. render must be pure: it prints what the use case answers, nil for an empty body. The
// result goes to the use case, and then to respond.
func onceFor[T any](
	a *API, c *gin.Context, status int, render func(T) any,
) (app.Once[T], error) {
	raw, err := edge.RawBody(c)
	if err != nil {
		return app.Once[T]{}, err
	}
	return onceOver(a, c, raw, answerAs(status, render))
}

// onceOver is onceFor where what makes two requests the same is not their raw body.
func onceOver[T any](
	a *API, c *gin.Context, content []byte, render func(T) (ports.Answer, error),
) (app.Once[T], error) {
	key, present, err := edge.IdempotencyKey(c)
	if err != nil {
		return app.Once[T]{}, err
	}
	once := app.Once[T]{Render: render}
	if present {
		once.Key, once.Fingerprint = key, a.fingerprint(c, content)
	}
	return once, nil
}

func answerAs[T any](status int, render func(T) any) func(T) (ports.Answer, error) {
	return func(v T) (ports.Answer, error) {
		shown := render(v)
		if shown == nil {
			return ports.Answer{Status: status}, nil
		}
		body, err := encode(shown)
		return ports.Answer{Status: status, Body: body}, err
	}
}

// fingerprint tells requests apart by method, path and content. It is a keyed hash, because content
// may hold a password, and what is stored must be of no help in guessing it.
func (a *API) fingerprint(c *gin.Context, content []byte) []byte {
	sum := sha256.Sum256(content)
	request := c.Request.Method + " " + c.Request.URL.Path + " " + hex.EncodeToString(sum[:])
	return a.Credentials.Vault.Digest(keys.NewSecret("request " + request))
}

// respond answers an unsafe request: with the failure, with the answer an earlier request with the
// same key led to, or with what was done now.
func respond[T any](c *gin.Context, once app.Once[T], v T, stored *ports.Answer, err error) {
	if err == nil && stored != nil {
		edge.Replay(c, captured(*stored))
		return
	}
	var answer ports.Answer
	if err == nil {
		answer, err = once.Render(v)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	edge.Send(c, captured(answer))
}

func captured(a ports.Answer) edge.Captured {
	out := edge.Captured{Status: a.Status, Body: a.Body}
	if len(a.Body) > 0 {
		out.ContentType = jsonType
	}
	return out
}
