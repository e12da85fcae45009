package native

import (
	"bytes"
	"html/template"

	"github.com/101pay/101pay/app"
)

// priceTemplate is what a person sees who opens a resource in a browser. It needs no script and no style.
var priceTemplate = template.Must(template.New("price").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>{{.Title}}: {{.Amount}} {{.Currency}}</title>
</head>
<body>
<h1>{{.Title}}</h1>
<p>{{.Description}}</p>
<p><strong>{{.Amount}} {{.Currency}}</strong> for one request. Programs pay for it with x402.</p>
<h2>How a program pays</h2>
<ol>
<li>Ask for this address. The answer has status 402 and says what to pay, in the header PAYMENT-REQUIRED (x402
version 2) and in its JSON body (version 1).</li>
<li>Sign one of the offers: an authorization (EIP-3009) to move the amount, which costs no network fee.</li>
<li>Ask again with the signed payment in the header PAYMENT-SIGNATURE (version 2) or X-PAYMENT (version 1). The answer
is what you paid for, with a receipt in PAYMENT-RESPONSE or X-PAYMENT-RESPONSE.</li>
</ol>
<p>Libraries such as @x402/fetch do all of this.</p>
<h2>What is taken</h2>
<table>
<thead><tr><th>Network</th><th>Token</th><th>Base units</th><th>To</th></tr></thead>
<tbody>
{{range .Ways}}<tr><td>{{.Network}}</td><td>{{.Token}}</td><td>{{.Units}}</td><td>{{.PayTo}}</td></tr>
{{end}}</tbody>
</table>
<p>Address: <code>{{.URL}}</code>{{if .Type}}<br>Answer: {{.Type}}{{end}}</p>
</body>
</html>
`))

type priceWay struct{ Network, Token, Units, PayTo string }

// pricePage shows an offer to people.
func pricePage(s app.Showcase) ([]byte, error) {
	ways := make([]priceWay, len(s.Ways))
	for i, w := range s.Ways {
		ways[i] = priceWay{
			w.Token.Network().String(), w.Token.Contract().String(), w.Amount.String(), w.PayTo.String(),
		}
	}
	var b bytes.Buffer
	err := priceTemplate.Execute(&b, struct {
		app.Showcase
		Amount, Currency string
		Ways             []priceWay
	}{s, s.Price.String(), s.Price.Currency().Code(), ways})
	return b.Bytes(), err
}
