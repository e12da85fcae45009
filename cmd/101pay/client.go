package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client calls a running gateway as any merchant would.
type client struct {
	ctx  context.Context
	base string
}

const (
	callLimit  = 20 * time.Second
	answerSize = 1 << 20
)

// post sends in as JSON and reads the answer into out.
func (c client) post(path, bearer string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.ctx, callLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("no gateway answers at %s; start one with: make run (%w)", c.base, err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerSize))
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answered %d: %s", path, answer.StatusCode, text)
	}
	return json.Unmarshal(text, out)
}

type quickstartCommand struct {
	Amount string `default:"9.99" help:"amount in USDT"`
}

// Run implements the command.
func (q quickstartCommand) Run(p process, c *Config) error {
	call := client{p.ctx, c.PublicURL}
	email := "demo-" + strings.ToLower(rand.Text()[:8]) + "@example.com"
	password := rand.Text()
	var account struct {
		Merchant struct {
			ClientID string `json:"clientId"`
		} `json:"merchant"`
		Token  string `json:"token"`
		APIKey string `json:"apiKey"`
	}
	register := map[string]string{"email": email, "password": password, "name": "Demo shop"}
	if err := call.post("/v1/auth/register", "", register, &account); err != nil {
		return err
	}
	var made struct {
		Key struct {
			PublicKey  string `json:"publicKey"`
			PrivateKey string `json:"privateKey"`
		} `json:"key"`
	}
	if err := call.post("/v1/keys", account.Token, map[string]string{"mode": "test"}, &made); err != nil {
		return err
	}
	var paid struct {
		Payment struct {
			ID string `json:"id"`
		} `json:"payment"`
		Link string `json:"cryptoPayLink"`
	}
	payment := map[string]string{
		"clientId": account.Merchant.ClientID, "secret": made.Key.PrivateKey, "amount": q.Amount,
		"currency": "USDT", "method": "usdt", "description": "First test payment",
	}
	if err := call.post("/v1/payments", "", payment, &paid); err != nil {
		return err
	}
	_, err := fmt.Fprintf(p.stdout, `A test merchant is open. Nothing here is shown again.

  e-mail       %s
  password     %s
  client id    %s
  public key   %s
  private key  %s
  API key      %s

Open the payment in a browser, choose USDT, and play the payer with the buttons at the end of the page:

  %s

or pay it from here:

  bin/101pay sandbox %s exact
`, email, password, account.Merchant.ClientID, made.Key.PublicKey, made.Key.PrivateKey, account.APIKey,
		paid.Link, paid.Payment.ID)
	return err
}

type sandboxCommand struct {
	Payment  string `arg:"" help:"id of the test payment or checkout session"`
	Scenario string `arg:"" help:"exact, short, over, split, late, wrong_token, duplicate, reorg, node_outage or webhook_down"`
}

// Run implements the command.
func (s sandboxCommand) Run(p process, c *Config) error {
	call := client{p.ctx, c.PublicURL}
	path := "/v1/checkout/sessions/" + s.Payment
	var issued struct{}
	if err := call.post(path+"/pay/intent", "", map[string]string{"method": "usdt"}, &issued); err != nil &&
		!strings.Contains(err.Error(), " 409: ") { // paid or over: some scenarios are for just that
		return err
	}
	var answer struct{}
	if err := call.post(path+"/sandbox", "", map[string]string{"scenario": s.Scenario}, &answer); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.stdout, "played "+s.Scenario+"; the watcher finds it within seconds: "+c.PublicURL+"/checkout/"+s.Payment)
	return err
}
