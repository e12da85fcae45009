package postgres_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// The schema is the last wall: whatever a program has forgotten, these rows cannot exist.
func TestWalls(t *testing.T) {
	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	tx := chargeOf(t, s, fixtures(t, s).shop)
	const check, unique, notNull, outOfRange = "23514", "23505", "23502", "22003"
	copyOf := func(table, change string) string {
		return "INSERT INTO " + table + " SELECT (r).* FROM (SELECT jsonb_populate_record(NULL::" + table +
			", to_jsonb(x) || '" + change + "') AS r FROM " + table + " x LIMIT 1) AS changed"
	}
	const newID = `"id": "00000000-0000-4000-8000-000000000001"`
	for name, c := range map[string]struct{ statement, code string }{
		"one amount held twice":        {copyOf("intents", `{`+newID+`}`), unique},
		"nothing held":                 {copyOf("intents", `{`+newID+`, "units": 0}`), check},
		"less than nothing":            {copyOf("intents", `{`+newID+`, "units": -1}`), check},
		"not a number of units":        {copyOf("intents", `{`+newID+`, "units": "NaN"}`), check},
		"endless units":                {copyOf("intents", `{`+newID+`, "units": "Infinity"}`), outOfRange},
		"more digits than there are":   {"UPDATE intents SET units = 1e78", outOfRange},
		"no price":                     {"UPDATE intents SET rate_price = 0", check},
		"an endless price":             {"UPDATE intents SET rate_price = 'Infinity'", check},
		"a price that is no number":    {"UPDATE intents SET rate_price = 'NaN'", check},
		"paid without a receipt":       {"UPDATE sessions SET status = 'settled'", check},
		"half a receipt":               {"UPDATE sessions SET receipt_units = 1", check},
		"a receipt of what is unpaid":  {"UPDATE sessions SET receipt_txid = 'x'", check},
		"awaiting nothing":             {"UPDATE sessions SET intent_id = NULL", check},
		"a status nobody knows":        {"UPDATE sessions SET status = 'paid'", check},
		"a mode nobody knows":          {"UPDATE sessions SET mode = 'prod'", check},
		"nothing due":                  {"UPDATE sessions SET due_amount = 0", check},
		"an amount that is no number":  {"UPDATE postings SET amount = 'NaN'", check},
		"a negative posting":           {"UPDATE postings SET amount = -1", check},
		"from here to here":            {"UPDATE postings SET destination = source", check},
		"one cause booked twice":       {copyOf("transactions", `{"order_no": 1, "sequence": 2}`), unique},
		"one order number used twice":  {copyOf("transactions", `{"source_ref": "x", "sequence": 2}`), unique},
		"a fork of the chain":          {copyOf("transactions", `{"order_no": 1, "source_ref": "x"}`), unique},
		"a reversal of nothing":        {"UPDATE transactions SET kind = 'reversal'", check},
		"a charge that reverses":       {"UPDATE transactions SET reverses = 1", check},
		"a transfer recorded twice":    {copyOf("transfers", `{"height": 9}`), unique},
		"a transfer that went nowhere": {"UPDATE transfers SET disposition = 'lost'", check},
		"two books of one mode":        {copyOf("ledger_heads", `{"sequence": 9}`), unique},
		"two accounts of one e-mail":   {copyOf("merchants", `{`+newID+`, "client_id": "101000000000001"}`), unique},
		"a secret without bytes":       {"UPDATE key_pairs SET digest = ''", check},
		"a revenue of nobody":          {"UPDATE transactions SET merchant_id = NULL", notNull},
		"live money sent elsewhere":    {`UPDATE resources SET mode = 'live', pay_to = '{"1": "0x0"}'`, check},
		"a resource for nothing":       {"UPDATE resources SET price = 0", check},
		"one sku sold twice":           {copyOf("resources", `{`+newID+`}`), unique},
		"two seals":                    {"INSERT INTO sandbox_seal (one, until) VALUES (false, now())", check},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := conn.Exec(t.Context(), c.statement)
			var refused *pgconn.PgError
			if !errors.As(err, &refused) || refused.Code != c.code {
				t.Fatalf("%s: %v, want %s", c.statement, err, c.code)
			}
		})
	}
	if got := lines(t, s, tx.MerchantID); len(got) != 1 {
		t.Fatalf("%d transactions, want 1", len(got))
	}
}
