package graphql

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"

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
