package native

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// repeatable answers an unsafe request on a session whose work may be done twice without harm.
func repeatable[T any](
	a *API, c *gin.Context, render func(T) (ports.Answer, error), work func(id checkout.SessionID) (T, error),
) {
	raw, err := edge.RawBody(c)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	once, err := onceOver(a, c, raw, render)
	if err != nil {
		edge.Fail(c, err)
		return
	}
	id := checkout.SessionID(c.Param("id"))
	v, stored, err := app.Repeatable(c.Request.Context(), a.Checkout.Core, "session "+string(id), once,
		func(context.Context) (T, error) { return work(id) })
	respond(c, once, v, stored, err)
}

func (a *API) payIntent(c *gin.Context) {
	var body struct {
		Method    *string `json:"method"`
		Network   string  `json:"network"`
		Dedicated bool    `json:"dedicated"`
	}
	var by app.Choice
	err := edge.Decode(c, &body)
	if err == nil {
		var text string
		if text, err = required("method", body.Method); err == nil {
			by.Method, err = checkout.ParseMethod(text)
		}
		by.Network, by.Dedicated = body.Network, body.Dedicated
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	render := answerAs(http.StatusOK, func(s checkout.Snapshot) any { return showIntent(s) })
	repeatable(a, c, render, func(id checkout.SessionID) (checkout.Snapshot, error) {
		return a.Checkout.Intent(c.Request.Context(), id, by)
	})
}

func (a *API) payConfirm(c *gin.Context) {
	var body struct {
		PaymentID *string `json:"paymentId"`
	}
	var intent string
	err := edge.Decode(c, &body)
	if err == nil {
		intent, err = required("paymentId", body.PaymentID)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	render := func(s checkout.Snapshot) (ports.Answer, error) {
		status := http.StatusOK
		if s.Status != checkout.Settled {
			status = http.StatusAccepted
		}
		answer, err := encode(struct {
			Session sessionJSON    `json:"session"`
			Payment settlementJSON `json:"payment"`
		}{a.showSession(s), showSettlement(s)})
		return ports.Answer{Status: status, Body: answer}, err
	}
	repeatable(a, c, render, func(id checkout.SessionID) (checkout.Snapshot, error) {
		return a.Settlement.Confirm(c.Request.Context(), a.Sandbox, id, checkout.IntentID(intent))
	})
}

func (a *API) payTransaction(c *gin.Context) {
	var body struct {
		Transaction *string `json:"transaction"`
	}
	var tx string
	err := edge.Decode(c, &body)
	if err == nil {
		tx, err = required("transaction", body.Transaction)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	render := answerAs(http.StatusOK, func(p app.Proof) any { return showProof(p) })
	repeatable(a, c, render, func(id checkout.SessionID) (app.Proof, error) {
		return a.Settlement.Prove(c.Request.Context(), id, tx)
	})
}

func (a *API) playScenario(c *gin.Context) {
	var body struct {
		Scenario *string `json:"scenario"`
	}
	var scenario string
	err := edge.Decode(c, &body)
	if err == nil {
		scenario, err = required("scenario", body.Scenario)
	}
	if err != nil {
		edge.Fail(c, err)
		return
	}
	render := answerAs(http.StatusAccepted, func(s checkout.Snapshot) any { return sessionAnswer{a.showSession(s)} })
	repeatable(a, c, render, func(id checkout.SessionID) (checkout.Snapshot, error) {
		if err := a.Sandbox.Play(c.Request.Context(), id, app.Scenario(scenario)); err != nil {
			return checkout.Snapshot{}, err
		}
		return a.Checkout.Get(c.Request.Context(), id)
	})
}
