package native

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
)

func (a *API) mountReceiving(v1 *gin.RouterGroup) {
	a.forMerchant(v1, http.MethodGet, "/receiving-accounts", orFail(a.listReceiving))
	a.forMerchant(v1, http.MethodPost, "/receiving-accounts", orFail(a.addReceiving))
	a.forLogin(v1, http.MethodPost, "/receiving-accounts/challenge", orFail(a.challengeReceiving))
	a.forLogin(v1, http.MethodPut, "/receiving-accounts/waiting-time", orFail(a.setWaitingTime))
	a.forLogin(v1, http.MethodPatch, "/receiving-accounts/:id", orFail(a.relabelReceiving))
	a.forMerchant(v1, http.MethodDelete, "/receiving-accounts/:id", orFail(a.removeReceiving))
	a.forLogin(v1, http.MethodGet, "/payment-methods", orFail(a.listMethods))
	a.forLogin(v1, http.MethodPut, "/payment-methods/:method", orFail(a.switchMethod))
}

type receivingJSON struct {
	ID          merchant.ReceivingID `json:"id"`
	Network     string               `json:"network"` // as wallets print it: "TRC20"
	Asset       string               `json:"asset"`
	Address     chain.Address        `json:"address,omitempty"`     // left out if State is "tampered"
	Fingerprint string               `json:"fingerprint,omitempty"` // of Address, for people to compare
	Label       string               `json:"label"`
	State       string               `json:"state"`
	ActiveFrom  string               `json:"activeFrom"`
	ActiveUntil string               `json:"activeUntil,omitempty"` // when another takes its place
	Replaces    merchant.ReceivingID `json:"replaces,omitempty"`
	Proven      bool                 `json:"proven"`
	CreatedAt   string               `json:"createdAt"`
}

// tampered is the state of an account that is not as the gateway recorded it.
const tampered = "tampered"

func showReceiving(r app.ReceivingView) receivingJSON {
	shown := receivingJSON{
		ID: r.ID, Network: r.Network.Standard(), Asset: r.Asset, Address: r.Address, Label: r.Label,
		State: string(r.State), ActiveFrom: instant(r.ActiveFrom), ActiveUntil: instant(r.RemovedAt),
		Replaces: r.Replaces, Proven: r.Proven, CreatedAt: instant(r.CreatedAt),
	}
	if r.Tampered {
		shown.State = tampered
		return shown
	}
	shown.Fingerprint = r.Address.Fingerprint()
	return shown
}

func oneReceiving(r app.ReceivingView) any {
	return struct {
		ReceivingAccount receivingJSON `json:"receivingAccount"`
	}{showReceiving(r)}
}

func receivingID(c *gin.Context) merchant.ReceivingID { return merchant.ReceivingID(c.Param("id")) }

func (a *API) listReceiving(c *gin.Context, who merchant.Principal) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	accounts, err := a.Receiving.List(c.Request.Context(), who)
	if err != nil {
		return err
	}
	wait, err := a.Receiving.Wait(c.Request.Context(), who)
	if err != nil {
		return err
	}
	shown := make([]receivingJSON, len(accounts))
	for i, r := range accounts {
		shown[i] = showReceiving(r)
	}
	show(c, struct {
		ReceivingAccounts []receivingJSON `json:"receivingAccounts"`
		WaitingTime       waitJSON        `json:"waitingTime"`
	}{shown, showWait(wait)})
	return nil
}

func (a *API) addReceiving(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Network   *string `json:"network"`
		Asset     *string `json:"asset"`
		Address   *string `json:"address"`
		Label     string  `json:"label"`
		Password  string  `json:"password"`
		Signature string  `json:"signature"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	var n needed
	in := app.ReceivingInput{
		Network: n.take("network", body.Network), Asset: n.take("asset", body.Asset),
		Address: n.take("address", body.Address), Label: body.Label, Signature: body.Signature,
	}
	if n.err != nil {
		return n.err
	}
	if err := checkLabel(in.Label); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusCreated, oneReceiving)
	if err != nil {
		return err
	}
	if in.By, err = confirmation(c, body.Password); err != nil {
		return err
	}
	account, stored, err := a.Receiving.Add(c.Request.Context(), who, in, once)
	respond(c, once, account, stored, err)
	return nil
}

// confirmation is the password a request is confirmed by, "" if it has none.
func confirmation(c *gin.Context, password string) (app.Confirmation, error) {
	token, err := bearer(c)
	return app.Confirmation{
		Login: !strings.HasPrefix(token, apiKeyPrefix), Password: password, Client: edge.ByIP(c),
	}, err
}

func (a *API) challengeReceiving(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Network *string `json:"network"`
		Address *string `json:"address"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	var n needed
	in := app.ReceivingInput{Network: n.take("network", body.Network), Address: n.take("address", body.Address)}
	if n.err != nil {
		return n.err
	}
	once, err := onceFor(a, c, http.StatusOK, func(t app.Challenge) any {
		return struct {
			Challenge challengeJSON `json:"challenge"`
		}{challengeJSON{t.Network.Standard(), t.Address, t.Text, instant(t.Expires)}}
	})
	if err != nil {
		return err
	}
	challenge, stored, err := a.Receiving.Challenge(c.Request.Context(), who, in, once)
	respond(c, once, challenge, stored, err)
	return nil
}

type challengeJSON struct {
	Network   string        `json:"network"`
	Address   chain.Address `json:"address"`
	Text      string        `json:"text"` // to be signed as it is
	ExpiresAt string        `json:"expiresAt"`
}

type waitJSON struct {
	Hours     int    `json:"hours"`
	NextHours *int   `json:"nextHours,omitempty"` // a lowering that waits itself
	NextFrom  string `json:"nextFrom,omitempty"`
}

func showWait(w merchant.ChangeWait) waitJSON {
	shown := waitJSON{Hours: w.Hours, NextFrom: instant(w.NextFrom)}
	if w.NextFrom != (time.Time{}) {
		shown.NextHours = &w.NextHours
	}
	return shown
}

func (a *API) setWaitingTime(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Hours *int `json:"hours"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	if body.Hours == nil {
		return missing("hours")
	}
	once, err := onceFor(a, c, http.StatusOK, func(w merchant.ChangeWait) any {
		return struct {
			WaitingTime waitJSON `json:"waitingTime"`
		}{showWait(w)}
	})
	if err != nil {
		return err
	}
	w, stored, err := a.Receiving.SetWait(c.Request.Context(), who, *body.Hours, once)
	respond(c, once, w, stored, err)
	return nil
}

func (a *API) relabelReceiving(c *gin.Context, who merchant.Principal) error {
	label, err := readLabel(c)
	if err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, oneReceiving)
	if err != nil {
		return err
	}
	relabelled := merchant.ReceivingAccount{ID: receivingID(c), Label: label}
	account, stored, err := a.Receiving.Relabel(c.Request.Context(), who, relabelled, once)
	respond(c, once, account, stored, err)
	return nil
}

func (a *API) removeReceiving(c *gin.Context, who merchant.Principal) error {
	var body struct {
		Password string `json:"password"`
	}
	if err := decodeOptional(c, &body); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusNoContent, func(struct{}) any { return nil })
	if err != nil {
		return err
	}
	by, err := confirmation(c, body.Password)
	if err != nil {
		return err
	}
	removal := app.Removal{ID: receivingID(c), By: by}
	done, stored, err := a.Receiving.Remove(c.Request.Context(), who, removal, once)
	respond(c, once, done, stored, err)
	return nil
}
