package graphql

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// A page of payments is read with what is asked for, wherever that is said, and no more.
func TestAPageOfPaymentsIsReadWithWhatIsAskedFor(t *testing.T) {
	schema := NewExecutableSchema(Config{}).Schema()
	for asked, want := range map[string]ports.SessionParts{
		"pageInfo { hasNextPage endCursor }": 0,
		`nodes { key: id status kind description orderId createdAt expiresAt awaitsDecision due { amount currency }
			intent { method amount { network asset amount } } received { amount asset } }`: 0,
		"edges { cursor node { __typename mode projectId method updatedAt checkoutUrl rest { units } } }": 0,
		"edges { node { id metadata { key } } }":                                                          ports.SessionMetadata,
		"nodes { id } edges { node { other: metadata { value } } }":                                       ports.SessionMetadata,
		"nodes { receipt { late } }":                                                                      ports.SessionReceipts,
		"nodes { ... on Payment { ...deep } }":                                                            ports.SessionReceipts | ports.SessionRates,
		"nodes { intent { rate { price } } }":                                                             ports.SessionRates,
		"nodes { intent { rate { price } } metadata { key } }":                                            ports.SessionRates | ports.SessionMetadata,
		"nodes { intent { id } }":                                                                         ports.SessionOffers,
		"nodes { intent { address } }":                                                                    ports.SessionOffers,
		"nodes { id intent @skip(if: true) { rate { price } } }":                                          ports.SessionRates,
		"nodes { timeline { at } }":                                                                       ports.EverySessionPart,
		"nodes { id ... on Payment @include(if: false) { signedReceipt explanation { headline } } }":      ports.EverySessionPart,
	} {
		text := `{ payments(project: "p", mode: TEST, first: 5) { ` + asked + " } }"
		if strings.Contains(asked, "...deep") {
			text += " fragment deep on Payment { receipt { late } intent { ...rate } } fragment rate on Intent { at: rate { at } }"
		}
		doc, err := gqlparser.LoadQueryWithRules(schema, text, nil)
		if err != nil {
			t.Fatalf("%s: %v", asked, err)
		}
		if got := needed(doc.Operations[0].SelectionSet); got != want {
			t.Errorf("%s: reads %05b, want %05b", asked, got, want)
		}
	}
}

// Whatever single field is asked for, it shows the same of a payment that was read without all the others.
func TestAFieldOfAPaymentIsReadByItself(t *testing.T) {
	schema := NewExecutableSchema(Config{}).Schema()
	ask := asking{schema: schema}
	var fields []string
	for _, f := range schema.Types["Payment"].Fields {
		switch {
		case slices.Contains(byThemselves["Payment"], f.Name):
		case f.Name == "intent":
			for _, f := range schema.Types["Intent"].Fields {
				fields = append(fields, "intent { "+ask.one(f)+" }")
			}
		default:
			fields = append(fields, ask.one(f))
		}
	}
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	units, price := big.NewInt(7_000_001), checkout.Snapshot{}.Due.Decimal()
	whole := checkout.Snapshot{
		ID: "a", ProjectID: "b", Kind: "c", Method: "d", Description: "e", OrderID: "f", Status: checkout.Settled,
		Metadata: map[string]string{"g": "h"}, CreatedAt: at, ExpiresAt: at.Add(1), UpdatedAt: at.Add(2), Paid: units,
		UnderpaidHeld: true,
		Intent: &checkout.Intent{
			ID: "i", Method: "j", Asset: chain.Asset{Network: "k", Symbol: "l", Decimals: 6}, Address: "m", Units: units,
			Rate: money.Rate{From: "n", To: "o", Price: price, Source: "p", At: at}, CreatedAt: at.Add(3), ExpiresAt: at.Add(4),
			Terms: checkout.Terms{Matching: checkout.Dedicated},
		},
		Receipt: &checkout.Receipt{
			Network: "q", TxID: "r", Index: 1, From: "s", Units: units, Height: 2, BlockTime: at, OrderNo: "t", Late: true,
		},
	}
	api := &API{PublicURL: "https://pay.example"}
	for _, asked := range fields {
		doc, err := gqlparser.LoadQueryWithRules(schema, `{ payment(id: "a") { `+asked+" } }", nil)
		if err != nil {
			t.Fatalf("%s: %v", asked, err)
		}
		below := doc.Operations[0].SelectionSet[0].(*ast.Field).SelectionSet
		thin := (ports.EverySessionPart &^ needed(below)).LeftOut(whole)
		show := func(s *checkout.Snapshot) []byte {
			run, ok := paymentColumns.plan(&graphql.OperationContext{Doc: doc}, below)
			if !ok {
				t.Fatalf("%s: no plan prints it", asked)
			}
			return run(nil, &paymentRow{s, api})
		}
		if want, got := show(&whole), show(&thin); !bytes.Equal(want, got) {
			t.Errorf("%s: %s, want %s", asked, got, want)
		}
	}
}

// one asks for a field and all that is below it.
func (a *asking) one(f *ast.FieldDefinition) string {
	if a.schema.Types[f.Type.Name()].Kind == ast.Object {
		return f.Name + a.everything(f.Type.Name(), 0)
	}
	return f.Name
}
