package native

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// chargeJSON is the answer of source 000. Its amount is in minor units, as the source shows; nothing
// else of this API prints amounts like that.
type chargeJSON struct {
	OrderNo       ledger.OrderNo `json:"orderNo"`
	Transaction   string         `json:"transaction"`
	Amount        string         `json:"amount"`
	Currency      string         `json:"currency"`
	Status        string         `json:"status"`
	AmountDecimal string         `json:"amountDecimal"`
}

func showCharge(b ports.Booked) any {
	amount := b.Transaction.Postings[0].Amount
	return chargeJSON{
		OrderNo: b.Transaction.OrderNo, Transaction: b.Content.String(), Amount: amount.MinorText(),
		Currency: amount.Currency().Code(), Status: string(app.StatusOf(b.Transaction)),
		AmountDecimal: amount.String(),
	}
}

// charge settles a key pair's transaction. What is wrong with the request itself is said first: it
// tells nothing about any key.
func (a *API) charge(c *gin.Context) error {
	body := struct {
		PublicKey   *string `json:"publicKey"`
		PrivateKey  *string `json:"privateKey"`
		Amount      *string `json:"amount"`
		Currency    string  `json:"currency"`
		Description string  `json:"description"`
	}{Currency: money.USDC.Code()}
	if err := edge.Decode(c, &body); err != nil {
		return err
	}
	var n needed
	public, private := n.take("publicKey", body.PublicKey), n.take("privateKey", body.PrivateKey)
	if n.err != nil {
		return n.err
	}
	amount, err := readAmount(body.Currency, body.Amount)
	if err != nil {
		return err
	}
	if err := checkDescription(body.Description); err != nil {
		return err
	}
	once, err := onceFor(a, c, http.StatusOK, showCharge)
	if err != nil {
		return err
	}
	owner, err := a.Credentials.Pair(c.Request.Context(), public, keys.NewSecret(private))
	if err != nil {
		return err
	}
	in := app.ChargeInput{Owner: owner, Amount: amount, Description: body.Description}
	booked, stored, err := a.Charges.Charge(c.Request.Context(), in, once)
	respond(c, once, booked, stored, err)
	return nil
}
